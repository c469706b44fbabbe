//! What the screen shows of a load at one moment, and the memory that its curves need.

use std::collections::VecDeque;
use std::time::Duration;

use crate::probes::catalogue::{AnyProbe, PlannedProbe};
use crate::probes::http_load::account::Account;
use crate::probes::http_load::monitor::sample::{LocalSample, TargetSample};
use crate::probes::http_load::monitor::watch::Latest;
use crate::probes::http_load::plan::Pace;
use crate::probes::http_load::tally::{EndpointTally, Phase, Snapshot};

/// Of a curve, as many values are kept as a wide screen has columns.
const CURVE: usize = 400;

/// One moment.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    pub title: String,
    pub phase: &'static str,
    pub elapsed: Duration,
    pub planned: Option<Duration>,
    pub rate_per_s: f64,
    pub successes: u64,
    pub failures: u64,
    pub in_flight: u64,
    /// Of the last whole second.
    pub times: Times,
    /// Late and dropped requests, where there is a schedule.
    pub behind: Option<(u64, u64)>,
    pub local: Option<LocalSample>,
    /// Absent where nobody asks the target.
    pub target: Option<TargetSample>,
    pub endpoints: Vec<EndpointLine>,
    /// By look, four a second.
    pub rates: Vec<f64>,
    /// p95 by second, in milliseconds; absent of a second without an answer.
    pub p95s: Vec<Option<f64>>,
}

/// In milliseconds; absent where nothing was answered.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Times {
    pub p50_ms: Option<f64>,
    pub p95_ms: Option<f64>,
    pub p99_ms: Option<f64>,
}

/// One endpoint in the last whole second.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EndpointLine {
    pub name: String,
    pub requests: u64,
    pub failures: u64,
    pub times: Times,
}

impl Times {
    /// Of all requests, those that failed too.
    pub fn of(account: &Account) -> Self {
        let mut latency = account.ok.latency.clone();
        latency.merge(&account.failed.latency);
        let ms = |quantile| latency.quantile_micros(quantile).map(|micros| micros as f64 / 1_000.0);
        Self { p50_ms: ms(0.5), p95_ms: ms(0.95), p99_ms: ms(0.99) }
    }
}

impl EndpointLine {
    fn of(tally: &EndpointTally) -> Self {
        Self {
            name: tally.name.clone(),
            requests: tally.account.requests(),
            failures: tally.account.failures(),
            times: Times::of(&tally.account),
        }
    }
}

impl Picture {
    /// 0 to 1, where the plan has an end in time.
    pub fn share(&self) -> Option<f64> {
        let planned = self.planned.filter(|planned| !planned.is_zero())?;
        Some((self.elapsed.as_secs_f64() / planned.as_secs_f64()).min(1.0))
    }

    pub fn remaining(&self) -> Option<Duration> {
        Some(self.planned?.saturating_sub(self.elapsed))
    }
}

/// Makes a picture of each moment.
#[derive(Debug, Default)]
pub struct Memory {
    title: String,
    has_schedule: bool,
    rates: VecDeque<f64>,
    p95s: VecDeque<Option<f64>>,
    last_second: Option<u32>,
}

impl Memory {
    pub fn of(planned: &PlannedProbe) -> Self {
        let AnyProbe::HttpLoad(load) = &*planned.probe else { return Self::default() };
        let plan = &load.program.plan;
        let has_schedule = matches!(plan.pace, Pace::Open { .. });
        Self { title: format!("{} against {}", planned.name, plan.origin), has_schedule, ..Self::default() }
    }

    pub fn picture(&mut self, snapshot: &Snapshot, latest: &Latest) -> Picture {
        keep(&mut self.rates, snapshot.rate_per_s);
        let second = snapshot.last_second.as_ref();
        let times = second.map(|second| Times::of(&second.account)).unwrap_or_default();
        let number = second.map(|second| second.second);
        if number.is_some() && number != self.last_second {
            self.last_second = number;
            keep(&mut self.p95s, times.p95_ms);
        }
        Picture {
            title: self.title.clone(),
            phase: match snapshot.phase {
                Phase::WarmUp => "warming up",
                Phase::Measuring => "measuring",
                Phase::Draining => "waiting for the last answers",
                Phase::Done => "done",
            },
            elapsed: snapshot.elapsed,
            planned: snapshot.planned,
            rate_per_s: snapshot.rate_per_s,
            successes: snapshot.successes,
            failures: snapshot.failures,
            in_flight: snapshot.in_flight,
            times,
            behind: self.has_schedule.then_some((snapshot.schedule.late, snapshot.schedule.dropped)),
            local: latest.local.clone(),
            target: latest.target.clone(),
            endpoints: second
                .map(|second| second.endpoints.iter().map(EndpointLine::of).collect())
                .unwrap_or_default(),
            rates: self.rates.iter().copied().collect(),
            p95s: self.p95s.iter().copied().collect(),
        }
    }
}

fn keep<T>(curve: &mut VecDeque<T>, value: T) {
    if curve.len() == CURVE {
        curve.pop_front();
    }
    curve.push_back(value);
}
