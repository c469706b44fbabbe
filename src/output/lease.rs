//! Who works on a slot: leases of growing epochs, made of objects that are created once.
//!
//! ```text
//! runs/<job>/<slot>/lease/000001.json          created once: the claim of epoch 1
//!                         000001.hb            written again and again by its holder
//!                         000001.released      created once, by its holder
//!                         3-of-8/000001.json   the same for a shard
//! ```
//! Of an extent the newest epoch counts. It is held until it is released, or until the newer of
//! its claim and its heartbeat is as old as the claim allows. Ages are differences between two
//! times of the store: no clock of ours matters. A taker that is overtaken by a heartbeat
//! after its look waits until that one has run out: its holder sees the newer epoch at the
//! next heartbeat, which is written before the look, and begins nothing more.
//!
//! Leases keep hosts from being asked twice. That a slot is committed once rests on its
//! manifest, whatever the leases do.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::model::run::{Attempt, JobName, RunId, Slot};
use crate::output::layout::{self, Key};
use crate::output::store::{Found, PutNew, Store};
use crate::output::store_error::{Cause, StoreError};

const CLAIM: &str = "json";
const HEARTBEAT: &str = "hb";
const RELEASED: &str = "released";

/// How long a lease lives without a heartbeat, and how often its holder gives one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    pub ttl: Duration,
    pub heartbeat: Duration,
}

impl Default for Terms {
    fn default() -> Self {
        Self { ttl: Duration::from_secs(60), heartbeat: Duration::from_secs(15) }
    }
}

/// What of a slot a lease is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extent {
    Whole,
    Shard { index: u32, of: u32 },
}

impl Extent {
    /// Whether nobody may work on the one while somebody works on the other.
    pub fn excludes(self, other: Self) -> bool {
        match (self, other) {
            (Self::Shard { index, of }, Self::Shard { index: other, of: others }) => {
                of != others || index == other
            }
            _ => true,
        }
    }

    fn folder(self) -> Option<String> {
        match self {
            Self::Whole => None,
            Self::Shard { index, of } => Some(format!("{index}-of-{of}")),
        }
    }

    fn of_folder(name: &str) -> Option<Self> {
        let (index, of) = name.split_once("-of-")?;
        Some(Self::Shard { index: index.parse().ok()?, of: of.parse().ok()? })
    }
}

/// What a holder says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// For people: the machine and the process.
    pub owner: String,
    pub attempt: Attempt,
    pub started_at: DateTime<Utc>,
    pub ttl_ms: u64,
    /// A lock that the holder holds (`hold::name`): whoever holds it now has outlived it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<String>,
    /// The run that is being retried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<RunId>,
}

impl Claim {
    fn ttl(&self) -> chrono::Duration {
        i64::try_from(self.ttl_ms).map_or(chrono::Duration::MAX, chrono::Duration::milliseconds)
    }
}

/// The objects of one epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Epoch {
    pub is_claimed: bool,
    /// The newer of claim and heartbeat.
    pub heard_at: DateTime<Utc>,
    pub is_released: bool,
}

/// All leases of a slot, also those that have run out.
#[derive(Clone, Debug, Default)]
pub struct Epochs(BTreeMap<(Extent, u64), Epoch>);

impl Epochs {
    /// Out of the objects of a slot.
    pub fn of(leases: &Key, objects: &[Found]) -> Self {
        let mut epochs = BTreeMap::<_, Epoch>::new();
        for found in objects {
            let Some(name) = found.key.as_str().strip_prefix(leases.as_str()) else { continue };
            let parts: Vec<&str> = name.trim_start_matches('/').split('/').collect();
            let (extent, name) = match parts[..] {
                [name] => (Some(Extent::Whole), name),
                [extent, name] => (Extent::of_folder(extent), name),
                _ => continue,
            };
            let Some((number, word)) = name.split_once('.') else { continue };
            let (Some(extent), Ok(number)) = (extent, number.parse::<u64>()) else { continue };
            let epoch = epochs.entry((extent, number)).or_default();
            match word {
                RELEASED => epoch.is_released = true,
                CLAIM | HEARTBEAT => {
                    epoch.is_claimed |= word == CLAIM;
                    epoch.heard_at = epoch.heard_at.max(found.written_at);
                }
                _ => {}
            }
        }
        Self(epochs)
    }

