//! How a load went on, second by second, as plain values.

use serde::Serialize;

/// The measured time of a run, its repetitions one after the other.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Course {
    /// Of the last repetition, since the first began; at least 1.
    pub end_s: f64,
    /// Whole ones in the order of time, those without a request too.
    pub seconds: Vec<Second>,
    /// The endpoints of which requests failed: what [`Second::errors`] counts.
    pub failing: Vec<String>,
    /// (share of requests, milliseconds), rising: latency, from the intended send with a rate.
    pub latency_ms: Vec<(f64, f64)>,
    /// The same from the actual send, where that is another.
    pub service_ms: Vec<(f64, f64)>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Second {
    /// Its beginning, since the measuring began.
    pub at_s: f64,
    /// That ended in it, well or not.
    pub requests: u64,
    pub p50_ms: Option<f64>,
    pub p95_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    /// By endpoint, in the order of [`Course::failing`].
    pub errors: Vec<u64>,
}
