//! The only room that asks what time it is.

pub mod backoff;
pub mod clock;
pub mod cron;
pub mod name_hash;
