//! The log of one table: what it holds, and the next version, create-only.
//!
//! It is read from its end backwards, as far as a question needs: a run newer than all that its
//! job has published is answered by the job's last version, whatever the length of the log.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::output::delta::delta_error::DeltaError;
use crate::output::delta::entry::{Addition, Entry, WRITER_VERSION};
use crate::output::delta::fields::{self, Clash, Field, PARTITION};
use crate::output::layout::{self, Key};
use crate::output::store::{PutNew, Store};

/// Versions that others may create while we try to.
const RACES: usize = 100;

/// Of `<20 digits>.json` and `<20 digits>.checkpoint….parquet`.
const VERSION_DIGITS: usize = 20;

pub struct TableLog {
    store: Store,
    root: Key,
    /// What was read so far. A version never changes.
    entries: BTreeMap<u64, Entry>,
    /// From here to the end no version is missing.
    begins: u64,
    /// The version that nobody has created as far as we know.
    next: u64,
}

/// What a log says of one run.
struct Standing {
    published: bool,
    /// The newest slot that the job has published, in milliseconds.
    application: Option<i64>,
    schema: Known,
}

/// What a log says of its schema.
enum Known {
    /// There is no log.
    Nothing,
    /// It covers what we write.
    Covered,
    /// The `metaData` in force.
    Told(Json),
}

impl TableLog {
    pub async fn open(store: &Store, root: Key) -> Result<Self, DeltaError> {
        let listed = store.list(&layout::delta_log(&root)).await?;
        let mut versions: Vec<u64> = Vec::new();
        let mut next = 0;
        for (key, _) in &listed {
            let Some((number, kind)) = key.file_name().split_at_checked(VERSION_DIGITS) else { continue };
            let Ok(version) = number.parse::<u64>() else { continue };
            if kind == ".json" {
                versions.push(version);
            }
            if kind == ".json" || kind.starts_with(".checkpoint.") {
                next = next.max(version + 1);
            }
        }
        let mut begins = next;
        while begins > 0 && versions.binary_search(&(begins - 1)).is_ok() {
            begins -= 1;
        }
        Ok(Self { store: store.clone(), root, entries: BTreeMap::new(), begins, next })
    }

    /// Whether the log holds these files of a run.
    pub async fn holds(&mut self, addition: &Addition<'_>) -> Result<bool, DeltaError> {
        Ok(self.look(addition).await?.published)
    }

    /// Appends a version with the run's files, unless the log holds them. Says whether it grew.
    pub async fn append(&mut self, addition: &Addition<'_>, ours: &[Field]) -> Result<bool, DeltaError> {
        for _ in 0..RACES {
            let standing = self.look(addition).await?;
            if standing.published {
                return Ok(false);
            }
            let metadata = self.metadata(&standing.schema, ours, addition)?;
            let is_new = matches!(standing.schema, Known::Nothing);
            // Never backwards, as Delta wants it: a slot published late does not hide newer ones.
            let slot = slot_ms(addition);
            let application = standing.application.map_or(slot, |known| known.max(slot));
            let body = addition.body(is_new, metadata, application);
            let key = layout::delta_version(&self.root, self.next);
            let (written, body) = match self.store.put_new(&key, body.clone()).await {
                PutNew::Written => (true, body.into()),
                PutNew::Exists(found) => (false, found),
                PutNew::Absent(error) | PutNew::Unknown(error) => return Err(error.into()),
            };
            self.entries.insert(self.next, self.read(&key, &body)?);
            self.next += 1;
            if written {
                return Ok(true);
            }
        }
        Err(DeltaError::Outrun { path: self.path() })
    }

