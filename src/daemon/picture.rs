//! What the daemon shows of itself, as plain values.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use crate::config::job::Job;
use crate::config::schedule::ScheduleSettings;
use crate::daemon::scheduler::{Left, Pause};
use crate::daemon::step_times::{StepTimes, StepTotals};
use crate::history::ledger::{Ledger, RunRef};
use crate::model::manifest::Manifest;
use crate::model::outcome::{Stage, StepName};
use crate::model::probe::{ProbeEnding, ProbeName, ProbeRecord};
use crate::model::run::{JobName, RunId, Slot};
use crate::model::status::FinalStatus;
use crate::output::export::latest;
use crate::output::store::Store;
use crate::time::cron::zone::DstPolicy;

/// Everything at one moment.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    /// The folder has been read.
    pub jobs_read: bool,
    /// Nothing new begins; the daemon ends with the runs that go on.
    pub draining: bool,
    pub jobs: BTreeMap<JobName, JobPicture>,
    /// Files that cannot be used, and why.
    pub refused: BTreeMap<PathBuf, Vec<String>>,
    /// Runs of this process, oldest first: all that go on, and the last that ended.
    pub runs: VecDeque<RunPicture>,
    pub tallies: Tallies,
}

/// What has been counted since the daemon started.
#[derive(Clone, Debug, Default)]
pub struct Tallies {
    pub runs: BTreeMap<(JobName, RunOutcome), u64>,
    pub left: BTreeMap<(JobName, Left), u64>,
    pub written_bytes: BTreeMap<JobName, u64>,
    /// Committed runs that did not get into every Delta log.
    pub unpublished: BTreeMap<JobName, u64>,
    pub steps: BTreeMap<(Stage, StepName), StepTimes>,
    pub notified: BTreeMap<(JobName, Notified), u64>,
}

/// What became of a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Notified {
    Sent,
    /// Given up.
    Failed,
}

impl Notified {
    pub const ALL: [Self; 2] = [Self::Sent, Self::Failed];

    /// The word as it stands in data.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }
}

/// A job as the daemon holds it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct JobPicture {
    pub name: JobName,
    pub file: String,
    /// The root of the store that its runs are committed to.
    pub store: String,
    pub schedules: Vec<ScheduleLine>,
    /// Who keeps it from firing; null when nobody does.
    pub paused: Option<Pause>,
    /// The next slot of its schedules; null without one. While the job is paused it will be left.
    pub next_slot: Option<Slot>,
    /// When that slot starts: later by the job's jitter.
    pub next_start_at: Option<DateTime<Utc>>,
    pub running: Vec<Slot>,
    /// Slots that start as soon as there is a place, in this order.
    pub waiting: Vec<Slot>,
    /// What the scheduler decided last; null before the first decision.
    pub last_decision: Option<LastDecision>,
    /// The newest run that its store knows; null when there is none.
    pub last_committed: Option<LastCommitted>,
    #[serde(skip)]
    pub oldest_due: Option<DateTime<Utc>>,
}

/// One schedule of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ScheduleLine {
    pub cron: String,
    pub timezone: String,
    pub dst: DstPolicy,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LastDecision {
    pub at: DateTime<Utc>,
    pub slot: Slot,
    pub decision: DecisionWord,
    /// `due`, `catch_up`, `asked`; of a slot that was left `missed`, `still_running`,
    /// `overtaken`, `paused`; of a cancelled one `replaced`.
    pub why: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecisionWord {
    Start,
    Cancel,
    Leave,
}

/// A committed run in a few numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LastCommitted {
    pub run_id: RunId,
    pub slot: Slot,
    pub ended_at: DateTime<Utc>,
    pub duration_ms: u64,
    pub counts: BTreeMap<FinalStatus, u64>,
    /// Whether each probe passed.
    pub probes: BTreeMap<ProbeName, bool>,
    pub bytes: u64,
}

/// A run of this process.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RunPicture {
    pub run_id: RunId,
    pub job: JobName,
    pub slot: Slot,
    pub started_at: DateTime<Utc>,
    /// Null while it goes on.
    pub ended_at: Option<DateTime<Utc>>,
    pub outcome: RunOutcome,
    /// Hosts it asks; null before it has read its fleet.
    pub hosts: Option<u64>,
    /// Hosts judged so far, by final status.
    pub counts: BTreeMap<FinalStatus, u64>,
    /// Bytes of the objects written so far.
    pub bytes: u64,
    pub steps: Vec<StepTotals>,
    /// Why it could not be recorded; null otherwise.
    pub failure: Option<String>,
    /// Notifications of its end that were given up.
    pub undelivered_notifications: u64,
}

/// How a run of this process stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    Running,
    Committed,
    /// Another attempt had committed the slot.
    CommittedByOther,
    /// Nothing was committed; the slot may be run again.
    Interrupted,
    /// It could not be recorded.
    Failed,
}

impl RunOutcome {
    pub const ENDED: [Self; 4] = [Self::Committed, Self::CommittedByOther, Self::Interrupted, Self::Failed];

    /// The word as it stands in data.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Committed => "committed",
            Self::CommittedByOther => "committed_by_other",
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
        }
    }
}

impl JobPicture {
    /// Before anything was decided about it.
    pub fn of(file: &Path, job: &Job, last_committed: Option<LastCommitted>) -> Self {
        Self {
            name: job.name.clone(),
            file: file.display().to_string(),
            store: job.output.dir.clone(),
            schedules: job.schedule.iter().map(ScheduleLine::of).collect(),
            paused: None,
            next_slot: None,
            next_start_at: None,
            running: Vec::new(),
            waiting: Vec::new(),
            last_decision: None,
            last_committed,
            oldest_due: None,
        }
    }
}

impl LastCommitted {
    /// The newest slot of a job that a store knows, and its run as far as it can be read.
    pub async fn newest(store: &Store, job: &JobName) -> Option<(Slot, Option<Self>)> {
        let slot = latest(store, job).await.ok().flatten()?.slot;
        let manifest = Ledger::of(store).manifest(&RunRef { slot, job: job.clone() }).await;
        Some((slot, manifest.ok().flatten().map(|manifest| Self::of(&manifest))))
    }

    pub fn of(manifest: &Manifest) -> Self {
        let ended_at = manifest.ended_at.unwrap_or(manifest.started_at);
        let duration = ended_at.signed_duration_since(manifest.started_at);
        Self {
            run_id: manifest.run_id.clone(),
            slot: manifest.slot,
            ended_at,
            duration_ms: u64::try_from(duration.num_milliseconds()).unwrap_or_default(),
            counts: manifest.counts(),
            probes: manifest.probes.iter().map(passed).collect(),
            bytes: manifest.artifacts.values().map(|artifact| artifact.bytes).sum(),
        }
    }
}

fn passed((probe, record): (&ProbeName, &ProbeRecord)) -> (ProbeName, bool) {
    (probe.clone(), record.verdict.ending == ProbeEnding::Passed)
}

impl ScheduleLine {
    pub fn of(settings: &ScheduleSettings) -> Self {
        Self { cron: settings.cron.clone(), timezone: settings.timezone.clone(), dst: settings.dst }
    }
}
