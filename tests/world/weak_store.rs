//! Stores that break the promise of put-if-absent, each in its own way.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartId, MultipartUpload, ObjectMeta,
    ObjectStore, ObjectStoreExt, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakness {
    /// Takes the condition and ignores it.
    Ignores,
    /// Looks first and writes then.
    LooksFirst,
    /// Says "exists" to the loser and keeps the loser's object.
    KeepsTheLoser,
}

#[derive(Debug)]
pub struct WeakStore {
    pub inner: Arc<InMemory>,
    pub weakness: Weakness,
}

impl WeakStore {
    pub fn new(weakness: Weakness) -> Self {
        Self { inner: Arc::new(InMemory::new()), weakness }
    }
}

impl fmt::Display for WeakStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WeakStore({:?})", self.weakness)
    }
}

#[async_trait]
impl ObjectStore for WeakStore {
    async fn put_opts(&self, to: &Path, payload: PutPayload, mut options: PutOptions) -> Result<PutResult> {
        if options.mode == PutMode::Create {
            options.mode = PutMode::Overwrite;
            let is_there = self.weakness != Weakness::Ignores && self.inner.head(to).await.is_ok();
            // Whoever is in flight meanwhile has looked too.
            tokio::task::yield_now().await;
            if is_there && self.weakness == Weakness::KeepsTheLoser {
                self.inner.put_opts(to, payload, options).await?;
                return Err(Error::AlreadyExists { path: to.to_string(), source: "it exists".into() });
            }
            if is_there {
                return Err(Error::AlreadyExists { path: to.to_string(), source: "it exists".into() });
            }
        }
        self.inner.put_opts(to, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        to: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(to, options).await
    }

    async fn get_opts(&self, from: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(from, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

#[async_trait]
impl MultipartStore for WeakStore {
    async fn create_multipart(&self, path: &Path) -> Result<MultipartId> {
        self.inner.create_multipart(path).await
    }

    async fn put_part(&self, path: &Path, id: &MultipartId, part: usize, data: PutPayload) -> Result<PartId> {
        self.inner.put_part(path, id, part, data).await
    }

    async fn complete_multipart(
        &self,
        path: &Path,
        id: &MultipartId,
        parts: Vec<PartId>,
    ) -> Result<PutResult> {
        self.inner.complete_multipart(path, id, parts).await
    }

    async fn abort_multipart(&self, path: &Path, id: &MultipartId) -> Result<()> {
        self.inner.abort_multipart(path, id).await
    }
}
