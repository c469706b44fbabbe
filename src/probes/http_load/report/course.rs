//! How a load went on, second by second, as plain values.

use serde::Serialize;

/// The measured part of a run, or of one repetition of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Course {
    /// In the order of time, those without a request too.
    pub seconds: Vec<Second>,
    /// What the counts of [`Second::errors`] stand for.
    pub error_kinds: Vec<String>,
    /// (share of requests, milliseconds), rising: latency from the intended send where there is one.
    pub latency_ms: Vec<(f64, f64)>,
    /// The same from the actual send, where it is another.
    pub service_ms: Vec<(f64, f64)>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Second {
    /// Its beginning, since the measuring began.
    pub at_s: f64,
    /// That ended in it, well or not.
    pub requests: u64,
    /// That should have been sent in it; absent where the answers set the pace.
    pub intended: Option<u64>,
    pub p50_ms: Option<f64>,
    pub p95_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    /// By class.
    pub errors: Vec<u64>,
}
