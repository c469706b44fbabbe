//! What the users of one thread share: whose turn is when, and where results go.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::probes::http_load::account::Account;
use crate::probes::http_load::ledger::Ledger;
use crate::probes::http_load::pacer::Pacer;
use crate::probes::http_load::plan::{Leg, Pace};
use crate::probes::http_load::program::Program;
use crate::probes::http_load::schedule::Schedule;
use crate::probes::http_load::tally::LATE;
use crate::time::clock::Clock;
use crate::transport::http::connection::Exchange;
use crate::transport::http::error::ErrorClass;

#[derive(Debug)]
pub struct Shift {
    pub program: Arc<Program>,
    pub clock: Clock,
    pub ledger: Ledger,
    pub times: Times,
    pace: Paced,
    pacer: Pacer,
    /// Held by the one user whose turn is not due yet: turns are taken in their order.
    gate: Mutex<()>,
}

/// The same for all threads.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// The warm-up begins.
    pub begin: Instant,
    /// Counting begins.
    pub measure: Instant,
    /// Nothing is sent any more; absent where only a number of requests says when.
    pub end: Option<Instant>,
}

#[derive(Debug)]
enum Paced {
    Closed {
        left: Option<Arc<AtomicU64>>,
    },
    /// Of every `step` requests of the schedule, this thread has one.
    Open {
        schedule: Schedule,
        next: Cell<u64>,
        step: u64,
    },
}

/// Leave to send one request.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    /// When it was to be sent; in a closed loop that is now.
    pub meant: Instant,
    pub now: Instant,
    /// Not a part of the warm-up.
    pub is_counted: bool,
}

/// How a request came out, after its answer was looked at.
pub type Verdict = Result<(), ErrorClass>;

impl Shift {
    /// The shift of thread `thread` of `threads`. `left` is the number of requests that all
    /// threads together may still send and count.
    pub fn new(
        program: Arc<Program>,
        clock: Clock,
        times: Times,
        left: Option<Arc<AtomicU64>>,
        (thread, threads): (u32, u32),
    ) -> Self {
        let pace = match &program.plan.pace {
            Pace::Closed { .. } => Paced::Closed { left },
            Pace::Open { legs } => Paced::Open {
                schedule: Schedule::of(&warmed(legs, program.plan.warm_up)),
                next: Cell::new(u64::from(thread)),
                step: u64::from(threads),
            },
        };
        let ledger = Ledger::new(program.requests.len());
        Self { program, clock, ledger, times, pace, pacer: Pacer::default(), gate: Mutex::default() }
    }

    #[must_use]
    pub fn paced(mut self, pacer: Pacer) -> Self {
        self.pacer = pacer;
        self
    }

    /// The next turn, waited for where it is not due yet; nothing when the work is done.
    pub async fn turn(&self) -> Option<Turn> {
        match &self.pace {
            Paced::Closed { left } => {
                let now = self.clock.instant();
                let is_counted = now >= self.times.measure;
                if self.times.end.is_some_and(|end| now >= end) {
                    return None;
                }
                // The warm-up takes nothing from what is to be counted.
                if let Some(left) = left.as_ref().filter(|_| is_counted) {
                    let take = |left: u64| left.checked_sub(1);
                    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).ok()?;
                }
                Some(Turn { meant: now, now, is_counted })
            }
            Paced::Open { schedule, next, step } => self.open_turn(schedule, next, *step).await,
        }
    }

    pub fn is_closed(&self) -> bool {
        matches!(self.pace, Paced::Closed { .. })
    }

    async fn open_turn(&self, schedule: &Schedule, next: &Cell<u64>, step: u64) -> Option<Turn> {
        let _in_order = self.gate.lock().await;
        loop {
            let due = self.times.begin + schedule.due(next.get())?;
            next.set(next.get() + step);
            let is_counted = due >= self.times.measure;
            let now = self.clock.instant();
            if now < due {
                self.pacer.until(due, &self.clock).await;
                return Some(Turn { meant: due, now: self.clock.instant(), is_counted });
            }
            let overdue = now - due;
            let is_over = self.times.end.is_some_and(|end| now >= end);
            if !is_over && overdue <= self.program.plan.request_timeout {
                return Some(Turn { meant: due, now, is_counted });
            }
            if is_counted {
                let schedule = &mut self.ledger.page().schedule;
                schedule.dropped += 1;
                schedule.max_lag = schedule.max_lag.max(overdue);
            }
        }
    }

    /// Writes down what came of a turn.
    pub fn record(&self, endpoint: usize, turn: Turn, exchange: &Exchange, verdict: Verdict) {
        let mut page = self.ledger.page();
        if !turn.is_counted {
            page.uncounted += 1;
            return;
        }
        let meant = turn.meant;
        let (latency, service) = (exchange.ended - meant, exchange.ended - exchange.began);
        if meant != exchange.began {
            let lag = exchange.began - meant;
            page.schedule.late += u64::from(lag > LATE);
            page.schedule.max_lag = page.schedule.max_lag.max(lag);
        }
        let account: &mut Account = &mut page.accounts[endpoint];
        account.sent_bytes += exchange.sent_bytes;
        account.received_bytes += exchange.received_bytes;
        if let Some(status) = exchange.status {
            account.count_status(status);
        }
        let timings = match verdict {
            Ok(()) => {
                let goal = self.program.plan.goodput_within;
                account.good += u64::from(goal.is_none_or(|goal| latency <= goal));
                &mut account.ok
            }
            Err(class) => {
                account.count_error(class);
                &mut account.failed
            }
        };
        timings.latency.record(latency);
        timings.service.record(service);
    }
}

/// The warm-up goes at the rate with which the schedule begins.
fn warmed(legs: &[Leg], warm_up: Duration) -> Vec<Leg> {
    let mut warmed = legs.to_vec();
    if let Some(first) = legs.first().filter(|_| !warm_up.is_zero()) {
        let rate = first.from_per_s;
        let leg = Leg { from_per_s: rate, to_per_s: rate, duration: warm_up };
        warmed.insert(0, leg);
    }
    warmed
}