    fn newest(&self, extent: Extent) -> Option<(u64, Epoch)> {
        let found = self.0.range((extent, 0)..=(extent, u64::MAX)).next_back();
        found.map(|((_, number), epoch)| (*number, *epoch))
    }

    /// The newest of every extent, where that is claimed and not released.
    pub fn open(&self) -> Vec<(Extent, u64, Epoch)> {
        let extents: std::collections::BTreeSet<_> = self.0.keys().map(|(extent, _)| *extent).collect();
        let newest = extents.into_iter().filter_map(|extent| {
            let (number, epoch) = self.newest(extent)?;
            Some((extent, number, epoch))
        });
        newest.filter(|(_, _, epoch)| epoch.is_claimed && !epoch.is_released).collect()
    }
}

/// The holders of a slot's leases, from a listing of its objects. `now` is the store's time.
pub async fn holders(
    store: &Store,
    (job, slot): (&JobName, Slot),
    objects: &[Found],
    now: DateTime<Utc>,
) -> Result<Vec<Claim>, StoreError> {
    let leases = layout::leases(job, slot);
    let mut holders = Vec::new();
    for (extent, number, epoch) in Epochs::of(&leases, objects).open() {
        let claim = read(store, &leases, extent, number).await?;
        holders.extend(claim.filter(|claim| now - epoch.heard_at < claim.ttl()));
    }
    Ok(holders)
}

async fn read(store: &Store, leases: &Key, extent: Extent, epoch: u64) -> Result<Option<Claim>, StoreError> {
    let key = layout::lease(leases, extent.folder().as_deref(), epoch, CLAIM);
    store.get(&key).await?.map(|body| parse(store, &key, &body)).transpose()
}

fn parse(store: &Store, key: &Key, body: &[u8]) -> Result<Claim, StoreError> {
    serde_json::from_slice(body).map_err(|error| {
        let cause = Cause::Other(format!("it is no claim to a slot: {error}"));
        StoreError { doing: "read", path: store.shown(key), cause }
    })
}

/// A lease that was taken and is to be kept alive.
pub struct Lease {
    store: Store,
    leases: Key,
    extent: Extent,
    epoch: u64,
    claim: Claim,
    heartbeat: Duration,
}

/// How taking a lease ended.
pub enum Taken {
    Ours(Lease),
    Held(Claim),
}

/// What a heartbeat found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Beat {
    /// The lease was ours when the heartbeat was written.
    Ours,
    /// Somebody took a newer one, or cleared ours away as the slot is committed.
    Lost(Option<Claim>),
}

impl Lease {
    /// Takes the next epoch of an extent, unless somebody holds one that excludes it.
    /// `heartbeat` is how often this lease is to be kept alive.
    pub async fn take(
        store: &Store,
        (job, slot): (&JobName, Slot),
        extent: Extent,
        claim: Claim,
        heartbeat: Duration,
    ) -> Result<Taken, StoreError> {
        let leases = layout::leases(job, slot);
        let mut lease = Self { store: store.clone(), leases, extent, epoch: 1, claim, heartbeat };
        let epochs = lease.look().await?;
        if let Some(holder) = lease.holder(&epochs, |_| true).await? {
            return Ok(Taken::Held(holder));
        }
        let before = epochs.newest(extent);
        lease.epoch = before.map_or(1, |(number, _)| number + 1);
        let key = lease.key(CLAIM);
        let body = serde_json::to_vec(&lease.claim).expect("a claim holds only plain values");
        match store.put_new(&key, body).await {
            PutNew::Written => {}
            PutNew::Exists(found) => return parse(store, &key, &found).map(Taken::Held),
            PutNew::Absent(error) | PutNew::Unknown(error) => return Err(error),
        }
        match lease.settle(before).await {
            Ok(None) => Ok(Taken::Ours(lease)),
            Ok(Some(holder)) => Ok(Taken::Held(holder)),
            Err(error) => {
                // Most likely it cannot be told either; then the claim runs out.
                let _untold = lease.release().await;
                Err(error)
            }
        }
    }

