//! Finished hosts into the store while the run goes on, for a next try on another machine.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::StreamExt;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::engine::resume;
use crate::model::event::RunHeader;
use crate::model::failure::Failure;
use crate::model::shard::Shard;
use crate::model::target::HostName;
use crate::output::layout::{self, RunKeys};
use crate::output::part::Part;
use crate::output::spool::Spool;
use crate::output::store::{PutNew, Store};
use crate::output::store_error::StoreError;
use crate::tables::table::TableSpec;

/// A part ends when it has so many bytes: what is held in memory at once, but for a host that
/// alone has more.
const PART_BYTES: usize = 8 * 1024 * 1024;

/// What staging the rest may take once the last host has ended: a process that is told to end
/// has that long and no longer.
const LAST_WORD: Duration = Duration::from_secs(20);

/// Removals in flight at once.
const REMOVALS: usize = 8;

/// When finished hosts are staged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cadence {
    /// After this time at the latest.
    pub every: Duration,
    /// As soon as so many wait; the most that one part holds.
    pub hosts: usize,
}

/// Writes the finished hosts of a spool into parts. Whoever asks the same question for the
/// same slot can take them up.
pub struct Staging {
    store: Store,
    keys: RunKeys,
    shard: Option<Shard>,
    question: String,
    tables: Vec<&'static TableSpec>,
    spool: Spool,
    finished: watch::Receiver<usize>,
    cadence: Cadence,
    /// How many of the spool's finished hosts were looked at.
    seen: usize,
    /// Of those, the ones that no part holds yet.
    waiting: Vec<HostName>,
    /// The number of the next part.
    next: u32,
}

impl Staging {
    /// Begins with what the spool holds and no part does. `staged`: hosts that parts hold.
    pub fn new(
        store: &Store,
        header: &RunHeader,
        tables: &[&'static TableSpec],
        spool: &Spool,
        cadence: Cadence,
        staged: &BTreeSet<HostName>,
    ) -> Self {
        let mut waiting = spool.finished_since(0);
        let seen = waiting.len();
        waiting.retain(|host| !staged.contains(host));
        Self {
            store: store.clone(),
            keys: RunKeys::of(header),
            shard: None,
            question: resume::question(header),
            tables: tables.to_vec(),
            spool: spool.clone(),
            finished: spool.watch_finished(),
            cadence,
            seen,
            waiting,
            next: 0,
        }
    }

    /// Below the folder of a shard.
    #[must_use]
    pub fn of(self, shard: Option<Shard>) -> Self {
        Self { shard, ..self }
    }

    /// Drives `work`, in which hosts finish, and stages beside it; what is left when it ends
    /// is staged then. A store that fails costs nothing but the staging: hosts wait on.
    pub async fn beside<T>(&mut self, work: impl Future<Output = T>) -> T {
        let over = CancellationToken::new();
        let working = async {
            let done = work.await;
            over.cancel();
            done
        };
        let bounded = async {
            over.cancelled().await;
            tokio::time::sleep(LAST_WORD).await;
        };
        let keeping = async {
            tokio::select! {
                () = self.keep(&over) => {}
                () = bounded => tracing::warn!("the last finished hosts were not staged in time"),
            }
        };
        tokio::join!(working, keeping).0
    }

    /// Stages every host that has finished and no part holds. After an error those that are
    /// left wait for the next call.
    pub async fn stage(&mut self) -> Result<(), Failure> {
        let fresh = self.spool.finished_since(self.seen);
        self.seen += fresh.len();
        self.waiting.extend(fresh);
        while !self.waiting.is_empty() {
            let together = &self.waiting[..self.waiting.len().min(self.cadence.hosts)];
            let (frames, hosts) = self.spool.copy(together, PART_BYTES).await?;
            let body = Part::write(&self.tables, &self.question, &self.waiting[..hosts], &frames);
            drop(frames);
            let key = self.keys.part(self.shard, self.next);
            match self.store.put_new(&key, body).await {
                PutNew::Written => {
                    self.waiting.drain(..hosts);
                    tracing::debug!(hosts, %key, "finished hosts are staged");
                }
                // Ours of before, whose answer was lost, or that of an attempt of our name.
                PutNew::Exists(_) => {}
                PutNew::Absent(error) | PutNew::Unknown(error) => return Err(error.into()),
            }
            self.next += 1;
        }
        Ok(())
    }

    async fn keep(&mut self, over: &CancellationToken) {
        let mut failing = false;
        loop {
            let last = tokio::select! {
                biased;
                () = over.cancelled() => true,
                () = self.due() => false,
            };
            match self.stage().await {
                Ok(()) => failing = false,
                // Once: the next tries most likely fail alike.
                Err(error) if !failing => {
                    failing = true;
                    tracing::warn!(%error, hosts = self.waiting.len(), "finished hosts cannot be staged");
                }
                Err(_) => {}
            }
            if last {
                return;
            }
        }
    }

    /// Waits for the time to stage: some while after the first host, or when many have come.
    async fn due(&mut self) {
        let (seen, many) = (self.seen, self.seen.saturating_add(self.cadence.hosts));
        if self.waiting.is_empty() {
            let _spool_is_held = self.finished.wait_for(|finished| *finished > seen).await;
        }
        let _time_is_up =
            tokio::time::timeout(self.cadence.every, self.finished.wait_for(|finished| *finished >= many))
                .await;
    }
}

/// [`Staging::beside`], where there is anything to stage into.
pub async fn beside<T>(staging: Option<&mut Staging>, work: impl Future<Output = T>) -> T {
    match staging {
        Some(staging) => staging.beside(work).await,
        None => work.await,
    }
}

/// Removes the parts of a slot that is committed, whoever wrote them. A part that stays is
/// never read again.
pub async fn remove_parts(store: &Store, header: &RunHeader) {
    let parts = match store.list(&layout::parts(&header.job, header.slot)).await {
        Ok(parts) => parts,
        Err(error) => return tracing::warn!(%error, "staged parts may stay behind"),
    };
    let removals = futures::stream::iter(parts.iter().map(|(key, _)| store.delete(key)));
    let failed: Vec<StoreError> =
        removals.buffer_unordered(REMOVALS).filter_map(async |removed| removed.err()).collect().await;
    if let Some(error) = failed.first() {
        tracing::warn!(%error, parts = failed.len(), "staged parts stay behind");
    }
    let folders: BTreeSet<_> = parts.iter().map(|(key, _)| key.folder()).collect();
    for folder in folders {
        store.drop_empty_folders(&folder).await;
    }
}
