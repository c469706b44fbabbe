//! What came of a cycle, route by route: the summary for people, and the values that conditions
//! are held against.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::probes::http_latency::record::RequestRecord;
use crate::probes::threshold::judgement::Values;
use crate::probes::threshold::quantity::Quantity;
use crate::probes::threshold::vocabulary::{Family, Name, Vocabulary, Word, percentile};

/// What a condition may name, for all requests, or for one route behind its label. Latencies are
/// those of requests that went well: a refused connection is quick. `success` tells of the rest.
const FAMILIES: &[&Family] = &[
    &Family {
        prefixes: &[""],
        words: &[
            Word { name: "p*", quantity: Quantity::Time },
            Word { name: "mean", quantity: Quantity::Time },
            Word { name: "max", quantity: Quantity::Time },
            Word { name: "success", quantity: Quantity::Share },
            Word { name: "requests", quantity: Quantity::Count },
        ],
        of_subject: true,
    },
    &Family {
        prefixes: &["err."],
        words: &[
            Word { name: "total", quantity: Quantity::Count },
            Word { name: "timeout", quantity: Quantity::Count },
            Word { name: "retried", quantity: Quantity::Count },
        ],
        of_subject: true,
    },
];

/// What conditions may say of routes with these labels.
pub fn vocabulary(labels: impl IntoIterator<Item = String>) -> Vocabulary {
    Vocabulary { families: FAMILIES, subjects: labels.into_iter().collect() }
}

/// Requests of one route, or of all.
#[derive(Clone, Debug, Default)]
pub struct Requests {
    pub count: u64,
    /// Those that went well.
    pub ok: u64,
    pub timeouts: u64,
    pub retried: u64,
    /// Of those that went well, in order of length.
    latencies: Vec<Duration>,
}

/// A route as it is told.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RouteSummary {
    pub label: String,
    pub requests: u64,
    pub ok: u64,
    pub p50_ms: Option<f64>,
    pub p95_ms: Option<f64>,
    pub max_ms: Option<f64>,
}

#[derive(Clone, Debug, Default)]
pub struct Tally {
    all: Requests,
    /// In the order in which they were asked first.
    labels: Vec<String>,
    by_label: BTreeMap<String, Requests>,
}

impl Tally {
    pub fn of<'a>(records: impl IntoIterator<Item = &'a RequestRecord>) -> Self {
        let mut tally = Self::default();
        for record in records {
            let label = &record.ask.label;
            if !tally.by_label.contains_key(label) {
                tally.labels.push(label.clone());
            }
            tally.all.count(record);
            tally.by_label.entry(label.clone()).or_default().count(record);
        }
        for requests in tally.by_label.values_mut().chain([&mut tally.all]) {
            requests.latencies.sort_unstable();
        }
        tally
    }

    /// One line for people.
    pub fn headline(&self) -> String {
        let Requests { count, ok, .. } = self.all;
        let mut told = format!("{ok} of {count} requests went well");
        for (name, percent) in [("p50", 50.0), ("p95", 95.0), ("max", 100.0)] {
            if let Some(latency) = self.all.percentile_ms(percent) {
                told.push_str(&format!(", {name} {}", Quantity::Time.show(latency)));
            }
        }
        told
    }

    pub fn routes(&self) -> Vec<RouteSummary> {
        let route = |label: &String| {
            let requests = &self.by_label[label];
            RouteSummary {
                label: label.clone(),
                requests: requests.count,
                ok: requests.ok,
                p50_ms: requests.percentile_ms(50.0),
                p95_ms: requests.percentile_ms(95.0),
                max_ms: requests.percentile_ms(100.0),
            }
        };
        self.labels.iter().map(route).collect()
    }
}

impl Values for Tally {
    fn value(&self, name: &Name) -> Option<f64> {
        match &name.subject {
            Some(label) => self.by_label.get(label)?.value(&name.word),
            None => self.all.value(&name.word),
        }
    }
}

impl Requests {
    fn count(&mut self, record: &RequestRecord) {
        self.count += 1;
        self.ok += u64::from(record.success());
        self.timeouts += u64::from(record.timeout_hit);
        self.retried += u64::from(record.retry.is_some());
        self.latencies.extend(record.latency.filter(|_| record.success()));
    }

    fn value(&self, word: &str) -> Option<f64> {
        Some(match word {
            // Of no request there is nothing to say.
            _ if self.count == 0 && word != "requests" => return None,
            "requests" => self.count as f64,
            "success" => self.ok as f64 / self.count as f64 * 100.0,
            "err.total" => (self.count - self.ok) as f64,
            "err.timeout" => self.timeouts as f64,
            "err.retried" => self.retried as f64,
            "max" => self.percentile_ms(100.0)?,
            "mean" if self.latencies.is_empty() => return None,
            "mean" => ms(self.latencies.iter().sum::<Duration>()) / self.latencies.len() as f64,
            word => self.percentile_ms(percentile(word)?)?,
        })
    }

    /// The latency that so many percent of the requests did not exceed: one that was measured
    /// (nearest rank), because there are few.
    fn percentile_ms(&self, percent: f64) -> Option<f64> {
        let rank = (percent / 100.0 * self.latencies.len() as f64).ceil() as usize;
        self.latencies.get(rank.max(1) - 1).copied().map(ms)
    }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
