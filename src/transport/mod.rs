//! How a machine is reached.

pub mod http;
pub mod shell;
pub mod tls;
#[cfg(feature = "winrm-rs")]
pub mod winrm_rs;
pub mod wsman;
