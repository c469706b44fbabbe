//! What happens when a zone's clock is changed.

use chrono::{DateTime, Duration, NaiveDateTime, Offset, TimeZone, Utc};
use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// When a schedule fires that falls into the hour which a change of the clock skips or
/// repeats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DstPolicy {
    /// As Debian's cron: a fixed time in the gap fires at the first instant after it, one in
    /// the overlap fires once; a schedule with a star in minute or hour runs on real time.
    #[default]
    Vixie,
    /// As vixie, but a fixed time in the gap is left out that day.
    Skip,
    /// As a CronJob's controller: a time in the gap is left out, one in the overlap fires
    /// twice.
    Kubernetes,
}

/// The first instant at which a local time, or a later one, is on the clock.
pub(in crate::time::cron) fn first_instant(zone: Tz, local: NaiveDateTime) -> Option<DateTime<Utc>> {
    match zone.from_local_datetime(&local).earliest() {
        Some(instant) => Some(instant.with_timezone(&Utc)),
        None => end_of_gap(zone, local),
    }
}

/// The first instant at which exactly this local time is on the clock.
pub(in crate::time::cron) fn exact_instant(zone: Tz, local: NaiveDateTime) -> Option<DateTime<Utc>> {
    zone.from_local_datetime(&local).earliest().map(|instant| instant.with_timezone(&Utc))
}

fn end_of_gap(zone: Tz, local: NaiveDateTime) -> Option<DateTime<Utc>> {
    // No gap is longer than a day (Samoa left one out in 2011).
    let before = (local - Duration::days(2)).and_utc();
    next_change(zone, before, (local + Duration::days(2)).and_utc())
}

/// Seconds that the zone's clock is ahead of UTC.
pub(in crate::time::cron) fn offset(zone: Tz, at: DateTime<Utc>) -> Duration {
    Duration::seconds(zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc().into())
}

/// The first instant after `from`, up to `to`, with another offset than `from` has.
pub(in crate::time::cron) fn next_change(
    zone: Tz,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    /// Rules change the clock at most every few weeks (Morocco around Ramadan).
    const STRIDE: Duration = Duration::days(7);
    let before = offset(zone, from);
    let mut same = from;
    while same < to {
        let ahead = (same + STRIDE).min(to);
        if offset(zone, ahead) != before {
            return Some(pinned_down(zone, same, ahead));
        }
        same = ahead;
    }
    None
}

/// To the second, which is all that zones know.
fn pinned_down(zone: Tz, mut same: DateTime<Utc>, mut other: DateTime<Utc>) -> DateTime<Utc> {
    let before = offset(zone, same);
    while other - same > Duration::seconds(1) {
        let middle = same + Duration::seconds((other - same).num_seconds() / 2);
        if offset(zone, middle) == before { same = middle } else { other = middle }
    }
    other
}
