//! How much a service bears.

pub mod account;
pub mod compare;
pub mod distribution;
pub mod grades;
pub mod plan;
pub mod result;
pub mod rows;
pub mod statistics;
pub mod tally;
pub mod verdict;
pub mod words;
