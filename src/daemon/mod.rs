//! When runs happen, and what the daemon tells of them over HTTP.

pub mod agenda;
pub mod errand;
pub mod execution;
pub mod exposition;
pub mod face;
pub mod herald;
pub mod library;
pub mod metrics;
pub mod pauses;
pub mod picture;
pub mod scheduler;
pub mod state;
pub mod step_times;
pub mod watch;
