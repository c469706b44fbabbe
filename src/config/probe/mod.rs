//! What is measured besides hosts, as it is written down, and made ready for it.

pub mod prometheus;
pub mod settings;
