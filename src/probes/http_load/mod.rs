//! How much a service bears.

pub mod account;
pub mod plan;
pub mod tally;
