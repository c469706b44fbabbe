//! The run's closing document: a pure fold over its events.
//!
//! Steps of different hosts interleave as the network pleases; every interleaving folds to
//! the same manifest, because each event touches only what it names.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::artifact::Artifact;
use crate::model::event::{CancelCause, Event, RunHeader, Verdict};
use crate::model::outcome::{Outcome, Stage, StepName};
use crate::model::probe::{ProbeEnding, ProbeName, ProbeRecord};
use crate::model::run::{Attempt, JobName, RunId, Scope, Slot};
use crate::model::status::FinalStatus;
use crate::model::target::HostName;

/// Grows when a field changes its meaning; new optional fields do not count.
pub const MANIFEST_VERSION: u32 = 1;

/// What a run did: every host, every step, every object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Manifest {
    pub manifest_version: u32,
    pub job: JobName,
    pub slot: Slot,
    pub run_id: RunId,
    pub attempt: Attempt,
    pub program_version: String,
    pub plan_digest: String,
    #[serde(default)]
    pub scope: Scope,
    /// The run that this one retries; present exactly in the scope `retry`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<RunId>,
    pub started_at: DateTime<Utc>,
    /// Absent while the run goes on.
    pub ended_at: Option<DateTime<Utc>>,
    /// Present when the run was stopped before its end.
    pub cancelled: Option<Cancelled>,
    /// Hosts that an earlier try at this slot had finished; present when there were any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_up_hosts: Option<u64>,
    pub hosts: BTreeMap<HostName, HostRecord>,
    /// VMs that were seen on several hosts, by id.
    pub moved_vms: BTreeMap<String, MovedVm>,
    /// What was measured, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub probes: BTreeMap<ProbeName, ProbeRecord>,
    /// By path.
    pub artifacts: BTreeMap<String, Artifact>,
    /// Sorted, without repeats.
    pub warnings: Vec<Warning>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Cancelled {
    pub at: DateTime<Utc>,
    pub cause: CancelCause,
}

/// One host of the run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HostRecord {
    /// Present for every host of a committed run. A dry run judges only the hosts that it
    /// could not enter.
    pub verdict: Option<Verdict>,
    pub duration_ms: u64,
    /// By stage and name.
    pub steps: Vec<StepRecord>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StepRecord {
    pub stage: Stage,
    pub step: StepName,
    pub outcome: Outcome,
    pub duration_ms: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MovedVm {
    pub vm_name: String,
    pub seen_on: Vec<HostName>,
    /// The host whose rows stand in the tables.
    pub kept: HostName,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Warning {
    /// Absent when it concerns the whole run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<HostName>,
    pub message: String,
}

impl Manifest {
    /// A manifest in which nothing has happened yet.
    pub fn open(header: RunHeader, hosts: impl IntoIterator<Item = HostName>) -> Self {
        Self {
            manifest_version: MANIFEST_VERSION,
            job: header.job,
            slot: header.slot,
            run_id: header.run_id,
            attempt: header.attempt,
            program_version: header.program_version,
            plan_digest: header.plan_digest,
            scope: header.scope,
            parent: header.parent,
            started_at: header.started_at,
            ended_at: None,
            cancelled: None,
            taken_up_hosts: None,
            hosts: hosts.into_iter().map(|host| (host, HostRecord::default())).collect(),
            moved_vms: BTreeMap::new(),
            probes: BTreeMap::new(),
            artifacts: BTreeMap::new(),
            warnings: Vec::new(),
        }
    }

    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::RunStarted { .. } | Event::StepStarted { .. } | Event::ProbeStarted { .. } => {}
            Event::ProbeEnded { probe, record } => {
                self.probes.insert(probe.clone(), record.clone());
            }
            Event::HostsTakenUp { hosts } => self.taken_up_hosts = Some(*hosts),
            Event::StepEnded { host, stage, step, outcome, duration_ms, .. } => {
                let record = StepRecord {
                    stage: *stage,
                    step: step.clone(),
                    outcome: outcome.clone(),
                    duration_ms: *duration_ms,
                };
                self.host(host).put_step(record);
            }
            Event::HostAudited { host, verdict, duration_ms } => {
                let record = self.host(host);
                record.verdict = Some(verdict.clone());
                record.duration_ms = *duration_ms;
            }
            Event::VmMoved { vm_id, vm_name, seen_on, kept } => {
                let moved =
                    MovedVm { vm_name: vm_name.clone(), seen_on: seen_on.clone(), kept: kept.clone() };
                self.moved_vms.insert(vm_id.clone(), moved);
            }
            Event::ArtifactWritten { artifact } => {
                self.artifacts.insert(artifact.path.clone(), artifact.clone());
            }
            Event::Warning { host, message } => {
                let warning = Warning { host: host.clone(), message: message.clone() };
                if let Err(place) = self.warnings.binary_search(&warning) {
                    self.warnings.insert(place, warning);
                }
            }
            Event::CancelRequested { cause, at } => {
                let told = Cancelled { at: *at, cause: *cause };
                self.cancelled = Some(self.cancelled.take().map_or(told.clone(), |first| first.min(told)));
            }
            Event::RunEnded { at } => self.ended_at = Some(*at),
        }
    }

    /// Hosts by final status; hosts without a verdict are not counted.
    pub fn counts(&self) -> BTreeMap<FinalStatus, u64> {
        let mut counts: BTreeMap<_, _> = FinalStatus::ALL.into_iter().map(|status| (status, 0)).collect();
        for verdict in self.hosts.values().filter_map(|host| host.verdict.as_ref()) {
            *counts.entry(verdict.status).or_default() += 1;
        }
        counts
    }

    /// Hosts that answered the preflight.
    pub fn reachable(&self) -> u64 {
        self.hosts.values().filter(|host| host.reachable()).count() as u64
    }

    /// Probes that measured, and whose conditions do not hold.
    pub fn probes_beyond_threshold(&self) -> u64 {
        let failed = |record: &&ProbeRecord| record.verdict.ending == ProbeEnding::ThresholdFailed;
        self.probes.values().filter(failed).count() as u64
    }

    /// Probes that could not measure, or not to their end.
    pub fn probes_not_measured(&self) -> u64 {
        let failed = |record: &&ProbeRecord| record.verdict.ending.failure().is_some();
        self.probes.values().filter(failed).count() as u64
    }

    fn host(&mut self, name: &HostName) -> &mut HostRecord {
        self.hosts.entry(name.clone()).or_default()
    }
}

impl HostRecord {
    /// Whether the host could be reached, by its verdict or, before one, by its first step.
    pub fn reachable(&self) -> bool {
        match &self.verdict {
            Some(verdict) => verdict.reachable,
            None => self.steps.iter().any(|step| step.stage == Stage::Preflight && step.outcome.is_ok()),
        }
    }

    /// The failure of the earliest step that has one: usually the cause of the others.
    pub fn first_failure(&self) -> Option<&crate::model::failure::Failure> {
        self.steps.iter().find_map(|step| step.outcome.failure())
    }

    fn put_step(&mut self, record: StepRecord) {
        let key = |step: &StepRecord| (step.stage, step.step.clone());
        match self.steps.binary_search_by_key(&key(&record), key) {
            Ok(place) => self.steps[place] = record,
            Err(place) => self.steps.insert(place, record),
        }
    }
}
