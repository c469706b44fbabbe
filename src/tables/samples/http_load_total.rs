//! A load as a whole.

use chrono::{DateTime, Utc};

crate::table! {
    /// Loads of the probe `http-load`: one row for all endpoints together and one per endpoint, over
    /// all repetitions; the warm-up is left out. Times are of all requests, failed ones too, unless a
    /// column says otherwise, and null when there was none. Sorted by (probe, endpoint), all together
    /// first.
    pub struct HttpLoadTotal as "http_load_total" ("http_load_total") {
        /// The probe, as the job names it.
        pub probe: String,
        /// The endpoint's name; null for all of them together.
        pub endpoint: Option<String>,
        /// When the measuring began.
        pub started_at: DateTime<Utc>,
        /// The measured time of all repetitions together.
        pub measured_s: f64,
        /// How often the load was sent.
        pub repetitions: i64,
        /// How many connections sent at the same time.
        pub users: i64,
        /// Requests that ended, well or not.
        pub requests: i64,
        /// Those with an expected status and a whole answer.
        pub succeeded: i64,
        /// All other requests that ended.
        pub failed: i64,
        /// Succeeded of all; null of none.
        pub success_percent: Option<f64>,
        /// Answered requests a second.
        pub rps: Option<f64>,
        /// Standard deviation of the requests that ended in each whole second.
        pub rps_stdev: Option<f64>,
        /// The shortest latency: from the intended send, where the load has a rate; else from the send.
        pub min_ms: Option<f64>,
        /// Mean latency.
        pub mean_ms: Option<f64>,
        /// Its standard deviation.
        pub stdev_ms: Option<f64>,
        /// Median latency.
        pub p50_ms: Option<f64>,
        /// 75th percentile.
        pub p75_ms: Option<f64>,
        /// 90th percentile.
        pub p90_ms: Option<f64>,
        /// 95th percentile.
        pub p95_ms: Option<f64>,
        /// 99th percentile.
        pub p99_ms: Option<f64>,
        /// 99.9th percentile.
        pub p999_ms: Option<f64>,
        /// 99.99th percentile.
        pub p9999_ms: Option<f64>,
        /// The longest of them.
        pub max_ms: Option<f64>,
        /// Mean latency of the requests that succeeded.
        pub ok_mean_ms: Option<f64>,
        /// Median of the same.
        pub ok_p50_ms: Option<f64>,
        /// Their 95th percentile.
        pub ok_p95_ms: Option<f64>,
        /// Their 99th percentile.
        pub ok_p99_ms: Option<f64>,
        /// Mean latency of those that failed.
        pub failed_mean_ms: Option<f64>,
        /// Their 95th percentile.
        pub failed_p95_ms: Option<f64>,
        /// Mean time from the actual send.
        pub service_mean_ms: Option<f64>,
        /// Its 95th percentile.
        pub service_p95_ms: Option<f64>,
        /// Of streamed answers: from the actual send to the first event, the median.
        pub first_event_p50_ms: Option<f64>,
        /// Its 95th percentile.
        pub first_event_p95_ms: Option<f64>,
        /// Between two events of one answer, the median.
        pub event_gap_p50_ms: Option<f64>,
        /// Its 95th percentile.
        pub event_gap_p95_ms: Option<f64>,
        /// Events of streamed answers.
        pub events: i64,
        /// Of all requests, those that succeeded within the SLO; null without one.
        pub goodput_percent: Option<f64>,
        /// Sent later than intended; null without a rate, and for single endpoints.
        pub late: Option<i64>,
        /// Intended and never sent; null without a rate, and for single endpoints.
        pub dropped: Option<i64>,
        /// Timeouts, of the connection or of the answer.
        pub timeouts: i64,
        /// No connection, or one that broke.
        pub connection_errors: i64,
        /// Answers by status, `200=951 503=4`.
        pub statuses: String,
        /// Requests that failed by class of error, `read_timeout=3 status=4`.
        pub errors: String,
        /// Bytes that were sent, TLS not counted.
        pub sent_bytes: i64,
        /// Bytes that came, TLS not counted.
        pub received_bytes: i64,
    }
}
