//! A store that fails when it is told to: at the n-th call, or by the dice; before or after
//! taking effect.

use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use lustrum::output::s3::S3Access;
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartId, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result, UploadPart,
};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::world::stopped_time::StoppedTime;

/// Which calls fail.
#[derive(Clone, Copy, Debug)]
pub struct Faults {
    /// The first call that fails, counted from 0.
    pub from: usize,
    /// How many calls fail from there on.
    pub calls: usize,
    pub when: When,
    pub error: std::io::ErrorKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// The call does nothing and says so.
    Before,
    /// The call takes effect and says it did not: a lost acknowledgement.
    After,
    /// The call does nothing and never says so.
    Never,
    /// The call does nothing, and is given up after the time that a store's client gives one
    /// request.
    Silent,
}

#[derive(Debug)]
pub struct FaultStore<S> {
    inner: Arc<S>,
    fuse: Arc<Fuse>,
}

#[derive(Debug)]
struct Fuse {
    faults: Faults,
    called: AtomicUsize,
    /// Decides instead of the numbers.
    dice: Option<Mutex<StdRng>>,
    time: Option<StoppedTime>,
}

/// The share of calls that fail by the dice, before and after taking effect each.
const UNRELIABLE: f64 = 0.2;

impl<S> FaultStore<S> {
    pub fn new(inner: Arc<S>, faults: Faults) -> Self {
        Self { inner, fuse: Arc::new(Fuse { faults, called: AtomicUsize::new(0), dice: None, time: None }) }
    }

    /// One call in five does nothing, one in five takes effect and says that it did not.
    pub fn unreliable(inner: Arc<S>, seed: u64) -> Self {
        let error = std::io::ErrorKind::TimedOut;
        let faults = Faults { from: 0, calls: 0, when: When::Before, error };
        let dice = Some(Mutex::new(StdRng::seed_from_u64(seed)));
        Self { inner, fuse: Arc::new(Fuse { faults, called: AtomicUsize::new(0), dice, time: None }) }
    }

    /// Its first fault lets time go on.
    pub fn in_time(inner: Arc<S>, faults: Faults, time: StoppedTime) -> Self {
        let called = AtomicUsize::new(0);
        Self { inner, fuse: Arc::new(Fuse { faults, called, dice: None, time: Some(time) }) }
    }

    /// How many calls there were so far.
    pub fn called(&self) -> usize {
        self.fuse.called.load(Ordering::SeqCst)
    }
}

impl Fuse {
    fn strikes(&self) -> Option<When> {
        let call = self.called.fetch_add(1, Ordering::SeqCst);
        if let Some(dice) = &self.dice {
            let drawn: f64 = dice.lock().unwrap().random();
            return match drawn {
                drawn if drawn < UNRELIABLE => Some(When::Before),
                drawn if drawn < 2.0 * UNRELIABLE => Some(When::After),
                _ => None,
            };
        }
        let Faults { from, calls, when, .. } = self.faults;
        let strikes = call >= from && call - from < calls;
        if let Some(time) = self.time.as_ref().filter(|_| strikes) {
            time.go_on();
        }
        strikes.then_some(when)
    }

    fn error(&self) -> Error {
        let source = std::io::Error::new(self.faults.error, "told to fail");
        Error::Generic { store: "FaultStore", source: Box::new(source) }
    }

    async fn around<T>(&self, call: impl Future<Output = Result<T>>) -> Result<T> {
        match self.strikes() {
            None => call.await,
            Some(When::Before) => Err(self.error()),
            Some(When::After) => call.await.and(Err(self.error())),
            Some(When::Never) => std::future::pending().await,
            Some(When::Silent) => {
                tokio::time::sleep(S3Access::default().request_timeout).await;
                Err(self.error())
            }
        }
    }
}

impl<S: fmt::Display> fmt::Display for FaultStore<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FaultStore({})", self.inner)
    }
}

#[async_trait]
impl<S: ObjectStore> ObjectStore for FaultStore<S> {
    async fn put_opts(&self, to: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.fuse.around(self.inner.put_opts(to, payload, options)).await
    }

    async fn put_multipart_opts(
        &self,
        to: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let upload = self.fuse.around(self.inner.put_multipart_opts(to, options)).await?;
        Ok(Box::new(FaultUpload { inner: upload, fuse: self.fuse.clone() }))
    }

    async fn get_opts(&self, from: &Path, options: GetOptions) -> Result<GetResult> {
        self.fuse.around(self.inner.get_opts(from, options)).await
    }

    async fn get_ranges(&self, from: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.fuse.around(self.inner.get_ranges(from, ranges)).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let (inner, fuse) = (self.inner.clone(), self.fuse.clone());
        let deletions = locations.then(move |location| {
            let (inner, fuse) = (inner.clone(), fuse.clone());
            async move {
                let one = futures::stream::once(async { location }).boxed();
                let deletion = async { inner.delete_stream(one).next().await.unwrap() };
                fuse.around(deletion).await
            }
        });
        deletions.boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let (listed, fuse) = (self.inner.list(prefix), self.fuse.clone());
        let listing = async move { fuse.around(listed.try_collect::<Vec<_>>()).await };
        futures::stream::once(listing)
            .map_ok(|found| futures::stream::iter(found).map(Ok))
            .try_flatten()
            .boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.fuse.around(self.inner.list_with_delimiter(prefix)).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.fuse.around(self.inner.copy_opts(from, to, options)).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.fuse.around(self.inner.rename_opts(from, to, options)).await
    }
}

#[async_trait]
impl<S: ObjectStore + MultipartStore> MultipartStore for FaultStore<S> {
    async fn create_multipart(&self, path: &Path) -> Result<MultipartId> {
        self.fuse.around(self.inner.create_multipart(path)).await
    }

    async fn put_part(&self, path: &Path, id: &MultipartId, part: usize, data: PutPayload) -> Result<PartId> {
        self.fuse.around(self.inner.put_part(path, id, part, data)).await
    }

    async fn complete_multipart(
        &self,
        path: &Path,
        id: &MultipartId,
        parts: Vec<PartId>,
    ) -> Result<PutResult> {
        self.fuse.around(self.inner.complete_multipart(path, id, parts)).await
    }

    async fn abort_multipart(&self, path: &Path, id: &MultipartId) -> Result<()> {
        self.fuse.around(self.inner.abort_multipart(path, id)).await
    }
}

#[derive(Debug)]
struct FaultUpload {
    inner: Box<dyn MultipartUpload>,
    fuse: Arc<Fuse>,
}

#[async_trait]
impl MultipartUpload for FaultUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let (part, fuse) = (self.inner.put_part(data), self.fuse.clone());
        Box::pin(async move { fuse.around(part).await })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        self.fuse.around(self.inner.complete()).await
    }

    async fn abort(&mut self) -> Result<()> {
        self.fuse.around(self.inner.abort()).await
    }
}
