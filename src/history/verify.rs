//! Whether the objects of a run are what its manifest says, byte for byte.

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::history::ledger::{HistoryError, Ledger};
use crate::model::manifest::Manifest;
use crate::output::layout::{self, Key};
use crate::output::published::hex;

/// What became of one object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// The key below the store's root.
    pub path: String,
    #[serde(flatten)]
    pub finding: Finding,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    Ok,
    Missing,
    SizeDiffers {
        expected_bytes: u64,
        found_bytes: u64,
    },
    /// As long as it should be, with other content.
    HashDiffers {
        expected_sha256: String,
        found_sha256: String,
    },
    /// It bears the run's name and no manifest lists it: what a failed attempt left. Under
    /// `data/` a glob would read it as rows.
    Extra,
}

/// Reads every object of a run whole, one after the other, and looks for what else bears its
/// name.
pub async fn verify(ledger: &Ledger, run: &Manifest) -> Result<Vec<Checked>, HistoryError> {
    let mut found = Vec::new();
    for artifact in run.artifacts.values() {
        let (mut bytes, mut digest) = (0, Sha256::new());
        let key = Key::parse(&artifact.path);
        let is_there = match &key {
            Ok(key) => {
                let take = |piece: &[u8]| {
                    bytes += piece.len() as u64;
                    digest.update(piece);
                };
                ledger.store().read_through(key, take).await?
            }
            Err(_) => false,
        };
        let found_sha256 = hex(&digest.finalize());
        let finding = if !is_there {
            Finding::Missing
        } else if bytes != artifact.bytes {
            Finding::SizeDiffers { expected_bytes: artifact.bytes, found_bytes: bytes }
        } else if found_sha256 != artifact.sha256 {
            Finding::HashDiffers { expected_sha256: artifact.sha256.clone(), found_sha256 }
        } else {
            Finding::Ok
        };
        found.push(Checked { path: artifact.path.clone(), finding });
    }
    for key in bearing_its_name(ledger, run).await? {
        if !run.artifacts.contains_key(key.as_str()) {
            found.push(Checked { path: key.to_string(), finding: Finding::Extra });
        }
    }
    Ok(found)
}

/// Everything in the run's folder but its manifest and its working papers, and every file below `data/` that is
/// called after the run.
async fn bearing_its_name(ledger: &Ledger, run: &Manifest) -> Result<Vec<Key>, HistoryError> {
    let store = ledger.store();
    let manifest = layout::manifest(&run.job, run.slot);
    let listed = store.list(&layout::run_folder(&run.job, run.slot)).await?;
    let is_of_run = |key: &Key| *key != manifest && !layout::is_working_paper(&run.job, run.slot, key);
    let mut keys: Vec<Key> = listed.into_iter().map(|(key, _)| key).filter(is_of_run).collect();
    let prefix = format!("{}-", run.run_id);
    for table in store.folders(&layout::data_tables()).await? {
        let Ok(day) = layout::data_of_day(&table, run.slot) else { continue };
        let files = store.list(&day).await?;
        keys.extend(files.into_iter().map(|(key, _)| key).filter(|key| key.file_name().starts_with(&prefix)));
    }
    Ok(keys)
}
