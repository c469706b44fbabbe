//! What a load probe measured: whole, by second, and as it stands while it goes on.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::probes::http_load::account::{Account, Times};

/// The result of one run of the engine. The warm-up is in none of it but `generator`.
#[derive(Clone, Debug)]
pub struct Tally {
    /// When counting began.
    pub started_at: DateTime<Utc>,
    /// From there to the last moment at which a request could be sent (with a number of requests:
    /// to the last answer). Rates are per this.
    pub measured: Duration,
    /// In the plan's order.
    pub endpoints: Vec<EndpointTally>,
    /// Ascending; every second has a row for every endpoint, in the plan's order.
    pub seconds: Vec<SecondTally>,
    pub connections: ConnectionTally,
    pub schedule: ScheduleTally,
    pub generator: GeneratorTally,
    pub ending: Ending,
}

#[derive(Clone, Debug, PartialEq)]
pub struct EndpointTally {
    pub name: String,
    pub account: Account,
}

/// One endpoint in one second, by when its requests ended. Some 200 bytes: the only part of a
/// tally that grows with its time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SecondTally {
    /// Since `started_at`.
    pub second: u32,
    /// Its place in the plan.
    pub endpoint: u32,
    pub requests: u64,
    pub successes: u64,
    pub good: u64,
    pub sent_bytes: u64,
    pub received_bytes: u64,
    pub events: u64,
    /// Of successes.
    pub latency: Spread,
    pub service: Spread,
}

/// Absent without a value.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spread {
    pub mean_micros: Option<f64>,
    pub p50_micros: Option<u64>,
    pub p90_micros: Option<u64>,
    pub p95_micros: Option<u64>,
    pub p99_micros: Option<u64>,
    pub max_micros: Option<u64>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConnectionTally {
    /// That came about, the warm-up's and the first ones included.
    pub opened: u64,
    /// That did not.
    pub failed: u64,
    /// TCP and TLS of those that came about.
    pub connect: Times,
}

/// How well the schedule of an open loop was kept; zeros with a closed loop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScheduleTally {
    /// Sent more than [`LATE`] after they were due: every user was busy, or the machine was.
    pub late: u64,
    /// Due and never sent, because the time was over or they were overdue for longer than the
    /// request timeout.
    pub dropped: u64,
    /// The longest time between due and sent.
    pub max_lag: Duration,
}

/// A request is late when it is sent more than this after it was due.
pub const LATE: Duration = Duration::from_millis(2);

/// How busy we were ourselves. A busy generator measures itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GeneratorTally {
    /// Virtual users.
    pub users: u32,
    pub threads: Vec<ThreadTally>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ThreadTally {
    /// CPU time of the thread over the measured time, 0 to 1; absent where the system does not say.
    pub cpu_share: Option<f64>,
    /// The longest that a timer of the thread came late.
    pub max_loop_lag: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The plan was carried out.
    Complete,
    /// The token was cancelled. Requests in flight were given up and are counted nowhere else.
    Stopped { given_up: u64 },
}

/// How it goes, four times a second; made for `tokio::sync::watch`.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub phase: Phase,
    /// Since counting began; zero in the warm-up.
    pub elapsed: Duration,
    /// Where the plan has an end in time.
    pub planned: Option<Duration>,
    /// All endpoints together since counting began, without histograms.
    pub successes: u64,
    pub failures: u64,
    /// Of the last quarter of a second, per second; the warm-up's too.
    pub rate_per_s: f64,
    pub in_flight: u64,
    pub connections_opened: u64,
    pub schedule: ScheduleTally,
    /// All endpoints together in the last whole second; absent before there is one.
    pub last_second: Option<Arc<LastSecond>>,
}

/// What an abort condition is asked of, and what a screen shows.
#[derive(Clone, Debug)]
pub struct LastSecond {
    /// Since `started_at`, as [`SecondTally::second`].
    pub second: u32,
    pub account: Account,
    /// What of it was whose, in the plan's order.
    pub endpoints: Vec<EndpointTally>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    WarmUp,
    Measuring,
    /// Nothing is sent any more; answers are waited for.
    Draining,
    Done,
}

impl Default for Snapshot {
    /// Before anything was sent.
    fn default() -> Self {
        Self {
            phase: Phase::WarmUp,
            elapsed: Duration::ZERO,
            planned: None,
            successes: 0,
            failures: 0,
            rate_per_s: 0.0,
            in_flight: 0,
            connections_opened: 0,
            schedule: ScheduleTally::default(),
            last_second: None,
        }
    }
}

impl Spread {
    pub fn of(times: &Times) -> Self {
        Self {
            mean_micros: times.mean_micros(),
            p50_micros: times.quantile_micros(0.5),
            p90_micros: times.quantile_micros(0.9),
            p95_micros: times.quantile_micros(0.95),
            p99_micros: times.quantile_micros(0.99),
            max_micros: times.max_micros(),
        }
    }
}

impl SecondTally {
    pub fn of(second: u32, endpoint: u32, account: &Account) -> Self {
        Self {
            second,
            endpoint,
            requests: account.requests(),
            successes: account.successes(),
            good: account.good,
            sent_bytes: account.sent_bytes,
            received_bytes: account.received_bytes,
            events: account.streams.events,
            latency: Spread::of(&account.ok.latency),
            service: Spread::of(&account.ok.service),
        }
    }
}

impl Tally {
    /// All endpoints together.
    pub fn whole(&self) -> Account {
        let mut whole = Account::default();
        for endpoint in &self.endpoints {
            whole.merge(&endpoint.account);
        }
        whole
    }

    /// Requests per second of the measured time, failures included.
    pub fn rate_per_s(&self) -> Option<f64> {
        let seconds = self.measured.as_secs_f64();
        let requests: u64 = self.endpoints.iter().map(|endpoint| endpoint.account.requests()).sum();
        (seconds > 0.0).then(|| requests as f64 / seconds)
    }

    /// Little's law of a closed loop without think time: users over (rate × mean service time) is
    /// 1 when all of a user's time is spent in requests. Well above 1: the users waited for us.
    pub fn little_check(&self) -> Option<f64> {
        let mut service = Times::default();
        for endpoint in &self.endpoints {
            service.merge(&endpoint.account.ok.service);
            service.merge(&endpoint.account.failed.service);
        }
        let in_system = self.rate_per_s()? * service.mean_micros()? / 1_000_000.0;
        (in_system > 0.0).then(|| f64::from(self.generator.users) / in_system)
    }
}

impl GeneratorTally {
    /// A thread that is busier than this measures itself.
    pub const SATURATED_SHARE: f64 = 0.9;

    /// The busiest thread.
    pub fn cpu_share(&self) -> Option<f64> {
        self.threads.iter().filter_map(|thread| thread.cpu_share).max_by(f64::total_cmp)
    }

    pub fn is_saturated(&self) -> bool {
        self.cpu_share().is_some_and(|share| share > Self::SATURATED_SHARE)
    }
}
