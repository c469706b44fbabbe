//! What a run notes of a finished host, and what the next try at its slot makes of it.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::engine::plan::Plan;
use crate::model::credential::CredentialName;
use crate::model::event::{Event, RunHeader};
use crate::model::failure::FailureKind;
use crate::model::manifest::{HostRecord, Manifest};
use crate::model::outcome::Stage;
use crate::model::target::HostName;
use crate::stages::audit::{ShownVm, Sightings};
use crate::stages::gate::Gate;
use crate::stages::logon_book::LogonBook;

/// What is wanted back of a host besides its rows: one line of JSON in the spool, some
/// 150 bytes a step and 60 a VM.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Note {
    record: HostRecord,
    warnings: Vec<String>,
    shown: Vec<ShownVm>,
    /// Tells which of two hosts ended later, wherever they were asked.
    pub ended_at: DateTime<Utc>,
}

impl Note {
    /// `None` before the host was judged.
    pub fn of(
        manifest: &Manifest,
        host: &HostName,
        shown: Vec<ShownVm>,
        ended_at: DateTime<Utc>,
    ) -> Option<Self> {
        let record = manifest.hosts.get(host).filter(|record| record.verdict.is_some())?.clone();
        let told = manifest.warnings.iter().filter(|warning| warning.host.as_ref() == Some(host));
        let warnings = told.map(|warning| warning.message.clone()).collect();
        Some(Self { record, warnings, shown, ended_at })
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a note holds only plain values")
    }

    pub fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// The news that made this record, as far as a manifest keeps them.
    fn events(&self, host: &HostName, header: &RunHeader) -> Vec<Event> {
        let steps = self.record.steps.iter().cloned().map(|step| Event::StepEnded {
            host: host.clone(),
            stage: step.stage,
            step: step.step,
            outcome: step.outcome,
            duration_ms: step.duration_ms,
            at: header.started_at,
        });
        let warnings = self.warnings.iter().cloned();
        let warnings = warnings.map(|message| Event::Warning { host: Some(host.clone()), message });
        let verdict = self.record.verdict.iter().cloned().map(|verdict| Event::HostAudited {
            host: host.clone(),
            verdict,
            duration_ms: self.record.duration_ms,
        });
        steps.chain(warnings).chain(verdict).collect()
    }

    /// Whether the credential was accepted; `None` when the host did not say.
    fn accepted(&self) -> Option<bool> {
        let mut steps = self.record.steps.iter();
        let logon = steps.find(|step| step.stage == Stage::Preflight && step.step.0 == "logon")?;
        match logon.outcome.failure() {
            None => Some(true),
            Some(failure) => (failure.kind == FailureKind::AuthFailed).then_some(false),
        }
    }
}

/// Where a run begins: at its start, or where an earlier try at its slot was cut off.
pub struct Beginning {
    /// Places in the plan's targets, in their order.
    pub to_ask: Vec<usize>,
    /// The same: hosts that nobody asked and nobody will.
    pub given_up: Vec<usize>,
    pub sightings: Sightings,
    pub gate: Gate,
}

impl Beginning {
    /// After these hosts, in the order in which they ended. With a `book` the refusals of
    /// earlier tries stand there.
    pub fn after(plan: &Plan, finished: &[(HostName, Note)], book: Option<LogonBook>) -> Self {
        let credentials: HashMap<_, _> =
            plan.targets.iter().map(|target| (&target.host, &target.credential)).collect();
        let mut sightings = Sightings::default();
        let mut refused: HashMap<CredentialName, u32> = HashMap::new();
        for (host, note) in finished {
            sightings.note(host, &note.shown);
            let (Some(credential), Some(accepted)) = (credentials.get(host), note.accepted()) else {
                continue;
            };
            let in_a_row = refused.entry((*credential).clone()).or_default();
            *in_a_row = if accepted { 0 } else { *in_a_row + 1 };
        }
        let done: BTreeSet<_> = finished.iter().map(|(host, _)| host).collect();
        let open = |index: &usize| {
            let host = &plan.targets[*index].host;
            plan.share.tells(host) && !done.contains(host)
        };
        let asks = |index: &usize| plan.share.asks(&plan.targets[*index].host);
        let (to_ask, given_up) = (0..plan.targets.len()).filter(open).partition(asks);
        let budget = plan.bounds.auth_failures;
        let gate = match book {
            Some(book) => Gate::shared(budget, book),
            None => Gate::after(budget, refused),
        };
        Self { to_ask, given_up, sightings, gate }
    }
}

/// Two tries with the same question may share their rows. One line.
pub fn question(header: &RunHeader) -> String {
    format!("{} {}", header.plan_digest, header.program_version)
}

/// What a manifest wants to know of the hosts that are not asked again.
pub fn events<'a>(
    finished: &'a [(HostName, Note)],
    header: &'a RunHeader,
) -> impl Iterator<Item = Event> + 'a {
    finished.iter().flat_map(|(host, note)| note.events(host, header))
}
