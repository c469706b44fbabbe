//! The command line of `lustrum finalize`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::slot;
use crate::model::run::Slot;

pub const FINALIZE_HELP: &str = "\
The shard that ends last finalizes the slot by itself, and the next slot's first shard those that were
left. A slot that is committed is not written again: its run is told as it was recorded, and so is
its exit code. Exit code 75: shards are missing, or nothing has begun.

Examples:
  lustrum finalize hyperv-daily 20261121T060000Z
  lustrum finalize hyperv-daily latest --allow-missing
                                                 hosts that nobody asked are stated as not_run";

#[derive(Clone, Debug, Args)]
pub struct FinalizeArguments {
    /// A job by name (schedules/JOB.toml) or by path
    pub job: String,
    /// The slot (20261121T060000Z or RFC 3339), or `latest`: the newest that is not committed
    #[arg(value_parser = WhichSlot::parse)]
    pub slot: WhichSlot,
    /// Do not wait for shards that have not ended: state the hosts that they did not ask as not_run
    #[arg(long)]
    pub allow_missing: bool,
    /// Folder for everything that is written [default: out]
    #[arg(long, value_name = "DIR")]
    pub out_dir: Option<PathBuf>,
    /// Print the summary as JSON on standard output
    #[arg(long)]
    pub json: bool,
    /// Exit 0 whenever the run was recorded, however the hosts ended
    #[arg(long)]
    pub exit_zero_if_recorded: bool,
}

#[derive(Clone, Debug)]
pub enum WhichSlot {
    Of(Slot),
    Latest,
}

impl WhichSlot {
    fn parse(text: &str) -> Result<Self, String> {
        if text == "latest" { Ok(Self::Latest) } else { slot::parse(text).map(Self::Of) }
    }
}
