//! How much a service bears.

pub mod account;
pub mod chart;
pub mod monitor;
pub mod plan;
pub mod report;
pub mod tally;
