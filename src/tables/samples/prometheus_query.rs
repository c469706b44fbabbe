//! What became of every query of the dashboards that a probe looked at.

crate::table! {
    /// Dashboard queries: one row per query, in the order of the dashboards and their panels.
    pub struct PrometheusQuery as "prometheus_query" ("prometheus_query") {
        /// The probe's name.
        pub probe: String,
        /// The dashboard's file, as the settings name it.
        pub dashboard: String,
        /// The dashboard's title.
        pub dashboard_title: String,
        /// `panel`, `annotation` or `variable`.
        pub place: String,
        /// Title of the panel, name of the annotation or variable.
        pub title: String,
        /// JSON pointer (RFC 6901) to the query in the file.
        pub pointer: String,
        /// The query as the dashboard has it.
        pub query: String,
        /// The query with its variables replaced, as it was parsed.
        pub substituted: String,
        /// `ok`, `degraded`, `unverifiable`, `no_value`, `missing_label`, `missing_metric` or `type_error`.
        pub verdict: String,
        /// Why it is not ok.
        pub reason: Option<String>,
        /// A name that was probably meant.
        pub suggestion: Option<String>,
        /// What is no fault and yet good to know.
        pub remarks: Vec<String>,
        /// How many series the server answered; null where it was not asked.
        pub series: Option<i64>,
        /// How long the server took; null where it was not asked.
        pub duration_ms: Option<i64>,
    }
}
