//! What the shards of a slot write down for each other and for the finalizer.
//!
//! ```text
//! runs/<job>/<slot>/parts/division.json   by the first shard: how many there are, and of what
//!                        /<i>-of-<n>.json by each shard that has ended: all its hosts are staged
//! ```
//! Both are created once. The rows are not here: they are staged as those of any run are.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::engine::plan::Plan;
use crate::engine::resume;
use crate::engine::share::Share;
use crate::history::ledger::{HistoryError, Ledger, RunRef};
use crate::model::event::RunHeader;
use crate::model::manifest::{Cancelled, Manifest};
use crate::model::run::{Attempt, JobName, Slot};
use crate::model::shard::Shard;
use crate::output::layout::{self, Key};
use crate::output::store::{PutNew, Store};
use crate::output::store_error::StoreError;
use crate::stages::logon_book::{LogonBook, Writer};
use crate::time::clock::Clock;

/// So many earlier slots are looked at for one that was never finalized.
const SLOTS_LOOKED_AT: usize = 8;

/// How a slot is divided: the same word for every shard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Division {
    pub shards: u32,
    /// What is asked of the whole fleet; see [`resume::question`].
    pub question: String,
    /// When the first shard began, and with it the run.
    pub started_at: DateTime<Utc>,
}

/// A shard that has ended. What it could not ask before its run was cancelled stays unasked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    pub shard: Shard,
    pub attempt: Attempt,
    pub hosts: u64,
    /// Of those, neither OK nor proven to be empty.
    pub hosts_not_ok: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled: Option<Cancelled>,
}

/// How far the shards of a slot are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub division: Division,
    ended: BTreeSet<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum ShardError {
    #[error(
        "slot {slot} is divided into {} shards, and this is shard {shard}: every process of a slot must be told the same number",
        division.shards
    )]
    OtherDivision { slot: Slot, shard: Shard, division: Division },
    #[error(
        "the shards of slot {slot} ask another question: the job, its hosts or the program have changed since the first of them began; use what they were given, or run the slot without shards"
    )]
    OtherQuestion { slot: Slot },
    #[error("{path} cannot be read: {why}")]
    Unreadable { path: String, why: String },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    History(#[from] HistoryError),
}

impl Standing {
    /// The shards that have not ended.
    pub fn missing(&self) -> Vec<Shard> {
        Shard::all(self.division.shards).filter(|shard| !self.ended.contains(&shard.word())).collect()
    }

    /// Refuses a plan whose rows are not those that the shards stage.
    pub fn fits(&self, header: &RunHeader) -> Result<(), ShardError> {
        let fits = self.division.question == resume::question(header);
        if fits { Ok(()) } else { Err(ShardError::OtherQuestion { slot: header.slot }) }
    }
}

/// Begins a shard. Beside others that are already there it must fit. Gives back its mark when
/// an earlier try at it has ended.
pub async fn join(store: &Store, header: &RunHeader, shard: Shard) -> Result<Option<Mark>, ShardError> {
    let key = layout::division(&header.job, header.slot);
    let ours =
        Division { shards: shard.of(), question: resume::question(header), started_at: header.started_at };
    let body = serde_json::to_vec(&ours).expect("a division holds only plain values");
    let division = match store.put_new(&key, body).await {
        PutNew::Written => ours,
        PutNew::Exists(found) => parse(store, &key, &found)?,
        PutNew::Absent(error) | PutNew::Unknown(error) => return Err(error.into()),
    };
    if division.shards != shard.of() {
        return Err(ShardError::OtherDivision { slot: header.slot, shard, division });
    }
    Standing { division, ended: BTreeSet::new() }.fits(header)?;
    read(store, &layout::shard(&header.job, header.slot, shard)).await
}

/// Says that a shard has ended: every host of its manifest that has a verdict for good is staged.
pub async fn end(store: &Store, shard: Shard, manifest: &Manifest) -> Result<Mark, ShardError> {
    let counts = manifest.counts();
    let mark = Mark {
        shard,
        attempt: manifest.attempt.clone(),
        hosts: manifest.hosts.len() as u64,
        hosts_not_ok: counts.iter().filter(|(status, _)| !status.is_good()).map(|(_, hosts)| hosts).sum(),
        cancelled: manifest.cancelled.clone(),
    };
    let key = layout::shard(&manifest.job, manifest.slot, shard);
    let body = serde_json::to_vec(&mark).expect("a mark holds only plain values");
    match store.put_new(&key, body).await {
        PutNew::Written => Ok(mark),
        // A twin of ours was faster, and it asked the same.
        PutNew::Exists(found) => parse(store, &key, &found),
        PutNew::Absent(error) | PutNew::Unknown(error) => Err(error.into()),
    }
}

