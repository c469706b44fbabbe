//! One look at a machine: this one, or the one under load. What is not known is absent, never 0.

use serde::Serialize;

/// This machine, between the look before and this one.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LocalSample {
    /// Since the measuring began.
    pub elapsed_ms: u64,
    /// Of all processors together, 0 to 100.
    pub cpu_percent: Option<f64>,
    /// The share of it that this process took, in the same measure.
    pub own_cpu_percent: Option<f64>,
    pub memory_used_bytes: Option<u64>,
    pub memory_total_bytes: Option<u64>,
    pub own_memory_bytes: Option<u64>,
    /// Over the interfaces that lead out of the machine.
    pub net_received_bytes_per_s: Option<f64>,
    pub net_sent_bytes_per_s: Option<f64>,
    pub loopback_bytes_per_s: Option<f64>,
}

/// The target, by its own metrics.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TargetSample {
    /// Since the measuring began; when the answer was there.
    pub elapsed_ms: u64,
    pub cpu_percent: Option<f64>,
    pub memory_bytes: Option<u64>,
    /// Why the target told nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}
