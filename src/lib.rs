//! Lustrum takes the census of virtualization fleets on a schedule.
//!
//! The rooms stand on floors: a room imports any room above it in this list and none
//! below, and rooms on one line do not know each other (ARCHITECTURE.md, "The house").

pub mod model;
pub mod tables;
pub mod time;

pub mod notify;
pub mod output;
pub mod simulator;
pub mod transport;

pub mod census;
pub mod history;
pub mod probes;
pub mod providers;

pub mod config;
pub mod stages;

pub mod engine;

pub mod daemon;

pub mod cli;
