//! `lustrum finalize`: commits a slot from what its shards have staged.

use tokio_util::sync::CancellationToken;

use crate::cli::aftermath::Aftermath;
use crate::cli::args::Global;
use crate::cli::exit::Exit;
use crate::cli::finalize_args::{FinalizeArguments, WhichSlot};
use crate::cli::refusal::{Answer, Refusal};
use crate::cli::run::textfile_of;
use crate::cli::survey::{Scene, Survey, not_recorded};
use crate::cli::terminal::Terminal;
use crate::cli::{dotenv, request, sharded, telemetry};
use crate::config::load::{self, Secrets};
use crate::engine::launch::Lineage;
use crate::engine::plan::Plan;
use crate::engine::shards;
use crate::history::ledger::Ledger;
use crate::model::target::Platform;
use crate::providers::catalogue;
use crate::providers::provider::Provider;

pub async fn finalize(global: &Global, arguments: &FinalizeArguments, terminal: &Terminal) -> Answer {
    let request = request::of_finalize(global, arguments, dotenv::read()?);
    // No host is asked: their secrets may be elsewhere.
    let asked = load::ask(&request, Secrets::OfProbes)?;
    let log = telemetry::start(&asked.job.log, terminal);
    let _log = log.map_err(|error| Refusal::Usage(error.to_string()))?;
    let (platform, shell, delta) = (asked.job.platform, asked.job.limits.shell(), asked.job.output.delta);
    let (warnings, opening) = (asked.warnings.clone(), load::opening(&asked.job, &request)?);
    let aftermath = Aftermath::of(&asked.job, load::couriers(&asked.job, &request), textfile_of(&asked.job)?);
    let prepared = Survey {
        plan: Plan::of(asked, false),
        warnings,
        opening,
        delta,
        lineage: Lineage::default(),
        slot: match arguments.slot {
            WhichSlot::Of(slot) => Some(slot),
            WhichSlot::Latest => None,
        },
        json: arguments.json,
        by_collector: false,
        zero_if_recorded: arguments.exit_zero_if_recorded,
        quit: CancellationToken::new(),
        shows_progress: true,
    };
    match platform {
        Platform::Hyperv => {
            let scene = Scene::open(prepared, &aftermath, catalogue::hyperv(shell), terminal).await;
            close(scene.map_err(|failure| Refusal::Store(failure.to_string()))?, arguments.allow_missing)
                .await
        }
    }
}

async fn close<P: Provider + 'static>(mut scene: Scene<'_, P>, allow_missing: bool) -> Answer {
    let terminal = scene.terminal;
    if scene.survey.slot.is_none() {
        match shards::newest_open(&scene.store, &scene.run.job).await {
            Ok(Some(slot)) => scene.run.slot = slot,
            Ok(None) => {
                terminal.note(&format!("no slot of {} waits to be finalized", scene.run.job));
                return Ok(Exit::Ok);
            }
            Err(error) => return Ok(sharded::refused(&error, &scene)),
        }
    }
    match Ledger::of(&scene.store).manifest(&scene.run).await {
        Ok(Some(manifest)) => return Ok(scene.tell_again(&manifest).await?),
        Ok(None) => {}
        Err(error) => return Ok(not_recorded(&error.to_string(), terminal)),
    }
    let slot = scene.run.slot;
    let standing = match shards::standing(&scene.store, &scene.run).await {
        Ok(Some(standing)) => standing,
        Ok(None) => {
            terminal.note(&format!("no shard has begun slot {slot}: nothing was done"));
            return Ok(Exit::TryAgain);
        }
        Err(error) => return Ok(sharded::refused(&error, &scene)),
    };
    let missing = standing.missing();
    if !missing.is_empty() && !allow_missing {
        terminal.note(&format!(
            "{} of the {} shards of slot {slot} have not ended ({}): nothing was committed; --allow-missing goes on without them",
            missing.len(),
            standing.division.shards,
            sharded::named(&missing)
        ));
        return Ok(Exit::TryAgain);
    }
    Ok(sharded::finalize(&mut scene, &standing).await?)
}
