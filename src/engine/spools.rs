//! The spools that lie on this machine: which are stale, and which wait for their next try.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::engine::share::Share;
use crate::history::ledger::RunRef;
use crate::model::run::{JobName, RunId, Slot};
use crate::output::hold::hold_what_is_there;
use crate::output::layout;
use crate::output::store::Store;

/// How the file of a run ends; its stem is the run's id, and behind a dot the share's word.
pub const SPOOL: &str = "spool";

/// The same of a dry run.
pub const DRY: &str = "dry";

/// An interrupted slot that nobody came back to for so long will not be run again.
const STALE_AFTER: Duration = Duration::from_secs(7 * 24 * 3600);

/// What the spool of a share of a run is called.
pub fn name(run: &RunId, share: &Share) -> String {
    match share.word() {
        Some(word) => format!("{run}.{word}.{SPOOL}"),
        None => format!("{run}.{SPOOL}"),
    }
}

/// Removes what nobody will take up: spools of committed slots, and those whose slot and last
/// write are both long ago. `own` stays, and so does what a living process holds.
pub async fn remove_stale(store: &Store, own: &Path, now: DateTime<Utc>) {
    let Some(folder) = own.parent() else { return };
    for path in stale(store, folder, now).await.iter().filter(|path| *path != own) {
        match remove(path) {
            Ok(true) => tracing::info!(path = %path.display(), "a stale spool is removed"),
            Ok(false) => {}
            Err(error) => tracing::warn!(path = %path.display(), %error, "a stale spool stays"),
        }
    }
}

/// What nobody will take up.
pub async fn stale(store: &Store, folder: &Path, now: DateTime<Utc>) -> Vec<PathBuf> {
    let mut stale = Vec::new();
    for Found { path, run, .. } in of_runs(folder) {
        if is_old(&path, run.slot, now) || is_committed(store, &run).await {
            stale.push(path);
        }
    }
    stale
}

/// Removes a spool, unless a living process holds it; says whether it did.
pub fn remove(path: &Path) -> std::io::Result<bool> {
    let held = hold_what_is_there(path)?;
    held.is_some().then(|| std::fs::remove_file(path)).transpose().map(|removed| removed.is_some())
}

/// The slots of a job whose runs were cut off, oldest first. A shard's is no run of its own.
pub async fn interrupted(store: &Store, folder: &Path, job: &JobName) -> Vec<Slot> {
    let mut slots = Vec::new();
    for Found { path, run, is_whole } in of_runs(folder) {
        let left = is_whole && path.extension().is_some_and(|ending| ending == SPOOL) && run.job == *job;
        let nobodys = left && matches!(hold_what_is_there(&path), Ok(Some(_)));
        if nobodys && !is_committed(store, &run).await {
            slots.push(run.slot);
        }
    }
    slots.sort();
    slots
}

/// A file that is called as a spool is.
struct Found {
    path: PathBuf,
    run: RunRef,
    /// Of the whole run, not of one share.
    is_whole: bool,
}

/// Those of a folder; none where there is no folder.
fn of_runs(folder: &Path) -> Vec<Found> {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let named = files.filter_map(|file| {
        let path = file.path();
        let ending = path.extension()?;
        if ending != SPOOL && ending != DRY {
            return None;
        }
        let stem = path.file_stem()?.to_str()?;
        let run = |text: &str| RunRef::of(&RunId::named(text));
        let whole = run(stem);
        let is_whole = whole.is_some();
        let run = whole.or_else(|| run(stem.rsplit_once('.')?.0))?;
        Some(Found { path, run, is_whole })
    });
    named.collect()
}

fn is_old(path: &Path, slot: Slot, now: DateTime<Utc>) -> bool {
    let long_ago = |instant: DateTime<Utc>| (now - instant).to_std().is_ok_and(|age| age > STALE_AFTER);
    let written = std::fs::metadata(path).and_then(|found| found.modified());
    long_ago(slot.instant()) && written.is_ok_and(|written| long_ago(written.into()))
}

/// A store that does not answer has not said so.
async fn is_committed(store: &Store, run: &RunRef) -> bool {
    let manifest = layout::manifest(&run.job, run.slot);
    matches!(store.size(&manifest).await, Ok(Some(_)))
}
