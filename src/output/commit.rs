//! The formal act that closes a run: everything is shown, then the manifest, create-only.
//!
//! At most one attempt can create a slot's manifest; whoever finds another's there takes
//! its own objects back. A crash between the first completed object and the manifest can
//! leave objects of an uncommitted attempt under `data/`: readers that go by the manifest
//! never see them.

use bytes::Bytes;
use futures::StreamExt;
use serde::Deserialize;

use crate::model::run::Attempt;
use crate::output::draft::{Draft, LeftBehind};
use crate::output::layout::{DATA, Key};
use crate::output::store::{PutNew, Staged, Store, StoreError};

/// Completions in flight at once.
const COMPLETIONS: usize = 8;

/// How a commit ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Commit {
    Committed,
    /// The slot is committed by another attempt; nothing of ours is left.
    LostTo(Attempt),
}

#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    #[error("a manifest without the attempt that writes it: {0}")]
    Unsigned(String),
    /// Nothing was committed. What could be taken back was; `left` says what could not.
    #[error("run not committed: {cause}{}", left.as_ref().map(|left| format!("; {left}")).unwrap_or_default())]
    NotCommitted { cause: StoreError, left: Option<LeftBehind> },
    /// The store does not say whether the manifest was written, so the objects it would
    /// name are kept.
    #[error("unknown whether the run was committed: {0}")]
    Unknown(StoreError),
}

/// What every manifest says at its top level.
#[derive(Deserialize)]
struct Signature {
    attempt: Attempt,
}

/// Shows the draft's objects and writes the manifest, a JSON object with a top-level field
/// `attempt`. The last objects to be shown before it are those under `data/`. Once begun, a
/// commit must be awaited to its end.
pub async fn commit(draft: Draft, manifest: Bytes) -> Result<Commit, CommitError> {
    let signed_by =
        |body: &Bytes| serde_json::from_slice::<Signature>(body).map(|signature| signature.attempt);
    match signed_by(&manifest) {
        Ok(attempt) if attempt == draft.keys.attempt => {}
        Ok(attempt) => return Err(CommitError::Unsigned(format!("it names {attempt}"))),
        Err(error) => return Err(CommitError::Unsigned(error.to_string())),
    }
    let key = draft.keys.manifest();
    let ended = match show(&draft, &key).await {
        Ok(None) => draft.store.put_new(&key, &manifest).await,
        Ok(Some(found)) => PutNew::Exists(found),
        Err(error) => PutNew::Absent(error),
    };
    match ended {
        PutNew::Written => {
            draft.store.drop_empty_folder(&draft.keys.staging()).await;
            Ok(Commit::Committed)
        }
        PutNew::Exists(found) => {
            let winner = signed_by(&found).map_err(|error| CommitError::Unsigned(error.to_string()));
            match (winner, draft.store.clone(), draft.discard().await) {
                (Ok(winner), _, Ok(())) => Ok(Commit::LostTo(winner)),
                (Ok(_), _, Err(left)) => {
                    Err(CommitError::NotCommitted { cause: left.cause.clone(), left: Some(left) })
                }
                (Err(error), ..) => Err(error),
            }
        }
        PutNew::Absent(cause) => Err(CommitError::NotCommitted { cause, left: draft.discard().await.err() }),
        PutNew::Unknown(cause) => Err(CommitError::Unknown(cause)),
    }
}

/// Completes every object, unless the slot is committed already: then its manifest.
async fn show(draft: &Draft, manifest: &Key) -> Result<Option<Bytes>, StoreError> {
    if let Some(found) = draft.store.get(manifest).await? {
        return Ok(Some(found));
    }
    let (data, files): (Vec<_>, Vec<_>) =
        draft.staged.iter().partition(|staged| staged.key.as_str().starts_with(DATA));
    complete(&draft.store, files).await?;
    complete(&draft.store, data).await?;
    Ok(None)
}

/// Every completion is seen to its end, also after one has failed: none may take effect
/// behind the back of the discard that follows.
async fn complete(store: &Store, staged: Vec<&Staged>) -> Result<(), StoreError> {
    let completions = staged.into_iter().map(|staged| store.complete(staged));
    let ended: Vec<_> = futures::stream::iter(completions).buffer_unordered(COMPLETIONS).collect().await;
    ended.into_iter().collect()
}
