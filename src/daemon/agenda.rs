//! When one job is due: all its schedules together, less the excluded days.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};

use crate::config::schedule::{ScheduleSettings, Scheduling};
use crate::model::run::{JobName, Slot};
use crate::time::cron::fires::Fires;
use crate::time::name_hash;

/// The coming slots of one job.
#[derive(Clone, Debug)]
pub struct Agenda {
    lines: Vec<Line>,
    delay: Duration,
}

#[derive(Clone, Debug)]
struct Line {
    fires: Fires,
    excluded: BTreeSet<NaiveDate>,
}

impl Agenda {
    pub fn of(job: &JobName, schedules: &[ScheduleSettings], scheduling: &Scheduling) -> Self {
        let lines = schedules.iter().map(|settings| Line {
            fires: settings.fires(),
            excluded: settings.excluded_dates.iter().copied().collect(),
        });
        Self { lines: lines.collect(), delay: delay(job, scheduling.jitter) }
    }

    /// How long after its slot a run starts: the same for every slot of the job.
    pub fn delay(&self) -> Duration {
        self.delay
    }

    /// The slots after an instant, in order; two schedules at one time are one slot.
    pub fn slots_after(&self, instant: DateTime<Utc>) -> impl Iterator<Item = Slot> + use<'_> {
        let next = move |after: DateTime<Utc>| self.lines.iter().filter_map(|line| line.after(after)).min();
        std::iter::successors(next(instant), move |slot| next(*slot)).map(Slot::at)
    }
}

impl Line {
    fn after(&self, instant: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let day = |fired: &DateTime<Utc>| fired.with_timezone(&self.fires.zone).date_naive();
        self.fires.iter_after(instant).find(|fired| !self.excluded.contains(&day(fired)))
    }
}

/// Spread evenly over the names of jobs: every daemon and every restart comes to the same.
fn delay(job: &JobName, jitter: Option<Duration>) -> Duration {
    let Some(jitter) = jitter else { return Duration::ZERO };
    // The low bits of short names are alike; a multiplication stirs them into the high ones.
    let share =
        (name_hash::of(job.as_str()).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as f64 / f64::from(u32::MAX);
    Duration::from_secs_f64((jitter.as_secs_f64() * share).floor())
}
