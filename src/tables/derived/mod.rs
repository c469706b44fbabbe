//! Tables that follow from the collected ones, one file a table.

pub mod vhealth;
