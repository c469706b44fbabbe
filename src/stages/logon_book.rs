//! The book in which the shards of a slot write their logons, so that they share one budget.
//!
//! ```text
//! runs/<job>/<slot>/auth/<digest>/000001.try        taken before a canary logs on: its entry
//!                                 000001.<word>     how it ended: accepted, refused, silent
//!                                 000001.lost       nobody heard how: it counts as refused
//! ```
//! Every object is created once and never changed. Who takes the next free number is the
//! slot's one canary until a word stands beside it. A holder that died leaves none; after
//! `patience` those who wait write `lost` in its place. Its own word, when it comes after
//! all, counts more.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::model::credential::CredentialName;
use crate::model::run::{Attempt, JobName, Slot};
use crate::model::shard::Shard;
use crate::output::layout::{Key, logon, logons};
use crate::output::store::{PutNew, Store};
use crate::output::store_error::StoreError;
use crate::time::backoff::Backoff;
use crate::time::clock::Clock;

/// How often the book is looked at while somebody else is out.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The book of one shard's process.
#[derive(Clone)]
pub struct LogonBook {
    pub store: Store,
    pub clock: Clock,
    pub job: JobName,
    pub slot: Slot,
    pub writer: Writer,
    /// How long an entry may stand without its word: longer than any logon takes.
    pub patience: Duration,
}

/// Who writes. A shard has one living process, so an entry of another attempt at the same
/// shard is a dead one's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Writer {
    pub shard: Shard,
    pub attempt: Attempt,
}

/// How a logon ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    Accepted,
    Refused,
    /// The host said nothing of the credential.
    Silent,
}

/// What the book says to somebody who wants to log on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// Nobody else tries now; the word goes to this entry.
    Alone(u32),
    /// The credential was accepted last: nobody needs to wait.
    Known,
    /// So many refusals in a row.
    Blocked(u32),
}

/// What stands beside a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    Open,
    Lost,
    Refused,
    Silent,
    Accepted,
}

impl Standing {
    fn of(word: &str) -> Option<Self> {
        match word {
            "try" => Some(Self::Open),
            "lost" => Some(Self::Lost),
            "refused" => Some(Self::Refused),
            "silent" => Some(Self::Silent),
            "accepted" => Some(Self::Accepted),
            _ => None,
        }
    }
}

impl Word {
    const fn text(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Silent => "silent",
        }
    }
}

impl LogonBook {
    /// Waits until it is this process' turn, or nobody's any more. `budget` refusals in a row
    /// are the most. A store that does not answer is waited for: nobody logs on unbooked.
    pub async fn leave(&self, credential: &CredentialName, budget: u32) -> Leave {
        let book = logons(&self.job, self.slot, credential);
        let mut open_since: BTreeMap<u32, Instant> = BTreeMap::new();
        let mut failed = 0;
        loop {
            let pause = match self.look(&book, budget, &mut open_since).await {
                Ok(Some(leave)) => return leave,
                Ok(None) => LOOK_EVERY,
                Err(error) => {
                    failed += 1;
                    tracing::warn!(%error, "no logon is tried before the store answers");
                    Backoff::for_name(self.writer.attempt.as_str()).pause(failed)
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Writes how a logon ended: into the entry that was taken for it, or as a new one. What
    /// cannot be written is found missing by the others and counts as refused.
    pub async fn enter(&self, credential: &CredentialName, entry: Option<u32>, word: Word) {
        let book = logons(&self.job, self.slot, credential);
        let entered = async {
            let entry = match entry {
                Some(entry) => entry,
                None => self.take_a_number(&book).await?,
            };
            self.write(&logon(&book, entry, word.text())).await.map(drop)
        };
        if let Err(error) = entered.await {
            tracing::warn!(%error, "the other shards do not hear how a logon ended");
        }
    }

    async fn look(
        &self,
        book: &Key,
        budget: u32,
        open_since: &mut BTreeMap<u32, Instant>,
    ) -> Result<Option<Leave>, StoreError> {
        let entries = self.read(book).await?;
        let (mut in_a_row, mut accepted) = (0, false);
        for standing in entries.values() {
            match standing {
                Standing::Open | Standing::Silent => {}
                Standing::Accepted => (in_a_row, accepted) = (0, true),
                Standing::Refused | Standing::Lost => (in_a_row, accepted) = (in_a_row + 1, false),
            }
        }
        if in_a_row >= budget {
            return Ok(Some(Leave::Blocked(in_a_row)));
        }
        let open: Vec<u32> =
            entries.iter().filter(|(_, is)| **is == Standing::Open).map(|(entry, _)| *entry).collect();
        if open.is_empty() {
            if accepted {
                return Ok(Some(Leave::Known));
            }
            let next = entries.last_key_value().map_or(1, |(last, _)| last + 1);
            let taken = self.write(&logon(book, next, "try")).await?;
            return Ok(taken.then_some(Leave::Alone(next)));
        }
        for entry in open {
            let since = *open_since.entry(entry).or_insert_with(|| self.clock.instant());
            if since.elapsed() >= self.patience || self.is_a_dead_ones(book, entry).await? {
                self.write(&logon(book, entry, "lost")).await?;
            }
        }
        Ok(None)
    }

    /// The entries by number, each with the word that counts most.
    async fn read(&self, book: &Key) -> Result<BTreeMap<u32, Standing>, StoreError> {
        let mut entries = BTreeMap::new();
        for (key, _) in self.store.list(book).await? {
            let named = key.file_name().split_once('.');
            let Some((number, word)) = named else { continue };
            let (Ok(number), Some(standing)) = (number.parse(), Standing::of(word)) else { continue };
            let counts = entries.entry(number).or_insert(standing);
            *counts = standing.max(*counts);
        }
        Ok(entries)
    }

    async fn is_a_dead_ones(&self, book: &Key, entry: u32) -> Result<bool, StoreError> {
        let body = self.store.get(&logon(book, entry, "try")).await?;
        let holder = body.and_then(|body| serde_json::from_slice::<Writer>(&body).ok());
        Ok(holder.is_some_and(|holder| holder.shard == self.writer.shard && holder != self.writer))
    }

    async fn take_a_number(&self, book: &Key) -> Result<u32, StoreError> {
        loop {
            let next = self.read(book).await?.last_key_value().map_or(1, |(last, _)| last + 1);
            if self.write(&logon(book, next, "try")).await? {
                return Ok(next);
            }
        }
    }

    /// Whether the object is ours.
    async fn write(&self, key: &Key) -> Result<bool, StoreError> {
        let body = serde_json::to_vec(&self.writer).expect("a writer holds only plain values");
        match self.store.put_new(key, body).await {
            PutNew::Written => Ok(true),
            PutNew::Exists(_) => Ok(false),
            PutNew::Absent(error) | PutNew::Unknown(error) => Err(error),
        }
    }
}
