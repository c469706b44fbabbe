//! The object store as a run needs it: put-if-absent, objects that stay unseen until they
//! are completed, and one clear error.
//!
//! **Unseen until completed.** A store with multipart uploads (S3, and memory) keeps an
//! upload open and shows the object at its key when the upload is completed. A disk has no
//! such thing: there the object is written under `runs/…/staged/` and renamed.
//!
//! **Durability.** On disk every file and its folder are fsynced before a write or rename
//! returns (`LocalFileSystem::with_fsync`), so a manifest that survives a power cut never
//! names an object that did not. It costs two fsyncs for each of some thirty objects a run.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::multipart::{MultipartStore, PartId};
use object_store::{
    MultipartId, MultipartUpload, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload,
};
use serde::{Deserialize, Serialize};

use crate::output::layout::Key;

/// Parts of an open upload. Stores want 5 MiB at least, and some want all parts but the
/// last to be of one size.
const PART_BYTES: usize = 8 * 1024 * 1024;

/// How often an operation whose failure may be passing is tried, with these pauses before.
const TRIES: [Duration; 3] = [Duration::ZERO, Duration::from_millis(100), Duration::from_millis(400)];

/// An operation on the store that failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot {doing} {path}: {cause}")]
pub struct StoreError {
    /// `write`, `read`, `list`, `delete`, `complete`, `open`.
    pub doing: &'static str,
    /// The object with the root in front: `/srv/census/runs/…` or `s3://bucket/…`.
    pub path: String,
    pub cause: Cause,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    #[error("no space left on the device")]
    Full,
    #[error("the store is read-only")]
    ReadOnly,
    #[error("permission denied")]
    Denied,
    #[error("the directory or object has vanished")]
    Vanished,
    #[error("{0}")]
    Other(String),
}

/// The root under which all keys lie.
#[derive(Clone)]
pub struct Store {
    objects: Arc<dyn ObjectStore>,
    completion: Completion,
    /// The root as people write it, without a trailing slash.
    root: String,
    /// The root on disk, when it is one.
    folder: Option<PathBuf>,
}

/// How an object goes from unseen to seen.
#[derive(Clone)]
enum Completion {
    Rename,
    Upload(Arc<dyn MultipartStore>),
}

/// How a put-if-absent ended, as far as can be known.
#[derive(Debug)]
pub enum PutNew {
    /// The object is there and it is ours.
    Written,
    /// Someone else's object is there.
    Exists(Bytes),
    /// It is not there.
    Absent(StoreError),
    /// The store answers neither the write nor the question whether it took effect.
    Unknown(StoreError),
}

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

impl Store {
    /// Opens a root given as a path or a `file://` URL; the folder is made if absent.
    pub fn open(root: &str) -> Result<Self, StoreError> {
        let fail = |cause| StoreError { doing: "open", path: root.to_owned(), cause };
        let folder = match root.split_once("://") {
            None => PathBuf::from(root),
            Some(("file", path)) => PathBuf::from(path),
            Some((scheme, _)) => {
                return Err(fail(Cause::Other(format!("scheme `{scheme}` is not one of: file"))));
            }
        };
        let made = std::fs::create_dir_all(&folder).and_then(|()| folder.canonicalize());
        let folder = made.map_err(|error| fail(Cause::of_io(&error)))?;
        let objects = LocalFileSystem::new_with_prefix(&folder).map_err(|error| fail(Cause::of(&error)))?;
        let objects = objects.with_fsync(true).with_automatic_cleanup(true);
        let root = folder.to_string_lossy().trim_end_matches('/').to_owned();
        Ok(Self { folder: Some(folder), ..Self::renaming(Arc::new(objects), &root) })
    }

    /// A store that lives as long as the process.
    pub fn memory() -> Self {
        Self::uploading(Arc::new(InMemory::new()), "memory:")
    }

    /// Any store in which a rename is cheap and atomic.
    pub fn renaming(objects: Arc<dyn ObjectStore>, root: &str) -> Self {
        Self { objects, completion: Completion::Rename, root: root.to_owned(), folder: None }
    }

    /// Any store that can leave uploads open.
    pub fn uploading<S: ObjectStore + MultipartStore>(objects: Arc<S>, root: &str) -> Self {
        let completion = Completion::Upload(objects.clone());
        Self { objects, completion, root: root.to_owned(), folder: None }
    }

