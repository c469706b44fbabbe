//! Where every object of a run lies: the only place that spells a key.
//!
//! ```text
//! data/<table>/v1/run_date=YYYY-MM-DD/<run_id>-<attempt>.parquet   what people glob
//! data/<table>/v1/_delta_log/<20 digits>.json                      if asked for: follows from manifests
//! runs/<job>/<slot>/<attempt>/<name>                               CSV, NDJSON, workbook, reports
//! runs/<job>/<slot>/<attempt>/staged/<key with ~>.part             not yet shown (disk only)
//! runs/<job>/<slot>/auth/<digest of a credential's name>/<n>.<word> logons that shards share
//! runs/<job>/<slot>/lease/[<shard>-of-<shards>/]<epoch>.<word>     who works on the slot
//! runs/<job>/<slot>/parts/division.json                            into how many shards it is divided
//! runs/<job>/<slot>/parts/<i>-of-<n>.json                          a shard has ended
//! runs/<job>/<slot>/staged/[<i>-of-<n>/]<attempt>-NNNNNN.part      finished hosts of a run that goes on
//! runs/<job>/<slot>/manifest.json                                  THE commit point
//! runs/<job>/<slot>/retired.json                                   what it was, after the run's time
//! runs/<job>/latest.json                                           advisory
//! runs/<job>/paused.json                                           while the job is paused by hand
//! probe/<nonce>-<name>                                             for a moment, to learn what a store does
//! ```

use std::fmt;

use object_store::path::Path;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::model::credential::CredentialName;
use crate::model::event::RunHeader;
use crate::model::run::{Attempt, JobName, RunId, Slot};
use crate::model::shard::Shard;
use crate::output::published::hex;
use crate::tables::table::TableId;

/// The name of one object below the store's root: `/`-separated, no empty part.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Key(String);

#[derive(Debug, thiserror::Error)]
#[error("object key {0:?} is not a `/`-separated path below the root")]
pub struct InvalidKey(String);

