//! A run merged with its retries, as `runs show` and the daemon tell it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::history::ledger::Entry;
use crate::history::picture::Picture;
use crate::history::why::why;
use crate::model::artifact::Artifact;
use crate::model::manifest::{Manifest, Warning};
use crate::model::probe::{ProbeName, ProbeRecord};
use crate::model::run::RunId;
use crate::model::status::{FinalStatus, Reason};
use crate::model::target::HostName;
use crate::output::layout;
use crate::output::store::Store;

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PictureView {
    /// The run that the others retried.
    pub run: Entry,
    /// Oldest first.
    pub retries: Vec<Entry>,
    /// Hosts by final status, each host once.
    pub counts: BTreeMap<FinalStatus, u64>,
    /// VMs in the baselines of the runs that count.
    pub vms: u64,
    /// Hosts that a retry would ask, proven-empty ones included.
    pub to_retry: u64,
    pub hosts: Vec<HostView>,
    /// What the run measured; a retry measures nothing.
    pub probes: BTreeMap<ProbeName, ProbeRecord>,
    pub warnings: Vec<Warning>,
    pub files: Vec<RunFiles>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct HostView {
    pub host: HostName,
    pub status: FinalStatus,
    pub reasons: Vec<Reason>,
    /// The run whose word and rows count.
    pub run_id: RunId,
    /// The sentences behind the reasons, the cause first.
    pub why: Vec<String>,
}

/// What one run of the picture left.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RunFiles {
    pub run_id: RunId,
    pub root: String,
    pub manifest: String,
    pub artifacts: Vec<Artifact>,
}

impl PictureView {
    pub fn of(picture: &Picture, store: &Store) -> Self {
        let hosts: Vec<_> = picture
            .hosts()
            .map(|(host, standing)| HostView {
                host: host.clone(),
                status: standing.status(),
                reasons: standing
                    .record
                    .verdict
                    .as_ref()
                    .map_or_else(Vec::new, |verdict| verdict.reasons.clone()),
                run_id: standing.run.run_id.clone(),
                why: why(standing.record),
            })
            .collect();
        let baselines =
            picture.hosts().filter_map(|(_, standing)| standing.record.verdict.as_ref()?.baseline_vms);
        let warnings = picture.runs().flat_map(|run| run.warnings.iter().cloned());
        let files = |run: &Manifest| RunFiles {
            run_id: run.run_id.clone(),
            root: store.root().to_owned(),
            manifest: layout::manifest(&run.job, run.slot).to_string(),
            artifacts: run.artifacts.values().cloned().collect(),
        };
        Self {
            run: Entry::of(picture.root()),
            retries: picture.retries().iter().map(Entry::of).collect(),
            counts: picture.counts(),
            vms: baselines.sum(),
            to_retry: picture.to_retry(false).len() as u64,
            hosts,
            probes: picture.root().probes.clone(),
            warnings: warnings.collect(),
            files: picture.runs().map(files).collect(),
        }
    }
}
