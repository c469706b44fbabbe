//! What a run is to earlier ones: all of its job, a part of it, or a retry.

use std::collections::BTreeSet;

use crate::cli::archive;
use crate::cli::args::RunArguments;
use crate::cli::refusal::Refusal;
use crate::config::host_list;
use crate::config::store::Opening;
use crate::engine::launch::Lineage;
use crate::engine::plan::Plan;
use crate::history::ledger::RunRef;
use crate::history::picture::Picture;
use crate::model::run::{RunId, Scope};

/// Reads it off the command line. With `--retry` the plan keeps only the hosts that the
/// picture of that run lacks; a retry list names its run and its hosts by itself.
///
/// Beside it stands what an operator should know.
pub async fn of(
    arguments: &RunArguments,
    plan: &mut Plan,
    opening: &Opening,
) -> Result<(Lineage, Option<String>), Refusal> {
    if let Some(meant) = &arguments.retry {
        let picture = parent(meant, plan, opening).await?;
        let again: BTreeSet<_> = picture.to_retry(plan.skip_confirmed_empty).into_iter().collect();
        plan.targets.retain(|target| again.contains(&target.host));
        let asked: BTreeSet<_> = plan.hosts().collect();
        let left: Vec<_> = again.difference(&asked).map(|host| host.as_str()).collect();
        let warning = format!("no longer in the fleet, and not asked again: {}", left.join(", "));
        return Ok((retry_of(&picture), (!left.is_empty()).then_some(warning)));
    }
    let fleet = &arguments.fleet;
    let list = fleet.hosts_file.as_ref().filter(|_| fleet.hosts.is_empty() && fleet.only.is_empty());
    if let Some((list, run)) = list.and_then(|list| Some((list, host_list::retried_run(list)?))) {
        let picture = parent(&run, plan, opening).await.map_err(|refusal| match refusal {
            Refusal::Usage(why) => Refusal::Usage(format!(
                "{} is the retry list of a run that it does not fit: {why}; without its first line it is a plain list",
                list.display()
            )),
            other => other,
        })?;
        return Ok((retry_of(&picture), None));
    }
    let is_picked = arguments.job.is_some() && !(fleet.hosts.is_empty() && fleet.hosts_file.is_none());
    let scope = if is_picked || !fleet.only.is_empty() { Scope::Part } else { Scope::Full };
    Ok((Lineage { scope, ..Lineage::default() }, None))
}

/// Whether the hosts come from a retry list that names none: then everything was collected.
pub fn is_empty_list(arguments: &RunArguments) -> bool {
    let fleet = &arguments.fleet;
    fleet.hosts_file.as_ref().filter(|_| fleet.hosts.is_empty()).is_some_and(|list| {
        let hosts = host_list::read(list);
        host_list::retried_run(list).is_some() && hosts.is_ok_and(|hosts| hosts.is_empty())
    })
}

fn retry_of(picture: &Picture) -> Lineage {
    Lineage { scope: Scope::Retry, parent: Some(picture.root().run_id.clone()) }
}

/// The picture of the run that is to be retried. It must be of the job that is run now:
/// only then do the two fit together.
async fn parent(meant: &str, plan: &Plan, opening: &Opening) -> Result<Picture, Refusal> {
    if let Some(run) = RunRef::of(&RunId::named(meant)).filter(|run| run.job != plan.job) {
        let message = format!("run `{meant}` is of the job `{}`, and this is `{}`", run.job, plan.job);
        return Err(Refusal::Usage(message));
    }
    let ledger = archive::open_root(opening)?;
    let run = ledger.find(meant, Some(&plan.job)).await?;
    if run.job != plan.job {
        let message = format!("run `{}` is of the job `{}`, and this is `{}`", run.run_id, run.job, plan.job);
        return Err(Refusal::Usage(message));
    }
    Ok(Picture::around(&ledger, run).await?)
}
