//! What every probe is: something that measures, hands over what it measured, and judges it.

use std::path::PathBuf;

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use crate::model::artifact::ArtifactFormat;
use crate::model::probe::{ProbeKind, ProbeName, ProbeVerdict};
use crate::model::target::HostName;
use crate::tables::table::{RowBatch, TableSpec};
use crate::time::clock::Clock;

/// One thing that is measured.
pub trait Probe: Send + Sync {
    fn kind(&self) -> ProbeKind;

    /// Its sample tables, written even without rows.
    fn tables(&self) -> &'static [&'static TableSpec];

    /// What it means to do, without secrets and without the time: part of the plan, and of
    /// its digest.
    fn view(&self) -> serde_json::Value;

    /// Measures. Whatever is in the harvest when this ends, or is cut off, stays. Ends soon
    /// after `ground.stop` is cancelled.
    fn measure(&self, ground: &Ground, harvest: &mut Harvest) -> impl Future<Output = ProbeVerdict> + Send;
}

/// What a probe stands on.
#[derive(Clone, Debug)]
pub struct Ground {
    pub name: ProbeName,
    pub clock: Clock,
    /// The order to stop: the run's own, or the probe's deadline.
    pub stop: CancellationToken,
    /// The hosts of the job's fleet, for probes that ask one thing of each.
    pub hosts: Vec<HostName>,
    /// For files that grow while it measures. It is there, and outlives the run.
    pub folder: PathBuf,
}

/// What a probe brings in. It stays in memory until the run is written: rows are seconds,
/// requests or queries, never single requests of a load.
#[derive(Debug, Default)]
pub struct Harvest {
    pub batches: Vec<RowBatch>,
    pub reports: Vec<ReportFile>,
    /// What an operator should read.
    pub warnings: Vec<String>,
}

impl Harvest {
    pub fn rows(&self) -> u64 {
        self.batches.iter().map(RowBatch::rows).sum()
    }
}

/// A document of the run, in the folder that bears the probe's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportFile {
    /// A plain file name.
    pub name: String,
    pub format: ArtifactFormat,
    pub body: Bytes,
}
