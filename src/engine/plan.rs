//! What a run means to do, known before its first step.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::census::health::thresholds::Thresholds;
use crate::config::job::{self, Job};
use crate::config::load::Asked;
use crate::engine::share::Share;
use crate::engine::staging::Cadence;
use crate::model::credential::{Credential, CredentialName};
use crate::model::run::JobName;
use crate::model::target::{HostName, Target};
use crate::output::csv::FormulaGuard;
use crate::output::faces::Face;
use crate::output::writer::TableFormat;
use crate::probes::catalogue::{PlannedProbe, ProbeView};
use crate::probes::probe::Probe;
use crate::stages::audit::Policy;
use crate::tables::catalogue;
use crate::tables::table::TableSpec;

/// Everything a run needs to know. Two plans with the same digest ask the same question.
#[derive(Clone)]
pub struct Plan {
    pub job: JobName,
    /// In the order in which they are begun.
    pub targets: Vec<Target>,
    pub tables: Vec<&'static TableSpec>,
    /// Tables that follow from those.
    pub derived: Vec<&'static TableSpec>,
    pub formats: Vec<TableFormat>,
    /// The forms in which all tables together are written.
    pub faces: Vec<Face>,
    pub policy: Policy,
    /// Where health findings begin.
    pub health: Thresholds,
    pub bounds: Bounds,
    /// When finished hosts are staged, on a store that is no folder.
    pub cadence: Cadence,
    pub credentials: BTreeMap<CredentialName, Credential>,
    /// What is measured after the hosts were asked, in this order.
    pub probes: Vec<PlannedProbe>,
    /// Preflight only: nothing is collected and nothing committed.
    pub dry_run: bool,
    /// Leave proven-empty hosts out of the retry list.
    pub skip_confirmed_empty: bool,
    /// How much of all this one process does; no part of the question.
    pub share: Share,
}

/// How much of everything.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bounds {
    /// Hosts in flight.
    pub concurrency: usize,
    /// For each preflight step.
    pub preflight_deadline: Duration,
    /// From logon to the last record of one host.
    pub host_deadline: Duration,
    pub run_deadline: Duration,
    /// What one collector may take on the host.
    pub collector_deadline: Duration,
    /// Refusals in a row that block a credential.
    pub auth_failures: u32,
}

/// The plan as people and programs read it: no secret, no clock.
#[derive(Debug, Serialize)]
pub struct PlanView<'a> {
    pub job: &'a JobName,
    pub dry_run: bool,
    pub tables: Vec<&'static str>,
    pub coverage_threshold: f64,
    pub allow_partial_ok: bool,
    pub skip_confirmed_empty: bool,
    pub health: &'a Thresholds,
    pub bounds: &'a Bounds,
    pub steps_per_host: Vec<String>,
    pub targets: &'a [Target],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub probes: Vec<ProbeView>,
}

impl Plan {
    /// What a checked configuration amounts to.
    pub fn of(asked: Asked, dry_run: bool) -> Self {
        let Asked { job, fleet, credentials, probes, .. } = asked;
        let limits = &job.limits;
        Self {
            tables: if fleet.targets.is_empty() { Vec::new() } else { tables(&job) },
            derived: if fleet.targets.is_empty() { Vec::new() } else { derived(&job) },
            formats: formats(&job),
            faces: if fleet.targets.is_empty() { Vec::new() } else { faces(&job) },
            policy: Policy {
                coverage_threshold: job.audit.coverage_threshold,
                allow_partial_ok: job.audit.allow_partial_ok,
            },
            health: job.health.thresholds(),
            bounds: Bounds {
                concurrency: limits.concurrency as usize,
                preflight_deadline: limits.preflight_deadline,
                host_deadline: limits.host_deadline,
                run_deadline: limits.run_deadline,
                collector_deadline: limits.collector_deadline,
                auth_failures: limits.auth_failures,
            },
            cadence: Cadence { every: job.store.stage_every, hosts: job.store.stage_hosts as usize },
            dry_run,
            skip_confirmed_empty: job.audit.skip_confirmed_empty,
            targets: fleet.targets,
            job: job.name,
            credentials,
            probes,
            share: Share::Whole,
        }
    }

