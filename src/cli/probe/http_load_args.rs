//! The flags of `lustrum probe http-load`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::cli::probe::typed::{rate, time};

pub const HTTP_LOAD_EXAMPLES: &str = "\
Examples:
  lustrum probe http-load light --url http://localhost:8000/health
  lustrum probe http-load quick --url http://localhost:8000/health --threads 3 --requests 5
                                                 on the screen only, no files
  lustrum probe http-load --url http://localhost:8000/ --rate 200 --duration 30s --threshold 'p95 < 2s'
  lustrum probe http-load --url http://localhost:8000/ --duration 60s --metrics-url http://localhost:8000/metrics
                                                 with CPU and memory of the target
  lustrum probe http-load chat-load --preset heavy
                                                 the probe of schedules/chat-load.toml, harder
  lustrum probe http-load chat-load --compare latest --fail-on-regression
  lustrum probe http-load chat-load --repeat 5 --abort-on 'p95 > 10s for 10s'

Presets (concurrent/total): quick 3/15, light 5/50, medium 15/200, heavy 25/500, extreme 50/1000.";

#[derive(Debug, Args)]
pub struct HttpLoadArguments {
    /// A job with an http-load probe, by name or by file, or a preset
    #[arg(value_name = "JOB|PRESET")]
    pub what: Option<String>,
    /// Which probe of the job, if it has several
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Without a job: what to GET. With one: its base URL
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// How many send how many requests: quick, light, medium, heavy or extreme
    #[arg(long, value_name = "PRESET")]
    pub preset: Option<String>,
    /// How many send at the same time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65535))]
    pub concurrent: Option<u32>,
    /// How many requests are sent
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub total: Option<u64>,
    /// The longest a request may take [default: 30s]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub timeout: Option<Duration>,
    /// Requests a second, due by the clock whatever the server does
    #[arg(long, value_name = "N", value_parser = rate)]
    pub rate: Option<f64>,
    /// How long the rate rises from nothing
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub ramp: Option<Duration>,
    /// How long requests are sent
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub duration: Option<Duration>,
    /// How long requests are sent before those that count
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub warm_up: Option<Duration>,
    /// A pause between an answer and the next request of the same sender
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub think_time: Option<Duration>,
    /// With quick: how many send at the same time
    #[arg(long, value_name = "N", conflicts_with = "concurrent", value_parser = clap::value_parser!(u32).range(1..=65535))]
    pub threads: Option<u32>,
    /// With quick: how many requests each of them sends
    #[arg(long, value_name = "N", conflicts_with = "total", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub requests: Option<u64>,
    /// How often the load is sent; the result tells mean and spread
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub repeat: Option<u32>,
    /// The latency up to which an answer is good
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub slo: Option<Duration>,
    /// One more condition, such as 'p95 < 2s'; may be given several times
    #[arg(long = "threshold", value_name = "CONDITION")]
    pub thresholds: Vec<String>,
    /// Shipped conditions: three-level, ci or none [default: three-level]
    #[arg(long, value_name = "SET")]
    pub grades: Option<GradesArgument>,
    /// One more condition that ends the load early; may be given several times
    #[arg(long, value_name = "CONDITION")]
    pub abort_on: Vec<String>,
    /// An earlier run to compare with: a result's file, a run id, a job's name or `latest`
    #[arg(long, value_name = "FILE|RUN")]
    pub compare: Option<String>,
    /// Fail when an endpoint is surely slower, or fails more, than in that run
    #[arg(long)]
    pub fail_on_regression: bool,
    /// The target's own metrics: its CPU and memory are watched, judged and drawn
    #[arg(long, value_name = "URL")]
    pub metrics_url: Option<String>,
    /// A PEM file with further roots
    #[arg(long, value_name = "FILE")]
    pub ca_bundle: Option<PathBuf>,
    /// Accept any certificate
    #[arg(long)]
    pub danger_accept_invalid_certs: bool,
    /// Where the run is written [default: out]
    #[arg(long, value_name = "DIR")]
    pub out_dir: Option<PathBuf>,
    /// Print the whole result as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum GradesArgument {
    ThreeLevel,
    Ci,
    None,
}
