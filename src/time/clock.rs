//! The wall clock, taken once from the system and carried by tokio's clock from then on.

use chrono::{DateTime, Utc};
use tokio::time::Instant;

/// Wall time as a base and tokio's elapsed time: under tokio's paused clock it stands still
/// and jumps with it, so tests own the calendar.
#[derive(Clone, Debug)]
pub struct Clock {
    base: DateTime<Utc>,
    /// Absent for a clock that stands.
    since: Option<Instant>,
}

impl Clock {
    /// The system's time.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system")]
    pub fn system() -> Self {
        Self { base: std::time::SystemTime::now().into(), since: Some(Instant::now()) }
    }

    /// A clock that starts at a given instant.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks tokio's clock")]
    pub fn starting_at(base: DateTime<Utc>) -> Self {
        Self { base, since: Some(Instant::now()) }
    }

    /// A wall clock that stands: what real sockets take does not show in a golden file.
    /// Durations and deadlines go on as ever.
    pub fn standing_at(base: DateTime<Utc>) -> Self {
        Self { base, since: None }
    }

    pub fn now(&self) -> DateTime<Utc> {
        let elapsed = self.since.map_or(std::time::Duration::ZERO, |since| since.elapsed());
        self.base + chrono::Duration::from_std(elapsed).unwrap_or_default()
    }

    /// A point of monotonic time, to measure durations and set deadlines by.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks tokio's clock")]
    pub fn instant(&self) -> Instant {
        Instant::now()
    }
}
