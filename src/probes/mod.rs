//! What we measure besides hosts: how long, how much, and whether what is told is true.

pub mod catalogue;
pub mod exposition;
pub mod http_latency;
pub mod http_load;
pub mod probe;
pub mod prometheus;
pub mod threshold;
pub mod web;
