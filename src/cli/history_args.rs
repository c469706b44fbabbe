//! The command line of what is asked about earlier runs.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::cli::gc_args::{GC_HELP, GcArguments};
use crate::model::artifact::ArtifactFormat;

pub const RUNS_HELP: &str = "\
A RUN is a run id, `latest`, a job (its latest run), `JOB/latest`, or the beginning of a run id
or of a slot that fits one run only.

Examples:
  lustrum runs list                              the committed runs, newest first
  lustrum runs show latest                       the picture: the run, merged with its retries
  lustrum runs verify latest                     is every object what the manifest says?
  lustrum runs files hyperv-daily/latest --table vInfo
                                                 paths for DuckDB, Polars, anything
  lustrum runs gc --keep-days 90                 what would go; --delete does it
  lustrum runs publish                           bring every run into the tables' Delta logs

Exit codes: 1 `verify` found something wrong, or `gc` left something, 2 no such run, 3 the store cannot be read, else 0";

pub const DIFF_HELP: &str = "\
Without runs, the last two committed full runs of the job are compared, each with its retries
merged. A host that was not collected in one of them is unknown there: its VMs are neither added
nor removed.

Examples:
  lustrum diff                                   what changed since yesterday?
  lustrum diff --job hyperv-daily --json
  lustrum diff 20261120T06 20261121T06 --parquet changes.parquet
                                                 the table vchange, as a file; runs do not write it";

/// Where the runs are.
#[derive(Clone, Debug, Default, Args)]
pub struct StoreArguments {
    /// Folder that holds the runs [default: out, or the configuration's]
    #[arg(long, value_name = "DIR")]
    pub out_dir: Option<PathBuf>,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum RunsCommand {
    /// List the committed runs, newest first
    List(ListArguments),
    /// Show a run merged with its retries: counts, hosts that are not OK and why, files
    Show(ShowArguments),
    /// Hash every object of a run again and compare with its manifest
    Verify(ShowArguments),
    /// Print where the files of a run are, one path a line
    Files(FilesArguments),
    /// Tell, and with --delete take away, what nobody needs: leftovers, and runs past their time
    #[command(after_help = GC_HELP)]
    Gc(GcArguments),
    /// Put committed runs into the Delta logs of their tables (feature `delta`)
    ///
    /// A run that is there already stays as it is, so this can be repeated. It makes up for runs
    /// that were committed before `output.delta` was set, or whose publishing failed.
    Publish(PublishArguments),
}

#[derive(Clone, Debug, Args)]
pub struct ListArguments {
    /// Only the runs of this job
    #[arg(long, value_name = "JOB")]
    pub job: Option<String>,
    #[command(flatten)]
    pub store: StoreArguments,
}

#[derive(Clone, Debug, Args)]
pub struct PublishArguments {
    /// Only the runs of this job
    #[arg(long, value_name = "JOB")]
    pub job: Option<String>,
    #[command(flatten)]
    pub store: StoreArguments,
}

#[derive(Clone, Debug, Args)]
pub struct ShowArguments {
    /// The run: an id, latest, JOB, JOB/latest, or an unambiguous beginning
    pub run: String,
    #[command(flatten)]
    pub store: StoreArguments,
}

#[derive(Clone, Debug, Args)]
pub struct FilesArguments {
    /// The run: an id, latest, JOB, JOB/latest, or an unambiguous beginning
    pub run: String,
    /// Only the files of this table
    #[arg(long, value_name = "vInfo")]
    pub table: Option<String>,
    /// Only files of this format
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<FormatArgument>,
    #[command(flatten)]
    pub store: StoreArguments,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum FormatArgument {
    Parquet,
    Csv,
    Ndjson,
    Json,
    Text,
}

impl From<FormatArgument> for ArtifactFormat {
    fn from(format: FormatArgument) -> Self {
        match format {
            FormatArgument::Parquet => Self::Parquet,
            FormatArgument::Csv => Self::Csv,
            FormatArgument::Ndjson => Self::Ndjson,
            FormatArgument::Json => Self::Json,
            FormatArgument::Text => Self::Text,
        }
    }
}

#[derive(Clone, Debug, Args)]
pub struct DiffArguments {
    /// The earlier run, as for `lustrum runs show`
    #[arg(requires = "run_b")]
    pub run_a: Option<String>,
    /// The later run
    pub run_b: Option<String>,
    /// Compare runs of this job
    #[arg(long, value_name = "JOB")]
    pub job: Option<String>,
    #[command(flatten)]
    pub store: StoreArguments,
    /// Also write the changes into this file: the table vchange, in Parquet
    #[arg(long, value_name = "FILE")]
    pub parquet: Option<PathBuf>,
    /// A disk grew when its files grew by this share …
    #[arg(long, value_name = "N", default_value_t = 10.0)]
    pub growth_percent: f64,
    /// … and by so many MiB
    #[arg(long, value_name = "N", default_value_t = 1024)]
    pub growth_mib: u32,
    /// A checkpoint is old at this age
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub checkpoint_days: u32,
}
