//! The committed runs of a store, and which of them a person means.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::event::CancelCause;
use crate::model::manifest::{MANIFEST_VERSION, Manifest};
use crate::model::run::{Attempt, JobName, RunId, Scope, Slot};
use crate::model::status::FinalStatus;
use crate::output::layout;
use crate::output::store::Store;
use crate::output::store_error::StoreError;

/// Of `20261121T060000.000Z`.
const SLOT_CHARACTERS: usize = 20;

/// How many runs an error names.
const RUNS_NAMED: usize = 3;

/// A run by its place in the store; in order of time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunRef {
    pub slot: Slot,
    pub job: JobName,
}

impl RunRef {
    /// The run of an id: `<job>-<slot>`, the slot being of one length.
    pub fn of(run: &RunId) -> Option<Self> {
        let (job, slot) = run.as_str().split_at_checked(run.as_str().len().checked_sub(SLOT_CHARACTERS)?)?;
        Some(Self { slot: Slot::parse(slot).ok()?, job: JobName::parse(job.strip_suffix('-')?).ok()? })
    }

    pub fn run_id(&self) -> RunId {
        RunId::new(&self.job, self.slot)
    }
}

/// A committed run in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    pub run_id: RunId,
    pub job: JobName,
    pub slot: Slot,
    pub attempt: Attempt,
    pub scope: Scope,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<RunId>,
    pub started_at: DateTime<Utc>,
    pub duration_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancelled: Option<CancelCause>,
    pub hosts: u64,
    pub counts: BTreeMap<FinalStatus, u64>,
    /// VMs in all baselines together.
    pub vms: u64,
    /// What it measured besides hosts.
    #[serde(default)]
    pub probes: u64,
    /// Probes whose threshold failed, or that could not measure.
    #[serde(default)]
    pub probes_not_ok: u64,
    pub bytes: u64,
}

/// Why the past could not be read.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{path} cannot be read as a manifest: {why}")]
    Manifest { path: String, why: String },
    #[error("{path} cannot be read as Parquet: {why}")]
    Rows { path: String, why: String },
    /// What was asked for is not there; a sentence that says what is.
    #[error("{0}")]
    NotFound(String),
}

/// The runs of a store. Manifests are read one at a time, when they are asked for.
#[derive(Clone)]
pub struct Ledger {
    store: Store,
}

