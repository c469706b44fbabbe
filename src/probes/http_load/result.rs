//! The result of a load as one document: `stress_test_results_YYYYMMDD_HHMMSS.json`.
//!
//! All numbers are of the measured time, without the warm-up. Histograms are whole, so that any
//! percentile can be computed from them, and a later run can be compared with this one.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::model::probe::ProbeVerdict;
use crate::probes::http_load::account::Account;
use crate::probes::http_load::compare::{self, Delta, Side};
use crate::probes::http_load::distribution::Distribution;
use crate::probes::http_load::statistics::{Second, Statistics, mean_and_stdev};
use crate::probes::http_load::tally::{Ending, Spread, Tally};
use crate::probes::threshold::judgement::Values;
use crate::probes::threshold::vocabulary::Name;

/// Of this document; a reader refuses a later one.
pub const VERSION: u32 = 1;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoadResult {
    pub version: u32,
    /// The probe's name.
    pub probe: String,
    pub target: String,
    pub started_at: DateTime<Utc>,
    /// Of all repetitions together.
    pub measured_s: f64,
    pub verdict: ProbeVerdict,
    pub warnings: Vec<String>,
    pub overall: Statistics,
    pub endpoints: Vec<Statistics>,
    pub repetitions: Vec<Repetition>,
    /// How the repetitions differ; empty for a single one.
    pub spread: Vec<RepetitionSpread>,
    pub connections: Connections,
    pub generator: Generator,
    pub comparison: Option<Comparison>,
    /// What was asked for.
    pub asked: serde_json::Value,
}

/// One of the times that the load was sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Repetition {
    pub repetition: u32,
    pub started_at: DateTime<Utc>,
    pub measured_s: f64,
    /// Whether it was sent to its end.
    pub complete: bool,
    /// All endpoints together first.
    pub figures: Vec<Figures>,
}

/// What repetitions are compared by; null where nothing was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    pub name: String,
    pub requests: u64,
    pub success_percent: Option<f64>,
    pub rps: Option<f64>,
    pub mean_ms: Option<f64>,
    pub p50_ms: Option<f64>,
    pub p95_ms: Option<f64>,
    pub p99_ms: Option<f64>,
}

/// One figure over the repetitions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RepetitionSpread {
    pub name: String,
    /// As in [`Figures`]: `p95_ms`.
    pub figure: String,
    pub mean: f64,
    pub stdev: f64,
    pub min: f64,
    pub max: f64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Connections {
    pub opened: u64,
    pub failed: u64,
    /// TCP and TLS of those that came about.
    pub connect: Option<Distribution>,
}

/// How busy we were ourselves.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Generator {
    pub users: u32,
    pub threads: u64,
    /// Of the busiest thread; null where the system does not say.
    pub thread_cpu_percent: Option<f64>,
    pub max_loop_lag_ms: f64,
    /// The longest time by which a request was sent later than it was due.
    pub max_send_lag_ms: f64,
    /// Users over (rate × mean service time): 1 when users spend all of their time in requests,
    /// more when they waited for the generator. Of a load that only time ends, without a rate and
    /// without think time; else null.
    pub littles_law: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// When the earlier run began.
    pub with: DateTime<Utc>,
    pub endpoints: Vec<Delta>,
    /// Endpoints of this run that cannot be compared, and why.
    pub left_out: Vec<String>,
}

/// What one repetition gave: the engine's tally, and what all endpoints came to in each second.
#[derive(Clone, Debug)]
pub struct Sent {
    pub tally: Tally,
    /// Seconds since its beginning; those that were seen.
    pub overall_seconds: Vec<(u64, Spread)>,
}

/// Statistics of repetitions taken together.
#[derive(Clone, Debug)]
pub struct Together {
    pub overall: Statistics,
    pub endpoints: Vec<Statistics>,
    pub repetitions: Vec<Repetition>,
    pub connections: Connections,
    pub generator: Generator,
    pub measured: Duration,
}

impl Together {
    /// `is_closed`: users send as soon as they are answered, so that Little's law can be asked.
    pub fn of(sent: &[Sent], slo: Option<Duration>, is_closed: bool) -> Self {
        let measured: Duration = sent.iter().map(|one| one.tally.measured).sum();
        let names = sent.first().map_or(&[][..], |one| &one.tally.endpoints);
        let endpoints = names.iter().enumerate().map(|(at, endpoint)| {
            let mut account = Account::default();
            sent.iter().for_each(|one| account.merge(&one.tally.endpoints[at].account));
            let mut statistics = Statistics::of(&endpoint.name, &account, measured, slo);
            statistics.take_seconds(seconds_of(sent, at));
            statistics
        });
        let endpoints: Vec<_> = endpoints.collect();
        let mut whole = Account::default();
        sent.iter().for_each(|one| whole.merge(&one.tally.whole()));
        let mut overall = Statistics::of("overall", &whole, measured, slo);
        overall.take_seconds(overall_seconds(sent));
        if !is_closed {
            overall.late = Some(sent.iter().map(|one| one.tally.schedule.late).sum());
            overall.dropped = Some(sent.iter().map(|one| one.tally.schedule.dropped).sum());
        }
        Self {
            overall,
            endpoints,
            repetitions: sent.iter().zip(1..).map(|(one, at)| Repetition::of(one, at)).collect(),
            connections: connections(sent),
            generator: generator(sent, is_closed),
            measured,
        }
    }
}

