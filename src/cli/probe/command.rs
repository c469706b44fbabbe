//! The probes by their names.

use clap::Subcommand;

use crate::cli::probe::http_latency_args::{HTTP_LATENCY_EXAMPLES, HttpLatencyArguments};
use crate::cli::probe::http_load_args::{HTTP_LOAD_EXAMPLES, HttpLoadArguments};
use crate::cli::probe::prometheus_args::{PROMETHEUS_EXAMPLES, PrometheusArguments};

#[derive(Debug, Subcommand)]
pub enum ProbeCommand {
    /// How long each route of a service takes, one request after the other, cycle after cycle
    #[command(after_help = HTTP_LATENCY_EXAMPLES)]
    HttpLatency(HttpLatencyArguments),
    /// How much a service bears: requests by several at a time or at a rate, with a verdict
    #[command(after_help = HTTP_LOAD_EXAMPLES)]
    HttpLoad(Box<HttpLoadArguments>),
    /// Whether metrics are as they should be, and every query of a dashboard finds what it asks for
    #[command(after_help = PROMETHEUS_EXAMPLES)]
    Prometheus(Box<PrometheusArguments>),
}
