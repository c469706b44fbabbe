//! How much a service bears.

pub mod account;
pub mod chart;
pub mod collector;
pub mod desk;
pub mod dial;
pub mod engine;
pub mod events;
pub mod ledger;
pub mod limits;
pub mod monitor;
pub mod plan;
pub mod program;
pub mod reader;
pub mod report;
pub mod schedule;
pub mod tally;
pub mod template;
pub mod turns;
pub mod user;
pub mod worker;
