//! The program as a person meets it: arguments, output, logs, signals, exit codes.

pub mod args;
pub mod exit;
pub mod request;
