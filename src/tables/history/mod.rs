//! Tables that are made from several runs, one file a table.

pub mod vchange;
