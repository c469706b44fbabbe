//! The picture of a fleet: a run and the runs that retried it, merged host by host.
//!
//! For each host one run wins, and all of the host's rows come from that run: the latest in
//! which it is `inventory_ok`; where none is, the one with the best status, then with the
//! most collectors that ended well, then the latest. A VM that two winning runs show on two
//! hosts is kept where it was collected last (`vinfo`), as within one run.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};

use arrow_array::{BooleanArray, RecordBatch};
use arrow_select::filter::filter_record_batch;
use chrono::{DateTime, Utc};

use crate::history::ledger::{HistoryError, Ledger, RunRef};
use crate::history::parquet_file::ParquetFile;
use crate::model::artifact::ArtifactFormat;
use crate::model::manifest::{HostRecord, Manifest};
use crate::model::outcome::Stage;
use crate::model::run::{JobName, RunId, Scope};
use crate::model::status::FinalStatus;
use crate::model::target::HostName;
use crate::output::layout::Key;
use crate::output::store::Store;
use crate::tables::columns::{Instants, Texts};

/// A run with its retries, oldest first: the run itself stands in front.
pub struct Picture {
    runs: Vec<Manifest>,
    /// By host, the place in `runs` of the one that won.
    winners: BTreeMap<HostName, usize>,
}

/// How a host stands in the picture.
#[derive(Clone, Copy)]
pub struct Standing<'a> {
    pub run: &'a Manifest,
    pub record: &'a HostRecord,
}

impl Standing<'_> {
    pub fn status(&self) -> FinalStatus {
        status(self.record)
    }

    /// Whether the collector of a table told this host's rows whole, and they were written as
    /// Parquet: only then does the
    /// absence of a row mean something.
    pub fn told(&self, table: &str) -> bool {
        let ended_well = |record: &HostRecord| {
            let mut steps = record.steps.iter().filter(|step| step.stage == Stage::Collect);
            steps.any(|step| step.step.0 == table && step.outcome.is_ok())
        };
        let written = artifact_of(self.run, table).is_some();
        written && self.status() != FinalStatus::InventoryError && ended_well(self.record)
    }
}

impl Picture {
    /// Merges a run with its retries.
    pub fn merge(mut runs: Vec<Manifest>) -> Self {
        runs.sort_by_key(|run| (run.scope == Scope::Retry, run.slot));
        let mut winners: BTreeMap<HostName, usize> = BTreeMap::new();
        for (place, run) in runs.iter().enumerate() {
            for (host, record) in &run.hosts {
                let best = winners.get(host).and_then(|best| runs[*best].hosts.get(host));
                if best.is_none_or(|best| rank(record) <= rank(best)) {
                    winners.insert(host.clone(), place);
                }
            }
        }
        Self { runs, winners }
    }

    /// The picture that a run belongs to: its own, or for a retry that of the run it retried.
    pub async fn around(ledger: &Ledger, run: Manifest) -> Result<Self, HistoryError> {
        let root = root_of(ledger, run).await?;
        let (job, slot) = (root.job.clone(), root.slot);
        let mut runs = vec![root];
        // A retry is younger than what it retries: going by time, parents come first.
        let younger = ledger.slots(Some(&job)).await?.into_iter().rev().filter(|run| run.slot > slot);
        for run in younger {
            let Some(found) = ledger.manifest(&run).await? else { continue };
            let of_ours = |parent: &RunId| runs.iter().any(|run| run.run_id == *parent);
            if found.scope == Scope::Retry && found.parent.as_ref().is_some_and(of_ours) {
                runs.push(found);
            }
        }
        Ok(Self::merge(runs))
    }

