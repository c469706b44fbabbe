//! Fetches what the threads have measured, four times a second, and puts it together.

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::probes::http_load::account::Account;
use crate::probes::http_load::ledger::Ledger;
use crate::probes::http_load::program::Program;
use crate::probes::http_load::shift::Times;
use crate::probes::http_load::tally::{
    ConnectionTally, EndpointTally, GeneratorTally, LastSecond, Phase, ScheduleTally, SecondTally, Snapshot,
};
use crate::time::clock::Clock;

const SLICE: Duration = Duration::from_millis(250);
const SLICES_PER_SECOND: u32 = 4;

pub struct Collector {
    program: Arc<Program>,
    clock: Clock,
    times: Times,
    ledgers: Vec<Ledger>,
    /// Empty, to be exchanged for what a thread has written.
    spare: Vec<Account>,
    /// Of the second that goes on.
    second: Vec<Account>,
    whole: Vec<Account>,
    seconds: Vec<SecondTally>,
    connections: ConnectionTally,
    snapshot: Snapshot,
    uncounted: u64,
}

/// All that was collected.
pub struct Collected {
    pub endpoints: Vec<EndpointTally>,
    pub seconds: Vec<SecondTally>,
    pub connections: ConnectionTally,
    pub schedule: ScheduleTally,
    pub generator: GeneratorTally,
}

impl Collector {
    pub fn new(program: Arc<Program>, clock: Clock, times: Times, ledgers: Vec<Ledger>) -> Self {
        let accounts = vec![Account::default(); program.requests.len()];
        let planned = program.plan.pace.duration();
        Self {
            program,
            clock,
            times,
            ledgers,
            spare: accounts.clone(),
            second: accounts.clone(),
            whole: accounts,
            seconds: Vec::new(),
            connections: ConnectionTally::default(),
            snapshot: Snapshot { planned, ..Snapshot::default() },
            uncounted: 0,
        }
    }

    /// Collects and tells until it is dropped.
    pub async fn collect(&mut self, told: &watch::Sender<Snapshot>) {
        let mut due = self.times.begin;
        while due < self.times.measure {
            due = (due + SLICE).min(self.times.measure);
            self.tick(due, told).await;
        }
        for second in 0.. {
            for slice in 1..=SLICES_PER_SECOND {
                self.tick_and_close(second, slice, told).await;
            }
        }
    }

    async fn tick_and_close(&mut self, second: u32, slice: u32, told: &watch::Sender<Snapshot>) {
        let due = self.times.measure + SLICE * (second * SLICES_PER_SECOND + slice);
        sleep_until(due).await;
        let requests = self.fetch();
        if slice == SLICES_PER_SECOND {
            self.close_second(second);
        }
        self.tell(requests, told);
    }

    async fn tick(&mut self, due: Instant, told: &watch::Sender<Snapshot>) {
        sleep_until(due).await;
        let requests = self.fetch();
        self.tell(requests, told);
    }

    /// Empties the ledgers; returns how many requests were in them, the warm-up's too.
    fn fetch(&mut self) -> u64 {
        let uncounted = mem::take(&mut self.uncounted);
        let (mut opened, mut failed) = (0, 0);
        let mut schedule = ScheduleTally::default();
        let mut requests = 0;
        for ledger in &self.ledgers {
            let mut page = ledger.page();
            mem::swap(&mut page.accounts, &mut self.spare);
            self.connections.connect.merge(&page.connect);
            page.connect.clear();
            opened += page.opened;
            failed += page.failed_to_open;
            self.uncounted += page.uncounted;
            schedule.late += page.schedule.late;
            schedule.dropped += page.schedule.dropped;
            schedule.max_lag = schedule.max_lag.max(page.schedule.max_lag);
            drop(page);
            for (second, spare) in self.second.iter_mut().zip(&mut self.spare) {
                requests += spare.requests();
                self.snapshot.successes += spare.successes();
                self.snapshot.failures += spare.failures();
                second.merge(spare);
                spare.clear();
            }
        }
        self.connections.opened = opened;
        self.connections.failed = failed;
        self.snapshot.connections_opened = opened;
        self.snapshot.schedule = schedule;
        requests + self.uncounted - uncounted
    }

    fn close_second(&mut self, second: u32) {
        let mut account = Account::default();
        let mut endpoints = Vec::with_capacity(self.second.len());
        for (endpoint, own) in self.second.iter_mut().enumerate() {
            self.seconds.push(SecondTally::of(second, u32::try_from(endpoint).unwrap_or(u32::MAX), own));
            account.merge(own);
            self.whole[endpoint].merge(own);
            let name = self.program.plan.endpoints[endpoint].name.clone();
            endpoints.push(EndpointTally { name, account: own.clone() });
            own.clear();
        }
        self.snapshot.last_second = Some(Arc::new(LastSecond { second, account, endpoints }));
    }

    fn tell(&mut self, requests: u64, told: &watch::Sender<Snapshot>) {
        let now = self.clock.instant();
        self.snapshot.elapsed = now.saturating_duration_since(self.times.measure);
        self.snapshot.phase = match self.times.end {
            _ if now < self.times.measure => Phase::WarmUp,
            Some(end) if now >= end => Phase::Draining,
            _ => Phase::Measuring,
        };
        self.snapshot.rate_per_s = requests as f64 / SLICE.as_secs_f64();
        self.snapshot.in_flight = self.ledgers.iter().map(Ledger::in_flight).sum();
        told.send_replace(self.snapshot.clone());
    }

    /// The rest, and the end of it.
    pub fn finish(mut self, told: &watch::Sender<Snapshot>) -> Collected {
        self.fetch();
        if self.second.iter().any(|account| account.requests() > 0) {
            let next = self.seconds.last().map_or(0, |last| last.second + 1);
            self.close_second(next);
        }
        self.snapshot.phase = Phase::Done;
        self.snapshot.elapsed = self.clock.instant().saturating_duration_since(self.times.measure);
        self.snapshot.in_flight = 0;
        told.send_replace(self.snapshot.clone());
        let names = self.program.plan.endpoints.iter().map(|endpoint| endpoint.name.clone());
        Collected {
            endpoints: names.zip(self.whole).map(|(name, account)| EndpointTally { name, account }).collect(),
            seconds: self.seconds,
            connections: self.connections,
            schedule: self.snapshot.schedule,
            generator: GeneratorTally {
                users: self.program.plan.users,
                threads: self.ledgers.iter().map(|ledger| ledger.page().thread).collect(),
            },
        }
    }
}