/// Milliseconds of a spread's microseconds.
fn second(repetition: u32, second: u64, requests: u64, succeeded: u64, of: &Spread) -> Second {
    let millis = |micros: Option<u64>| micros.map(|micros| micros as f64 / 1_000.0);
    Second {
        repetition,
        second,
        requests,
        succeeded,
        p50_ms: millis(of.p50_micros),
        p95_ms: millis(of.p95_micros),
        p99_ms: millis(of.p99_micros),
        max_ms: millis(of.max_micros),
    }
}

fn seconds_of(sent: &[Sent], endpoint: usize) -> Vec<(Second, bool)> {
    let mut seconds = Vec::new();
    for (one, repetition) in sent.iter().zip(1..) {
        let own = one.tally.seconds.iter().filter(|second| second.endpoint as usize == endpoint);
        seconds.extend(own.map(|it| {
            let at = u64::from(it.second);
            (second(repetition, at, it.requests, it.successes, &it.latency), is_whole(&one.tally, at))
        }));
    }
    seconds
}

fn overall_seconds(sent: &[Sent]) -> Vec<(Second, bool)> {
    let mut seconds = Vec::new();
    for (one, repetition) in sent.iter().zip(1..) {
        for at in 0..=one.tally.seconds.last().map_or(0, |last| u64::from(last.second)) {
            let rows = || one.tally.seconds.iter().filter(move |row| u64::from(row.second) == at);
            let seen = one.overall_seconds.iter().find(|(second, _)| *second == at);
            let spread = match seen {
                Some((_, spread)) => *spread,
                None if one.tally.endpoints.len() == 1 => {
                    rows().next().map(|row| row.latency).unwrap_or_default()
                }
                None => Spread::default(),
            };
            let (requests, succeeded) =
                (rows().map(|row| row.requests).sum(), rows().map(|row| row.successes).sum());
            seconds.push((second(repetition, at, requests, succeeded, &spread), is_whole(&one.tally, at)));
        }
    }
    seconds
}

fn is_whole(tally: &Tally, second: u64) -> bool {
    second < tally.measured.as_secs()
}

fn connections(sent: &[Sent]) -> Connections {
    let mut connect = crate::probes::http_load::account::Times::default();
    sent.iter().for_each(|one| connect.merge(&one.tally.connections.connect));
    Connections {
        opened: sent.iter().map(|one| one.tally.connections.opened).sum(),
        failed: sent.iter().map(|one| one.tally.connections.failed).sum(),
        connect: Distribution::of(connect.histogram()),
    }
}

/// The worst of the repetitions.
fn generator(sent: &[Sent], is_closed: bool) -> Generator {
    let threads = || sent.iter().flat_map(|one| &one.tally.generator.threads);
    let most = |times: &mut dyn Iterator<Item = f64>| times.max_by(f64::total_cmp);
    let share = most(&mut sent.iter().filter_map(|one| one.tally.generator.cpu_share()));
    let lag = |time: Duration| time.as_secs_f64() * 1_000.0;
    Generator {
        users: sent.iter().map(|one| one.tally.generator.users).max().unwrap_or_default(),
        threads: sent.iter().map(|one| one.tally.generator.threads.len() as u64).max().unwrap_or_default(),
        thread_cpu_percent: share.map(|share| share * 100.0),
        max_loop_lag_ms: most(&mut threads().map(|thread| lag(thread.max_loop_lag))).unwrap_or_default(),
        max_send_lag_ms: most(&mut sent.iter().map(|one| lag(one.tally.schedule.max_lag)))
            .unwrap_or_default(),
        littles_law: is_closed
            .then(|| most(&mut sent.iter().filter_map(|one| one.tally.little_check())))
            .flatten(),
    }
}

