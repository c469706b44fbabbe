//! What people read after a run, derived from its manifest: the report and the retry list.

use std::collections::BTreeMap;
use std::io::Write;

use chrono::{DateTime, Utc};
use object_store::PutPayload;
use serde::Serialize;

use crate::config::host_list::RETRY_MARK;
use crate::model::artifact::ArtifactFormat;
use crate::model::event::{Coverage, RunHeader};
use crate::model::failure::{Failure, FailureKind};
use crate::model::manifest::{Cancelled, HostRecord, Manifest};
use crate::model::outcome::{Stage, StepName};
use crate::model::run::{Attempt, JobName, RunId};
use crate::model::status::{FinalStatus, Reason};
use crate::model::target::HostName;
use crate::output::csv::{CsvEncoder, FormulaGuard};
use crate::output::format::{EncodeError, Encoder};
use crate::output::pieces::PieceWriter;
use crate::output::published::Published;
use crate::tables::audit::coverage::CoverageRow;
use crate::tables::audit::missing_vms::MissingVm;
use crate::tables::catalogue;
use crate::tables::table::Row;

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
/// `--hosts-file` reads it. The first line names the run that is retried; comments say why.
pub fn retry_list(manifest: &Manifest, skip_confirmed_empty: bool) -> String {
    let mut text =
        format!("{RETRY_MARK}{}\n# its hosts that are not Inventory OK, and why\n", manifest.run_id);
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
    pub body: PutPayload,
}

/// The reports of a run.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Run,
    Coverage,
    MissingVms,
    Retry,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Run, Self::Coverage, Self::MissingVms, Self::Retry];
}

/// One report, from the manifest. One at a time: of a large fleet each is megabytes.
pub fn report(
    kind: Kind,
    manifest: &Manifest,
    header: &RunHeader,
    skip_confirmed_empty: bool,
) -> Result<Report, Failure> {
    match kind {
        Kind::Run => Ok(Report {
            name: "hyperv_run_report.json",
            format: ArtifactFormat::Json,
            rows: manifest.hosts.len() as u64,
            body: json(&run_report(manifest))?,
        }),
        Kind::Coverage => csv("host_inventory_coverage.csv", coverage_rows(manifest), header),
        Kind::MissingVms => csv("missing_vms_by_host.csv", missing_rows(manifest), header),
        Kind::Retry => {
            let retry = retry_list(manifest, skip_confirmed_empty);
            let hosts = retry.lines().filter(|line| !line.starts_with('#')).count() as u64;
            let (name, format) = ("targets_retry_hosts.txt", ArtifactFormat::Text);
            Ok(Report { name, format, rows: hosts, body: retry.into() })
        }
    }
}

/// One row per host and collector that owes a row for every VM; one without a collector for
/// a host that never came to collecting.
fn coverage_rows(manifest: &Manifest) -> Vec<CoverageRow> {
    let mut rows = Vec::new();
    for (host, record) in &manifest.hosts {
        let Some(verdict) = &record.verdict else { continue };
        let row = |judged: Option<(&StepName, &Coverage)>| CoverageRow {
            host: host.to_string(),
            collector: judged.map(|(step, _)| step.to_string()),
            reachable: verdict.reachable,
            baseline_vms: verdict.baseline_vms.map(|vms| vms as i64),
            seen: judged.map(|(_, coverage)| coverage.seen as i64),
            missing: judged.map(|(_, coverage)| coverage.missing.len() as i64),
            unexpected: judged.map(|(_, coverage)| coverage.unexpected.len() as i64),
            share: judged.and_then(|(_, coverage)| coverage.share),
            final_status: verdict.status.word().to_owned(),
            reasons: verdict.reasons.iter().map(|reason| reason.word().to_owned()).collect(),
            unexpected_vm_ids: judged.map(|(_, coverage)| coverage.unexpected.clone()),
        };
        if verdict.coverage.is_empty() {
            rows.push(row(None));
        }
        rows.extend(verdict.coverage.iter().map(|judged| row(Some(judged))));
    }
    rows
}

fn missing_rows(manifest: &Manifest) -> Vec<MissingVm> {
    let judged = manifest.hosts.iter().filter_map(|(host, record)| Some((host, record.verdict.as_ref()?)));
    let gaps = judged.flat_map(|(host, verdict)| verdict.coverage.iter().map(move |gap| (host, gap)));
    gaps.flat_map(|(host, (step, coverage))| {
        coverage.missing.iter().map(move |vm| MissingVm {
            host: host.to_string(),
            collector: step.to_string(),
            vm_id: vm.vm_id.clone(),
            vm_name: Some(vm.vm_name.clone()),
        })
    })
    .collect()
}

/// Rows of an audit table as CSV. Always formula-guarded: these files are made for people.
fn csv<R: Row>(name: &'static str, rows: Vec<R>, header: &RunHeader) -> Result<Report, Failure> {
    let unwritable = |error: EncodeError| Failure::new(FailureKind::Bug, format!("{name}: {error}"));
    let spec = catalogue::spec(R::TABLE).expect("the catalogue lists every table");
    let table = Published::of(spec);
    let count = rows.len() as u64;
    let mut body = Vec::new();
    let mut encoder = Box::new(CsvEncoder::open(&table, FormulaGuard::On, &mut body).map_err(unwritable)?);
    let stamped = table.stamp(header, &R::batch(rows).columns).map_err(|error| unwritable(error.into()))?;
    encoder.encode(&[stamped].into()).map_err(unwritable)?;
    encoder.finish().map_err(unwritable)?;
    Ok(Report { name, format: ArtifactFormat::Csv, rows: count, body: body.into() })
}

/// Pretty JSON with a line end, as it is stored.
pub fn json(value: &impl Serialize) -> Result<PutPayload, Failure> {
    let mut pieces = PieceWriter::default();
    serde_json::to_writer_pretty(&mut pieces, value)
        .map_err(|error| Failure::new(FailureKind::Bug, format!("a report is not JSON: {error}")))?;
    pieces.write_all(b"\n").expect("memory takes everything");
    Ok(pieces.finish())
}
