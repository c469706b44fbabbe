//! Tables of what probes measured, one file a table.

pub mod prometheus_query;
pub mod prometheus_rule;
