//! What a process does for a slot that is divided: its shard, and the commit when it sees all.

use std::io;

use crate::cli::exit::{Exit, RunEnd};
use crate::cli::survey::{Scene, not_recorded};
use crate::engine::plan::Plan;
use crate::engine::run::Ended;
use crate::engine::shards::{self, Mark, ShardError, Standing};
use crate::engine::share::Share;
use crate::history::ledger::RunRef;
use crate::model::event::RunHeader;
use crate::model::failure::Failure;
use crate::model::shard::Shard;
use crate::providers::provider::Provider;

/// Shards that a message names.
const SHARDS_NAMED: usize = 8;

/// One process of those that begin a slot looks for what former slots left.
pub fn looks_back(share: &Share) -> bool {
    match share {
        Share::Whole => true,
        Share::Shard(shard) => shard.index() == 0,
        Share::Finalizer { .. } => false,
    }
}

/// Asks the hosts of a shard. Whoever finds every shard ended then commits the slot.
pub async fn run_shard<P: Provider + 'static>(scene: &mut Scene<'_, P>, shard: Shard) -> io::Result<Exit> {
    let header = scene.header(scene.run.slot);
    let (mark, ended) = match shards::join(&scene.store, &header, shard).await {
        Ok(Some(mark)) => (mark, None),
        Ok(None) => {
            let plan = scene.survey.plan.clone();
            let ended = scene.conduct(plan, header, Vec::new()).await;
            let Some(Ok(Ended::Staged(manifest))) = &ended else { return scene.end(&ended).await };
            match shards::end(&scene.store, shard, manifest).await {
                Ok(mark) => (mark, Some(ended)),
                Err(error) => return Ok(refused(&error, scene)),
            }
        }
        Err(error) => return Ok(refused(&error, scene)),
    };
    let standing = match shards::standing(&scene.store, &scene.run).await {
        Ok(Some(standing)) => standing,
        Ok(None) => return Ok(not_recorded("the division of the slot has gone", scene.terminal)),
        Err(error) => return Ok(refused(&error, scene)),
    };
    let missing = standing.missing();
    if missing.is_empty() {
        return finalize(scene, &standing).await;
    }
    scene.terminal.note(&format!(
        "shard {shard} has ended, {} of {} have not: nothing is committed yet",
        missing.len(),
        shard.of()
    ));
    match ended {
        Some(ended) => scene.end(&ended).await,
        None => Ok(Exit::of_run(end_of(&mark), scene.survey.zero_if_recorded)),
    }
}

/// Commits the slot of the scene from what its shards have staged.
pub async fn finalize<P: Provider + 'static>(
    scene: &mut Scene<'_, P>,
    standing: &Standing,
) -> io::Result<Exit> {
    let run = scene.run.clone();
    match committed(scene, &run, standing).await {
        Ok(ended) => scene.end(&ended).await,
        Err(error) => Ok(refused(&error, scene)),
    }
}

/// Commits former slots that nobody finalized. What goes wrong there is no matter of this run,
/// but an order to stop is: then the exit code.
pub async fn finalize_stragglers<P: Provider + 'static>(scene: &mut Scene<'_, P>) -> Option<Exit> {
    let patience = scene.survey.plan.bounds.run_deadline * 2;
    let RunRef { slot, job } = scene.run.clone();
    let found = shards::stragglers(&scene.store, &job, slot, scene.clock.now(), patience).await;
    let found = found.unwrap_or_else(|error| {
        scene.terminal.warning(&format!("former slots were not looked at: {error}"));
        Vec::new()
    });
    for (run, standing) in found {
        let told = match committed(scene, &run, &standing).await {
            Ok(Some(Ok(Ended::Committed(manifest)))) => {
                scene.publish(&manifest).await;
                let hosts = manifest.hosts.len();
                format!("slot {} is committed with {hosts} hosts: its shards had left it", run.slot)
            }
            Ok(Some(Ok(Ended::Interrupted(_))) | None) => {
                scene.terminal.note("interrupted: nothing was begun");
                return Some(Exit::TryAgain);
            }
            Ok(Some(Ok(_))) => continue,
            Ok(Some(Err(failure))) => format!("slot {} stays uncommitted: {failure}", run.slot),
            Err(error) => format!("slot {} stays uncommitted: {error}", run.slot),
        };
        scene.terminal.note(&told);
    }
    None
}

async fn committed<P: Provider + 'static>(
    scene: &mut Scene<'_, P>,
    run: &RunRef,
    standing: &Standing,
) -> Result<Option<Result<Ended, Failure>>, ShardError> {
    let header = RunHeader { started_at: standing.division.started_at, ..scene.header(run.slot) };
    standing.fits(&header)?;
    let share = shards::finalizer(&scene.store, run, standing).await?;
    let plan = Plan { share, ..scene.survey.plan.clone() };
    let missing = standing.missing();
    let warning = format!(
        "of shard {} nothing more is known: hosts that it had not ended are not_run",
        named(&missing)
    );
    let warnings = if missing.is_empty() { Vec::new() } else { vec![warning] };
    Ok(scene.conduct(plan, header, warnings).await)
}

/// `1/8, 3/8 and 12 more`.
pub fn named(shards: &[Shard]) -> String {
    let named: Vec<_> = shards.iter().take(SHARDS_NAMED).map(Shard::to_string).collect();
    match shards.len() - named.len() {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// What is wrong with the question is the operator's to mend, the rest the store's.
pub fn refused<P>(error: &ShardError, scene: &Scene<'_, P>) -> Exit {
    match error {
        ShardError::OtherDivision { .. } | ShardError::OtherQuestion { .. } => {
            scene.terminal.error(&error.to_string());
            Exit::Usage
        }
        other => not_recorded(&other.to_string(), scene.terminal),
    }
}

fn end_of(mark: &Mark) -> RunEnd {
    RunEnd { cancelled: mark.cancelled.is_some(), hosts_not_ok: mark.hosts_not_ok, ..RunEnd::default() }
}
