//! A store in memory that tells the time of tokio's clock, as each of its users meets it:
//! with answers that take a while, and with spells in which the user stands still.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures::StreamExt;
use futures::stream::BoxStream;
use lustrum::output::store::Store;
use lustrum::time::clock::Clock;
use object_store::memory::InMemory;
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartId, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::time::Instant;

/// Objects with the time of their last write.
#[derive(Clone, Debug)]
pub struct TimedObjects {
    inner: Arc<InMemory>,
    written: Arc<Mutex<BTreeMap<Path, DateTime<Utc>>>>,
    clock: Clock,
}

/// When a process stands still: from, until; in order of time.
#[derive(Clone, Debug, Default)]
pub struct Spells(Arc<Vec<(Instant, Instant)>>);

impl Spells {
    /// Spells of so many seconds at most, over the coming hours.
    pub fn drawn(seed: u64, clock: &Clock, hours: u64, between: Duration, longest: Duration) -> Self {
        let mut dice = StdRng::seed_from_u64(seed);
        let (mut spells, mut at) = (Vec::new(), clock.instant());
        let end = at + Duration::from_secs(hours * 3600);
        while at < end {
            let from = at + between.mul_f64(dice.random_range(0.1..2.0));
            at = from + longest.mul_f64(dice.random_range(0.01..1.0));
            spells.push((from, at));
        }
        Self(Arc::new(spells))
    }

    /// Waits until the process goes on.
    pub async fn over(&self, clock: &Clock) {
        loop {
            let now = clock.instant();
            let next = self.0.partition_point(|(_, until)| *until <= now);
            match self.0.get(next) {
                Some((from, until)) if *from <= now => tokio::time::sleep_until(*until).await,
                _ => return,
            }
        }
    }
}

impl TimedObjects {
    /// The clock is the store's own.
    pub fn new(clock: &Clock) -> Self {
        Self { inner: Arc::default(), written: Arc::default(), clock: clock.clone() }
    }

    /// At once, and never standing still.
    pub fn eye(&self) -> Store {
        Store::uploading(self.user(), "timed")
    }

    /// The same, for a store around it.
    pub fn user(&self) -> Arc<User> {
        Arc::new(User { objects: self.clone(), spells: Spells::default(), dice: None })
    }

    /// As a process meets it that stands still now and then, over a line of 1 to 300 ms.
    pub fn met_by(&self, spells: &Spells, seed: u64) -> Store {
        let dice = Mutex::new(StdRng::seed_from_u64(seed));
        let user = User { objects: self.clone(), spells: spells.clone(), dice: Some(dice) };
        Store::uploading(Arc::new(user), "timed")
    }

    /// Says of an object that it was written then.
    pub fn date(&self, path: &str, written_at: DateTime<Utc>) {
        self.written.lock().unwrap().insert(Path::parse(path).unwrap(), written_at);
    }

    fn note(&self, path: &Path) {
        self.written.lock().unwrap().insert(path.clone(), self.clock.now());
    }

    fn dated(&self, mut meta: ObjectMeta) -> ObjectMeta {
        // A put under way may have shown the object and not its time.
        let known = self.written.lock().unwrap().get(&meta.location).copied();
        meta.last_modified = known.unwrap_or_else(|| self.clock.now());
        meta
    }
}

/// The objects as one process meets them.
#[derive(Debug)]
pub struct User {
    objects: TimedObjects,
    spells: Spells,
    dice: Option<Mutex<StdRng>>,
}

impl User {
    async fn on_the_line(&self) {
        if let Some(dice) = &self.dice {
            let millis = dice.lock().unwrap().random_range(1..=150);
            tokio::time::sleep(Duration::from_millis(millis)).await;
        }
        self.spells.over(&self.objects.clock).await;
    }

    async fn around<T>(&self, call: impl Future<Output = T>) -> T {
        self.on_the_line().await;
        let answer = call.await;
        self.on_the_line().await;
        answer
    }

    async fn write<T>(&self, path: &Path, call: impl Future<Output = Result<T>>) -> Result<T> {
        let noted = async {
            let written = call.await?;
            self.objects.note(path);
            Ok(written)
        };
        self.around(noted).await
    }
}

impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TimedStore")
    }
}

#[async_trait]
impl ObjectStore for User {
    async fn put_opts(&self, to: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.write(to, self.objects.inner.put_opts(to, payload, options)).await
    }

    async fn put_multipart_opts(
        &self,
        to: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.around(self.objects.inner.put_multipart_opts(to, options)).await
    }

    async fn get_opts(&self, from: &Path, options: GetOptions) -> Result<GetResult> {
        let mut found = self.around(self.objects.inner.get_opts(from, options)).await?;
        found.meta = self.objects.dated(found.meta);
        Ok(found)
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.objects.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let (objects, spells) = (self.objects.clone(), self.spells.clone());
        let prefix = prefix.cloned();
        // What is listed is what was there at one moment.
        let listed = async move {
            spells.over(&objects.clock).await;
            let found: Vec<_> = objects.inner.list(prefix.as_ref()).collect().await;
            let dated: Vec<_> = found.into_iter().map(|meta| meta.map(|meta| objects.dated(meta))).collect();
            spells.over(&objects.clock).await;
            futures::stream::iter(dated)
        };
        futures::stream::once(listed).flatten().boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.around(self.objects.inner.list_with_delimiter(prefix)).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.write(to, self.objects.inner.copy_opts(from, to, options)).await
    }
}

#[async_trait]
impl MultipartStore for User {
    async fn create_multipart(&self, path: &Path) -> Result<MultipartId> {
        self.around(self.objects.inner.create_multipart(path)).await
    }

    async fn put_part(&self, path: &Path, id: &MultipartId, part: usize, data: PutPayload) -> Result<PartId> {
        self.around(self.objects.inner.put_part(path, id, part, data)).await
    }

    async fn complete_multipart(
        &self,
        path: &Path,
        id: &MultipartId,
        parts: Vec<PartId>,
    ) -> Result<PutResult> {
        self.write(path, self.objects.inner.complete_multipart(path, id, parts)).await
    }

    async fn abort_multipart(&self, path: &Path, id: &MultipartId) -> Result<()> {
        self.around(self.objects.inner.abort_multipart(path, id)).await
    }
}
