//! What there is to tell, and who wants to hear it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::probe::{ProbeKind, ProbeName};
use crate::model::run::{Attempt, JobName, RunId, Scope, Slot};
use crate::model::status::{FinalStatus, Reason};
use crate::model::target::HostName;

/// The end of a run, or slots that are not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub job: JobName,
    /// Of several slots that are not run, the newest.
    pub slot: Slot,
    pub occasion: Occasion,
    pub at: DateTime<Utc>,
    /// Why nothing was recorded, or why the slot is not run.
    pub cause: Option<String>,
    /// Slots that are not run and told of together.
    pub missed_slots: u64,
    /// Present when the run is committed.
    pub run: Option<RunFacts>,
    pub since: Since,
}

/// What happened, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Occasion {
    /// Committed, every host is OK or proven to be empty, and every probe passed.
    AllOk,
    /// Committed with hosts that are not OK.
    HostsNotOk,
    /// Committed with a probe that could not measure, or beyond its threshold; the hosts are OK.
    ProbesNotOk,
    /// Committed with a manifest that says so.
    Cancelled,
    /// It could not be recorded.
    NotRecorded,
    /// Nothing is committed, and the slot is to be run again.
    Interrupted,
    /// The slot is not run.
    Missed,
}

/// What a committed run found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFacts {
    pub run_id: RunId,
    pub attempt: Attempt,
    pub scope: Scope,
    pub started_at: DateTime<Utc>,
    pub duration_ms: u64,
    pub counts: BTreeMap<FinalStatus, u64>,
    /// VMs in all baselines together.
    pub vms: u64,
    /// The worst first.
    pub not_ok: Vec<NotOkHost>,
    pub probes: u64,
    pub probes_not_ok: Vec<NotOkProbe>,
    /// Where the manifest is.
    pub manifest: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotOkHost {
    pub host: HostName,
    pub status: FinalStatus,
    pub reasons: Vec<Reason>,
    /// The sentence behind the first reason; empty where there is none.
    pub why: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotOkProbe {
    pub probe: ProbeName,
    pub kind: ProbeKind,
    /// `threshold_failed`, `failed` or `not_run`.
    pub ended: &'static str,
    pub headline: String,
}

/// Against the end of the job's run before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Since {
    /// All is well, and it was not before.
    pub recovered: bool,
    /// The occasion, or which hosts and probes are not OK, is another than before.
    pub changed: bool,
    /// Hosts that are not OK and were, or were not asked.
    pub newly_not_ok: BTreeSet<HostName>,
    /// Hosts that were not OK and are.
    pub ok_again: BTreeSet<HostName>,
}

/// What somebody wants to hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum On {
    /// Hosts or probes are not OK, the run was cancelled, or it could not be recorded.
    Failure,
    /// All hosts and probes are OK, and before they were not.
    Recovery,
    /// Other hosts or probes are not OK than before, or the run ended in another way: what lasts is told once.
    Change,
    /// A slot of the schedule is not run (`lustrum serve` only); of several in a row, the first.
    Missed,
    /// The run was interrupted; its slot is to be run again.
    Interruption,
    /// All of these, and runs that went well.
    Always,
}

impl Occasion {
    pub const ALL: [Self; 7] = [
        Self::AllOk,
        Self::HostsNotOk,
        Self::ProbesNotOk,
        Self::Cancelled,
        Self::NotRecorded,
        Self::Interrupted,
        Self::Missed,
    ];

    /// The word in data.
    pub const fn word(self) -> &'static str {
        match self {
            Self::AllOk => "all_ok",
            Self::HostsNotOk => "hosts_not_ok",
            Self::ProbesNotOk => "probes_not_ok",
            Self::Cancelled => "cancelled",
            Self::NotRecorded => "not_recorded",
            Self::Interrupted => "interrupted",
            Self::Missed => "missed",
        }
    }

    /// How urgent it is: `info`, `warning` or `error`.
    pub const fn severity(self) -> &'static str {
        match self {
            Self::AllOk | Self::Interrupted => "info",
            Self::HostsNotOk | Self::ProbesNotOk | Self::Cancelled | Self::Missed => "warning",
            Self::NotRecorded => "error",
        }
    }
}

impl Notice {
    /// Without a committed run.
    pub fn plain(job: JobName, slot: Slot, occasion: Occasion, at: DateTime<Utc>) -> Self {
        Self {
            job,
            slot,
            occasion,
            at,
            cause: None,
            missed_slots: 0,
            run: None,
            // What was before is not known: what may be news is told.
            since: Since { changed: true, ..Since::default() },
        }
    }

    pub fn is_wanted(&self, on: &[On]) -> bool {
        on.iter().any(|wanted| match wanted {
            On::Failure => {
                let failed =
                    [Occasion::HostsNotOk, Occasion::ProbesNotOk, Occasion::Cancelled, Occasion::NotRecorded];
                failed.contains(&self.occasion)
            }
            On::Recovery => self.since.recovered,
            On::Change => {
                let ended = !matches!(self.occasion, Occasion::Interrupted | Occasion::Missed);
                ended && self.since.changed
            }
            On::Missed => self.occasion == Occasion::Missed,
            On::Interruption => self.occasion == Occasion::Interrupted,
            On::Always => true,
        })
    }

    pub fn probes_not_ok(&self) -> &[NotOkProbe] {
        self.run.as_ref().map_or(&[], |run| &run.probes_not_ok)
    }

    /// Hosts that are neither OK nor proven to be empty.
    pub fn not_ok(&self) -> &[NotOkHost] {
        self.run.as_ref().map_or(&[], |run| &run.not_ok)
    }
}
