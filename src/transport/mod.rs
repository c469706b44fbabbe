//! How a machine is reached.

pub mod shell;
#[cfg(feature = "winrm-rs")]
pub mod winrm_rs;
pub mod wsman;
