//! How much a service bears, and whether that is enough.

pub mod account;
pub mod chart;
pub mod collector;
pub mod compare;
pub mod desk;
pub mod dial;
pub mod distribution;
pub mod engine;
pub mod events;
pub mod grades;
pub mod ledger;
pub mod limits;
pub mod monitor;
pub mod plan;
pub mod program;
pub mod reader;
<<<<<<< HEAD
pub mod report;
=======
pub mod result;
pub mod rows;
>>>>>>> load-verdict
pub mod schedule;
pub mod statistics;
pub mod tally;
pub mod template;
pub mod turns;
pub mod user;
pub mod verdict;
pub mod words;
pub mod worker;
