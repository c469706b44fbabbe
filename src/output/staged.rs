//! Objects that are written and not yet seen: how they wait, and how they are written.

use std::sync::Arc;

use bytes::Bytes;
use object_store::multipart::{MultipartStore, PartId};
use object_store::{MultipartId, MultipartUpload, PutPayload};
use serde::{Deserialize, Serialize};

use crate::output::layout::Key;
use crate::output::store_error::{Cause, StoreError};

/// Parts of an open upload. Stores want 5 MiB at least, and some want all parts but the
/// last to be of one size.
const PART_BYTES: usize = 8 * 1024 * 1024;

/// A written object that nobody sees yet. Plain data, so that a journal can hold it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staged {
    /// Where it will be seen.
    pub key: Key,
    pub bytes: u64,
    pub waits: Waits,
}

/// Where a staged object waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Waits {
    File { at: Key },
    Upload { id: String, parts: Vec<String> },
}

/// An object being staged, chunk by chunk. Dropped unclosed it leaves nothing on disk; an
/// open upload is ended by `Store::take_back` of [`StagedWrite::handle`].
pub struct StagedWrite {
    key: Key,
    /// The object as people find it.
    shown: String,
    bytes: u64,
    writing: Writing,
}

pub(in crate::output) enum Writing {
    File { upload: Box<dyn MultipartUpload>, at: Key },
    Upload { uploads: Arc<dyn MultipartStore>, id: MultipartId, parts: Vec<PartId>, pending: Vec<u8> },
}

impl StagedWrite {
    pub(in crate::output) fn begin(key: Key, shown: String, writing: Writing) -> Self {
        Self { key, shown, bytes: 0, writing }
    }

    /// What takes the object back, from its first byte on.
    pub fn handle(&self) -> Staged {
        let waits = match &self.writing {
            Writing::File { at, .. } => Waits::File { at: at.clone() },
            Writing::Upload { id, parts, .. } => {
                let parts = parts.iter().map(|part| part.content_id.clone()).collect();
                Waits::Upload { id: id.clone(), parts }
            }
        };
        Staged { key: self.key.clone(), bytes: self.bytes, waits }
    }

    pub async fn write(&mut self, chunk: Bytes) -> Result<(), StoreError> {
        self.bytes += chunk.len() as u64;
        let written = match &mut self.writing {
            Writing::File { upload, .. } => upload.put_part(PutPayload::from_bytes(chunk)).await,
            Writing::Upload { pending, .. } => {
                pending.extend_from_slice(&chunk);
                if pending.len() < PART_BYTES {
                    Ok(())
                } else {
                    self.writing.send_parts(&self.key, false).await
                }
            }
        };
        written.map_err(|error| self.failed(&error))
    }

    /// Ends the writing. The object still waits.
    pub async fn close(mut self) -> Result<Staged, StoreError> {
        let closed = match &mut self.writing {
            Writing::File { upload, .. } => upload.complete().await.map(drop),
            Writing::Upload { .. } => self.writing.send_parts(&self.key, true).await,
        };
        closed.map_err(|error| self.failed(&error))?;
        Ok(self.handle())
    }

    fn failed(&self, error: &object_store::Error) -> StoreError {
        StoreError { doing: "write", path: self.shown.clone(), cause: Cause::of(error) }
    }
}

impl Writing {
    /// Sends full parts, and with `all` the rest too; an object has one part at least.
    async fn send_parts(&mut self, key: &Key, all: bool) -> object_store::Result<()> {
        let Self::Upload { uploads, id, parts, pending } = self else { return Ok(()) };
        while pending.len() >= PART_BYTES || (all && (parts.is_empty() || !pending.is_empty())) {
            let rest = pending.split_off(pending.len().min(PART_BYTES));
            let part = PutPayload::from(std::mem::replace(pending, rest));
            parts.push(uploads.put_part(&key.path(), id, parts.len(), part).await?);
        }
        Ok(())
    }
}
