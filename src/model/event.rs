//! The news of a run: one stream that the manifest, the log, the progress display and the
//! exit code all listen to.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::artifact::Artifact;
use crate::model::outcome::{Outcome, Stage, StepName};
use crate::model::probe::{ProbeKind, ProbeName, ProbeRecord};
use crate::model::run::{Attempt, JobName, RunId, Scope, Slot};
use crate::model::status::{FinalStatus, Reason};
use crate::model::target::HostName;

/// What a run is, known before its first step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunHeader {
    pub job: JobName,
    pub slot: Slot,
    pub run_id: RunId,
    pub attempt: Attempt,
    pub started_at: DateTime<Utc>,
    pub program_version: String,
    /// SHA-256 of the plan as `lustrum plan --json` prints it.
    pub plan_digest: String,
    pub scope: Scope,
    /// The run that this one retries; present exactly in the scope `retry`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<RunId>,
}

/// Who or what stopped a run before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CancelCause {
    /// SIGINT.
    Operator,
    /// The run's own deadline.
    Deadline,
    /// A newer slot of the job took its place.
    Replaced,
}

/// How one collector saw a host, against the baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Coverage {
    /// VMs of the baseline that the collector saw.
    pub seen: u64,
    /// Ids in the baseline that the collector did not see, with their names.
    pub missing: Vec<NamedVm>,
    /// Ids the collector saw that the baseline does not hold.
    pub unexpected: Vec<String>,
    /// `seen` over the baseline's size; absent when the baseline is empty or unknown.
    pub share: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct NamedVm {
    pub vm_id: String,
    pub vm_name: String,
}

/// The audit's word on one host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    pub status: FinalStatus,
    pub reachable: bool,
    /// Sorted, without repeats; empty for `inventory_ok`.
    pub reasons: Vec<Reason>,
    /// VMs in the baseline; absent when there is none.
    pub baseline_vms: Option<u64>,
    /// By collector, for those that owe a row for every VM.
    pub coverage: std::collections::BTreeMap<StepName, Coverage>,
}

/// One piece of news.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    RunStarted {
        header: RunHeader,
        hosts: Vec<HostName>,
    },
    /// An earlier try at this slot had finished so many hosts: they are not asked again.
    HostsTakenUp {
        hosts: u64,
    },
    StepStarted {
        host: HostName,
        stage: Stage,
        step: StepName,
        at: DateTime<Utc>,
    },
    StepEnded {
        host: HostName,
        stage: Stage,
        step: StepName,
        outcome: Outcome,
        duration_ms: u64,
        at: DateTime<Utc>,
    },
    /// The host's conversation is over and judged.
    HostAudited {
        host: HostName,
        verdict: Verdict,
        duration_ms: u64,
    },
    /// The same VM was seen on several hosts: it moved during the run. Its rows are kept
    /// for `kept` only.
    VmMoved {
        vm_id: String,
        vm_name: String,
        seen_on: Vec<HostName>,
        kept: HostName,
    },
    ProbeStarted {
        probe: ProbeName,
        kind: ProbeKind,
        at: DateTime<Utc>,
    },
    ProbeEnded {
        probe: ProbeName,
        record: ProbeRecord,
    },
    ArtifactWritten {
        artifact: Artifact,
    },
    /// Something an operator should read; the host is absent when it concerns the run.
    Warning {
        host: Option<HostName>,
        message: String,
    },
    CancelRequested {
        cause: CancelCause,
        at: DateTime<Utc>,
    },
    RunEnded {
        at: DateTime<Utc>,
    },
}
