//! What the machines do while a load runs: this one, and the one that is under it.

pub mod local;
pub mod metrics;
pub mod procfs;
pub mod recording;
pub mod sample;
pub mod target;
pub mod trend;
pub mod watch;
