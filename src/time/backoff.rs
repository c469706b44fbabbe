//! Pauses between tries: each twice the last, with a jitter that is the host's own.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(8);

/// A series of pauses. Deterministic: hosts differ among themselves and not from run to run,
/// so a fleet that was refused together does not come back together.
#[derive(Clone, Debug)]
pub struct Backoff {
    seed: u32,
}

impl Backoff {
    pub fn of(name: &str) -> Self {
        Self { seed: crc32fast::hash(name.as_bytes()) }
    }

    /// The pause after the n-th try, from 1: between half and the whole of its step.
    pub fn pause(&self, attempt: u32) -> Duration {
        let step = FIRST.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(LONGEST);
        let share = crc32fast::hash(&[self.seed.to_le_bytes(), attempt.to_le_bytes()].concat()) % 1_000;
        step.mul_f64(0.5 + f64::from(share) / 2_000.0)
    }
}
