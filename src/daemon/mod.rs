//! When runs happen.

pub mod agenda;
pub mod scheduler;
