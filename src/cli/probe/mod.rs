//! `lustrum probe`: one thing measured by hand.

pub mod alone;
pub mod command;
pub mod http_latency;
pub mod http_latency_args;
pub mod http_latency_text;
pub mod http_load;
pub mod http_load_args;
pub mod http_load_text;
pub mod load_screen;
pub mod pick;
pub mod prepared;
pub mod prometheus;
pub mod prometheus_args;
pub mod prometheus_text;
pub mod single;
pub mod typed;
