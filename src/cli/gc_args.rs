//! The command line of `lustrum runs gc`.

use clap::Args;

use crate::cli::history_args::StoreArguments;

pub const GC_HELP: &str = "\
Without --delete nothing is touched. What goes:
  orphans   objects of attempts that committed nothing, and of none that holds a lease
  runs      that neither --keep-runs nor --keep-days keeps; first the manifest, and the files in
            a later gc, when --grace has passed. A run and its retries stay or go together; the
            last full run of a job stays. A job's file says what holds for its runs.
  leftovers of probes, half-written files, and spools of this machine that nobody will take up

Examples:
  lustrum runs gc                                what would go
  lustrum runs gc --keep-days 90 --delete
  lustrum runs gc --job hyperv-daily --keep-runs 30 --json

Exit codes: 1 something was left, and it says why; 2 settings, 3 the store; else 0";

#[derive(Clone, Debug, Args)]
pub struct GcArguments {
    /// Do it; without this it is only told
    #[arg(long)]
    pub delete: bool,
    /// Only the runs of this job, and nothing but runs
    #[arg(long, value_name = "JOB")]
    pub job: Option<String>,
    /// Keep so many full runs of a job, the newest [default: retention.keep-runs, else all]
    #[arg(long, value_name = "N")]
    pub keep_runs: Option<u32>,
    /// Keep the runs of the last so many days [default: retention.keep-days, else all]
    #[arg(long, value_name = "N")]
    pub keep_days: Option<u32>,
    /// How long the files of a run outlive its manifest [default: 1h]
    #[arg(long, value_name = "TIME")]
    pub grace: Option<String>,
    /// The age from which objects go that no manifest names [default: 7d]
    #[arg(long, value_name = "TIME")]
    pub orphans_after: Option<String>,
    #[command(flatten)]
    pub store: StoreArguments,
}
