//! Every exchange of the latency probe, by phase.

use chrono::{DateTime, Utc};

crate::table! {
    /// Exchanges of the probe `http-latency`: one row per hop of every attempt, the logins and the
    /// attempts that came to nothing included. Sorted by (probe, csv_run_id, sequence, attempt, hop).
    /// The phases follow each other without overlap, so that their sum is at most `total_ms`; a phase
    /// that did not take place, or was not reached, is null.
    pub struct HttpAttempt as "http_attempt" ("http_attempt") {
        /// The probe, as the job names it.
        pub probe: String,
        /// The number of the cycle in the live CSV, its column `run_id`.
        pub csv_run_id: i64,
        /// The place of the request in its cycle, from 1.
        pub sequence: i64,
        /// The place of the attempt in its request, from 1; logins count.
        pub attempt: i64,
        /// Redirections that led here; 0 for what the route names.
        pub hop: i64,
        /// `request`, or `login` for the fetching of a token.
        pub purpose: String,
        /// The route, by its label.
        pub label: String,
        /// The host that a route with `for-each` was expanded to.
        pub host: Option<String>,
        /// `GET`, `HEAD`, `POST`.
        pub method: String,
        /// What was asked, secrets in the query masked.
        pub url: String,
        /// When the hop began.
        pub started_at: DateTime<Utc>,
        /// Null when no answer came.
        pub http_status: Option<i64>,
        /// Resolving the name; null for an address, and on a connection that was open.
        pub dns_ms: Option<f64>,
        /// The TCP handshake; null on a connection that was open.
        pub connect_ms: Option<f64>,
        /// The TLS handshake; null without TLS, and on a connection that was open.
        pub tls_ms: Option<f64>,
        /// From the first byte of the request to the first byte of the answer.
        pub first_byte_ms: Option<f64>,
        /// From the first byte of the answer to the last.
        pub transfer_ms: Option<f64>,
        /// From the beginning of the hop to its end, whatever the end was.
        pub total_ms: f64,
        /// Bytes of the answer's body as they came, chunk headers not counted.
        pub body_bytes: Option<i64>,
        /// Whether the connection was open from an earlier exchange.
        pub reused: Option<bool>,
        /// Where the connection led: address and port.
        pub remote: Option<String>,
        /// `TLSv1.2`, `TLSv1.3`; null without TLS.
        pub tls_version: Option<String>,
        /// The end of the server certificate's validity (`notAfter`, RFC 5280 4.1.2.5).
        pub certificate_expires_at: Option<DateTime<Utc>>,
        /// What went wrong in one word: the words of `http_request.error_type`.
        pub error_type: Option<String>,
        /// The same in a sentence, without secrets.
        pub error_message: Option<String>,
    }
}
