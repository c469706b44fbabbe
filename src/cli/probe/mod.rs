//! `lustrum probe`: one thing measured by hand.

pub mod command;
pub mod load_screen;
pub mod prometheus;
pub mod prometheus_args;
pub mod prometheus_text;
pub mod single;
