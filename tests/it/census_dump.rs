//! The whole census of one small fleet, healthy hosts and failing ones, as text: every
//! table with its first rows, every host with its status.

use std::fmt::Write;

use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::DataType;
use lustrum::config::job::TableFormat;
use lustrum::model::artifact::ArtifactFormat;
use lustrum::output::layout::Key;
use lustrum::simulator::fault::Fault;
use lustrum::simulator::fleet::FleetSpec;
use lustrum::tables::columns::Instants;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::world::golden::assert_golden;
use crate::world::simulated_run::{SimulatedRun, survey};

const ROWS_SHOWN: usize = 3;
const CELL_CHARACTERS: usize = 60;

#[tokio::test(flavor = "multi_thread")]
async fn the_census_of_a_small_fleet() {
    let fault = |word: &str| word.parse::<Fault>().unwrap();
    let spec = FleetSpec::new(6, 4, 7)
        .with_fault(2, fault("wrong_password"))
        .with_fault(3, fault("empty_node"))
        .with_fault(4, fault("collector_error=disk"))
        .with_fault(5, fault("refuse"));
    let run = survey(spec, &[TableFormat::Parquet]).await;
    let mut dump = statuses(&run);
    let mut tables: Vec<_> = run
        .manifest
        .artifacts
        .values()
        .filter(|artifact| artifact.format == ArtifactFormat::Parquet)
        .filter_map(|artifact| Some((artifact.table.clone()?, artifact.path.clone())))
        .collect();
    tables.sort();
    for (table, path) in tables {
        let file = run.store.get(&Key::parse(&path).unwrap()).await.unwrap().unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
        let batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
        table_text(&table, &batches, &mut dump);
    }
    assert_golden("tests/it/golden/census.txt", &dump);
}

fn statuses(run: &SimulatedRun) -> String {
    let mut text = String::new();
    for (host, record) in &run.manifest.hosts {
        let verdict = record.verdict.as_ref().unwrap();
        let reasons: Vec<_> = verdict.reasons.iter().map(|reason| reason.word()).collect();
        writeln!(text, "{host}  {}  {}", verdict.status.word(), reasons.join(" ")).unwrap();
        for step in &record.steps {
            writeln!(text, "    {} {}", step.step.0, step.outcome.word()).unwrap();
        }
    }
    for (vm, moved) in &run.manifest.moved_vms {
        writeln!(text, "moved {vm} {:?} kept on {}", moved.seen_on, moved.kept).unwrap();
    }
    for warning in &run.manifest.warnings {
        writeln!(text, "warning {warning:?}").unwrap();
    }
    text
}

fn display(column: &ArrayRef, row: usize) -> String {
    if matches!(column.data_type(), DataType::Timestamp(..)) {
        return String::new();
    }
    arrow_cast::display::array_value_to_string(column, row).unwrap()
}

/// A line a column, the first rows side by side.
fn table_text(table: &str, batches: &[RecordBatch], text: &mut String) {
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    writeln!(text, "\n{table}: {rows} rows").unwrap();
    let Some(first) = batches.first() else { return };
    for (field, column) in first.schema().fields().iter().zip(first.columns()) {
        let shown: Vec<_> = (0..first.num_rows().min(ROWS_SHOWN))
            .map(|row| {
                let instant = Instants::of(first, field.name()).at(row).map(|at| at.to_string());
                let cell = instant.unwrap_or_else(|| display(column, row));
                let cell: String = cell.escape_debug().take(CELL_CHARACTERS).collect();
                if column.is_null(row) { "-".to_owned() } else { cell }
            })
            .collect();
        writeln!(text, "  {}: {}", field.name(), shown.join(" | ")).unwrap();
    }
}
