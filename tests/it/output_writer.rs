//! The writer: the order of the rows, the stamps, the VMs that moved.

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{Array, RecordBatch};
use lustrum::model::artifact::ArtifactFormat;
use lustrum::output::draft::Draft;
use lustrum::output::export::copy_audit_files;
use lustrum::output::published::Published;
use lustrum::output::source::TableSource;
use lustrum::output::spool::Spool;
use lustrum::output::spooled::{KeptOn, Spooled};
use lustrum::output::store::Store;
use lustrum::output::writer::{TableFormat, write_table};
use lustrum::tables::table::{Row, TableSpec};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::world::sample_rows::{Plain, Sample, header, host, named};

static TABLES: [&TableSpec; 2] = [&Sample::SPEC, &Plain::SPEC];

/// Commits one table as Parquet and reads it back.
async fn written(spool: &Spool, table: &'static TableSpec, kept_on: KeptOn) -> Vec<RecordBatch> {
    let (store, header) = (Store::memory(), header(1));
    let mut draft = Draft::new(store.clone(), &header);
    let formats = [TableFormat::Parquet];
    let reader = spool.reader().await.unwrap();
    let rows: std::sync::Arc<dyn TableSource> = std::sync::Arc::new(Spooled::new(reader, kept_on));
    let artifacts = write_table(&mut draft, &header, &rows, table, &formats).await.unwrap();
    assert_eq!(artifacts, draft.artifacts());
    let [artifact] = artifacts.as_slice() else { panic!("{artifacts:?}") };
    assert_eq!(
        (artifact.format, artifact.table.as_deref()),
        (ArtifactFormat::Parquet, Some(table.id.as_str()))
    );
    assert_eq!(artifact.schema_fingerprint.as_ref(), Some(&Published::of(table).fingerprint));
    let path = lustrum::output::layout::Key::parse(&artifact.path).unwrap();
    let body = serde_json::json!({ "attempt": header.attempt });
    lustrum::output::commit::commit(draft, body.to_string()).await.unwrap();
    assert_eq!(
        copy_audit_files(&store, &header, &artifacts, &store).await.unwrap().len(),
        1,
        "only the manifest"
    );
    let file = store.get(&path).await.unwrap().unwrap();
    let batches: Vec<_> = ParquetRecordBatchReaderBuilder::try_new(file)
        .unwrap()
        .build()
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>() as u64, artifact.rows);
    batches
}

fn text(batches: &[RecordBatch], column: &str) -> Vec<String> {
    let cells = batches.iter().flat_map(|batch| {
        let cells = batch.column_by_name(column).unwrap().as_string::<i32>();
        (0..cells.len()).map(|row| cells.value(row).to_owned()).collect::<Vec<_>>()
    });
    cells.collect()
}

#[tokio::test]
async fn rows_are_ordered_by_host_and_vm_and_stamped() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::create(&folder.path().join("spool"), &TABLES).unwrap();
    let rows = |name: &str, ids: &[&str]| Sample::batch(ids.iter().map(|id| named(name, id, id)).collect());
    spool.append(&host("hv2"), &rows("hv2", &["c", "a"])).await.unwrap();
    spool.append(&host("hv1"), &rows("hv1", &["z"])).await.unwrap();
    spool.append(&host("hv2"), &rows("hv2", &["b"])).await.unwrap();
    let found = written(&spool, &Sample::SPEC, KeptOn::new()).await;
    assert_eq!(text(&found, "host"), ["hv1", "hv2", "hv2", "hv2"]);
    assert_eq!(text(&found, "vm_id"), ["z", "a", "b", "c"]);
    assert_eq!(text(&found, "run_id"), ["census-20261121T060000.000Z"; 4]);
    let slot = found[0].column_by_name("slot").unwrap().as_primitive::<TimestampMicrosecondType>();
    assert_eq!(slot.value(0), header(1).slot.instant().timestamp_micros());
    assert_eq!(found[0].schema().field(0).name(), "run_id");
}

#[tokio::test]
async fn a_vm_that_moved_is_kept_once() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::create(&folder.path().join("spool"), &TABLES).unwrap();
    for name in ["hv1", "hv2"] {
        let rows = ["moved", "own"]
            .map(|id| named(name, &format!("{id}{}", if id == "own" { name } else { "" }), id));
        spool.append(&host(name), &Sample::batch(rows.to_vec())).await.unwrap();
    }
    let found = written(&spool, &Sample::SPEC, KeptOn::from([("moved".to_owned(), host("hv2"))])).await;
    assert_eq!(text(&found, "vm_id"), ["ownhv1", "moved", "ownhv2"]);
    assert_eq!(text(&found, "host"), ["hv1", "hv2", "hv2"]);
}

#[tokio::test]
async fn a_table_without_vms_keeps_the_order_of_arrival_within_a_host() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::create(&folder.path().join("spool"), &TABLES).unwrap();
    let notes = ["b", "a"].map(|note| Plain { host: "hv1".to_owned(), note: Some(note.to_owned()) });
    spool.append(&host("hv1"), &Plain::batch(notes.to_vec())).await.unwrap();
    assert_eq!(text(&written(&spool, &Plain::SPEC, KeptOn::new()).await, "note"), ["b", "a"]);
}

#[tokio::test]
async fn more_rows_than_a_batch_arrive_whole() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::create(&folder.path().join("spool"), &TABLES).unwrap();
    let mut expected = Vec::new();
    for number in 0..300 {
        let name = format!("hv{number:04}");
        let ids: Vec<_> = (0..number % 40).map(|vm| format!("{number:04}-{vm:03}")).collect();
        let rows = ids.iter().map(|id| named(&name, id, id)).collect();
        spool.append(&host(&name), &Sample::batch(rows)).await.unwrap();
        expected.extend(ids);
    }
    assert_eq!(text(&written(&spool, &Sample::SPEC, KeptOn::new()).await, "vm_id"), expected);
}

#[tokio::test]
async fn a_table_without_rows_has_its_schema() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::create(&folder.path().join("spool"), &TABLES).unwrap();
    assert_eq!(written(&spool, &Sample::SPEC, KeptOn::new()).await.len(), 0);
}
