//! When runs happen.

pub mod agenda;
pub mod watch;
pub mod library;
pub mod scheduler;