impl Ledger {
    pub fn of(store: &Store) -> Self {
        Self { store: store.clone() }
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Every slot with a folder, committed or not, newest first; of one job or of all.
    pub async fn slots(&self, job: Option<&JobName>) -> Result<Vec<RunRef>, HistoryError> {
        let jobs = match job {
            Some(job) => vec![job.clone()],
            None => self.jobs().await?,
        };
        let mut found = Vec::new();
        for job in jobs {
            let names = self.store.folders(&layout::slots(&job)).await?;
            let slots = names.iter().filter_map(|name| Slot::parse(name).ok());
            found.extend(slots.map(|slot| RunRef { slot, job: job.clone() }));
        }
        found.sort_by(|a, b| b.cmp(a));
        Ok(found)
    }

    pub async fn jobs(&self) -> Result<Vec<JobName>, HistoryError> {
        let names = self.store.folders(&layout::jobs()).await?;
        Ok(names.iter().filter_map(|name| JobName::parse(name).ok()).collect())
    }

    /// The manifest of a slot; `None` when nobody committed it.
    pub async fn manifest(&self, run: &RunRef) -> Result<Option<Manifest>, HistoryError> {
        let key = layout::manifest(&run.job, run.slot);
        let Some(body) = self.store.get(&key).await? else { return Ok(None) };
        let unreadable = |why: String| HistoryError::Manifest { path: self.store.shown(&key), why };
        let read: Result<Manifest, _> = serde_json::from_slice(&body);
        let manifest = read.map_err(|error| unreadable(error.to_string()))?;
        if manifest.manifest_version > MANIFEST_VERSION {
            let version = manifest.manifest_version;
            return Err(unreadable(format!("it is of version {version}, written by a newer program")));
        }
        Ok(Some(manifest))
    }

    /// The committed runs in short, newest first.
    pub async fn entries(&self, job: Option<&JobName>) -> Result<Vec<Entry>, HistoryError> {
        let mut entries = Vec::new();
        for run in self.slots(job).await? {
            entries.extend(self.manifest(&run).await?.map(|manifest| Entry::of(&manifest)));
        }
        Ok(entries)
    }

    /// The run that a person means: a run id, `latest`, a job (its latest), `JOB/latest`,
    /// `JOB/` and the beginning of a slot, or the beginning of a run id or of a slot that
    /// fits one run only. With a `job`, runs of others do not count.
    pub async fn find(&self, meant: &str, job: Option<&JobName>) -> Result<Manifest, HistoryError> {
        let (job, rest) = match meant.split_once('/') {
            Some((name, rest)) => match JobName::parse(name) {
                Ok(name) => (Some(name), rest),
                Err(refused) => return Err(HistoryError::NotFound(refused.to_string())),
            },
            None => (job.cloned(), meant),
        };
        let slots = self.slots(job.as_ref()).await?;
        let wants_latest = rest == "latest" || slots.iter().any(|run| run.job.as_str() == meant);
        let fits = |run: &&RunRef| {
            let whole = if meant.contains('/') { run.slot.to_string() } else { run.run_id().to_string() };
            if wants_latest {
                rest == "latest" || run.job.as_str() == meant
            } else {
                !rest.is_empty() && (whole.starts_with(rest) || run.slot.to_string().starts_with(rest))
            }
        };
        let candidates: Vec<&RunRef> = slots.iter().filter(fits).collect();
        // A whole run id is one run, also where it is the beginning of another job's.
        let exact: Vec<&RunRef> =
            candidates.iter().copied().filter(|run| run.run_id().as_str() == rest).collect();
        let mut committed = Vec::new();
        for run in if exact.is_empty() { &candidates } else { &exact } {
            if let Some(manifest) = self.manifest(run).await? {
                committed.push(manifest);
            }
            if committed.len() > RUNS_NAMED || (wants_latest && !committed.is_empty()) {
                break;
            }
        }
        match committed.len() {
            0 => Err(self.nothing_fits(meant, &slots).await?),
            1 => Ok(committed.remove(0)),
            several => {
                let named: Vec<_> = committed
                    .iter()
                    .take(RUNS_NAMED)
                    .map(|manifest| format!("`{}`", manifest.run_id))
                    .collect();
                let more = if several > RUNS_NAMED { " and more" } else { "" };
                let message = format!("`{meant}` fits several runs: {}{more}", named.join(", "));
                Err(HistoryError::NotFound(message))
            }
        }
    }

    async fn nothing_fits(&self, meant: &str, slots: &[RunRef]) -> Result<HistoryError, HistoryError> {
        let root = self.store.root();
        let jobs = self.jobs().await?;
        let known: BTreeSet<String> = slots
            .iter()
            .map(|run| run.run_id().to_string())
            .chain(jobs.iter().map(JobName::to_string))
            .collect();
        let likeness = |known: &&String| strsim::jaro_winkler(meant, known);
        let nearest = known.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        let hint = match nearest.filter(|known| likeness(known) > 0.84) {
            Some(known) => format!("; did you mean `{known}`?"),
            None if jobs.is_empty() => String::new(),
            None => {
                let jobs: Vec<_> = jobs.iter().map(|job| format!("`{job}`")).collect();
                format!("; it holds runs of {}", jobs.join(", "))
            }
        };
        Ok(HistoryError::NotFound(format!("no committed run `{meant}` in {root}{hint}")))
    }
}

impl Entry {
    pub fn of(manifest: &Manifest) -> Self {
        let ended_at = manifest.ended_at.unwrap_or(manifest.started_at);
        let duration = ended_at.signed_duration_since(manifest.started_at);
        let verdicts = manifest.hosts.values().filter_map(|host| host.verdict.as_ref());
        Self {
            run_id: manifest.run_id.clone(),
            job: manifest.job.clone(),
            slot: manifest.slot,
            attempt: manifest.attempt.clone(),
            scope: manifest.scope,
            parent: manifest.parent.clone(),
            started_at: manifest.started_at,
            duration_ms: u64::try_from(duration.num_milliseconds()).unwrap_or_default(),
            cancelled: manifest.cancelled.as_ref().map(|cancelled| cancelled.cause),
            hosts: manifest.hosts.len() as u64,
            counts: manifest.counts(),
            vms: verdicts.filter_map(|verdict| verdict.baseline_vms).sum(),
            probes: manifest.probes.len() as u64,
            probes_not_ok: manifest.probes_beyond_threshold() + manifest.probes_not_measured(),
            bytes: manifest.artifacts.values().map(|artifact| artifact.bytes).sum(),
        }
    }
}
