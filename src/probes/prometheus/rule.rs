//! Metrics that must be there, must not, or must have certain values.

use std::fmt;

use crate::model::probe::Finding;
use crate::probes::exposition::family::{Parsed, Sample};

#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// A metric's or a family's name; `*` stands for anything.
    pub metric: String,
    pub expects: Expectation,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Expectation {
    Present,
    Absent,
    /// Of every series, and there is one. A metric that is declared and has no sample yet has
    /// counted nothing, and breaks no bound that zero keeps.
    Within {
        min: Option<f64>,
        max: Option<f64>,
    },
}

/// A value as a rule sees it.
pub struct Seen {
    pub metric: String,
    pub value: f64,
}

/// How a rule stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Ruled {
    pub finding: Finding,
    /// The first value that breaks it, or one that does not.
    pub value: Option<f64>,
    pub shown: String,
}

/// What is expected of a service that anonymizes texts before it asks a language model.
pub fn shipped() -> Vec<Rule> {
    let within = |min, max| Expectation::Within { min, max };
    [
        ("system_cpu_usage_percent", within(Some(0.0), Some(100.0))),
        ("system_memory_usage_bytes", Expectation::Present),
        ("redis_connection_status", within(Some(1.0), Some(1.0))),
        ("http_requests_total", Expectation::Present),
        ("http_request_duration_seconds", Expectation::Present),
        ("pii_detection_errors_total", within(Some(0.0), Some(0.0))),
        ("deanonymization_failures_total", Expectation::Present),
        ("redis_mapping_sessions_total", Expectation::Present),
        ("redis_mapping_entries_total", Expectation::Present),
        ("redis_memory_usage_bytes", Expectation::Present),
        ("node_*", Expectation::Absent),
    ]
    .into_iter()
    .map(|(metric, expects)| Rule { metric: metric.to_owned(), expects })
    .collect()
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.metric)?;
        match self.expects {
            Expectation::Present => f.write_str(" is there"),
            Expectation::Absent => f.write_str(" is not there"),
            Expectation::Within { min: Some(min), max: Some(max) } if min.total_cmp(&max).is_eq() => {
                write!(f, " = {min}")
            }
            Expectation::Within { min: Some(min), max: Some(max) } => write!(f, " in {min}..{max}"),
            Expectation::Within { min: Some(min), max: None } => write!(f, " >= {min}"),
            Expectation::Within { min: None, max: Some(max) } => write!(f, " <= {max}"),
            Expectation::Within { min: None, max: None } => f.write_str(" has any value"),
        }
    }
}

impl Rule {
    /// A regular expression for the names it means: `present` and `absent` mean families, whose
    /// samples have suffixes.
    pub fn names(&self) -> String {
        let name = self.metric.split('*').map(regex::escape).collect::<Vec<_>>().join(".*");
        match self.expects {
            Expectation::Within { .. } => name,
            Expectation::Present | Expectation::Absent => {
                format!("{name}(?:_total|_bucket|_sum|_count|_info|_created)?")
            }
        }
    }

    /// `declared`: it is known of, and has no sample.
    pub fn judge(&self, seen: &[Seen], is_declared: bool) -> Ruled {
        let ruled = |finding, value, shown: String| Ruled { finding, value, shown };
        let count = match seen.len() {
            1 => "1 series".to_owned(),
            count => format!("{count} series"),
        };
        match (self.expects, seen.first()) {
            (Expectation::Absent, Some(first)) => {
                ruled(Finding::Broken, None, format!("{count}, the first is `{}`", first.metric))
            }
            (Expectation::Absent, None) => ruled(Finding::Held, None, "not there".to_owned()),
            (Expectation::Present, Some(_)) => ruled(Finding::Held, None, count),
            (Expectation::Present, None) if is_declared => {
                ruled(Finding::Held, None, "declared, no sample yet".to_owned())
            }
            (Expectation::Within { min, max }, None) if is_declared && is_within(0.0, min, max) => {
                ruled(Finding::Held, None, "declared, no sample yet".to_owned())
            }
            (Expectation::Present | Expectation::Within { .. }, None) => {
                ruled(Finding::Broken, None, "not there".to_owned())
            }
            (Expectation::Within { min, max }, Some(first)) => {
                match seen.iter().find(|seen| !is_within(seen.value, min, max)) {
                    Some(wrong) => ruled(
                        Finding::Broken,
                        Some(wrong.value),
                        format!("{} in one of {count}", wrong.value),
                    ),
                    None => ruled(Finding::Held, Some(first.value), format!("{} in {count}", first.value)),
                }
            }
        }
    }
}

/// NaN is within nothing.
fn is_within(value: f64, min: Option<f64>, max: Option<f64>) -> bool {
    !value.is_nan() && min.is_none_or(|min| value >= min) && max.is_none_or(|max| value <= max)
}

/// What one scrape says to a rule.
pub fn of_scrape(rule: &Rule, scrape: &Parsed) -> Ruled {
    let Ok(names) = regex::Regex::new(&format!("^(?:{})$", rule.names())) else {
        return Ruled { finding: Finding::Unknown, value: None, shown: "its name is too long".to_owned() };
    };
    let seen = |sample: &Sample| Seen { metric: sample.name.clone(), value: sample.value };
    let seen: Vec<_> = scrape.samples().filter(|sample| names.is_match(&sample.name)).map(seen).collect();
    let is_declared = scrape.families.iter().any(|family| {
        let is_meant = names.is_match(&family.name) || names.is_match(&format!("{}_total", family.name));
        is_meant && family.samples.is_empty()
    });
    rule.judge(&seen, is_declared)
}
