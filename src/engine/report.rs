//! What people read after a run, derived from its manifest: the report and the retry list.

use std::collections::BTreeMap;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::model::artifact::ArtifactFormat;
use crate::model::event::Coverage;
use crate::model::failure::{Failure, FailureKind};
use crate::model::manifest::{Cancelled, HostRecord, Manifest};
use crate::model::outcome::Stage;
use crate::model::run::{Attempt, JobName, RunId};
use crate::model::status::{FinalStatus, Reason};
use crate::model::target::HostName;

/// `hyperv_run_report.json`: per host reachability, baseline, coverage, collectors and
/// final status.
#[derive(Debug, Serialize)]
pub struct RunReport<'a> {
    pub job: &'a JobName,
    pub run_id: &'a RunId,
    pub attempt: &'a Attempt,
    pub started_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    pub cancelled: Option<&'a Cancelled>,
    pub reachable: u64,
    pub counts: BTreeMap<&'static str, u64>,
    pub hosts: Vec<HostReport<'a>>,
}

#[derive(Debug, Serialize)]
pub struct HostReport<'a> {
    pub host: &'a HostName,
    pub reachable: bool,
    /// Absent in a dry run for a host that let us in.
    pub final_status: Option<&'static str>,
    pub reasons: Vec<&'static str>,
    pub baseline_vms: Option<u64>,
    pub duration_ms: u64,
    /// How the preflight ended where it did not end well.
    pub preflight_failure: Option<&'a Failure>,
    pub collectors: Vec<CollectorReport<'a>>,
}

#[derive(Debug, Serialize)]
pub struct CollectorReport<'a> {
    pub collector: &'a str,
    pub outcome: &'static str,
    pub rows: u64,
    pub duration_ms: u64,
    pub failure: Option<&'a Failure>,
    pub coverage: Option<&'a Coverage>,
}

pub fn run_report(manifest: &Manifest) -> RunReport<'_> {
    RunReport {
        job: &manifest.job,
        run_id: &manifest.run_id,
        attempt: &manifest.attempt,
        started_at: manifest.started_at,
        ended_at: manifest.ended_at,
        cancelled: manifest.cancelled.as_ref(),
        reachable: manifest.reachable(),
        counts: manifest.counts().into_iter().map(|(status, hosts)| (status.word(), hosts)).collect(),
        hosts: manifest.hosts.iter().map(|(host, record)| host_report(host, record)).collect(),
    }
}

fn host_report<'a>(host: &'a HostName, record: &'a HostRecord) -> HostReport<'a> {
    let verdict = record.verdict.as_ref();
    let collectors =
        record.steps.iter().filter(|step| step.stage == Stage::Collect).map(|step| CollectorReport {
            collector: &step.step.0,
            outcome: step.outcome.word(),
            rows: step.outcome.rows(),
            duration_ms: step.duration_ms,
            failure: step.outcome.failure(),
            coverage: verdict.and_then(|verdict| verdict.coverage.get(&step.step)),
        });
    let preflight = record.steps.iter().filter(|step| step.stage == Stage::Preflight);
    HostReport {
        host,
        reachable: record.reachable(),
        final_status: verdict.map(|verdict| verdict.status.word()),
        reasons: verdict
            .map_or_else(Vec::new, |verdict| verdict.reasons.iter().map(|reason| reason.word()).collect()),
        baseline_vms: verdict.and_then(|verdict| verdict.baseline_vms),
        duration_ms: record.duration_ms,
        preflight_failure: preflight.filter_map(|step| step.outcome.failure()).next(),
        collectors: collectors.collect(),
    }
}

/// `targets_retry_hosts.txt`: every host that is not `inventory_ok`, one a line, as
/// `--hosts-file` reads it. Comments say why.
pub fn retry_list(manifest: &Manifest, skip_confirmed_empty: bool) -> String {
    let mut text = format!("# hosts of run {} that are not Inventory OK\n", manifest.run_id);
    for (host, record) in &manifest.hosts {
        let Some(verdict) = &record.verdict else { continue };
        let proven_empty = verdict.status == FinalStatus::InventoryEmpty;
        if verdict.status == FinalStatus::InventoryOk || (proven_empty && skip_confirmed_empty) {
            continue;
        }
        let reasons: Vec<_> = verdict.reasons.iter().map(|reason: &Reason| reason.word()).collect();
        text.push_str(&format!("{host}  # {}\n", reasons.join(", ")));
    }
    text
}

/// One report on its way to the store.
pub struct Report {
    pub name: &'static str,
    pub format: ArtifactFormat,
    /// Hosts or lines.
    pub rows: u64,
    pub body: Bytes,
}

/// Every report of a run, from its manifest.
pub fn all(manifest: &Manifest, skip_confirmed_empty: bool) -> Result<Vec<Report>, Failure> {
    let hosts = manifest.hosts.len() as u64;
    let retry = retry_list(manifest, skip_confirmed_empty);
    let retry_hosts = retry.lines().filter(|line| !line.starts_with('#')).count() as u64;
    Ok(vec![
        Report {
            name: "hyperv_run_report.json",
            format: ArtifactFormat::Json,
            rows: hosts,
            body: json(&run_report(manifest))?,
        },
        Report {
            name: "targets_retry_hosts.txt",
            format: ArtifactFormat::Text,
            rows: retry_hosts,
            body: retry.into(),
        },
    ])
}

/// Pretty JSON with a line end, as it is stored.
pub fn json(value: &impl Serialize) -> Result<Bytes, Failure> {
    let mut text = serde_json::to_vec_pretty(value)
        .map_err(|error| Failure::new(FailureKind::Bug, format!("a report is not JSON: {error}")))?;
    text.push(b'\n');
    Ok(text.into())
}
