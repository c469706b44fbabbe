//! The probes by their names.

use clap::Subcommand;

use crate::cli::probe::prometheus_args::{PROMETHEUS_EXAMPLES, PrometheusArguments};

#[derive(Debug, Subcommand)]
pub enum ProbeCommand {
    /// Whether metrics are as they should be, and every query of a dashboard finds what it asks for
    #[command(after_help = PROMETHEUS_EXAMPLES)]
    Prometheus(Box<PrometheusArguments>),
}