impl Repetition {
    fn of(sent: &Sent, repetition: u32) -> Self {
        let tally = &sent.tally;
        let figures =
            |name: &str, account: &Account| Figures::of(&Statistics::of(name, account, tally.measured, None));
        let mut all = vec![figures("overall", &tally.whole())];
        all.extend(tally.endpoints.iter().map(|endpoint| figures(&endpoint.name, &endpoint.account)));
        Self {
            repetition,
            started_at: tally.started_at,
            measured_s: tally.measured.as_secs_f64(),
            complete: tally.ending == Ending::Complete,
            figures: all,
        }
    }
}

impl Figures {
    const NAMES: [&'static str; 6] = ["success_percent", "rps", "mean_ms", "p50_ms", "p95_ms", "p99_ms"];

    fn of(statistics: &Statistics) -> Self {
        let value = |word: &str| statistics.value(word);
        Self {
            name: statistics.name.clone(),
            requests: statistics.requests,
            success_percent: statistics.success_percent,
            rps: statistics.rps,
            mean_ms: value("mean"),
            p50_ms: value("p50"),
            p95_ms: value("p95"),
            p99_ms: value("p99"),
        }
    }

    fn values(&self) -> [Option<f64>; 6] {
        [self.success_percent, self.rps, self.mean_ms, self.p50_ms, self.p95_ms, self.p99_ms]
    }
}

/// How figures differ between repetitions; of those that all of them have.
pub fn spread(repetitions: &[Repetition]) -> Vec<RepetitionSpread> {
    let [first, _, ..] = repetitions else { return Vec::new() };
    let mut spread = Vec::new();
    for (at, figures) in first.figures.iter().enumerate() {
        for (number, figure) in Figures::NAMES.into_iter().enumerate() {
            let values: Option<Vec<f64>> =
                repetitions.iter().map(|repetition| repetition.figures[at].values()[number]).collect();
            let Some(values) = values else { continue };
            let Some((mean, Some(stdev))) = mean_and_stdev(&values) else { continue };
            let (min, max) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(min, max), value| {
                (min.min(*value), max.max(*value))
            });
            let (name, figure) = (figures.name.clone(), figure.to_owned());
            spread.push(RepetitionSpread { name, figure, mean, stdev, min, max });
        }
    }
    spread
}

impl LoadResult {
    /// Reads a document; a lowercase fragment says why it cannot be used.
    pub fn read(text: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Version {
            version: Option<u32>,
        }
        let version: Version =
            serde_json::from_slice(text).map_err(|error| format!("is no JSON: {error}"))?;
        match version.version {
            Some(VERSION) => {}
            Some(version) => return Err(format!("is of version {version}; this program reads {VERSION}")),
            None => return Err("is no result of a load: it has no `version`".to_owned()),
        }
        serde_json::from_slice(text).map_err(|error| format!("is no result of a load: {error}"))
    }
}

/// What a comparison takes from an endpoint's statistics.
pub fn side(statistics: &Statistics) -> Side {
    let seconds = |pick: fn(&Second) -> Option<f64>| statistics.seconds.iter().filter_map(pick).collect();
    let latencies = statistics.ok.as_ref().map(|ok| &ok.histogram_us[..]).unwrap_or_default();
    Side {
        requests: statistics.requests,
        succeeded: statistics.succeeded,
        p50_ms: seconds(|second| second.p50_ms),
        p95_ms: seconds(|second| second.p95_ms),
        latencies: latencies.iter().map(|(us, count)| (*us as f64 / 1_000.0, *count)).collect(),
    }
}

/// Each endpoint that both runs have.
pub fn comparison(before: &LoadResult, endpoints: &[Statistics]) -> Comparison {
    let mut comparison = Comparison { with: before.started_at, endpoints: Vec::new(), left_out: Vec::new() };
    for now in endpoints {
        let name = &now.name;
        let Some(then) = before.endpoints.iter().find(|then| then.name == *name) else {
            comparison.left_out.push(format!("{name}: the earlier run has no such endpoint"));
            continue;
        };
        match compare::compare(name, &side(then), &side(now)) {
            Some(delta) => comparison.endpoints.push(delta),
            None => comparison.left_out.push(format!(
                "{name}: too few requests to compare, it takes {} in each run",
                compare::FEWEST_REQUESTS
            )),
        }
    }
    comparison
}

/// Values by name: of the statistics, and of the monitor for what they do not know.
pub struct Seen<'a> {
    pub overall: &'a Statistics,
    pub endpoints: &'a [Statistics],
    pub monitor: &'a dyn Fn(&str) -> Option<f64>,
}

impl Values for Seen<'_> {
    fn value(&self, name: &Name) -> Option<f64> {
        let Some(subject) = &name.subject else {
            return self.overall.value(&name.word).or_else(|| (self.monitor)(&name.word));
        };
        self.endpoints.iter().find(|endpoint| endpoint.name == *subject)?.value(&name.word)
    }
}
