//! All that a report of a load says, as plain values: what writes it decides nothing.

use serde::Serialize;

use crate::probes::http_load::monitor::recording::Recording;
use crate::probes::http_load::report::course::Course;

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Dossier {
    /// The probe and what it loaded.
    pub title: String,
    pub verdict: Verdict,
    /// What was asked and what came of it, in short: (word, value).
    pub facts: Vec<(String, String)>,
    pub checks: Vec<CheckRow>,
    pub warnings: Vec<String>,
    pub endpoints: Vec<EndpointRow>,
    /// How often which class of error came.
    pub errors: Vec<(String, u64)>,
    pub course: Course,
    pub monitor: Recording,
    /// What is to be said of the target's memory, and whether it is a warning.
    pub memory: Option<(Tone, String)>,
    /// The metrics of the target that tell its CPU and memory could be asked.
    pub target_watched: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    pub tone: Tone,
    /// `passed`, `threshold failed`, with the grade if there is one.
    pub word: String,
    pub headline: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    Good,
    Warn,
    Bad,
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CheckRow {
    pub tone: Tone,
    /// `held`, `broken`, `unknown`.
    pub word: String,
    pub expression: String,
    /// The value with its unit, or why there is none.
    pub shown: String,
}

/// Times in milliseconds; absent where nothing was measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct EndpointRow {
    pub name: String,
    pub requests: u64,
    pub errors: u64,
    pub success_percent: Option<f64>,
    pub per_second: Option<f64>,
    pub mean_ms: Option<f64>,
    pub p50_ms: Option<f64>,
    pub p95_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    pub max_ms: Option<f64>,
}
