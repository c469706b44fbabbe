//! The wall clock, taken once from the system and carried by tokio's clock from then on.

use chrono::{DateTime, Utc};
use tokio::time::Instant;

/// Wall time as a base and tokio's elapsed time: under tokio's paused clock it stands still
/// and jumps with it, so tests own the calendar.
#[derive(Clone, Debug)]
pub struct Clock {
    base: DateTime<Utc>,
    since: Instant,
}

impl Clock {
    /// The system's time.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system")]
    pub fn system() -> Self {
        Self { base: std::time::SystemTime::now().into(), since: Instant::now() }
    }

    /// A clock that starts at a given instant.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks tokio's clock")]
    pub fn starting_at(base: DateTime<Utc>) -> Self {
        Self { base, since: Instant::now() }
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.base + chrono::Duration::from_std(self.since.elapsed()).unwrap_or_default()
    }

    /// A point of monotonic time, to measure durations and set deadlines by.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks tokio's clock")]
    pub fn instant(&self) -> Instant {
        Instant::now()
    }
}
