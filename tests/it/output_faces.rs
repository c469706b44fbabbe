//! Staging the RVTools files: a store that fails, rows that cannot be read, and what is left.

use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use lustrum::model::failure::{Failure, FailureKind};
use lustrum::model::target::HostName;
use lustrum::output::csv::FormulaGuard;
use lustrum::output::draft::Draft;
use lustrum::output::faces::{Face, Written, workbook_name, write_face};
use lustrum::output::layout::Key;
use lustrum::output::published::hex;
use lustrum::output::source::TableSource;
use lustrum::output::spool::SpoolError;
use lustrum::output::store::Store;
use lustrum::output::writer::WriteError;
use lustrum::tables::inventory::vcpu::Vcpu;
use lustrum::tables::sheet::Place;
use lustrum::tables::table::TableSpec;
use lustrum::tables::tabs::tabs;
use object_store::memory::InMemory;
use sha2::{Digest, Sha256};

use crate::world::fault_store::{FaultStore, Faults, When};
use crate::world::sample_rows::{header, host};

/// One host whose rows end as told.
struct Source(Vec<HostName>, End);

#[derive(Clone, Copy)]
enum End {
    Empty,
    Unreadable,
    Panic,
}

fn source(end: End) -> Arc<dyn TableSource> {
    Arc::new(Source(vec![host("hv1")], end))
}

impl TableSource for Source {
    fn hosts(&self) -> &[HostName] {
        &self.0
    }

    fn place(&self, _host: &HostName) -> Place {
        Place::default()
    }

    fn host_rows(&self, table: &'static TableSpec, _host: &HostName) -> Result<RecordBatch, SpoolError> {
        match self.1 {
            End::Empty => Ok(RecordBatch::new_empty((table.schema)())),
            End::Unreadable => Err(SpoolError {
                doing: "read",
                path: "spool".into(),
                cause: "torn".to_owned(),
                is_held: false,
            }),
            End::Panic => panic!("rows that nobody thought of"),
        }
    }

    fn fleet_rows(&self, table: &'static TableSpec) -> Result<RecordBatch, SpoolError> {
        Ok(RecordBatch::new_empty((table.schema)()))
    }
}

async fn write(draft: &mut Draft, end: End, face: Face, scratch: &Path) -> Result<Written, WriteError> {
    let asked: [&'static TableSpec; 1] = [&Vcpu::SPEC];
    write_face(draft, &header(1), &source(end), &asked, face, scratch).await
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).unwrap().next().is_none()
}

#[tokio::test]
async fn what_is_staged_is_what_is_listed() {
    let scratch = tempfile::tempdir().unwrap();
    let root = tempfile::tempdir().unwrap();
    let store = Store::open(root.path().to_str().unwrap()).unwrap();
    let mut draft = Draft::new(store.clone(), &header(1));
    let mut artifacts = Vec::new();
    for face in [Face::Workbook, Face::Csv(FormulaGuard::On)] {
        artifacts.extend(write(&mut draft, End::Empty, face, scratch.path()).await.unwrap().artifacts);
    }
    assert_eq!(artifacts, draft.artifacts());
    let csvs = tabs(&[]).iter().filter(|tab| tab.title != "vMetaData").count();
    assert_eq!(artifacts.len(), 1 + csvs);
    assert!(artifacts[0].path.ends_with(&format!("/{}", workbook_name(&header(1)))));
    let manifest = serde_json::json!({ "attempt": header(1).attempt }).to_string();
    lustrum::output::commit::commit(draft, manifest).await.unwrap();
    for artifact in artifacts {
        let body = store.get(&Key::parse(&artifact.path).unwrap()).await.unwrap().unwrap();
        assert_eq!((body.len() as u64, hex(&Sha256::digest(&body))), (artifact.bytes, artifact.sha256));
    }
    assert!(is_empty(scratch.path()));
}

#[tokio::test]
async fn a_store_that_fails_under_a_workbook_is_told_as_such() {
    let scratch = tempfile::tempdir().unwrap();
    // The upload is begun, takes its part and is listed: three calls.
    for from in 0..2 {
        let faults = Faults { from, calls: 1, when: When::Before, error: std::io::ErrorKind::StorageFull };
        let store = Store::uploading(Arc::new(FaultStore::new(Arc::new(InMemory::new()), faults)), "faulty:");
        let mut draft = Draft::new(store, &header(1));
        let error = write(&mut draft, End::Empty, Face::Workbook, scratch.path()).await.unwrap_err();
        assert!(matches!(error, WriteError::Store(_)), "call {from}: {error}");
        assert!(error.to_string().contains("no space left"), "{error}");
        assert!(draft.artifacts().is_empty());
        draft.discard().await.unwrap();
    }
    assert!(is_empty(scratch.path()));
}

#[tokio::test]
async fn rows_that_cannot_be_read_end_the_writing_and_a_panic_does_not_end_the_press() {
    let scratch = tempfile::tempdir().unwrap();
    let mut draft = Draft::new(Store::memory(), &header(1));
    for face in [Face::Workbook, Face::Csv(FormulaGuard::On)] {
        let error = write(&mut draft, End::Unreadable, face, scratch.path()).await.unwrap_err();
        assert!(matches!(error, WriteError::Spool(_)), "{error}");
        let error = write(&mut draft, End::Panic, face, scratch.path()).await.unwrap_err();
        assert!(error.to_string().contains("rows that nobody thought of"), "{error}");
    }
    draft.discard().await.unwrap();
    let mut draft = Draft::new(Store::memory(), &header(1));
    write(&mut draft, End::Panic, Face::Workbook, scratch.path()).await.unwrap_err();
    assert_eq!(draft.press().run(|| 1 + 1).await.unwrap(), 2);
    assert!(is_empty(scratch.path()));
}

#[tokio::test]
async fn a_scratch_folder_that_is_not_there_is_the_disks_fault() {
    let scratch = tempfile::tempdir().unwrap().path().join("gone");
    let mut draft = Draft::new(Store::memory(), &header(1));
    let error = write(&mut draft, End::Empty, Face::Workbook, &scratch).await.unwrap_err();
    assert!(error.to_string().starts_with("RVTools_export_all_"), "{error}");
    assert_eq!(Failure::from(error).kind, FailureKind::Store);
}
