//! The shard that a run is told to be: typed, or by an Indexed Job's pod.

use crate::cli::args::RunArguments;
use crate::cli::slot::{self, Told};
use crate::config::environment::Environment;
use crate::model::shard::Shard;

/// Kubernetes numbers the pods of an Indexed Job in this variable.
pub const INDEX_VARIABLE: &str = "JOB_COMPLETION_INDEX";

/// How many there are, which Kubernetes does not tell: the pod's manifest has to.
pub const COUNT_VARIABLE: &str = "JOB_COMPLETIONS";

/// Looks at the command line, then at the variables; they speak of a whole run of a job only.
/// The error is a fragment of a sentence.
pub fn told(
    arguments: &RunArguments,
    environment: &Environment,
    slot: &Told,
) -> Result<Option<Shard>, String> {
    let of_job = || {
        let told = |name| environment.get(name).filter(|text| !text.is_empty());
        let (index, count) = (told(INDEX_VARIABLE)?, told(COUNT_VARIABLE)?);
        let shard = Shard::parse(&format!("{index}/{count}"));
        Some(shard.map_err(|error| format!("{INDEX_VARIABLE} and {COUNT_VARIABLE}: {error}")))
    };
    let shard = match arguments.shard {
        Some(shard) => Some(shard),
        None if slot::is_whole(arguments) => of_job().transpose()?,
        None => None,
    };
    let Some(shard) = shard else { return Ok(None) };
    if arguments.dry_run {
        return Err("a dry run is not divided into shards: it would count refused logons for each".to_owned());
    }
    match slot {
        Told::Slot(_) => Ok(Some(shard)),
        Told::HandMade(name) => Err(format!(
            "shard {shard} does not know its slot: the Job {name} has none in its name; call it \
             <name>-$(($(date +%s) / 60)), or give all shards the same --slot"
        )),
        Told::Nothing => {
            Err(format!("shard {shard} does not know its slot: give all shards the same --slot"))
        }
    }
}
