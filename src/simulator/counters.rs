//! What a simulated fleet has seen, counted per host.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

/// Counts of one host, or their sum over a fleet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// TCP connections accepted.
    pub connections: u64,
    /// HTTP requests read.
    pub requests: u64,
    /// Identify answers given without logon.
    pub identifies: u64,
    /// Logons that came to a verdict: NTLM and Negotiate once per AUTHENTICATE message,
    /// Basic and certificates once per connection.
    pub logons_attempted: u64,
    pub logons_refused: u64,
    pub shells_opened: u64,
    pub shells_open: u64,
    pub commands_started: u64,
    /// Bytes on the wire, below TLS.
    pub bytes_in: u64,
    pub bytes_out: u64,
}

impl std::ops::Add for Tally {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            connections: self.connections + other.connections,
            requests: self.requests + other.requests,
            identifies: self.identifies + other.identifies,
            logons_attempted: self.logons_attempted + other.logons_attempted,
            logons_refused: self.logons_refused + other.logons_refused,
            shells_opened: self.shells_opened + other.shells_opened,
            shells_open: self.shells_open + other.shells_open,
            commands_started: self.commands_started + other.commands_started,
            bytes_in: self.bytes_in + other.bytes_in,
            bytes_out: self.bytes_out + other.bytes_out,
        }
    }
}

impl std::iter::Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(tallies: I) -> Self {
        tallies.fold(Self::default(), |sum, tally| sum + tally)
    }
}

/// A count that only grows.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    pub fn add(&self, amount: u64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The running counts of one host. Open shells are not here: the host's shell table is
/// the truth about them.
#[derive(Debug, Default)]
pub struct Counters {
    pub connections: Count,
    pub requests: Count,
    pub identifies: Count,
    pub logons_attempted: Count,
    pub logons_refused: Count,
    pub shells_opened: Count,
    pub commands_started: Count,
    pub bytes_in: Count,
    pub bytes_out: Count,
}

impl Counters {
    pub fn tally(&self, shells_open: u64) -> Tally {
        Tally {
            connections: self.connections.get(),
            requests: self.requests.get(),
            identifies: self.identifies.get(),
            logons_attempted: self.logons_attempted.get(),
            logons_refused: self.logons_refused.get(),
            shells_opened: self.shells_opened.get(),
            shells_open,
            commands_started: self.commands_started.get(),
            bytes_in: self.bytes_in.get(),
            bytes_out: self.bytes_out.get(),
        }
    }
}
