//! How a machine is reached.

pub mod shell;
pub mod wsman;
