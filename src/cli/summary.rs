//! The end of a run, drawn from its manifest: what programs read with `--json`.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::history::why::why;
use crate::model::artifact::{Artifact, ArtifactFormat};
use crate::model::event::CancelCause;
use crate::model::manifest::{HostRecord, Manifest, MovedVm, Warning};
use crate::model::outcome::Outcome;
use crate::model::probe::{ProbeName, ProbeRecord};
use crate::model::run::{Attempt, JobName, RunId, Slot};
use crate::model::status::{FinalStatus, Reason};
use crate::model::target::HostName;

/// How many of the slowest hosts are told.
const SLOWEST_HOSTS: usize = 5;

/// A host that took less is not slow.
const WORTH_TELLING_MS: u64 = 100;

/// A run in short.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    pub job: JobName,
    pub slot: Slot,
    pub run_id: RunId,
    pub attempt: Attempt,
    pub dry_run: bool,
    pub started_at: DateTime<Utc>,
    pub duration_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancelled: Option<CancelCause>,
    pub hosts: u64,
    pub reachable: u64,
    /// Hosts by final status; a dry run judges only those that it could not enter.
    pub counts: BTreeMap<FinalStatus, u64>,
    /// Hosts that a dry run logged on to.
    pub entered: u64,
    /// VMs in all baselines together.
    pub vms: u64,
    pub not_ok: Vec<NotOk>,
    pub slowest: Vec<Slow>,
    pub collectors: BTreeMap<String, CollectorTotals>,
    pub moved_vms: Vec<MovedVm>,
    /// What was measured, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub probes: BTreeMap<ProbeName, ProbeRecord>,
    pub warnings: Vec<Warning>,
    pub files: Files,
}

/// A host that is neither OK nor proven to be empty.
#[derive(Clone, Debug, Serialize)]
pub struct NotOk {
    pub host: HostName,
    pub status: FinalStatus,
    pub reasons: Vec<Reason>,
    /// The sentences behind the reasons, the cause first.
    pub why: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Slow {
    pub host: HostName,
    pub duration_ms: u64,
    /// The step that took longest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longest_step: Option<String>,
}

/// One collector over all hosts.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CollectorTotals {
    pub ok: u64,
    pub partial: u64,
    pub failed: u64,
    pub not_run: u64,
    pub rows: u64,
    pub longest_ms: u64,
}

/// Where things are; paths begin at the working directory.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Files {
    pub root: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workbook: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_hosts: Option<String>,
    pub tables: BTreeMap<String, TableFiles>,
    /// The documents of probes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub of_probes: Vec<String>,
    pub bytes: u64,
    /// A shell line that shows the rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct TableFiles {
    pub rows: u64,
    /// Path by format.
    pub paths: BTreeMap<ArtifactFormat, String>,
}

impl Summary {
    /// `root` is the folder of the store; `manifest_key` is where the manifest was committed
    /// below it, and absent if it was not.
    pub fn of(manifest: &Manifest, root: &str, manifest_key: Option<&str>, dry_run: bool) -> Self {
        let ended_at = manifest.ended_at.unwrap_or(manifest.started_at);
        let duration = ended_at.signed_duration_since(manifest.started_at);
        let verdicts = || manifest.hosts.values().filter_map(|host| host.verdict.as_ref());
        let entered =
            |host: &&HostRecord| host.steps.iter().any(|step| step.step.0 == "logon" && step.outcome.is_ok());
        Self {
            job: manifest.job.clone(),
            slot: manifest.slot,
            run_id: manifest.run_id.clone(),
            attempt: manifest.attempt.clone(),
            dry_run,
            started_at: manifest.started_at,
            duration_ms: u64::try_from(duration.num_milliseconds()).unwrap_or_default(),
            cancelled: manifest.cancelled.as_ref().map(|cancelled| cancelled.cause),
            hosts: manifest.hosts.len() as u64,
            reachable: manifest.reachable(),
            counts: manifest.counts(),
            entered: manifest.hosts.values().filter(entered).count() as u64,
            vms: verdicts().filter_map(|verdict| verdict.baseline_vms).sum(),
            not_ok: not_ok(manifest),
            slowest: slowest(manifest),
            collectors: collectors(manifest),
            moved_vms: manifest.moved_vms.values().cloned().collect(),
            probes: manifest.probes.clone(),
            warnings: manifest.warnings.clone(),
            files: files(manifest, root, manifest_key),
        }
    }

    /// Hosts by reason, most frequent first.
    pub fn reasons(&self) -> Vec<(Reason, u64)> {
        let mut counts: BTreeMap<Reason, u64> = BTreeMap::new();
        for reason in self.not_ok.iter().flat_map(|host| &host.reasons) {
            *counts.entry(*reason).or_default() += 1;
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(reason, hosts)| (std::cmp::Reverse(*hosts), *reason));
        counts
    }
}

