//! What a probe is called, and what it found.

use std::fmt;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::model::failure::Failure;
use crate::model::run::JobName;

/// The name of a probe within its job; the rule of [`JobName`] holds, because it becomes a
/// folder name and an object key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct ProbeName(String);

#[derive(Debug, thiserror::Error)]
#[error(
    "probe name `{0}` must be 1 to 64 characters of a-z, 0-9, `-` and `_`, starting with a letter or digit"
)]
pub struct InvalidProbeName(String);

impl ProbeName {
    pub fn parse(text: &str) -> Result<Self, InvalidProbeName> {
        match JobName::parse(text) {
            Ok(name) => Ok(Self(name.as_str().to_owned())),
            Err(_) => Err(InvalidProbeName(text.to_owned())),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProbeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ProbeName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProbeKind {
    HttpLatency,
    HttpLoad,
    Prometheus,
}

impl ProbeKind {
    /// The word in data.
    pub const fn word(self) -> &'static str {
        match self {
            Self::HttpLatency => "http_latency",
            Self::HttpLoad => "http_load",
            Self::Prometheus => "prometheus",
        }
    }

    /// The word in settings and on the command line.
    pub const fn spoken(self) -> &'static str {
        match self {
            Self::HttpLatency => "http-latency",
            Self::HttpLoad => "http-load",
            Self::Prometheus => "prometheus",
        }
    }
}

/// How one condition of a verdict stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    Held,
    Broken,
    /// There is no value to judge by, which is no success.
    Unknown,
}

/// One condition and what it found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// As it was written: `p95 < 2s`.
    pub expression: String,
    /// In the unit of the quantity; absent where it is not known.
    pub value: Option<f64>,
    /// The value as people read it, `1.24 s`, or why there is none.
    pub shown: String,
    pub finding: Finding,
}

/// How a probe ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "ended", rename_all = "snake_case")]
pub enum ProbeEnding {
    Passed,
    /// It measured, and a condition does not hold.
    ThresholdFailed,
    /// It could not measure, or not to its end.
    Failed {
        failure: Failure,
    },
    /// Planned, never begun.
    NotRun {
        failure: Failure,
    },
}

impl ProbeEnding {
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::ThresholdFailed => "threshold_failed",
            Self::Failed { .. } => "failed",
            Self::NotRun { .. } => "not_run",
        }
    }

    /// The word for people.
    pub const fn spoken(&self) -> &'static str {
        match self {
            Self::Passed => "Passed",
            Self::ThresholdFailed => "Threshold failed",
            Self::Failed { .. } => "Failed",
            Self::NotRun { .. } => "Not run",
        }
    }

    pub const fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Passed | Self::ThresholdFailed => None,
            Self::Failed { failure } | Self::NotRun { failure } => Some(failure),
        }
    }
}

/// The word of a probe on what it measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProbeVerdict {
    pub ending: ProbeEnding,
    /// Of a graded probe: `excellent`, `moderate`, `problem`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grade: Option<String>,
    /// In the order in which they were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
    /// One line for people.
    pub headline: String,
}

impl ProbeVerdict {
    /// What kept it from measuring, where the headline does not say it.
    pub fn why(&self) -> Option<String> {
        let failure = self.ending.failure()?.to_string();
        (!self.headline.contains(&failure)).then_some(failure)
    }

    /// One that measured nothing worth judging.
    pub fn failed(failure: Failure) -> Self {
        let headline = failure.to_string();
        Self { ending: ProbeEnding::Failed { failure }, grade: None, checks: Vec::new(), headline }
    }

    /// One that never began.
    pub fn not_run(failure: Failure) -> Self {
        let headline = failure.to_string();
        Self { ending: ProbeEnding::NotRun { failure }, grade: None, checks: Vec::new(), headline }
    }
}

/// One probe of a run as the manifest keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProbeRecord {
    pub kind: ProbeKind,
    pub verdict: ProbeVerdict,
    /// Of all its sample tables together.
    pub rows: u64,
    pub duration_ms: u64,
    pub ended_at: DateTime<Utc>,
}
