//! What a run needs before it begins: its header, and a place for its spool.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::config::store::{Opening, Writers};
use crate::engine::plan::Plan;
use crate::engine::share::Share;
use crate::engine::spools;
use crate::model::event::RunHeader;
use crate::model::failure::{Failure, FailureKind};
use crate::model::run::{Attempt, JobName, RunId, Scope, Slot};
use crate::output::probe::{Creates, probe};
use crate::output::store::Store;
use crate::time::clock::Clock;

/// What kind of run it is, and whose it continues.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lineage {
    pub scope: Scope,
    /// The run that a retry completes.
    pub parent: Option<RunId>,
}

/// The header of a run that begins now. `nonce` tells attempts apart.
pub fn header(plan: &Plan, slot: Slot, lineage: Lineage, clock: &Clock, nonce: u64) -> RunHeader {
    RunHeader {
        job: plan.job.clone(),
        slot,
        run_id: RunId::new(&plan.job, slot),
        attempt: Attempt::from_bits(nonce),
        started_at: clock.now(),
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        plan_digest: plan.digest(),
        scope: lineage.scope,
        parent: lineage.parent,
    }
}

/// Opens a store to write into it. One that several may write into must show that exactly one
/// of several creates wins; a folder does by its nature. Beside the store stands what an
/// operator should know. `nonce` keeps probes apart.
pub async fn store(opening: &Opening, nonce: u64) -> Result<(Store, Vec<String>), Failure> {
    let store = opening.open()?;
    if store.folder().is_some() {
        return Ok((store, Vec::new()));
    }
    let probed = probe(&store, nonce).await?;
    let mut warnings = Vec::new();
    if let Some(left) = probed.left {
        warnings.push(format!("what a failed run wrote could not be taken back: {left}"));
    }
    match (probed.creates, opening.writers) {
        (Creates::OneWins, _) => {}
        (weakness, Writers::One) => warnings.push(format!(
            "{} is safe for one writer only: {weakness}; a slot that two processes run is damaged",
            store.root()
        )),
        (weakness, Writers::Many) => {
            let message = format!(
                "{} is refused: {weakness}, so two processes that run one slot would both commit it; \
                 use a store that honours If-None-Match (AWS S3, Ceph, MinIO, R2), or set \
                 store.writers = \"one\" if nobody else ever writes there",
                store.root()
            );
            return Err(Failure::new(FailureKind::Store, message));
        }
    }
    Ok((store, warnings))
}

/// Where the spools of a store's runs lie: beside the runs on a local store, else in a folder
/// of ours among the temporary files.
pub fn spool_folder(store: &Store) -> PathBuf {
    let elsewhere = || {
        let root: String = Sha256::digest(store.root()).iter().take(8).map(|b| format!("{b:02x}")).collect();
        std::env::temp_dir().join(format!("lustrum-spool-{root}"))
    };
    store.folder().map_or_else(elsewhere, |root| root.join("spool"))
}

/// The spool of a share of a slot, the same for every try at it.
pub fn spool_path(store: &Store, header: &RunHeader, share: &Share) -> Result<PathBuf, Failure> {
    let folder = spool_folder(store);
    let make = || {
        std::fs::create_dir_all(&folder)?;
        if store.folder().is_none() {
            // Only its owner may do this: a folder that somebody else laid out is refused.
            std::fs::set_permissions(&folder, Permissions::from_mode(0o700))?;
        }
        Ok::<_, std::io::Error>(())
    };
    make().map_err(|error| {
        let message = format!("cannot make the spool folder {}: {error}", folder.display());
        Failure::new(FailureKind::Store, message)
    })?;
    Ok(folder.join(spools::name(&header.run_id, share)))
}

/// Where the probes of a job write what grows while they measure: beside what is committed, or
/// on this machine where that lies elsewhere. It stays when the run has ended.
pub fn live_folder(store: &Store, job: &JobName) -> PathBuf {
    let beside = store.folder().map_or_else(|| spool_folder(store), Path::to_owned);
    beside.join("live").join(job.as_str())
}