fn not_ok(manifest: &Manifest) -> Vec<NotOk> {
    let judged =
        manifest.hosts.iter().filter_map(|(host, record)| Some((host, record, record.verdict.as_ref()?)));
    let mut found: Vec<NotOk> = judged
        .filter(|(_, _, verdict)| {
            !matches!(verdict.status, FinalStatus::InventoryOk | FinalStatus::InventoryEmpty)
        })
        .map(|(host, record, verdict)| NotOk {
            host: host.clone(),
            status: verdict.status,
            reasons: verdict.reasons.clone(),
            why: why(record),
        })
        .collect();
    found.sort_by_key(|host| std::cmp::Reverse(host.status));
    found
}

fn slowest(manifest: &Manifest) -> Vec<Slow> {
    let mut hosts: Vec<(&HostName, &HostRecord)> =
        manifest.hosts.iter().filter(|(_, record)| record.duration_ms >= WORTH_TELLING_MS).collect();
    hosts.sort_by_key(|(_, record)| std::cmp::Reverse(record.duration_ms));
    hosts.truncate(SLOWEST_HOSTS);
    let slow = |(host, record): (&HostName, &HostRecord)| {
        let longest =
            record.steps.iter().filter(|step| step.duration_ms > 0).max_by_key(|step| step.duration_ms);
        let longest_step = longest.map(|step| format!("{} {}", step.stage.word(), step.step));
        Slow { host: host.clone(), duration_ms: record.duration_ms, longest_step }
    };
    hosts.into_iter().map(slow).collect()
}

fn collectors(manifest: &Manifest) -> BTreeMap<String, CollectorTotals> {
    let mut collectors: BTreeMap<String, CollectorTotals> = BTreeMap::new();
    let steps = manifest.hosts.values().flat_map(|host| &host.steps);
    for step in steps.filter(|step| step.stage == crate::model::outcome::Stage::Collect) {
        let totals = collectors.entry(step.step.0.clone()).or_default();
        match step.outcome {
            Outcome::Ok { .. } => totals.ok += 1,
            Outcome::Partial { .. } => totals.partial += 1,
            Outcome::Failed { .. } => totals.failed += 1,
            Outcome::NotRun { .. } => totals.not_run += 1,
        }
        totals.rows += step.outcome.rows();
        totals.longest_ms = totals.longest_ms.max(step.duration_ms);
    }
    collectors
}

fn files(manifest: &Manifest, root: &str, manifest_key: Option<&str>) -> Files {
    let below = |key: &str| format!("{}/{key}", root.trim_end_matches('/'));
    let named =
        |name: &str| manifest.artifacts.keys().find(|path| path.ends_with(name)).map(|path| below(path));
    let mut tables: BTreeMap<String, TableFiles> = BTreeMap::new();
    for Artifact { path, format, table, rows, .. } in manifest.artifacts.values() {
        let Some(table) = table else { continue };
        let files = tables.entry(table.clone()).or_default();
        files.rows = files.rows.max(*rows);
        files.paths.insert(*format, below(path));
    }
    Files {
        root: root.to_owned(),
        manifest: manifest_key.map(below),
        report: named("hyperv_run_report.json"),
        workbook: named(".xlsx"),
        retry_hosts: named("targets_retry_hosts.txt"),
        of_probes: of_probes(manifest).map(|path| below(path)).collect(),
        query: query(&tables),
        bytes: manifest.artifacts.values().map(|artifact| artifact.bytes).sum(),
        tables,
    }
}

/// What lies in a folder that bears a probe's name.
fn of_probes(manifest: &Manifest) -> impl Iterator<Item = &String> {
    let of_probe = |path: &&String| {
        let folder = path.rsplit('/').nth(1);
        manifest.probes.keys().any(|probe| folder == Some(probe.as_str()))
    };
    let documents = manifest.artifacts.iter().filter(|(_, artifact)| artifact.table.is_none());
    documents.map(|(path, _)| path).filter(of_probe)
}

/// VMs by host where there is a vinfo, the first table otherwise.
fn query(tables: &BTreeMap<String, TableFiles>) -> Option<String> {
    let parquet =
        |files: &TableFiles| files.paths.get(&ArtifactFormat::Parquet).map(|path| path.replace('\'', "''"));
    let sql = match tables.get("vinfo").and_then(parquet) {
        Some(path) => format!("SELECT host, count(*) AS vms FROM '{path}' GROUP BY host ORDER BY host"),
        None => format!("FROM '{}' LIMIT 20", tables.values().find_map(parquet)?),
    };
    Some(format!("duckdb -c \"{}\"", in_double_quotes(&sql)))
}

/// Keeps what a shell would read between double quotes from being read.
fn in_double_quotes(text: &str) -> String {
    let escape = |c: char| matches!(c, '"' | '$' | '`' | '\\').then_some('\\').into_iter().chain([c]);
    text.chars().flat_map(escape).collect()
}
