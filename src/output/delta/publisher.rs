//! Committed runs put into the logs of their tables, from their manifests alone.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::model::artifact::{Artifact, ArtifactFormat};
use crate::model::manifest::Manifest;
use crate::output::delta::delta_error::DeltaError;
use crate::output::delta::entry::Addition;
use crate::output::delta::fields;
use crate::output::delta::table_log::TableLog;
use crate::output::layout::{self, Filed, Key};
use crate::output::published::Published;
use crate::output::store::Store;
use crate::tables::catalogue;

/// Whether this program may be asked to publish. Nothing else hangs on the feature: what it
/// guards is small and stands on no other crate, so that it is compiled and tested always.
pub const BUILT: bool = cfg!(feature = "delta");

/// Publishes runs one after the other; what it has read of the logs stays with it.
pub struct Publisher {
    store: Store,
    logs: BTreeMap<Key, TableLog>,
}

/// The files of one run in one table.
type Files<'a> = Vec<(Filed<'a>, &'a Artifact)>;

impl Publisher {
    pub fn of(store: &Store) -> Self {
        Self { store: store.clone(), logs: BTreeMap::new() }
    }

    /// Puts a committed run into the log of each of its tables; where it is already, nothing
    /// changes. Gives how many logs grew. A table that fails does not keep the others from it.
    pub async fn publish(&mut self, run: &Manifest, at: DateTime<Utc>) -> Result<u64, DeltaError> {
        let (mut grown, mut failed) = (0, None);
        for (root, files) in files_of(run) {
            match self.publish_table(run, at, root, &files).await {
                Ok(grew) => grown += u64::from(grew),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(grown), Err)
    }

    /// Whether a run is in the logs of all its tables; `None` for one without any.
    pub async fn holds(&mut self, run: &Manifest) -> Result<Option<bool>, DeltaError> {
        let tables = files_of(run);
        let has_any = !tables.is_empty();
        for (root, files) in tables {
            let table = published(&files)?;
            let addition =
                Addition { run, files: &files, fingerprint: &table.fingerprint, at: run.started_at };
            if !self.log(root).await?.holds(&addition).await? {
                return Ok(Some(false));
            }
        }
        Ok(has_any.then_some(true))
    }

    async fn publish_table(
        &mut self,
        run: &Manifest,
        at: DateTime<Utc>,
        root: Key,
        files: &Files<'_>,
    ) -> Result<bool, DeltaError> {
        let table = published(files)?;
        let addition = Addition { run, files, fingerprint: &table.fingerprint, at };
        self.log(root).await?.append(&addition, &fields::of(&table.schema)).await
    }

    async fn log(&mut self, root: Key) -> Result<&mut TableLog, DeltaError> {
        if !self.logs.contains_key(&root) {
            let log = TableLog::open(&self.store, root.clone()).await?;
            self.logs.insert(root.clone(), log);
        }
        Ok(self.logs.get_mut(&root).expect("just put there"))
    }
}

/// By the table's root.
fn files_of(run: &Manifest) -> BTreeMap<Key, Files<'_>> {
    let mut tables: BTreeMap<Key, Files<'_>> = BTreeMap::new();
    for artifact in run.artifacts.values().filter(|artifact| artifact.format == ArtifactFormat::Parquet) {
        if let Some(filed) = layout::filed(&artifact.path) {
            tables.entry(filed.root.clone()).or_default().push((filed, artifact));
        }
    }
    tables
}

/// The columns that this program gives the table. A run of an older program has the first of
/// them; what a newer one wrote besides is declared when that program publishes.
fn published(files: &Files<'_>) -> Result<Published, DeltaError> {
    let name = files.first().and_then(|(_, artifact)| artifact.table.as_deref()).unwrap_or_default();
    let unknown = || DeltaError::UnknownTable { table: name.to_owned() };
    catalogue::all().find(|spec| spec.id.as_str() == name).map(Published::of).ok_or_else(unknown)
}
