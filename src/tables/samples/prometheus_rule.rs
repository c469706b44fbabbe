//! What became of every rule for metrics that a probe held against a service.

crate::table! {
    /// Metric rules: one row per rule, in the order of the settings.
    pub struct PrometheusRule as "prometheus_rule" ("prometheus_rule") {
        /// The probe's name.
        pub probe: String,
        /// The metric's name or pattern.
        pub metric: String,
        /// The rule as people read it: `redis_connection_status = 1`.
        pub rule: String,
        /// `held`, `broken` or `unknown`.
        pub finding: String,
        /// The value that breaks the rule, or one that does not; null where there is none.
        pub value: Option<f64>,
        /// What was found, for people.
        pub shown: String,
    }
}
