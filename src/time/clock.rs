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
    /// Read from the system, which may be set.
    of_system: bool,
}

impl Clock {
    /// The system's time.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system")]
    pub fn system() -> Self {
        Self { base: std::time::SystemTime::now().into(), since: Some(Instant::now()), of_system: true }
    }

    /// A clock that starts at a given instant.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks tokio's clock")]
    pub fn starting_at(base: DateTime<Utc>) -> Self {
        Self { base, since: Some(Instant::now()), of_system: false }
    }

    /// A wall clock that stands: what real sockets take does not show in a golden file.
    /// Durations and deadlines go on as ever.
    pub fn standing_at(base: DateTime<Utc>) -> Self {
        Self { base, since: None, of_system: false }
    }

    /// The same clock, but the system's read once more: somebody may have set it, and a
    /// machine that was suspended has lost time.
    #[must_use]
    pub fn read_anew(&self) -> Self {
        if self.of_system { Self::system() } else { self.clone() }
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
