//! When runs happen.

pub mod agenda;
pub mod daemon;
pub mod library;
pub mod scheduler;
