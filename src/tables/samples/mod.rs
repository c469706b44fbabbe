//! Tables of what probes measured, one file a table.

pub mod http_attempt;
pub mod http_load_second;
pub mod http_load_total;
pub mod http_request;
pub mod prometheus_query;
pub mod prometheus_rule;
