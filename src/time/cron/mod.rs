//! When a schedule fires: POSIX cron in an IANA time zone, with daylight saving decided.

pub mod expression;
pub mod field;
pub mod fires;
pub mod zone;