    /// Looks once more, now that everyone else sees our claim: at claims to other extents that
    /// were made at the same time, and at a heartbeat of the one before us.
    async fn settle(&self, before: Option<(u64, Epoch)>) -> Result<Option<Claim>, StoreError> {
        loop {
            let epochs = self.look().await?;
            if let Some(newer) = self.newer(&epochs).await? {
                return Ok(Some(newer));
            }
            if let Some(holder) = self.holder(&epochs, |extent| extent != self.extent).await? {
                self.release().await?;
                return Ok(Some(holder));
            }
            let Some((number, seen)) = before else { return Ok(None) };
            let now = epochs.0.get(&(self.extent, number)).copied().unwrap_or_default();
            let is_silent = now.is_released || !now.is_claimed || now.heard_at == seen.heard_at;
            if is_silent || self.living(self.extent, number, now).await?.is_none() {
                return Ok(None);
            }
            tokio::time::sleep(self.heartbeat).await;
            self.store.put(&self.key(HEARTBEAT), self.claim.attempt.to_string()).await?;
        }
    }

    /// Gives a sign of life, and looks whether anybody took the lease before it came.
    pub async fn beat(&self) -> Result<Beat, StoreError> {
        self.store.put(&self.key(HEARTBEAT), self.claim.attempt.to_string()).await?;
        let epochs = self.look().await?;
        if let Some(newer) = self.newer(&epochs).await? {
            return Ok(Beat::Lost(Some(newer)));
        }
        let ours = epochs.0.get(&(self.extent, self.epoch));
        Ok(if ours.is_some_and(|ours| ours.is_claimed) { Beat::Ours } else { Beat::Lost(None) })
    }

    /// Says that nobody works here any more.
    pub async fn release(&self) -> Result<(), StoreError> {
        // Nobody else creates it, and nothing is lost but time where it is not there.
        self.store.create(&self.key(RELEASED), self.claim.attempt.to_string()).await.map(drop)
    }

    /// Clears all leases of the extent away, or with the whole slot all of its leases. Nobody
    /// needs them once the slot is committed.
    pub async fn remove(&self) -> Result<(), StoreError> {
        let folder = self.extent.folder().map(|extent| format!("{}/{extent}/", self.leases));
        for found in self.store.find(&self.leases).await? {
            if folder.as_ref().is_none_or(|folder| found.key.as_str().starts_with(folder)) {
                self.store.delete_surely(&found.key).await?;
            }
        }
        self.store.drop_empty_folders(&self.leases).await;
        Ok(())
    }

    fn key(&self, word: &str) -> Key {
        layout::lease(&self.leases, self.extent.folder().as_deref(), self.epoch, word)
    }

    async fn look(&self) -> Result<Epochs, StoreError> {
        Ok(Epochs::of(&self.leases, &self.store.find(&self.leases).await?))
    }

    /// Who took the same extent after us.
    async fn newer(&self, epochs: &Epochs) -> Result<Option<Claim>, StoreError> {
        match epochs.newest(self.extent) {
            Some((number, epoch)) if number > self.epoch && epoch.is_claimed => {
                read(&self.store, &self.leases, self.extent, number).await
            }
            _ => Ok(None),
        }
    }

    /// Whoever keeps us out, among the extents that count.
    async fn holder(
        &self,
        epochs: &Epochs,
        counts: impl Fn(Extent) -> bool,
    ) -> Result<Option<Claim>, StoreError> {
        for (extent, number, epoch) in epochs.open() {
            if counts(extent)
                && extent.excludes(self.extent)
                && let Some(holder) = self.living(extent, number, epoch).await?
            {
                return Ok(Some(holder));
            }
        }
        Ok(None)
    }

    async fn living(&self, extent: Extent, number: u64, epoch: Epoch) -> Result<Option<Claim>, StoreError> {
        let Some(claim) = read(&self.store, &self.leases, extent, number).await? else { return Ok(None) };
        if claim.lock.is_some() && claim.lock == self.claim.lock {
            return Ok(None);
        }
        let now = self.store.now(&self.claim.attempt).await?;
        Ok((now - epoch.heard_at < claim.ttl()).then_some(claim))
    }
}
