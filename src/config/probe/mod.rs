//! What is measured besides hosts, as it is written down, and made ready for it.

pub mod http_latency;
pub mod login;
pub mod prometheus;
pub mod settings;
