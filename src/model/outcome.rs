//! How a step ended.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::failure::Failure;

/// The stages of a run, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    Preflight,
    Collect,
    Audit,
}

impl Stage {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Preflight => "preflight",
            Self::Collect => "collect",
            Self::Audit => "audit",
        }
    }
}

/// One unit of a stage on one target: `reach` and `logon` in preflight, a collector's name
/// in collect.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct StepName(pub String);

impl fmt::Display for StepName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a step ended. What arrived before a failure stays: that is what `Partial` means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "ended", rename_all = "snake_case")]
pub enum Outcome {
    Ok {
        rows: u64,
    },
    /// Some rows, and something known to be missing.
    Partial {
        rows: u64,
        failure: Failure,
    },
    /// No rows, and the reason.
    Failed {
        failure: Failure,
    },
    /// Planned, never begun.
    NotRun {
        failure: Failure,
    },
}

impl Outcome {
    pub fn is_ok(&self) -> bool {
        matches!(self, Self::Ok { .. })
    }

    pub fn rows(&self) -> u64 {
        match self {
            Self::Ok { rows } | Self::Partial { rows, .. } => *rows,
            Self::Failed { .. } | Self::NotRun { .. } => 0,
        }
    }

    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Ok { .. } => None,
            Self::Partial { failure, .. } | Self::Failed { failure } | Self::NotRun { failure } => {
                Some(failure)
            }
        }
    }

    /// The word as it stands in data and in summaries.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Ok { .. } => "ok",
            Self::Partial { .. } => "partial",
            Self::Failed { .. } => "failed",
            Self::NotRun { .. } => "not_run",
        }
    }
}
