//! What one thread has measured and nobody has fetched yet.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::probes::http_load::account::{Account, Times};
use crate::probes::http_load::tally::{ScheduleTally, ThreadTally};

/// Written by its thread with every request, emptied four times a second by the collector: the
/// lock is next to never contended.
#[derive(Clone, Debug)]
pub struct Ledger {
    page: Arc<Mutex<Page>>,
    in_flight: Arc<AtomicU64>,
}

#[derive(Debug)]
pub struct Page {
    /// In the plan's order; emptied when fetched.
    pub accounts: Vec<Account>,
    /// TCP and TLS of connections that came about; emptied when fetched.
    pub connect: Times,
    /// What follows is of the whole run.
    pub opened: u64,
    pub failed_to_open: u64,
    /// Sent in the warm-up, or begun in it and ended after.
    pub uncounted: u64,
    pub schedule: ScheduleTally,
    pub thread: ThreadTally,
}

impl Ledger {
    pub fn new(endpoints: usize) -> Self {
        let page = Page {
            accounts: vec![Account::default(); endpoints],
            connect: Times::default(),
            opened: 0,
            failed_to_open: 0,
            uncounted: 0,
            schedule: ScheduleTally::default(),
            thread: ThreadTally::default(),
        };
        Self { page: Arc::new(Mutex::new(page)), in_flight: Arc::default() }
    }

    pub fn page(&self) -> MutexGuard<'_, Page> {
        self.page.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Only by its thread, so that a read and a write are enough.
    pub fn set_in_flight(&self, change: impl Fn(u64) -> u64) {
        self.in_flight.store(change(self.in_flight()), Ordering::Relaxed);
    }
}
