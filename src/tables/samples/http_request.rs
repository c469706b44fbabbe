//! Every request of the latency probe, as its live CSV tells it.

use chrono::{DateTime, Utc};

crate::table! {
    /// Requests of the probe `http-latency`, one row each, as in the live CSV. Sorted by
    /// (probe, csv_run_id, sequence).
    pub struct HttpRequest as "http_request" ("http_request") {
        /// The probe, as the job names it.
        pub probe: String,
        /// The number of the cycle in the live CSV, its column `run_id`: 1, 2, 3 … across restarts.
        pub csv_run_id: i64,
        /// The number of the cycle in its process, from 1.
        pub cycle: i64,
        /// The place of the request in its cycle, from 1.
        pub sequence: i64,
        /// The route, by its label.
        pub label: String,
        /// `authenticate`, `route`, or `host` for a route expanded over hosts.
        pub route_type: String,
        /// The path; with the origin in front where that is not the probe's own.
        pub endpoint: String,
        /// The host that the route was expanded to.
        pub host: Option<String>,
        /// `level` of the query.
        pub level: Option<String>,
        /// `refresh` of the query.
        pub refresh: Option<String>,
        /// The status of the last answer; null when none came.
        pub http_status: Option<i64>,
        /// Whether the last answer was a 2xx and came whole.
        pub success: bool,
        /// From the first attempt's beginning to the last one's end, redirections, retries and the
        /// whole body included; null when nothing was sent.
        pub latency_sec: Option<f64>,
        /// Whether some attempt ran into a timeout, also when the retry went well.
        pub timeout_hit: bool,
        /// How often it was sent again: 0 or 1.
        pub retry_count: i64,
        /// `unauthorized` or `timeout`; null without a retry.
        pub retry_reason: Option<String>,
        /// Whether a fresh token was fetched for this request.
        pub token_refresh: bool,
        /// What went wrong in one word; null when nothing did.
        pub error_type: Option<String>,
        /// The same in a sentence, without secrets.
        pub error_message: Option<String>,
        /// When the first attempt began.
        pub started_at: DateTime<Utc>,
        /// When the last attempt ended.
        pub finished_at: DateTime<Utc>,
        /// The query, secrets in it masked.
        pub query: Option<String>,
    }
}
