//! What the numbers of a load come to, for each endpoint and for all of them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::probes::http_load::account::Account;
use crate::probes::http_load::distribution::Distribution;
use crate::probes::http_load::words::errors_of;
use crate::probes::threshold::vocabulary::percentile;
use crate::transport::http::error::ErrorClass;

/// One endpoint, or all of them. Of the measured time only: the warm-up is left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Statistics {
    /// The endpoint's name; `overall` for all of them.
    pub name: String,
    /// That ended, well or not.
    pub requests: u64,
    pub succeeded: u64,
    pub failed: u64,
    /// Null of no request.
    pub success_percent: Option<f64>,
    /// Requests that were answered, a second, over the whole time.
    pub rps: Option<f64>,
    /// Of the requests that ended in each whole second.
    pub rps_stdev: Option<f64>,
    /// From the intended send where there is a rate, else from the send; of all requests.
    pub latency: Option<Distribution>,
    pub ok: Option<Distribution>,
    pub failed_latency: Option<Distribution>,
    /// From the actual send.
    pub service: Option<Distribution>,
    /// Of streamed answers.
    pub first_event: Option<Distribution>,
    pub event_gap: Option<Distribution>,
    pub events: u64,
    pub statuses: BTreeMap<u16, u64>,
    /// By class.
    pub errors: BTreeMap<String, u64>,
    pub bytes_received: u64,
    pub bytes_sent: u64,
    /// Answered well within the SLO, of all; null without an SLO.
    pub goodput_percent: Option<f64>,
    pub goodput_rps: Option<f64>,
    /// Of a run with a rate, of all endpoints together: sent later than intended.
    pub late: Option<u64>,
    /// Likewise: intended, and never sent.
    pub dropped: Option<u64>,
    pub seconds: Vec<Second>,
}

/// One second of it. Percentiles are of the requests that succeeded, null when none did, and of all
/// endpoints together where that is known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Second {
    /// From 1.
    pub repetition: u32,
    /// Since the measuring began, from 0.
    pub second: u64,
    pub requests: u64,
    pub succeeded: u64,
    pub p50_ms: Option<f64>,
    pub p95_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    pub max_ms: Option<f64>,
}

impl Statistics {
    /// Of what came of the requests in a time; seconds are added by whoever has them.
    pub fn of(name: &str, account: &Account, measured: Duration, slo: Option<Duration>) -> Self {
        let statuses: BTreeMap<u16, u64> = account.statuses().into_iter().collect();
        let per_second = |count: u64| (!measured.is_zero()).then(|| count as f64 / measured.as_secs_f64());
        let mut latency = account.ok.latency.clone();
        latency.merge(&account.failed.latency);
        let mut service = account.ok.service.clone();
        service.merge(&account.failed.service);
        Self {
            name: name.to_owned(),
            requests: account.requests(),
            succeeded: account.successes(),
            failed: account.failures(),
            success_percent: share(account.successes(), account.requests()),
            rps: per_second(statuses.values().sum()),
            rps_stdev: None,
            latency: Distribution::of(latency.histogram()),
            ok: Distribution::of(account.ok.latency.histogram()),
            failed_latency: Distribution::of(account.failed.latency.histogram()),
            service: Distribution::of(service.histogram()),
            first_event: Distribution::of(account.streams.first_event.histogram()),
            event_gap: Distribution::of(account.streams.gap.histogram()),
            events: account.streams.events,
            errors: account.errors().map(|(class, count)| (class.word().to_owned(), count)).collect(),
            bytes_received: account.received_bytes,
            bytes_sent: account.sent_bytes,
            goodput_percent: slo.and_then(|_| share(account.good, account.requests())),
            goodput_rps: slo.and_then(|_| per_second(account.good)),
            late: None,
            dropped: None,
            seconds: Vec::new(),
            statuses,
        }
    }

    /// The value of a word without its endpoint. What was not measured is unknown, but what was
    /// counted and did not come is 0.
    pub fn value(&self, word: &str) -> Option<f64> {
        let (family, rest) = word.split_once('.').unwrap_or(("", word));
        let times = |of: &Option<Distribution>, measure: &str| of.as_ref().and_then(|of| time(of, measure));
        match family {
            "ok" => times(&self.ok, rest),
            "failed" => times(&self.failed_latency, rest),
            "service" => times(&self.service, rest),
            "first_event" => times(&self.first_event, rest),
            "event_gap" => times(&self.event_gap, rest),
            "err" => self.counted(self.errors_in(&errors_of(rest))),
            "status" => self.counted(self.answers_with(rest)),
            _ => match word {
                "success" => self.success_percent,
                "unanswered" => self.unanswered_percent(),
                "goodput" => self.goodput_percent,
                "rps" => self.rps,
                "requests" => Some(self.requests as f64),
                "errors" => self.counted(self.failed),
                "late" => self.late.map(|late| late as f64),
                "dropped" => self.dropped.map(|dropped| dropped as f64),
                "bytes" => self.counted(self.bytes_received),
                // `p99.9` has a point too.
                _ => times(&self.latency, word),
            },
        }
    }

    /// Each second, and whether it is a whole one.
    pub fn take_seconds(&mut self, seconds: Vec<(Second, bool)>) {
        let whole = seconds.iter().filter(|(_, is_whole)| *is_whole);
        let counts: Vec<f64> = whole.map(|(second, _)| second.requests as f64).collect();
        self.rps_stdev = mean_and_stdev(&counts).and_then(|(_, stdev)| stdev);
        self.seconds = seconds.into_iter().map(|(second, _)| second).collect();
    }

    /// Of no request nothing is known.
    fn counted(&self, count: u64) -> Option<f64> {
        (self.requests > 0).then_some(count as f64)
    }

    pub fn errors_in(&self, classes: &[ErrorClass]) -> u64 {
        classes.iter().filter_map(|class| self.errors.get(class.word())).sum()
    }

    /// `503`, or `5xx`.
    fn answers_with(&self, status: &str) -> u64 {
        let fits = |code: u16| {
            let code = code.to_string();
            if status.ends_with("xx") { code.starts_with(&status[..1]) } else { code == status }
        };
        self.statuses.iter().filter(|(code, _)| fits(**code)).map(|(_, count)| count).sum()
    }

    /// Requests that a timeout or a lost connection ended, of all.
    fn unanswered_percent(&self) -> Option<f64> {
        let classes: Vec<_> = ["timeout", "connection"].into_iter().flat_map(errors_of).collect();
        share(self.errors_in(&classes), self.requests)
    }
}

/// In percent; of nothing there is none.
pub fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64 * 100.0)
}

fn time(of: &Distribution, measure: &str) -> Option<f64> {
    match measure {
        "min" => Some(of.min_ms),
        "mean" => Some(of.mean_ms),
        "stdev" => Some(of.stdev_ms),
        "max" => Some(of.max_ms),
        _ => percentile(measure).and_then(|percent| of.percentile_ms(percent)),
    }
}

/// Mean and sample standard deviation; the latter of at least two.
pub fn mean_and_stdev(values: &[f64]) -> Option<(f64, Option<f64>)> {
    let count = values.len() as f64;
    let mean = (!values.is_empty()).then(|| values.iter().sum::<f64>() / count)?;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some((mean, (values.len() > 1).then(|| (squares / (count - 1.0)).sqrt())))
}