    /// The pictures of the last full runs, newest first; of one job, or of the job that has
    /// the newest.
    pub async fn last_full(
        ledger: &Ledger,
        job: Option<&JobName>,
        number: usize,
    ) -> Result<Vec<Self>, HistoryError> {
        let mut job = job.cloned();
        let mut found = Vec::new();
        for run in ledger.slots(job.as_ref()).await? {
            if found.len() == number {
                break;
            }
            if job.as_ref().is_some_and(|job| *job != run.job) {
                continue;
            }
            let Some(manifest) = ledger.manifest(&run).await? else { continue };
            if manifest.scope == Scope::Full {
                job = Some(run.job);
                found.push(Self::around(ledger, manifest).await?);
            }
        }
        Ok(found)
    }

    /// How the fleet stood before a run: the picture of the last full run with an earlier slot,
    /// or for a retry the picture that it belongs to, without it and what came later.
    pub async fn before(ledger: &Ledger, run: &Manifest) -> Result<Option<Self>, HistoryError> {
        let mut picture = match run.scope {
            Scope::Retry => Some(Self::around(ledger, run.clone()).await?),
            Scope::Full | Scope::Part => None,
        };
        let earlier = ledger.slots(Some(&run.job)).await?.into_iter().filter(|known| known.slot < run.slot);
        for known in earlier {
            if picture.is_some() {
                break;
            }
            if let Some(found) = ledger.manifest(&known).await?.filter(|found| found.scope == Scope::Full) {
                picture = Some(Self::around(ledger, found).await?);
            }
        }
        let runs = picture.into_iter().flat_map(|picture| picture.runs);
        let runs: Vec<_> = runs.filter(|known| known.slot < run.slot).collect();
        Ok((!runs.is_empty()).then(|| Self::merge(runs)))
    }

    /// The run that the others retried.
    pub fn root(&self) -> &Manifest {
        self.runs.first().expect("a picture is of at least one run")
    }

    pub fn runs(&self) -> impl Iterator<Item = &Manifest> {
        self.runs.iter()
    }

    pub fn retries(&self) -> &[Manifest] {
        &self.runs[1..]
    }

    pub fn hosts(&self) -> impl Iterator<Item = (&HostName, Standing<'_>)> {
        self.winners.iter().map(|(host, place)| {
            let run = &self.runs[*place];
            (host, Standing { run, record: &run.hosts[host] })
        })
    }

    /// Hosts by final status.
    pub fn counts(&self) -> BTreeMap<FinalStatus, u64> {
        let mut counts: BTreeMap<_, _> = FinalStatus::ALL.into_iter().map(|status| (status, 0)).collect();
        for (_, standing) in self.hosts() {
            *counts.entry(standing.status()).or_default() += 1;
        }
        counts
    }