/// How far the shards of a slot are; `None` where none has begun.
pub async fn standing(store: &Store, run: &RunRef) -> Result<Option<Standing>, ShardError> {
    let Some(division) = read(store, &layout::division(&run.job, run.slot)).await? else { return Ok(None) };
    let marks = store.list(&layout::shards(&run.job, run.slot)).await?;
    let ended = marks.iter().filter_map(|(key, _)| key.file_name().strip_suffix(".json"));
    Ok(Some(Standing { division, ended: ended.map(str::to_owned).collect() }))
}

/// The share of the process that finalizes a slot: cancelled when one of its shards was.
pub async fn finalizer(store: &Store, run: &RunRef, standing: &Standing) -> Result<Share, ShardError> {
    let missing = standing.missing();
    let mut cancelled: Option<Cancelled> = None;
    for shard in Shard::all(standing.division.shards).filter(|shard| !missing.contains(shard)) {
        let mark: Option<Mark> = read(store, &layout::shard(&run.job, run.slot, shard)).await?;
        let told = mark.and_then(|mark| mark.cancelled);
        cancelled = [cancelled, told].into_iter().flatten().min();
    }
    Ok(Share::Finalizer { cancelled })
}

/// Former slots of a job that shards have begun and nobody finalized, oldest first: those
/// whose shards have all ended, and those that began more than `patience` ago.
pub async fn stragglers(
    store: &Store,
    job: &JobName,
    before: Slot,
    now: DateTime<Utc>,
    patience: Duration,
) -> Result<Vec<(RunRef, Standing)>, ShardError> {
    let mut slots = Ledger::of(store).slots(Some(job)).await?;
    slots.retain(|run| run.slot < before);
    slots.truncate(SLOTS_LOOKED_AT);
    let mut found = Vec::new();
    for run in slots.into_iter().rev() {
        if store.size(&layout::manifest(&run.job, run.slot)).await?.is_some() {
            continue;
        }
        let Some(standing) = standing(store, &run).await? else { continue };
        let age = (now - standing.division.started_at).to_std().unwrap_or_default();
        if age > patience || standing.missing().is_empty() {
            found.push((run, standing));
        }
    }
    Ok(found)
}

/// The newest slot that shards have begun and nobody finalized.
pub async fn newest_open(store: &Store, job: &JobName) -> Result<Option<Slot>, ShardError> {
    let slots = Ledger::of(store).slots(Some(job)).await?;
    for run in slots.into_iter().take(SLOTS_LOOKED_AT) {
        let open = store.size(&layout::manifest(&run.job, run.slot)).await?.is_none();
        if open && standing(store, &run).await?.is_some() {
            return Ok(Some(run.slot));
        }
    }
    Ok(None)
}

/// Where a shard's logons are counted together with those of the others.
pub fn logon_book(plan: &Plan, header: &RunHeader, store: &Store, clock: &Clock) -> Option<LogonBook> {
    let Share::Shard(shard) = plan.share else { return None };
    Some(LogonBook {
        store: store.clone(),
        clock: clock.clone(),
        job: header.job.clone(),
        slot: header.slot,
        writer: Writer { shard, attempt: header.attempt.clone() },
        // A logon takes one deadline at most; the other is for its word to arrive.
        patience: plan.bounds.preflight_deadline * 2,
    })
}

async fn read<T: DeserializeOwned>(store: &Store, key: &Key) -> Result<Option<T>, ShardError> {
    let body = store.get(key).await?;
    body.map(|body| parse(store, key, &body)).transpose()
}

fn parse<T: DeserializeOwned>(store: &Store, key: &Key, body: &[u8]) -> Result<T, ShardError> {
    let unreadable =
        |error: serde_json::Error| ShardError::Unreadable { path: store.shown(key), why: error.to_string() };
    serde_json::from_slice(body).map_err(unreadable)
}
