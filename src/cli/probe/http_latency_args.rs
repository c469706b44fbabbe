//! The flags of `lustrum probe http-latency`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::cli::probe::typed::time;

pub const HTTP_LATENCY_EXAMPLES: &str = "\
Examples:
  lustrum probe http-latency inventory-latency --cycles 1
                                                 every route of the job's probe once
  lustrum probe http-latency inventory-latency   cycle after cycle, until Ctrl-C or SIGTERM
  lustrum probe http-latency inventory-latency --pause 30s --json

Every request is a line of the live CSV (out/live/JOB/PROBE/PROBE.csv unless the job says where) as soon
as it has ended; every cycle is a run of its own in the store, with all phases of all attempts.";

#[derive(Debug, Args)]
pub struct HttpLatencyArguments {
    /// A job with an http-latency probe, by name or by file
    pub job: String,
    /// Which probe of the job, if it has several
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// End after so many cycles [default: go on until told to end]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub cycles: Option<u32>,
    /// Between two cycles [default: what the job says, or 5m]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub pause: Option<Duration>,
    /// Where runs are written, and the live CSV below [default: out]
    #[arg(long, value_name = "DIR")]
    pub out_dir: Option<PathBuf>,
    /// Print requests and cycles as lines of JSON
    #[arg(long)]
    pub json: bool,
}
