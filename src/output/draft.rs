//! What one attempt at a run has written so far and nobody sees yet.

use object_store::PutPayload;
use sha2::{Digest, Sha256};
use tokio::task::JoinSet;

use crate::model::artifact::{Artifact, ArtifactFormat};
use crate::model::event::RunHeader;
use crate::output::layout::{Key, RunKeys};
use crate::output::press::Press;
use crate::output::published::hex;
use crate::output::staged::{Staged, StagedWrite};
use crate::output::store::Store;
use crate::output::store_error::{Cause, StoreError};

/// Objects that are closed at once. What a store has not taken yet waits in memory.
const CLOSING: usize = 2;

/// The staged objects of one attempt. It is committed whole or discarded whole; dropped, it
/// leaves what was staged under `runs/<job>/<slot>/<attempt>/` and nothing under `data/`.
pub struct Draft {
    pub(in crate::output) store: Store,
    pub(in crate::output) keys: RunKeys,
    /// Begun; closed ones too. What a discard takes back.
    pub(in crate::output) staged: Vec<Staged>,
    artifacts: Vec<Artifact>,
    /// What a disk syncs and a store takes while the next table is encoded.
    closing: JoinSet<Result<Staged, StoreError>>,
    /// Encodes the tables.
    press: Press,
}

/// Objects that could not be taken back. None of them is named by a manifest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} objects of a discarded attempt are left behind: {cause}", keys.len())]
pub struct LeftBehind {
    pub keys: Vec<Key>,
    /// Why the first of them stayed.
    pub cause: StoreError,
}

impl Draft {
    pub fn new(store: Store, header: &RunHeader) -> Self {
        Self {
            store,
            keys: RunKeys::of(header),
            staged: Vec::new(),
            artifacts: Vec::new(),
            closing: JoinSet::new(),
            press: Press::start(),
        }
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Where this attempt's encoding is done.
    pub fn press(&self) -> &Press {
        &self.press
    }

    /// What the manifest must list, in the order written.
    pub fn artifacts(&self) -> &[Artifact] {
        &self.artifacts
    }

    /// Stages a small object of the run: a report, a list, a retry file. `rows` is what it
    /// counts: lines without the header, hosts, or 1 for a document.
    pub async fn put_report(
        &mut self,
        name: &str,
        format: ArtifactFormat,
        rows: u64,
        body: impl Into<PutPayload>,
    ) -> Result<Artifact, StoreError> {
        let body = body.into();
        let key = self.keys.file(name);
        let artifact = Artifact {
            path: key.to_string(),
            format,
            table: None,
            rows,
            bytes: body.content_length() as u64,
            sha256: hex(&body.iter().fold(Sha256::new(), Sha256::chain_update).finalize()),
            schema_fingerprint: None,
        };
        let mut object = self.begin(key).await?;
        for piece in body {
            object.write(piece).await?;
        }
        self.keep(object, artifact.clone()).await?;
        Ok(artifact)
    }

    /// Begins an object; from here on a discard takes it back.
    pub(in crate::output) async fn begin(&mut self, key: Key) -> Result<StagedWrite, StoreError> {
        let waits_at = self.keys.staged(&key);
        let object = self.store.stage(key, waits_at).await?;
        self.staged.push(object.handle());
        Ok(object)
    }

    /// Ends an object's writing and lists it.
    pub(in crate::output) async fn keep(
        &mut self,
        object: StagedWrite,
        artifact: Artifact,
    ) -> Result<(), StoreError> {
        self.closing.spawn(object.close());
        self.close().await?;
        self.artifacts.push(artifact);
        Ok(())
    }

    /// The same while the caller goes on: that the object could not be ended is told by a later
    /// call, at the latest by the commit.
    pub(in crate::output) async fn keep_aside(
        &mut self,
        object: StagedWrite,
        artifact: Artifact,
    ) -> Result<(), StoreError> {
        while self.closing.len() >= CLOSING {
            self.close_one().await.unwrap_or(Ok(()))?;
        }
        self.closing.spawn(object.close());
        self.artifacts.push(artifact);
        Ok(())
    }

    /// Sees every object closed, also after one could not be.
    pub async fn close(&mut self) -> Result<(), StoreError> {
        let mut all = Ok(());
        while let Some(closed) = self.close_one().await {
            all = all.and(closed);
        }
        all
    }

    async fn close_one(&mut self) -> Option<Result<(), StoreError>> {
        let closed = self.closing.join_next().await?.unwrap_or_else(|stopped| {
            let cause = Cause::Other(stopped.to_string());
            Err(StoreError { doing: "close", path: self.store.root().to_owned(), cause })
        });
        Some(closed.map(|closed| {
            if let Some(begun) = self.staged.iter_mut().find(|begun| begun.key == closed.key) {
                *begun = closed;
            }
        }))
    }

    /// Takes back everything, seen or unseen: for a cancel, a SIGTERM, a failure, a loss.
    pub async fn discard(mut self) -> Result<(), LeftBehind> {
        // None may come to an end behind our back; how they end is no matter now.
        let _ = self.close().await;
        let take_back = async |staged: &Staged| match self.store.take_back(staged).await {
            Ok(()) => None,
            Err(cause) => Some((staged.key.clone(), cause)),
        };
        let left = futures::future::join_all(self.staged.iter().map(take_back)).await;
        self.store.drop_empty_folders(&self.keys.staging()).await;
        let (keys, causes): (Vec<_>, Vec<_>) = left.into_iter().flatten().unzip();
        causes.into_iter().next().map_or(Ok(()), |cause| Err(LeftBehind { keys, cause }))
    }
}