    /// An object as people find it.
    pub fn shown(&self, key: &Key) -> String {
        format!("{}/{key}", self.root)
    }

    /// The root as people find it.
    pub fn root(&self) -> &str {
        &self.root
    }

    /// Creates an object that must not exist. After *any* error the object is read back and
    /// compared: a store's client repeats requests, so one's own success can come back as
    /// an error, `AlreadyExists` included.
    pub async fn put_new(&self, key: &Key, body: &Bytes) -> PutNew {
        let mut ended = None;
        for pause in TRIES {
            tokio::time::sleep(pause).await;
            let options = PutOptions::from(PutMode::Create);
            let payload = PutPayload::from_bytes(body.clone());
            let Err(error) = self.objects.put_opts(&key.path(), payload, options).await else {
                return PutNew::Written;
            };
            let error = self.error("write", key, &error);
            ended = Some(match self.get(key).await {
                Ok(Some(found)) if found == *body => return PutNew::Written,
                Ok(Some(found)) => return PutNew::Exists(found),
                Ok(None) => PutNew::Absent(error),
                Err(_) => PutNew::Unknown(error),
            });
        }
        ended.expect("there is at least one try")
    }

    /// Writes an object whether or not it exists; readers see the old one or the new one.
    pub async fn put(&self, key: &Key, body: Bytes) -> Result<(), StoreError> {
        let put = self.objects.put(&key.path(), PutPayload::from_bytes(body)).await;
        put.map(drop).map_err(|error| self.error("write", key, &error))
    }

    /// The whole object, or `None` when there is none.
    pub async fn get(&self, key: &Key) -> Result<Option<Bytes>, StoreError> {
        let found = match self.objects.get(&key.path()).await {
            Ok(found) => found.bytes().await,
            Err(error) => Err(error),
        };
        self.or_absent("read", key, found)
    }

    /// The object's size, or `None` when there is none.
    pub async fn size(&self, key: &Key) -> Result<Option<u64>, StoreError> {
        let found = self.objects.head(&key.path()).await.map(|meta| meta.size);
        self.or_absent("read", key, found)
    }

    /// Every object below a folder, by key.
    pub async fn list(&self, below: &Key) -> Result<Vec<(Key, u64)>, StoreError> {
        let found = self.objects.list(Some(&below.path())).try_collect::<Vec<_>>().await;
        let found = found.map_err(|error| self.error("list", below, &error))?;
        let mut found: Vec<_> = found.iter().map(|meta| (Key::of_path(&meta.location), meta.size)).collect();
        found.sort();
        Ok(found)
    }

    /// Deletes an object; one that is not there is deleted already.
    pub async fn delete(&self, key: &Key) -> Result<(), StoreError> {
        let deleted = self.objects.delete(&key.path()).await;
        self.or_absent("delete", key, deleted).map(drop)
    }

    /// Begins an object that nobody sees until [`Store::complete`]. On disk it waits at
    /// `waits_at`.
    pub async fn stage(&self, key: Key, waits_at: Key) -> Result<StagedWrite, StoreError> {
        let writing = match &self.completion {
            Completion::Rename => self
                .objects
                .put_multipart(&waits_at.path())
                .await
                .map(|upload| Writing::File { upload, at: waits_at }),
            Completion::Upload(uploads) => uploads.create_multipart(&key.path()).await.map(|id| {
                Writing::Upload { uploads: uploads.clone(), id, parts: Vec::new(), pending: Vec::new() }
            }),
        };
        match writing {
            Ok(writing) => Ok(StagedWrite { store: self.clone(), key, bytes: 0, writing }),
            Err(error) => Err(self.error("write", &key, &error)),
        }
    }

