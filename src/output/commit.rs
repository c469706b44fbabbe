//! The formal act that closes a run: everything is shown, then the manifest, create-only.
//!
//! At most one attempt can create a slot's manifest; whoever finds another's there takes
//! its own objects back. A crash between the first completed object and the manifest can
//! leave objects of an uncommitted attempt under `data/`: readers that go by the manifest
//! never see them.

use std::io::Read;

use bytes::Bytes;
use object_store::PutPayload;
use serde::Deserialize;

use crate::model::failure::{Failure, FailureKind};
use crate::model::run::Attempt;
use crate::output::draft::{Draft, LeftBehind};
use crate::output::layout::{DATA, Key};
use crate::output::pieces::Pieces;
use crate::output::staged::Staged;
use crate::output::store::{PutNew, Store};
use crate::output::store_error::{Cause, StoreError};

/// Completions in flight at once.
const COMPLETIONS: usize = 8;

/// How a commit ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Commit {
    Committed,
    /// The slot is committed by another attempt. Ours was taken back; `left` says what
    /// could not be.
    LostTo {
        winner: Attempt,
        left: Option<LeftBehind>,
    },
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

impl From<CommitError> for Failure {
    fn from(error: CommitError) -> Self {
        let kind = match error {
            CommitError::Unsigned(_) => FailureKind::Bug,
            CommitError::NotCommitted { .. } | CommitError::Unknown(_) => FailureKind::Store,
        };
        Failure::new(kind, error.to_string())
    }
}

/// What every manifest says at its top level.
#[derive(Deserialize)]
struct Signature {
    attempt: Attempt,
}

/// Shows the draft's objects and writes the manifest, a JSON object with a top-level field
/// `attempt`. The last objects to be shown before it are those under `data/`. Once begun, a
/// commit must be awaited to its end.
pub async fn commit(mut draft: Draft, manifest: impl Into<PutPayload>) -> Result<Commit, CommitError> {
    let manifest = manifest.into();
    let ours = draft.keys.attempt.clone();
    match signature(Pieces::of(&manifest)) {
        Ok(attempt) if attempt == ours => {}
        Ok(attempt) => return Err(CommitError::Unsigned(format!("it names {attempt}"))),
        Err(error) => return Err(CommitError::Unsigned(error.to_string())),
    }
    let key = draft.keys.manifest();
    let ended = match show(&mut draft, &key).await {
        Ok(None) => draft.store.put_new(&key, manifest).await,
        Ok(Some(found)) => PutNew::Exists(found),
        Err(error) => PutNew::Absent(error),
    };
    let cause = match ended {
        PutNew::Written => return Ok(committed(&draft).await),
        PutNew::Unknown(cause) => return Err(CommitError::Unknown(cause)),
        PutNew::Absent(cause) => cause,
        PutNew::Exists(found) => match signature(&found[..]) {
            Ok(winner) if winner == ours => return Ok(committed(&draft).await),
            Ok(winner) => return Ok(Commit::LostTo { winner, left: draft.discard().await.err() }),
            Err(error) => {
                let cause = Cause::Other(format!("it names no attempt: {error}"));
                StoreError { doing: "read", path: draft.store.shown(&key), cause }
            }
        },
    };
    Err(CommitError::NotCommitted { cause, left: draft.discard().await.err() })
}

/// The attempt that wrote a manifest.
pub fn signature(manifest: impl Read) -> serde_json::Result<Attempt> {
    serde_json::from_reader::<_, Signature>(manifest).map(|signature| signature.attempt)
}

async fn committed(draft: &Draft) -> Commit {
    draft.store.drop_empty_folders(&draft.keys.staging()).await;
    Commit::Committed
}

/// Completes every object, unless the slot is committed already: then its manifest.
async fn show(draft: &mut Draft, manifest: &Key) -> Result<Option<Bytes>, StoreError> {
    if let Some(found) = draft.store.get(manifest).await? {
        return Ok(Some(found));
    }
    draft.close().await?;
    let (data, files): (Vec<_>, Vec<_>) =
        draft.staged.iter().partition(|staged| staged.key.as_str().starts_with(DATA));
    complete(&draft.store, files).await?;
    complete(&draft.store, data).await?;
    Ok(None)
}

/// Every completion is seen to its end, also after one has failed: none may take effect
/// behind the back of the discard that follows.
async fn complete(store: &Store, staged: Vec<&Staged>) -> Result<(), StoreError> {
    for together in staged.chunks(COMPLETIONS) {
        let completions = together.iter().map(|staged| store.complete(staged));
        futures::future::join_all(completions).await.into_iter().collect::<Result<(), _>>()?;
    }
    Ok(())
}
