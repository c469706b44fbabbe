//! A load, second by second.

use chrono::{DateTime, Utc};

crate::table! {
    /// Loads of the probe `http-load`: one row per endpoint and second of the measured time, by when
    /// requests ended; the warm-up is left out. Times are of the requests that succeeded, and null
    /// when none did. Sorted by (probe, repetition, second, endpoint).
    pub struct HttpLoadSecond as "http_load_second" ("http_load_second") {
        /// The probe, as the job names it.
        pub probe: String,
        /// Which time the load was sent, from 1.
        pub repetition: i64,
        /// Since the measuring began, from 0.
        pub second: i64,
        /// When the second began.
        pub started_at: DateTime<Utc>,
        /// The endpoint's name.
        pub endpoint: String,
        /// Requests that ended, well or not.
        pub requests: i64,
        /// Those with an expected status and a whole answer.
        pub succeeded: i64,
        /// All other requests that ended.
        pub failed: i64,
        /// Succeeded within the SLO; all that succeeded without one.
        pub good: i64,
        /// Bytes that were sent, TLS not counted.
        pub sent_bytes: i64,
        /// Bytes that came, TLS not counted.
        pub received_bytes: i64,
        /// Events of streamed answers.
        pub events: i64,
        /// Mean latency: from the intended send, where the load has a rate; else from the send.
        pub latency_mean_ms: Option<f64>,
        /// Median of the same.
        pub latency_p50_ms: Option<f64>,
        /// Its 90th percentile.
        pub latency_p90_ms: Option<f64>,
        /// Its 95th percentile.
        pub latency_p95_ms: Option<f64>,
        /// Its 99th percentile.
        pub latency_p99_ms: Option<f64>,
        /// The longest of them.
        pub latency_max_ms: Option<f64>,
        /// Mean time from the actual send.
        pub service_mean_ms: Option<f64>,
        /// Median of the same.
        pub service_p50_ms: Option<f64>,
        /// Its 95th percentile.
        pub service_p95_ms: Option<f64>,
        /// Its 99th percentile.
        pub service_p99_ms: Option<f64>,
        /// The longest of them.
        pub service_max_ms: Option<f64>,
    }
}
