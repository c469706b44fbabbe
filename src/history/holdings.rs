//! Everything that a store holds of its runs, and what of it nobody needs.
//!
//! Only what Lustrum itself writes is looked at: files in folders of a slot, and files below
//! `data/` that bear a run and an attempt in their name. Whatever else lies there stays.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use crate::history::ledger::{HistoryError, Ledger, RunRef};
use crate::history::retention::Kept;
use crate::model::run::{JobName, RunId, Slot};
use crate::output::layout;
use crate::output::store::Found;

/// Of `20261121T060000.000Z`.
const SLOT_CHARACTERS: usize = 20;

/// What a slot holds.
#[derive(Clone, Debug, Default)]
pub struct Holding {
    /// Objects that its attempts wrote, those below `data/` too; the manifest is none of them.
    pub objects: Vec<Found>,
    pub state: State,
    /// What its manifest names.
    named: BTreeSet<String>,
}

/// How a slot stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum State {
    #[default]
    Uncommitted,
    Committed(Kept),
    /// Its manifest was taken away at that time; the files stay for a while.
    Retired(DateTime<Utc>),
    /// Why its manifest cannot be read.
    Unreadable(String),
}

/// The runs of a store.
#[derive(Clone, Debug, Default)]
pub struct Holdings {
    pub slots: BTreeMap<RunRef, Holding>,
    /// A Delta log stands beside the tables' files: its readers go by it and not by manifests.
    pub has_delta_log: bool,
}

impl Holdings {
    /// Reads all listings and all manifests, those of one job or of all.
    pub async fn read(ledger: &Ledger, job: Option<&JobName>) -> Result<Self, HistoryError> {
        let store = ledger.store();
        let mut slots = BTreeMap::<RunRef, Holding>::new();
        let mut has_delta_log = false;
        for found in store.find(&layout::data_tables()).await? {
            has_delta_log |= found.key.as_str().contains("/_delta_log/");
            if let Some(run) = run_of_data(found.key.file_name())
                && job.is_none_or(|job| run.job == *job)
            {
                slots.entry(run).or_default().objects.push(found);
            }
        }
        let jobs = match job {
            Some(job) => vec![job.clone()],
            None => ledger.jobs().await?,
        };
        for job in jobs {
            for found in store.find(&layout::slots(&job)).await? {
                let parts: Vec<&str> = found.key.as_str().split('/').skip(2).collect();
                let [slot, rest @ ..] = &parts[..] else { continue };
                let Ok(slot) = Slot::parse(slot) else { continue };
                let run = RunRef { slot, job: job.clone() };
                let is_manifest = found.key == layout::manifest(&job, slot);
                let is_retired = found.key == layout::retired(&job, slot);
                let holding = slots.entry(run).or_default();
                match rest {
                    [_] if is_manifest => holding.state = State::Unreadable(String::new()),
                    [_] if is_retired && holding.state == State::Uncommitted => {
                        holding.state = State::Retired(found.written_at);
                    }
                    [_, _, ..] => holding.objects.push(found),
                    _ => {}
                }
            }
        }
        for (run, holding) in &mut slots {
            if !matches!(holding.state, State::Unreadable(_)) {
                continue;
            }
            holding.state = match ledger.manifest(run).await {
                Ok(Some(manifest)) => {
                    holding.named = manifest.artifacts.keys().cloned().collect();
                    State::Committed(Kept::of(&manifest))
                }
                Ok(None) => State::Uncommitted,
                Err(HistoryError::Manifest { why, .. }) => State::Unreadable(why),
                Err(error) => return Err(error),
            };
        }
        Ok(Self { slots, has_delta_log })
    }

    /// The committed runs of a job; `None` where a manifest cannot be read: nobody knows then
    /// what needs what.
    pub fn committed(&self, job: &JobName) -> Option<Vec<Kept>> {
        let mut kept = Vec::new();
        for (_, holding) in self.slots.iter().filter(|(run, _)| run.job == *job) {
            match &holding.state {
                State::Committed(run) => kept.push(run.clone()),
                State::Unreadable(_) => return None,
                State::Uncommitted | State::Retired(_) => {}
            }
        }
        Some(kept)
    }
}

impl Holding {
    /// What nobody needs any more. `orphans_after` and `grace` as in the settings.
    pub fn to_go(&self, now: DateTime<Utc>, orphans_after: TimeDelta, grace: TimeDelta) -> Vec<&Found> {
        let is_old = |found: &&Found| now - found.written_at >= orphans_after;
        match &self.state {
            State::Unreadable(_) => Vec::new(),
            State::Retired(at) if now - *at < grace => Vec::new(),
            State::Retired(_) => self.objects.iter().collect(),
            State::Committed(_) | State::Uncommitted => {
                let orphans = self.objects.iter().filter(|found| !self.named.contains(found.key.as_str()));
                orphans.filter(is_old).collect()
            }
        }
    }
}

/// The run of a file below `data/`: `<run_id>-<attempt>.parquet`, or with something behind the
/// attempt.
fn run_of_data(name: &str) -> Option<RunRef> {
    let (stem, _) = name.rsplit_once('.')?;
    let bears_attempt = |rest: &str| {
        let attempt = rest.strip_prefix('-')?.get(..12)?;
        attempt.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(())
    };
    // A job's name has no capitals: its slot is the first that can be read as one.
    stem.match_indices('-').find_map(|(at, _)| {
        let end = at + 1 + SLOT_CHARACTERS;
        bears_attempt(stem.get(end..)?)?;
        RunRef::of(&RunId::named(stem.get(..end)?))
    })
}
