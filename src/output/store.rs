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

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::multipart::{MultipartStore, PartId};
use object_store::{
    ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, WriteMultipart,
};

use crate::model::run::Attempt;
use crate::output::layout::{Key, store_time};
use crate::output::staged::{Staged, StagedWrite, Waits, Writing};
use crate::output::store_error::{Cause, StoreError};

/// What an S3-compatible store takes as a part at the least.
const COPY_CHUNK_BYTES: usize = 5 * 1024 * 1024;

/// How often an operation whose failure may be passing is tried, with these pauses before.
const TRIES: [Duration; 3] = [Duration::ZERO, Duration::from_millis(100), Duration::from_millis(400)];

/// How often it is asked what became of a write, with these pauses before.
const QUESTIONS: [Duration; 4] =
    [Duration::ZERO, Duration::from_millis(100), Duration::from_millis(400), Duration::from_millis(1600)];

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

/// An object in a listing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    pub key: Key,
    pub bytes: u64,
    /// By the store's clock.
    pub written_at: DateTime<Utc>,
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

impl Store {
    /// Opens a root given as a path or a `file://` URL, both taken letter for letter; the
    /// folder is made if absent.
    pub fn open(root: &str) -> Result<Self, StoreError> {
        let fail = |cause| StoreError { doing: "open", path: root.to_owned(), cause };
        let folder = match root.split_once("://") {
            None => PathBuf::from(root),
            Some(("file", path)) => PathBuf::from(path),
            Some((scheme, _)) => {
                return Err(fail(Cause::Other(format!("scheme `{scheme}` is not one of: file, s3"))));
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

    /// The root as a local folder; absent for every other store.
    pub fn folder(&self) -> Option<&std::path::Path> {
        self.folder.as_deref()
    }

    /// Creates an object that must not exist. After *any* error the object is read back and
    /// compared: a store's client repeats requests, so one's own success can come back as
    /// an error, `AlreadyExists` included.
    pub async fn put_new(&self, key: &Key, body: impl Into<PutPayload>) -> PutNew {
        let body = body.into();
        let mut ended = None;
        for pause in TRIES {
            tokio::time::sleep(pause).await;
            let options = PutOptions::from(PutMode::Create);
            let Err(error) = self.objects.put_opts(&key.path(), body.clone(), options).await else {
                return PutNew::Written;
            };
            let error = self.error("write", key, &error);
            ended = Some(match self.get_surely(key).await {
                Ok(Some(found)) if holds(&found, &body) => return PutNew::Written,
                Ok(Some(found)) => return PutNew::Exists(found),
                Ok(None) => PutNew::Absent(error),
                Err(_) => PutNew::Unknown(error),
            });
        }
        ended.expect("there is at least one try")
    }

    /// Creates an object as the store itself answers it: no second try, no reading back. Says
    /// whether the store took it.
    pub async fn create(&self, key: &Key, body: impl Into<PutPayload>) -> Result<bool, StoreError> {
        let options = PutOptions::from(PutMode::Create);
        match self.objects.put_opts(&key.path(), body.into(), options).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(false),
            Err(error) => Err(self.error("write", key, &error)),
        }
    }

    /// Writes an object whether or not it exists; readers see the old one or the new one.
    pub async fn put(&self, key: &Key, body: impl Into<PutPayload>) -> Result<(), StoreError> {
        let put = self.objects.put(&key.path(), body.into()).await;
        put.map(drop).map_err(|error| self.error("write", key, &error))
    }

    /// The whole object, or `None` when there is none.
    pub async fn get(&self, key: &Key) -> Result<Option<Bytes>, StoreError> {
        let found = async { self.objects.get(&key.path()).await?.bytes().await }.await;
        self.or_absent("read", key, found)
    }

    /// Part of an object that is there.
    pub async fn range(&self, key: &Key, range: Range<u64>) -> Result<Bytes, StoreError> {
        let found = self.objects.get_range(&key.path(), range).await;
        found.map_err(|error| self.error("read", key, &error))
    }

    /// Shows an object piece by piece; memory holds one of them. Says whether it is there.
    pub async fn read_through(&self, key: &Key, mut show: impl FnMut(&[u8])) -> Result<bool, StoreError> {
        let found = self.or_absent("read", key, self.objects.get(&key.path()).await)?;
        let Some(found) = found else { return Ok(false) };
        let mut pieces = found.into_stream();
        while let Some(piece) = pieces.try_next().await.map_err(|error| self.error("read", key, &error))? {
            show(&piece);
        }
        Ok(true)
    }

    /// Copies an object piece by piece to another key or store; the copy is seen whole or
    /// not at all. Says whether there was one to copy.
    pub async fn copy_to(&self, key: &Key, to: &Self, copy: &Key) -> Result<bool, StoreError> {
        let found = self.or_absent("read", key, self.objects.get(&key.path()).await)?;
        let Some(found) = found else { return Ok(false) };
        let mut pieces = found.into_stream();
        let upload = to.objects.put_multipart(&copy.path()).await;
        let upload = upload.map_err(|error| to.error("write", copy, &error))?;
        let mut writing = WriteMultipart::new_with_chunk_size(upload, COPY_CHUNK_BYTES);
        while let Some(piece) = pieces.try_next().await.map_err(|error| self.error("read", key, &error))? {
            writing.wait_for_capacity(1).await.map_err(|error| to.error("write", copy, &error))?;
            writing.write(&piece);
        }
        writing.finish().await.map_err(|error| to.error("write", copy, &error))?;
        Ok(true)
    }

    /// The object's size, or `None` when there is none.
    pub async fn size(&self, key: &Key) -> Result<Option<u64>, StoreError> {
        let found = self.objects.head(&key.path()).await.map(|meta| meta.size);
        self.or_absent("read", key, found)
    }

    /// Every object below a folder, by key.
    pub async fn list(&self, below: &Key) -> Result<Vec<(Key, u64)>, StoreError> {
        Ok(self.find(below).await?.into_iter().map(|found| (found.key, found.bytes)).collect())
    }

    /// The same, with when each was written.
    pub async fn find(&self, below: &Key) -> Result<Vec<Found>, StoreError> {
        let listed = self.objects.list(Some(&below.path())).try_collect::<Vec<_>>().await;
        let listed = listed.map_err(|error| self.error("list", below, &error))?;
        let found = |meta: &ObjectMeta| Found {
            key: Key::of_path(&meta.location),
            bytes: meta.size,
            written_at: meta.last_modified,
        };
        let mut found: Vec<_> = listed.iter().map(found).collect();
        found.sort();
        Ok(found)
    }

    /// The keys below a folder that come after another one, in no order.
    pub async fn list_after(&self, below: &Key, after: &Key) -> Result<Vec<Key>, StoreError> {
        let listed = self.objects.list_with_offset(Some(&below.path()), &after.path());
        let keys = listed.map_ok(|meta| Key::of_path(&meta.location)).try_collect().await;
        keys.map_err(|error| self.error("list", below, &error))
    }

    /// What time it is for the store, by an object that is written for it and deleted again.
    /// Many stores tell whole seconds only.
    pub async fn now(&self, nonce: &Attempt) -> Result<DateTime<Utc>, StoreError> {
        let key = store_time(nonce);
        self.put(&key, Bytes::new()).await?;
        let written = self.objects.head(&key.path()).await.map(|meta| meta.last_modified);
        let written = written.map_err(|error| self.error("read", &key, &error));
        if let Err(error) = self.delete(&key).await {
            tracing::debug!(%error, "the object that told the time stays behind");
        }
        written
    }

    /// The names of the folders right below a folder, sorted; none where there is no folder.
    pub async fn folders(&self, below: &Key) -> Result<Vec<String>, StoreError> {
        let found = self.objects.list_with_delimiter(Some(&below.path())).await;
        let found = self.or_absent("list", below, found)?;
        let paths = found.map_or_else(Vec::new, |found| found.common_prefixes);
        let mut names: Vec<_> = paths.iter().filter_map(|path| path.filename().map(str::to_owned)).collect();
        names.sort();
        Ok(names)
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
            Ok(writing) => Ok(StagedWrite::begin(key.clone(), self.shown(&key), writing)),
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

    /// Removes a folder on disk and the folders around it as far as nothing is in them;
    /// elsewhere folders do not exist.
    pub async fn drop_empty_folders(&self, innermost: &Key) {
        if let Some(root) = self.folder.clone() {
            let innermost = root.join(innermost.as_str());
            let dropping = tokio::task::spawn_blocking(move || {
                let inside = innermost.ancestors().take_while(|folder| *folder != root);
                let gone = |error: &std::io::Error| error.kind() == std::io::ErrorKind::NotFound;
                let not_empty =
                    |dropped: &std::io::Result<()>| dropped.as_ref().is_err_and(|error| !gone(error));
                let _stopped_at = inside.map(std::fs::remove_dir).find(not_empty);
            });
            let _nothing_to_tell = dropping.await;
        }
    }

    async fn get_surely(&self, key: &Key) -> Result<Option<Bytes>, StoreError> {
        let mut ended = Ok(None);
        for pause in QUESTIONS {
            tokio::time::sleep(pause).await;
            ended = self.get(key).await;
            if ended.is_ok() {
                break;
            }
        }
        ended
    }

    pub(in crate::output) async fn delete_surely(&self, key: &Key) -> Result<(), StoreError> {
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
            // A bucket that is not there holds nothing either, but that is no answer.
            Err(error @ object_store::Error::NotFound { .. }) if Cause::of(&error) != Cause::NoBucket => {
                Ok(None)
            }
            Err(error) => Err(self.error(doing, key, &error)),
        }
    }

    fn error(&self, doing: &'static str, key: &Key, error: &object_store::Error) -> StoreError {
        StoreError { doing, path: self.shown(key), cause: Cause::of(error) }
    }
}

/// Whether an object is this body.
fn holds(found: &Bytes, body: &PutPayload) -> bool {
    let mut rest = &found[..];
    body.iter().all(|piece| {
        let (head, tail) = rest.split_at(piece.len().min(rest.len()));
        rest = tail;
        head == piece
    }) && rest.is_empty()
}