    pub fn view(&self) -> PlanView<'_> {
        PlanView {
            job: &self.job,
            dry_run: self.dry_run,
            tables: self.tables.iter().map(|table| table.id.as_str()).collect(),
            coverage_threshold: self.policy.coverage_threshold,
            allow_partial_ok: self.policy.allow_partial_ok,
            skip_confirmed_empty: self.skip_confirmed_empty,
            health: &self.health,
            bounds: &self.bounds,
            steps_per_host: self.steps_per_host(),
            targets: &self.targets,
            probes: self.probes.iter().map(PlannedProbe::view).collect(),
        }
    }

    /// The sample tables of the probes, each once.
    pub fn samples(&self) -> Vec<&'static TableSpec> {
        let mut tables: Vec<&'static TableSpec> = Vec::new();
        for table in self.probes.iter().flat_map(|planned| planned.probe.tables()) {
            if tables.iter().all(|known| known.id != table.id) {
                tables.push(table);
            }
        }
        tables
    }

    /// `stage/step`, in order.
    pub fn steps_per_host(&self) -> Vec<String> {
        let preflight = ["preflight/reach", "preflight/logon"].map(str::to_owned);
        let collect = self.tables.iter().map(|table| format!("collect/{}", table.id));
        let after = collect.chain(["audit/coverage".to_owned()]);
        if self.dry_run { preflight.into() } else { preflight.into_iter().chain(after).collect() }
    }

    /// SHA-256 of the view as JSON, lowercase hex.
    pub fn digest(&self) -> String {
        let json = serde_json::to_vec(&self.view()).expect("a view holds only plain values");
        Sha256::digest(&json).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    pub fn hosts(&self) -> impl Iterator<Item = HostName> {
        self.targets.iter().map(|target| target.host.clone())
    }

    /// The hosts whose outcome this process tells.
    pub fn own_hosts(&self) -> impl Iterator<Item = HostName> {
        self.hosts().filter(|host| self.share.tells(host))
    }
}

/// The collected tables a job names, in the catalogue's order; all of them when it names
/// none, or one that follows from all.
fn tables(job: &Job) -> Vec<&'static TableSpec> {
    let every = job.tables.is_empty() || !derived(job).is_empty();
    catalogue::INVENTORY.iter().copied().filter(|spec| every || is_named(job, spec)).collect()
}

fn derived(job: &Job) -> Vec<&'static TableSpec> {
    catalogue::DERIVED.iter().copied().filter(|spec| job.tables.is_empty() || is_named(job, spec)).collect()
}

fn is_named(job: &Job, spec: &TableSpec) -> bool {
    job.tables.iter().any(|name| spec.title.eq_ignore_ascii_case(name))
}

fn guard(job: &Job) -> FormulaGuard {
    if job.output.csv_formula_guard { FormulaGuard::On } else { FormulaGuard::Off }
}

fn formats(job: &Job) -> Vec<TableFormat> {
    let formats = job.output.formats.iter().filter_map(|format| match format {
        job::TableFormat::Parquet => Some(TableFormat::Parquet),
        job::TableFormat::Csv => Some(TableFormat::Csv(guard(job))),
        job::TableFormat::Ndjson => Some(TableFormat::Ndjson),
        job::TableFormat::Xlsx | job::TableFormat::RvtoolsCsv => None,
    });
    formats.collect()
}

fn faces(job: &Job) -> Vec<Face> {
    let faces = job.output.formats.iter().filter_map(|format| match format {
        job::TableFormat::Xlsx => Some(Face::Workbook),
        job::TableFormat::RvtoolsCsv => Some(Face::Csv(guard(job))),
        job::TableFormat::Parquet | job::TableFormat::Csv | job::TableFormat::Ndjson => None,
    });
    faces.collect()
}