    /// Reads backwards until it is known whether the run is there and what the schema is.
    async fn look(&mut self, addition: &Addition<'_>) -> Result<Standing, DeltaError> {
        let (mut published, mut application, mut schema, mut writer) = (None, None, None, None);
        let is_ours =
            |entry: &Entry| addition.files.iter().any(|(filed, _)| entry.paths.contains(filed.path));
        for version in (self.begins..self.next).rev() {
            let entry = self.entry(version).await?;
            writer = writer.or(entry.min_writer_version);
            schema = schema.or_else(|| match (&entry.metadata, &entry.fingerprint) {
                (_, Some(covered)) if covered == addition.fingerprint => Some(Known::Covered),
                (Some(metadata), _) => Some(Known::Told(metadata.clone())),
                _ => None,
            });
            application = application.or(entry.applications.get(addition.run.job.as_str()).copied());
            if is_ours(entry) {
                published = Some(true);
            } else if application.is_some_and(|newest| newest < slot_ms(addition)) {
                published = published.or(Some(false));
            }
            if published.is_some() && application.is_some() && schema.is_some() {
                break;
            }
        }
        if let Some(writer) = writer.filter(|writer| *writer > WRITER_VERSION) {
            return Err(DeltaError::Protocol { path: self.path(), writer });
        }
        let is_whole = self.begins == 0;
        match (published, schema) {
            (Some(published), Some(schema)) => Ok(Standing { published, application, schema }),
            // Whose files are there needs no schema.
            (Some(true), None) => Ok(Standing { published: true, application, schema: Known::Nothing }),
            (published, schema) if is_whole => Ok(Standing {
                published: published.unwrap_or(false),
                application,
                schema: schema.unwrap_or(Known::Nothing),
            }),
            _ => Err(DeltaError::Cut { path: self.path(), begins: self.begins }),
        }
    }

    /// The `metaData` action that a version needs, if it needs one.
    fn metadata(
        &self,
        known: &Known,
        ours: &[Field],
        addition: &Addition<'_>,
    ) -> Result<Option<Json>, DeltaError> {
        match known {
            Known::Covered => Ok(None),
            Known::Nothing => Ok(Some(self.first_metadata(ours, addition))),
            Known::Told(metadata) => {
                let unreadable = |why: String| DeltaError::Unreadable { path: self.path(), why };
                let schema = metadata["schemaString"].as_str().unwrap_or_default();
                let known = fields::read(schema).map_err(unreadable)?;
                let clash = |Clash { column, known, ours }| DeltaError::Clash {
                    path: self.path(),
                    column,
                    known,
                    ours,
                };
                let grown = fields::grown(&known, ours).map_err(clash)?;
                Ok(grown.map(|fields| {
                    let mut metadata = metadata.clone();
                    metadata["schemaString"] = Json::String(fields::write(&fields));
                    metadata
                }))
            }
        }
    }

    fn first_metadata(&self, ours: &[Field], addition: &Addition<'_>) -> Json {
        let id = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, self.path().as_bytes());
        json!({
            "id": id.to_string(),
            "name": self.root.as_str().trim_start_matches(layout::DATA).split('/').next(),
            "format": { "provider": "parquet", "options": {} },
            "schemaString": fields::write(ours),
            "partitionColumns": [PARTITION],
            // The files belong to the manifests: a vacuum must not take those that are not
            // published yet, nor a checkpoint the versions by which we know what is.
            "configuration": {
                "delta.deletedFileRetentionDuration": "interval 36500 days",
                "delta.enableExpiredLogCleanup": "false",
            },
            "createdTime": addition.at.timestamp_millis(),
        })
    }

    async fn entry(&mut self, version: u64) -> Result<&Entry, DeltaError> {
        if !self.entries.contains_key(&version) {
            let key = layout::delta_version(&self.root, version);
            let gone = || DeltaError::Cut { path: self.path(), begins: version + 1 };
            let body = self.store.get(&key).await?.ok_or_else(gone)?;
            let entry = self.read(&key, &body)?;
            self.entries.insert(version, entry);
        }
        Ok(&self.entries[&version])
    }

    fn read(&self, key: &Key, body: &[u8]) -> Result<Entry, DeltaError> {
        let unreadable = |error: serde_json::Error| DeltaError::Unreadable {
            path: self.store.shown(key),
            why: error.to_string(),
        };
        Entry::read(body).map_err(unreadable)
    }

    fn path(&self) -> String {
        self.store.shown(&layout::delta_log(&self.root))
    }
}

fn slot_ms(addition: &Addition<'_>) -> i64 {
    addition.run.slot.instant().timestamp_millis()
}
