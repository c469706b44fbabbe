//! The places that always hold the newest: `latest.json`, and audit files by plain name.
//!
//! Both are advisory. They are written after the commit, replaced one object at a time
//! (each atomically), and never step back to an older slot; the manifest is what counts.

use serde::{Deserialize, Serialize};

use crate::model::artifact::{Artifact, ArtifactFormat};
use crate::model::event::RunHeader;
use crate::model::run::{Attempt, JobName, RunId, Scope, Slot};
use crate::output::layout::{Key, RunKeys, top};
use crate::output::store::Store;
use crate::output::store_error::StoreError;

/// The newest workbook at the top of a root.
const WORKBOOK: &str = "RVTools_export_all.xlsx";

/// The content of `runs/<job>/latest.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latest {
    pub job: JobName,
    pub slot: Slot,
    pub run_id: RunId,
    pub attempt: Attempt,
    /// The key of the manifest.
    pub manifest: Key,
}

/// Whether a run became its job's newest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Newest,
    /// A later slot was committed before: nothing was changed.
    Overtaken,
}

/// Points `latest.json` to a committed run.
pub async fn point_latest(store: &Store, header: &RunHeader) -> Result<Standing, StoreError> {
    let keys = RunKeys::of(header);
    if let Some(known) = latest(store, &header.job).await?
        && known.slot > header.slot
    {
        return Ok(Standing::Overtaken);
    }
    let latest = Latest {
        job: keys.job.clone(),
        slot: keys.slot,
        run_id: keys.run_id.clone(),
        attempt: keys.attempt.clone(),
        manifest: keys.manifest(),
    };
    let body = serde_json::to_vec_pretty(&latest).expect("a plain struct of strings is JSON");
    store.put(&keys.latest(), body).await?;
    Ok(Standing::Newest)
}

/// The newest committed run of a job; absent, or not readable as such, is none.
pub async fn latest(store: &Store, job: &JobName) -> Result<Option<Latest>, StoreError> {
    let found = store.get(&crate::output::layout::latest(job)).await?;
    Ok(found.and_then(|body| serde_json::from_slice(&body).ok()))
}

/// Copies the reports of a committed run and its manifest to the top of a root (`--out-dir`)
/// under their plain names: `hyperv_run_report.json`, `manifest.json`, and the workbook as
/// `RVTools_export_all.xlsx`, without the instant, so that there is only one. Real copies, so that
/// editing one does not edit the run. Call it when [`point_latest`] said `Newest`. Jobs that
/// share a root share these names too: the last to commit is the one seen.
pub async fn copy_audit_files(
    from: &Store,
    header: &RunHeader,
    artifacts: &[Artifact],
    to: &Store,
) -> Result<Vec<Key>, StoreError> {
    let keys = RunKeys::of(header);
    let is_report = |artifact: &&Artifact| {
        // The documents of probes lie in folders of their own, under names with a time. Whoever
        // measures by hand looks for them here; those of a job's runs would pile up.
        let name = artifact.path.rsplit('/').next().unwrap_or_default();
        let is_of_run = keys.file(name).as_str() == artifact.path;
        artifact.table.is_none() && (is_of_run || header.scope == Scope::Part)
    };
    let reports = artifacts.iter().filter(is_report);
    let copied = |report: &Artifact| {
        let source = Key::parse(&report.path).ok()?;
        let copy = top(if report.format == ArtifactFormat::Xlsx { WORKBOOK } else { source.file_name() });
        Some((source, copy))
    };
    let mut sources: Vec<(Key, Key)> = reports.filter_map(copied).collect();
    let manifest = keys.manifest();
    sources.push((manifest.clone(), top(manifest.file_name())));
    let mut copies = Vec::with_capacity(sources.len());
    for (source, copy) in sources {
        if from.copy_to(&source, to, &copy).await? {
            copies.push(copy);
        }
    }
    Ok(copies)
}