    /// Shows a staged object. What counts is what can be seen afterwards: an error of the
    /// completion itself is forgiven when the object is there in full size.
    pub async fn complete(&self, staged: &Staged) -> Result<(), StoreError> {
        let to = staged.key.path();
        let done = match (&staged.waits, &self.completion) {
            (Waits::File { at }, _) => self.objects.rename(&at.path(), &to).await,
            (Waits::Upload { id, parts }, Completion::Upload(uploads)) => {
                let parts = parts.iter().map(|id| PartId { content_id: id.clone() }).collect();
                uploads.complete_multipart(&to, id, parts).await.map(drop)
            }
            (Waits::Upload { .. }, Completion::Rename) => {
                let cause = Cause::Other("it was staged on a store of another kind".to_owned());
                return Err(StoreError { doing: "complete", path: self.shown(&staged.key), cause });
            }
        };
        match (done, self.size(&staged.key).await) {
            (_, Ok(Some(size))) if size == staged.bytes => Ok(()),
            (Err(error), _) => Err(self.error("complete", &staged.key, &error)),
            (Ok(()), Err(error)) => Err(error),
            (Ok(()), Ok(_)) => {
                Err(StoreError { doing: "complete", path: self.shown(&staged.key), cause: Cause::Vanished })
            }
        }
    }

    /// Takes an object back, whether it still waits or was completed. An upload that cannot
    /// be aborted is no error: nobody sees it, and the store's own lifecycle ends it.
    pub async fn take_back(&self, staged: &Staged) -> Result<(), StoreError> {
        match (&staged.waits, &self.completion) {
            (Waits::File { at }, _) => self.delete_surely(at).await?,
            (Waits::Upload { id, .. }, Completion::Upload(uploads)) => {
                let _unseen = uploads.abort_multipart(&staged.key.path(), id).await;
            }
            (Waits::Upload { .. }, Completion::Rename) => {}
        }
        self.delete_surely(&staged.key).await
    }

    /// Removes a folder on disk if nothing is in it; elsewhere folders do not exist.
    pub async fn drop_empty_folder(&self, folder: &Key) {
        if let Some(root) = &self.folder {
            let folder = root.join(folder.as_str());
            let _kept_when_not_empty = tokio::task::spawn_blocking(move || std::fs::remove_dir(folder)).await;
        }
    }

    async fn delete_surely(&self, key: &Key) -> Result<(), StoreError> {
        let mut ended = Ok(());
        for pause in TRIES {
            tokio::time::sleep(pause).await;
            ended = self.delete(key).await;
            if ended.is_ok() {
                break;
            }
        }
        ended
    }

    fn or_absent<T>(
        &self,
        doing: &'static str,
        key: &Key,
        found: object_store::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        match found {
            Ok(found) => Ok(Some(found)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.error(doing, key, &error)),
        }
    }

    fn error(&self, doing: &'static str, key: &Key, error: &object_store::Error) -> StoreError {
        StoreError { doing, path: self.shown(key), cause: Cause::of(error) }
    }
}

/// An object being staged, chunk by chunk. Dropped unclosed it leaves nothing on disk; an
/// open upload is ended by [`Store::take_back`] of [`StagedWrite::handle`].
pub struct StagedWrite {
    store: Store,
    key: Key,
    bytes: u64,
    writing: Writing,
}

enum Writing {
    File { upload: Box<dyn MultipartUpload>, at: Key },
    Upload { uploads: Arc<dyn MultipartStore>, id: MultipartId, parts: Vec<PartId>, pending: Vec<u8> },
}

impl StagedWrite {
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
        written.map_err(|error| self.store.error("write", &self.key, &error))
    }

    /// Ends the writing. The object still waits.
    pub async fn close(mut self) -> Result<Staged, StoreError> {
        let closed = match &mut self.writing {
            Writing::File { upload, .. } => upload.complete().await.map(drop),
            Writing::Upload { .. } => self.writing.send_parts(&self.key, true).await,
        };
        closed.map_err(|error| self.store.error("write", &self.key, &error))?;
        Ok(self.handle())
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

impl Cause {
    fn of(error: &object_store::Error) -> Self {
        match error {
            object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => {
                return Self::Denied;
            }
            object_store::Error::NotFound { .. } => return Self::Vanished,
            _ => {}
        }
        let mut deeper: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(error) = deeper {
            if let Some(error) = error.downcast_ref::<std::io::Error>() {
                return Self::of_io(error);
            }
            deeper = error.source();
        }
        Self::Other(error.to_string())
    }

    fn of_io(error: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::Full,
            ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            ErrorKind::PermissionDenied => Self::Denied,
            ErrorKind::NotFound => Self::Vanished,
            _ => Self::Other(error.to_string()),
        }
    }
}