impl Key {
    /// A key as an artifact lists it.
    pub fn parse(text: &str) -> Result<Self, InvalidKey> {
        match Path::parse(text) {
            Ok(path) if path.as_ref() == text && !text.is_empty() => Ok(Self(text.to_owned())),
            _ => Err(InvalidKey(text.to_owned())),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// Whether it lies in a folder, however deep.
    pub fn is_below(&self, folder: &Self) -> bool {
        self.0.strip_prefix(&folder.0).is_some_and(|rest| rest.starts_with('/'))
    }

    /// What it lies in; itself at the top of the root.
    pub fn folder(&self) -> Self {
        Self(self.0.rsplit_once('/').map_or(&*self.0, |(folder, _)| folder).to_owned())
    }

    pub(in crate::output) fn path(&self) -> Path {
        Path::parse(&self.0).expect("a key is parsed, or spelled by this file")
    }

    pub(in crate::output) fn of_path(path: &Path) -> Self {
        Self(path.as_ref().to_owned())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a part's name ends.
const PART: &str = ".part";

/// What people glob lies below this.
pub const DATA: &str = "data/";

/// The keys of one attempt at a run.
#[derive(Clone, Debug)]
pub struct RunKeys {
    pub job: JobName,
    pub slot: Slot,
    pub run_id: RunId,
    pub attempt: Attempt,
}

impl RunKeys {
    pub fn of(header: &RunHeader) -> Self {
        Self {
            job: header.job.clone(),
            slot: header.slot,
            run_id: header.run_id.clone(),
            attempt: header.attempt.clone(),
        }
    }

    /// The Parquet file of a table.
    pub fn data(&self, table: TableId) -> Key {
        let (date, run, attempt) = (self.slot.date(), &self.run_id, &self.attempt);
        Key(format!("{DATA}{table}/v1/run_date={date}/{run}-{attempt}.parquet"))
    }

    /// Everything else the attempt leaves: `vinfo.csv`, `hyperv_run_report.json`.
    pub fn file(&self, name: &str) -> Key {
        Key(format!("{}/{name}", self.folder()))
    }

    /// Where an object waits, on disk, until the run is final. The name ends in `.part` and
    /// lies outside `data/`, so no glob for `*.parquet` meets it.
    pub fn staged(&self, key: &Key) -> Key {
        Key(format!("{}/{}.part", self.staging().0, key.0.replace('/', "~")))
    }

    /// The folder of what waits.
    pub fn staging(&self) -> Key {
        self.file("staged")
    }

    /// The n-th part of the finished hosts, staged while the run goes on; of a shard, below
    /// its own folder.
    pub fn part(&self, shard: Option<Shard>, number: u32) -> Key {
        let folder =
            shard.map_or_else(|| parts(&self.job, self.slot), |shard| parts_of(&self.job, self.slot, shard));
        Key(format!("{folder}/{}-{number:06}{PART}", self.attempt))
    }

    pub fn manifest(&self) -> Key {
        manifest(&self.job, self.slot)
    }

    pub fn latest(&self) -> Key {
        latest(&self.job)
    }

    fn folder(&self) -> String {
        format!("runs/{}/{}/{}", self.job, self.slot, self.attempt)
    }
}

/// Below it lies a folder for each job.
pub fn jobs() -> Key {
    Key("runs".to_owned())
}

/// Below it lies a folder for each slot of a job, committed or not.
pub fn slots(job: &JobName) -> Key {
    Key(format!("runs/{job}"))
}

/// The slot in whose folder an object of a job lies.
pub fn slot_of(job: &JobName, key: &Key) -> Option<Slot> {
    let (slot, _) = key.0.strip_prefix(&slots(job).0)?.strip_prefix('/')?.split_once('/')?;
    Slot::parse(slot).ok()
}

/// Everything of a run but what lies under `data/`, of all its attempts.
pub fn run_folder(job: &JobName, slot: Slot) -> Key {
    Key(format!("runs/{job}/{slot}"))
}

/// What the shards of a slot say of themselves.
pub fn shards(job: &JobName, slot: Slot) -> Key {
    Key(format!("runs/{job}/{slot}/parts"))
}

/// Whether an object is about a slot's work and not of its outcome.
pub fn is_working_paper(job: &JobName, slot: Slot, key: &Key) -> bool {
    let below = |folder: &str| key.0.starts_with(&format!("{}/{folder}/", run_folder(job, slot)));
    below("parts") || below("auth") || below("lease")
}

/// How a slot is divided into shards.
pub fn division(job: &JobName, slot: Slot) -> Key {
    Key(format!("{}/division.json", shards(job, slot)))
}

/// That a shard has ended.
pub fn shard(job: &JobName, slot: Slot, shard: Shard) -> Key {
    Key(format!("{}/{}.json", shards(job, slot), shard.word()))
}

/// Where the shards of a slot write down how a credential fares. Its name may be anything.
pub fn logons(job: &JobName, slot: Slot, credential: &CredentialName) -> Key {
    let digest = Sha256::digest(&credential.0);
    Key(format!("{}/auth/{}", run_folder(job, slot), hex(&digest[..8])))
}

/// One of the objects there.
pub fn logon(logons: &Key, number: u32, word: &str) -> Key {
    Key(format!("{logons}/{number:06}.{word}"))
}

/// Those of them that the tries at one shard have staged, so that the next need not read all.
pub fn parts_of(job: &JobName, slot: Slot, shard: Shard) -> Key {
    Key(format!("{}/{}", parts(job, slot), shard.word()))
}

/// The leases of a slot, of whatever extent.
pub fn leases(job: &JobName, slot: Slot) -> Key {
    Key(format!("runs/{job}/{slot}/lease"))
}

/// One object of a lease. `shard` is the folder of a shard's leases, absent for those of the
/// whole slot.
pub fn lease(leases: &Key, shard: Option<&str>, epoch: u64, word: &str) -> Key {
    let shard = shard.map(|shard| format!("{shard}/")).unwrap_or_default();
    Key(format!("{leases}/{shard}{epoch:06}.{word}"))
}

/// Below it lie the parts of a slot, of all its attempts; nothing else ends as they do.
pub fn parts(job: &JobName, slot: Slot) -> Key {
    Key(format!("runs/{job}/{slot}/staged"))
}

/// Below it lies a folder for each table.
pub fn data_tables() -> Key {
    Key(DATA.trim_end_matches('/').to_owned())
}

/// The Parquet files of a table of one day, of all runs.
pub fn data_of_day(table: &str, slot: Slot) -> Result<Key, InvalidKey> {
    Key::parse(&format!("{DATA}{table}/v1/run_date={}", slot.date()))
}

/// A Parquet file as the table that it belongs to sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filed<'a> {
    /// Where the days of the table lie.
    pub root: Key,
    /// The file below that.
    pub path: &'a str,
    /// `YYYY-MM-DD`.
    pub run_date: &'a str,
}

/// Where the key of an artifact is filed; `None` for what is no file of a table.
pub fn filed(key: &str) -> Option<Filed<'_>> {
    let day_at = key.strip_prefix(DATA)?.find("/run_date=")? + DATA.len();
    let (root, path) = (&key[..day_at], &key[day_at + 1..]);
    let (day, _) = path.split_once('/')?;
    Some(Filed { root: Key::parse(root).ok()?, path, run_date: day.strip_prefix("run_date=")? })
}

/// Below it lie the versions of a table's Delta log, and what other programs put beside them.
pub fn delta_log(root: &Key) -> Key {
    Key(format!("{root}/_delta_log"))
}

pub fn delta_version(root: &Key, version: u64) -> Key {
    Key(format!("{root}/_delta_log/{version:020}.json"))
}

/// The closing document of a run, whoever wrote it.
pub fn manifest(job: &JobName, slot: Slot) -> Key {
    Key(format!("runs/{job}/{slot}/manifest.json"))
}

/// The manifest of a run that is no longer kept, until its files are gone too.
pub fn retired(job: &JobName, slot: Slot) -> Key {
    Key(format!("runs/{job}/{slot}/retired.json"))
}

/// The pointer to a job's newest committed run.
pub fn latest(job: &JobName) -> Key {
    Key(format!("runs/{job}/latest.json"))
}

/// Is there while the job is paused by hand.
pub fn paused(job: &JobName) -> Key {
    Key(format!("runs/{job}/paused.json"))
}

/// Below it lie objects that find out what a store does, outside of everything that is read.
pub fn probes() -> Key {
    Key("probe".to_owned())
}

/// One of them.
pub fn probe(nonce: u64, name: &str) -> Key {
    Key(format!("probe/{nonce:016x}-{name}"))
}

/// An object that is written to learn the store's time.
pub fn store_time(nonce: &Attempt) -> Key {
    Key(format!("probe/{nonce}-now"))
}

/// An object at the top of the root, under its plain name.
pub fn top(name: &str) -> Key {
    Key(name.to_owned())
}
