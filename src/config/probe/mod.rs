//! What is measured besides hosts, as it is written down, and made ready for it.

pub mod data_file;
pub mod http_latency;
pub mod http_load;
pub mod http_load_monitor;
pub mod http_load_ready;
pub mod login;
pub mod prometheus;
pub mod settings;
