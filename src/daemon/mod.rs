//! When runs happen.

pub mod agenda;
pub mod library;
pub mod scheduler;
pub mod watch;
