//! One version of a Delta log: the actions that we write, and of any writer's those that we must heed.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde_json::{Value as Json, json};

use crate::model::artifact::Artifact;
use crate::model::manifest::Manifest;
use crate::output::layout::Filed;

/// What the table needs that reads (1) and writes (2) no feature newer than column invariants.
const READER_VERSION: u64 = 1;
pub const WRITER_VERSION: u64 = 2;

/// What a version says that concerns us.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    /// The version of each application (`txn`): of a job, the newest slot it has published.
    pub applications: BTreeMap<String, i64>,
    /// Files that came or went.
    pub paths: BTreeSet<String>,
    /// In a version of ours, what the schema in force covers.
    pub fingerprint: Option<String>,
    /// The `metaData` action.
    pub metadata: Option<Json>,
    pub min_writer_version: Option<u64>,
}

impl Entry {
    /// Reads one action a line. What we do not know does not concern us.
    pub fn read(body: &[u8]) -> Result<Self, serde_json::Error> {
        let mut entry = Self::default();
        for line in body.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
            let action: Json = serde_json::from_slice(line)?;
            if let (Some(id), Some(version)) =
                (action["txn"]["appId"].as_str(), action["txn"]["version"].as_i64())
            {
                entry.applications.insert(id.to_owned(), version);
            }
            let paths = ["add", "remove"].iter().filter_map(|kind| action[kind]["path"].as_str());
            entry.paths.extend(paths.map(str::to_owned));
            if let Some(fingerprint) = action["commitInfo"][FINGERPRINT].as_str() {
                entry.fingerprint = Some(fingerprint.to_owned());
            }
            if action["metaData"].is_object() {
                entry.metadata = Some(action["metaData"].clone());
            }
            if let Some(version) = action["protocol"]["minWriterVersion"].as_u64() {
                entry.min_writer_version = Some(version);
            }
        }
        Ok(entry)
    }
}

/// Of `commitInfo`, which is free in form.
const FINGERPRINT: &str = "schemaFingerprint";

/// What one run adds to one table.
pub struct Addition<'a> {
    pub run: &'a Manifest,
    pub files: &'a [(Filed<'a>, &'a Artifact)],
    /// What the declared schema covers.
    pub fingerprint: &'a str,
    pub at: DateTime<Utc>,
}

impl Addition<'_> {
    /// The version as it is written. `application` is the newest slot that the job will have
    /// published then, in milliseconds.
    pub fn body(&self, protocol: bool, metadata: Option<Json>, application: i64) -> String {
        let mut actions = vec![self.commit_info()];
        if protocol {
            let versions = json!({ "minReaderVersion": READER_VERSION, "minWriterVersion": WRITER_VERSION });
            actions.push(json!({ "protocol": versions }));
        }
        actions.extend(metadata.map(|metadata| json!({ "metaData": metadata })));
        let at_ms = self.at.timestamp_millis();
        actions
            .push(json!({ "txn": { "appId": self.run.job, "version": application, "lastUpdated": at_ms } }));
        actions.extend(self.files.iter().map(|(filed, artifact)| self.add(filed, artifact)));
        actions.into_iter().map(|action| format!("{action}\n")).collect()
    }

    fn commit_info(&self) -> Json {
        json!({ "commitInfo": {
            "timestamp": self.at.timestamp_millis(),
            "operation": "WRITE",
            "operationParameters": { "mode": "Append", "partitionBy": "[\"run_date\"]" },
            "isBlindAppend": true,
            "engineInfo": concat!("lustrum/", env!("CARGO_PKG_VERSION")),
            "runId": self.run.run_id,
            FINGERPRINT: self.fingerprint,
        } })
    }

    fn add(&self, filed: &Filed<'_>, artifact: &Artifact) -> Json {
        let ended_at = self.run.ended_at.unwrap_or(self.run.started_at);
        json!({ "add": {
            "path": filed.path,
            "partitionValues": { "run_date": filed.run_date },
            "size": artifact.bytes,
            "modificationTime": ended_at.timestamp_millis(),
            "dataChange": true,
            "stats": self.statistics(artifact.rows).to_string(),
        } })
    }

    /// What the manifest tells of every row: which run it is of. A file without rows has no bounds.
    fn statistics(&self, rows: u64) -> Json {
        if rows == 0 {
            return json!({ "numRecords": 0 });
        }
        let slot = self.run.slot.instant().format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
        let bound = json!({ "run_id": self.run.run_id, "slot": slot });
        json!({
            "numRecords": rows,
            "minValues": bound,
            "maxValues": bound,
            "nullCount": { "run_id": 0, "slot": 0 },
        })
    }
}
