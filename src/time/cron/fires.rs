//! The instants at which a schedule fires.

use chrono::{DateTime, Duration, DurationRound, Utc};
use chrono_tz::Tz;

use crate::time::cron::expression::{Calendar, Expression, Rhythm};
use crate::time::cron::zone::{DstPolicy, exact_instant, first_instant, next_change, offset};

/// A cron line on the clock of a zone.
#[derive(Clone, Debug)]
pub struct Fires {
    pub expression: Expression,
    pub zone: Tz,
    pub policy: DstPolicy,
}

impl Fires {
    /// The first instant after the given one; none when nothing comes before the year 2100.
    pub fn after(&self, instant: DateTime<Utc>) -> Option<DateTime<Utc>> {
        // A second is the smallest step: within one there is nothing to find.
        let instant = instant.duration_trunc(Duration::seconds(1)).unwrap_or(instant);
        match &self.expression.rhythm {
            Rhythm::Every(every) => next_multiple(instant, *every),
            Rhythm::Calendar(calendar) => match self.policy {
                DstPolicy::Vixie if !calendar.starred => self.by_local_time(calendar, instant, first_instant),
                DstPolicy::Skip if !calendar.starred => self.by_local_time(calendar, instant, exact_instant),
                _ => self.by_real_time(calendar, instant),
            },
        }
    }

    /// All instants after the given one.
    pub fn iter_after(&self, instant: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> {
        std::iter::successors(self.after(instant), |fired| self.after(*fired))
    }

    /// Local times in their order, each on the first instant it has: what lies in an overlap
    /// comes once.
    fn by_local_time(
        &self,
        calendar: &Calendar,
        instant: DateTime<Utc>,
        place: fn(Tz, chrono::NaiveDateTime) -> Option<DateTime<Utc>>,
    ) -> Option<DateTime<Utc>> {
        let mut local = instant.with_timezone(&self.zone).naive_local();
        loop {
            local = calendar.after(local)?;
            if let Some(found) = place(self.zone, local).filter(|found| *found > instant) {
                return Some(found);
            }
        }
    }

    /// What is on the clock, from one change of it to the next.
    fn by_real_time(&self, calendar: &Calendar, instant: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let (mut after, mut steady_from) = (instant, instant);
        loop {
            let ahead = offset(self.zone, steady_from);
            let found = calendar.after((after + ahead).naive_utc())?.and_utc() - ahead;
            match next_change(self.zone, steady_from, found) {
                None => return Some(found),
                // What the clock shows at the change itself may fire too.
                Some(change) => (after, steady_from) = (change - Duration::seconds(1), change),
            }
        }
    }
}

fn next_multiple(instant: DateTime<Utc>, every: std::time::Duration) -> Option<DateTime<Utc>> {
    let every = i64::try_from(every.as_secs()).ok()?;
    let next = instant.timestamp().div_euclid(every).checked_add(1)?.checked_mul(every)?;
    DateTime::from_timestamp(next, 0)
}
