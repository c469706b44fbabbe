//! What earlier tries at a slot have collected, on this machine and in the store.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use crate::engine::plan::Plan;
use crate::engine::resume::{self, Note};
use crate::engine::share::Share;
use crate::engine::spools;
use crate::engine::staging::Staging;
use crate::model::event::RunHeader;
use crate::model::failure::{Failure, FailureKind};
use crate::model::target::HostName;
use crate::output::layout::{self, Key};
use crate::output::part::{Part, Reading};
use crate::output::spool::{Spool, TakenUp};
use crate::output::store::Store;
use crate::output::store_error::StoreError;
use crate::tables::table::TableSpec;

/// What a run begins with.
pub struct Beginnings {
    pub spool: Spool,
    /// Hosts that need not be asked, in the order in which they ended. The spool holds their rows.
    pub finished: Vec<(HostName, Note)>,
    /// Where its own finished hosts go besides; absent where the spool lies beside the runs.
    pub staging: Option<Staging>,
    /// What was lost.
    pub warnings: Vec<String>,
}

/// Takes up the spool of a slot. A dry run has its own: it takes nothing away from the run that
/// it rehearses.
pub async fn take_spool(
    plan: &Arc<Plan>,
    header: &RunHeader,
    path: PathBuf,
) -> Result<TakenUp<Note>, Failure> {
    let path = if plan.dry_run { path.with_extension(spools::DRY) } else { path };
    let (asking, question) = (plan.clone(), resume::question(header));
    let taking = move || Spool::take_up(&path, &asking.tables, &question, Note::read);
    let taken = tokio::task::spawn_blocking(taking).await;
    let taken = taken.map_err(|error| Failure::new(FailureKind::Store, error.to_string()))?;
    Ok(taken?)
}

/// Adds the staged parts in the store to what the spool held. Nobody else may be at work on them.
pub async fn take_up(
    plan: &Arc<Plan>,
    header: &RunHeader,
    store: &Store,
    taken: TakenUp<Note>,
) -> Result<Beginnings, Failure> {
    let TakenUp { spool, mut finished, mut discarded } = taken;
    let (mut staging, mut warnings) = (None, Vec::new());
    if !plan.dry_run {
        let known: BTreeSet<HostName> = finished.iter().map(|(host, _)| host.clone()).collect();
        let wanted = plan.own_hosts().filter(|host| !known.contains(host)).collect();
        let below = match plan.share.shard() {
            Some(shard) => layout::parts_of(&header.job, header.slot, shard),
            None => layout::parts(&header.job, header.slot),
        };
        let parts = take_up_parts(store, &below, header, &plan.tables, &spool, wanted).await?;
        if let (Share::Finalizer { .. }, Some(error)) = (&plan.share, &parts.unread) {
            // Nobody would ask those hosts again.
            return Err(Failure::from(error.clone()));
        }
        discarded |= parts.others > 0;
        warnings.extend(parts.damaged.into_iter().chain(parts.unread.map(|error| {
            format!(
                "what earlier tries at this slot staged cannot be read; those hosts are asked again: {error}"
            )
        })));
        finished.extend(parts.finished);
        finished.sort_by_key(|(_, note)| note.ended_at);
        // A whole run has its spool beside its objects when those lie in a folder.
        if store.folder().is_none() || plan.share != Share::Whole {
            let begun = Staging::new(store, header, &plan.tables, &spool, plan.cadence, &parts.held);
            staging = Some(begun.of(plan.share.shard()));
        }
    }
    if discarded {
        let lost = "an earlier try at this slot asked for something else: what it had collected is discarded";
        warnings.push(lost.to_owned());
    }
    Ok(Beginnings { spool, finished, staging, warnings })
}

/// What the staged parts of a slot gave.
#[derive(Default)]
pub struct PartsTaken {
    /// The hosts that were wanted, by part and in it in the order in which they ended; their
    /// rows are in the spool.
    pub finished: Vec<(HostName, Note)>,
    /// Every host that a part of this question holds, wanted or not.
    pub held: BTreeSet<HostName>,
    /// Parts that answer another question.
    pub others: u64,
    /// One message a part that cannot be used.
    pub damaged: Vec<String>,
    /// The store could not list them or read one; what came before it is taken.
    pub unread: Option<StoreError>,
}

/// Takes the `wanted` hosts of all parts of a slot, whoever staged them, into a spool. Parts
/// are read in the order of their keys; a host that several hold is that of the first.
pub async fn take_up_parts(
    store: &Store,
    below: &Key,
    header: &RunHeader,
    tables: &[&'static TableSpec],
    spool: &Spool,
    mut wanted: BTreeSet<HostName>,
) -> Result<PartsTaken, Failure> {
    let mut taken = PartsTaken::default();
    let parts = match store.list(below).await {
        Ok(parts) => parts,
        Err(error) => return Ok(PartsTaken { unread: Some(error), ..taken }),
    };
    let question = resume::question(header);
    for (key, _) in parts {
        let body = match store.get(&key).await {
            Ok(Some(body)) => body,
            // Removed meanwhile: the slot is committed, as this run will find.
            Ok(None) => continue,
            // The store hangs or is gone: the others would only take as long.
            Err(error) => {
                taken.unread = Some(error);
                break;
            }
        };
        let part = match Part::read(&body, tables, &question) {
            Reading::Ours(part) => part,
            Reading::Other => {
                taken.others += 1;
                continue;
            }
            Reading::Damaged(why) => {
                let shown = store.shown(&key);
                taken
                    .damaged
                    .push(format!("a staged part cannot be used, its hosts are asked again: {shown}: {why}"));
                continue;
            }
        };
        let mut adopted = BTreeSet::new();
        for (host, note) in part.hosts() {
            let Some(note) = Note::read(note) else { continue };
            taken.held.insert(host.clone());
            if wanted.remove(host) {
                taken.finished.push((host.clone(), note));
                adopted.insert(host);
            }
        }
        spool.adopt(&part, &adopted).await?;
    }
    spool.flush().await?;
    Ok(taken)
}