    /// Hosts that a retry has to ask again; proven-empty ones unless they are to be skipped.
    pub fn to_retry(&self, skip_confirmed_empty: bool) -> Vec<HostName> {
        let again = |standing: &Standing<'_>| match standing.status() {
            FinalStatus::InventoryOk => false,
            FinalStatus::InventoryEmpty => !skip_confirmed_empty,
            FinalStatus::InventoryPartial | FinalStatus::InventoryError => true,
        };
        self.hosts().filter(|(_, standing)| again(standing)).map(|(host, _)| host.clone()).collect()
    }

    /// Whether any run of the picture wrote a table as Parquet.
    pub fn holds(&self, table: &str) -> bool {
        self.runs.iter().any(|run| artifact_of(run, table).is_some())
    }

    /// Where VMs are kept that several winning runs show on different hosts.
    pub async fn residences(&self, store: &Store) -> Result<Residences, HistoryError> {
        let mut residences = Residences::default();
        let contributing: HashSet<usize> = self.winners.values().copied().collect();
        if contributing.len() < 2 {
            return Ok(residences);
        }
        let mut seen: HashMap<String, (DateTime<Utc>, HostName)> = HashMap::new();
        self.read(store, &Residences::default(), "vinfo", &["vm_id", "collected_at"], |rows| {
            let (hosts, vm_ids) = (Texts::of(rows, "host"), Texts::of(rows, "vm_id"));
            let asked = Instants::of(rows, "collected_at");
            for row in 0..rows.num_rows() {
                let (Some(host), Some(vm_id)) = (hosts.at(row), vm_ids.at(row)) else { continue };
                let Ok(host) = HostName::parse(host) else { continue };
                let told = (asked.at(row).unwrap_or_default(), host);
                if let Some(before) = seen.get(vm_id).filter(|before| before.1 != told.1) {
                    let latest = before.max(&told).1.clone();
                    residences.0.insert(vm_id.to_owned(), latest);
                }
                let latest = seen.remove(vm_id).map_or(told.clone(), |before| before.max(told));
                seen.insert(vm_id.to_owned(), latest);
            }
        })
        .await?;
        Ok(residences)
    }

    /// Shows the rows of a table, those of each host from the run that won. `columns` come
    /// beside `host` and `vm_id`; a file of another schema may lack some, which then read as
    /// null (`tables/columns.rs`). Memory holds a row group.
    pub async fn read(
        &self,
        store: &Store,
        residences: &Residences,
        table: &str,
        columns: &[&str],
        mut show: impl FnMut(&RecordBatch),
    ) -> Result<(), HistoryError> {
        for (place, run) in self.runs.iter().enumerate() {
            let won = self.winners.iter().filter(|(_, winner)| **winner == place);
            let won: HashSet<&str> = won.map(|(host, _)| host.as_str()).collect();
            let Some(artifact) = artifact_of(run, table) else { continue };
            let wanted: Vec<&str> = ["host", "vm_id"].into_iter().chain(columns.iter().copied()).collect();
            let mut file = ParquetFile::open(store, &artifact, &wanted).await?;
            while let Some(group) = file.next_group().await? {
                for rows in group {
                    let rows = rows.map_err(|error| file.broken(&error))?;
                    let (hosts, vm_ids) = (Texts::of(&rows, "host"), Texts::of(&rows, "vm_id"));
                    let stays = |row: usize| {
                        let lives = vm_ids.at(row).and_then(|vm_id| residences.0.get(vm_id));
                        let host = hosts.at(row).unwrap_or_default();
                        won.contains(host) && lives.is_none_or(|lives| lives.as_str() == host)
                    };
                    let stays: BooleanArray = (0..rows.num_rows()).map(|row| Some(stays(row))).collect();
                    let kept = filter_record_batch(&rows, &stays);
                    show(&kept.map_err(|error| file.broken(&error))?);
                }
            }
        }
        Ok(())
    }
}

/// VMs that several runs of a picture show on different hosts, and the host they are kept on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Residences(HashMap<String, HostName>);

fn status(record: &HostRecord) -> FinalStatus {
    // A host without a verdict was never judged: nothing is known of it.
    record.verdict.as_ref().map_or(FinalStatus::InventoryError, |verdict| verdict.status)
}

/// The smaller the better.
fn rank(record: &HostRecord) -> (FinalStatus, Reverse<usize>) {
    let status = status(record);
    let ended_well = record.steps.iter().filter(|step| step.outcome.is_ok()).count();
    // Of two runs that got everything the later one counts, whatever each was asked for.
    let collectors = if status == FinalStatus::InventoryOk { 0 } else { ended_well };
    (status, Reverse(collectors))
}

fn artifact_of(run: &Manifest, table: &str) -> Option<Key> {
    let mut artifacts = run.artifacts.values();
    let fits = |format, name: Option<&str>| format == ArtifactFormat::Parquet && name == Some(table);
    let found = artifacts.find(|artifact| fits(artifact.format, artifact.table.as_deref()))?;
    Key::parse(&found.path).ok()
}

/// The run at the beginning of a chain of retries; a parent that is not there ends it.
async fn root_of(ledger: &Ledger, run: Manifest) -> Result<Manifest, HistoryError> {
    let mut at = run;
    while let (Scope::Retry, Some(parent)) = (at.scope, at.parent.as_ref()) {
        let Some(parent) = RunRef::of(parent).filter(|parent| parent.slot < at.slot) else { break };
        let Some(found) = ledger.manifest(&parent).await? else { break };
        at = found;
    }
    Ok(at)
}
