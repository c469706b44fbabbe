//! The flags of `lustrum probe prometheus`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::probe::typed::assignment;

pub const PROMETHEUS_EXAMPLES: &str = "\
Examples:
  lustrum probe prometheus --metrics http://localhost:8000/metrics --rules default
  lustrum probe prometheus --metrics http://localhost:8000/metrics --dashboard chat.json
  lustrum probe prometheus --server http://localhost:9090 --dashboard chat.json --dashboard hosts.json
  lustrum probe prometheus chat-metrics           the probe of schedules/chat-metrics.toml

Rules of one's own, in a file for --rules or as [[probe.prometheus.rule]] of a job:
  [[rule]]
  metric = \"queue_length\"
  max = 100";

#[derive(Debug, Args)]
pub struct PrometheusArguments {
    /// A job with a prometheus probe, by name or by file
    #[arg(value_name = "JOB", required_unless_present_any = ["metrics", "server"], conflicts_with_all = ["metrics", "server", "dashboard", "rules", "interval", "honor_labels", "fail_on", "token", "user", "password", "ca_bundle", "variables"])]
    pub job: Option<String>,
    /// Which probe of the job, if it has several
    #[arg(long, value_name = "NAME", requires = "job")]
    pub name: Option<String>,
    /// A service's own metrics, scraped twice
    #[arg(long, value_name = "URL", conflicts_with = "server")]
    pub metrics: Option<String>,
    /// A Prometheus server, before /api/v1
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// A Grafana dashboard; may be given several times
    #[arg(long, value_name = "FILE")]
    pub dashboard: Vec<PathBuf>,
    /// `default` for the shipped rules, or a TOML file of [[rule]] tables
    #[arg(long, value_name = "default|FILE")]
    pub rules: Option<String>,
    /// Between the two scrapes [default: 5s]
    #[arg(long, value_name = "TIME")]
    pub interval: Option<String>,
    /// The metrics' own labels job and instance stay, as with honor_labels of a server
    #[arg(long)]
    pub honor_labels: bool,
    /// Verdicts that fail [default: no-value,missing-label,missing-metric,type-error]
    #[arg(long, value_name = "VERDICTS", value_delimiter = ',')]
    pub fail_on: Vec<String>,
    /// A dashboard variable's value; may be given several times
    #[arg(long = "variable", value_name = "NAME=VALUE", value_parser = assignment)]
    pub variables: Vec<(String, String)>,
    /// A bearer token, by reference: env:NAME, file:/path
    #[arg(long, value_name = "REFERENCE")]
    pub token: Option<String>,
    /// For basic authentication
    #[arg(long, value_name = "NAME", requires = "password")]
    pub user: Option<String>,
    /// By reference: env:NAME, file:/path
    #[arg(long, value_name = "REFERENCE", requires = "user")]
    pub password: Option<String>,
    /// A PEM file with further roots
    #[arg(long, value_name = "FILE")]
    pub ca_bundle: Option<PathBuf>,
    /// Where the run is written [default: out]
    #[arg(long, value_name = "DIR")]
    pub out_dir: Option<PathBuf>,
    /// Print what was found as JSON
    #[arg(long)]
    pub json: bool,
}
