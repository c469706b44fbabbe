//! The world's calendar: day 0 is fixed, so that the same spec gives the same dates for ever.

use chrono::{DateTime, Duration, SecondsFormat, Utc};

/// 2026-11-01T00:00:00Z, in seconds of the epoch: the morning of day 0.
const FIRST_MORNING: i64 = 1_793_491_200;

/// So many days and seconds from the morning of day 0, as `[datetime]::ToString('o')`
/// prints it in UTC.
pub fn instant(days: i64, seconds: i64) -> String {
    let morning = DateTime::<Utc>::from_timestamp(FIRST_MORNING, 0).expect("a constant in range");
    let instant = morning + Duration::days(days) + Duration::seconds(seconds);
    instant.to_rfc3339_opts(SecondsFormat::Secs, true).replace('Z', ".0000000Z")
}
