//! Formats: what each writes, read back by a reader that is not ours.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_schema::{DataType, Field, Schema};
use bytes::Bytes;
use lustrum::output::crew::Crew;
use lustrum::output::csv::{CsvEncoder, FormulaGuard};
use lustrum::output::format::Encoder;
use lustrum::output::ndjson::NdjsonEncoder;
use lustrum::output::parquet::ParquetEncoder;
use lustrum::output::published::Published;
use lustrum::tables::table::Row;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::SerializedFileReader;
use proptest::prelude::*;

use crate::world::sample_rows::{Plain, Sample, TRICKY, header, named, tricky};

fn published(rows: Vec<Sample>) -> RecordBatch {
    Published::of(&Sample::SPEC).stamp(&header(1), &Sample::batch(rows).columns).unwrap()
}

/// Writes batches with a format given by how it is opened.
fn written(batches: &[RecordBatch], open: impl Fn(&mut Vec<u8>) -> Box<dyn Encoder + '_>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = open(&mut out);
    encoder.encode(&batches.into()).unwrap();
    encoder.finish().unwrap();
    out
}

fn parquet(batches: &[RecordBatch]) -> Bytes {
    let table = Published::of(&Sample::SPEC);
    written(batches, |out| Box::new(ParquetEncoder::open(&table, &header(1), &Crew::of(1), out).unwrap()))
        .into()
}

fn csv(batches: &[RecordBatch], guard: FormulaGuard) -> String {
    let table = Published::of(&Sample::SPEC);
    let text = written(batches, |out| Box::new(CsvEncoder::open(&table, guard, out).unwrap()));
    String::from_utf8(text).unwrap()
}

fn ndjson(batches: &[RecordBatch]) -> String {
    let table = Published::of(&Sample::SPEC);
    let text = written(batches, |out| Box::new(NdjsonEncoder::open(&table, out)));
    String::from_utf8(text).unwrap()
}

fn parquet_rows(file: Bytes) -> RecordBatch {
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let schema = reader.schema().clone();
    let batches: Vec<_> = reader.build().unwrap().map(Result::unwrap).collect();
    let schema = Arc::new(schema.as_ref().clone().with_metadata(std::collections::HashMap::new()));
    let batches: Vec<_> =
        batches.into_iter().map(|batch| batch.with_schema(schema.clone()).unwrap()).collect();
    arrow_select::concat::concat_batches(&schema, &batches).unwrap()
}

/// The cells of a column as arrow-csv reads them: null and empty are one to it.
fn csv_cells(text: &str, column: &str) -> Vec<String> {
    let fields = text.lines().next().unwrap().split(',').map(|name| Field::new(name, DataType::Utf8, true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let reader = arrow_csv::ReaderBuilder::new(schema).with_header(true).build(text.as_bytes()).unwrap();
    let batches: Vec<_> = reader.map(Result::unwrap).collect();
    let cells = batches.iter().flat_map(|batch| {
        let cells = batch.column_by_name(column).unwrap().as_string::<i32>();
        cells.iter().map(|cell| cell.unwrap_or_default().to_owned()).collect::<Vec<_>>()
    });
    cells.collect()
}

#[test]
fn csv_golden() {
    let mut rows = tricky("hv01");
    rows.truncate(2);
    rows.push(named("hv01", "vm-0002", ""));
    rows.push(Sample { vm_name: None, ..named("hv01", "vm-0003", "") });
    assert_eq!(
        csv(&[published(rows)], FormulaGuard::On),
        "run_id,slot,host,vm_id,collected_at,vm_name,memory_mib,load,running,addresses\r\n\
         census-20261121T060000.000Z,2026-11-21T06:00:00.000000Z,hv01,vm-0000,2026-11-21T06:00:00.123456Z,\
         '=cmd|' /C calc'!A0,9223372036854775807,0.1,true,10.0.0.1;fe80::1\r\n\
         census-20261121T060000.000Z,2026-11-21T06:00:00.000000Z,hv01,vm-0001,2026-11-21T06:00:00.123456Z,\
         '-5,-1,-0.0000000025,false,\"\"\r\n\
         census-20261121T060000.000Z,2026-11-21T06:00:00.000000Z,hv01,vm-0002,2026-11-21T06:00:00.123456Z,\
         \"\",,,,\r\n\
         census-20261121T060000.000Z,2026-11-21T06:00:00.000000Z,hv01,vm-0003,2026-11-21T06:00:00.123456Z,\
         ,,,,\r\n"
    );
}

#[test]
fn ndjson_golden() {
    let mut rows = tricky("hv01");
    rows.truncate(1);
    rows.push(Sample { vm_name: None, load: Some(f64::NAN), ..named("hv01", "vm-0001", "") });
    assert_eq!(
        ndjson(&[published(rows)]),
        concat!(
            r#"{"run_id":"census-20261121T060000.000Z","slot":"2026-11-21T06:00:00.000000Z","host":"hv01","#,
            r#""vm_id":"vm-0000","collected_at":"2026-11-21T06:00:00.123456Z","#,
            r#""vm_name":"=cmd|' /C calc'!A0","memory_mib":9223372036854775807,"load":0.1,"running":true,"#,
            r#""addresses":["10.0.0.1","fe80::1"]}"#,
            "\n",
            r#"{"run_id":"census-20261121T060000.000Z","slot":"2026-11-21T06:00:00.000000Z","host":"hv01","#,
            r#""vm_id":"vm-0001","collected_at":"2026-11-21T06:00:00.123456Z","#,
            r#""vm_name":null,"memory_mib":null,"load":null,"running":null,"addresses":null}"#,
            "\n",
        )
    );
}

#[test]
fn parquet_gives_back_every_cell() {
    let rows = published(tricky("hv01"));
    let halves = [rows.slice(0, 7), rows.slice(7, rows.num_rows() - 7)];
    assert_eq!(parquet_rows(parquet(&halves)), rows);
}

/// Rows enough for several row groups.
#[test]
fn parquet_bytes_do_not_depend_on_who_encodes() {
    let rows = (0..30_000).map(|row| named("hv01", &format!("vm-{row:06}"), "a name")).collect();
    let rows = published(rows);
    let batches: Vec<_> = (0..10).flat_map(|_| [rows.slice(0, 29_000), rows.slice(29_000, 1_000)]).collect();
    let table = Published::of(&Sample::SPEC);
    let by = |crew: &Crew| {
        written(&batches, |out| Box::new(ParquetEncoder::open(&table, &header(1), crew, out).unwrap()))
    };
    let alone = by(&Crew::of(0));
    assert!([1, 3].iter().all(|helpers| by(&Crew::of(*helpers)) == alone));
    let file = SerializedFileReader::new(Bytes::from(alone)).unwrap();
    assert_eq!(file.metadata().num_row_groups(), 5);
    assert!(file.metadata().row_groups().iter().all(|group| group.num_rows() <= 65_536));
}

#[test]
fn parquet_says_whose_rows_it_holds() {
    let file = SerializedFileReader::new(parquet(&[published(tricky("hv01"))])).unwrap();
    let meta = file.metadata();
    let said = meta.file_metadata().key_value_metadata().unwrap();
    let said = |key: &str| said.iter().find(|pair| pair.key == key).and_then(|pair| pair.value.clone());
    assert_eq!(said("run_id").as_deref(), Some("census-20261121T060000.000Z"));
    assert_eq!(said("attempt").as_deref(), Some("000000000001"));
    assert_eq!(said("slot").as_deref(), Some("20261121T060000.000Z"));
    assert_eq!(said("schema_fingerprint"), Some(Published::of(&Sample::SPEC).fingerprint));
    assert_eq!(said("program_version").as_deref(), Some("0.1.0"));
    assert_eq!(said("table_doc").as_deref(), Some("Rows of a test."));
    assert_eq!(meta.file_metadata().created_by(), Some("lustrum version 0.1.0"));
    let group = meta.row_group(0);
    let sorted: Vec<_> = group.sorting_columns().unwrap().iter().map(|column| column.column_idx).collect();
    assert_eq!(sorted, [2, 3]);
    let with_bloom = group.columns().iter().filter(|column| column.bloom_filter_offset().is_some());
    let with_bloom: Vec<_> = with_bloom.map(|column| column.column_path().string()).collect();
    assert_eq!(with_bloom, ["host", "vm_id"]);
    assert!(group.columns().iter().all(|column| column.offset_index_offset().is_some()));
    assert!(group.columns().iter().all(|column| column.column_index_offset().is_some()));
}

#[test]
fn row_groups_are_bounded_by_bytes() {
    let mut seed = 1_u64;
    let mut noise = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        format!("{seed:016x}")
    };
    let mut batch = |host: &str| {
        let rows = (0..500).map(|_| named(host, &noise(), &(0..256).map(|_| noise()).collect::<String>()));
        published(rows.collect())
    };
    let batches: Vec<_> = (0..24).map(|number| batch(&format!("hv{number:02}"))).collect();
    let file = SerializedFileReader::new(parquet(&batches)).unwrap();
    let groups = file.metadata().row_groups();
    assert!(groups.len() > 1, "24 MB after compression in one row group");
    assert!(groups.iter().all(|group| group.compressed_size() <= 17 * 1024 * 1024));
}

#[test]
fn no_rows_are_still_an_object() {
    assert_eq!(parquet_rows(parquet(&[])).num_rows(), 0);
    assert_eq!(parquet_rows(parquet(&[])).schema(), Published::of(&Sample::SPEC).schema);
    assert!(csv(&[], FormulaGuard::On).starts_with("run_id,slot,host,"));
    assert_eq!(csv(&[], FormulaGuard::On).lines().count(), 1);
    assert_eq!(ndjson(&[]), "");
}

#[test]
fn the_guard_defuses_formulas_and_nothing_else() {
    let text = csv(&[published(tricky("hv01"))], FormulaGuard::On);
    let cells = csv_cells(&text, "vm_name");
    for (cell, name) in cells.iter().zip(TRICKY) {
        let runs = name.starts_with(['=', '+', '-', '@', '\t', '\r']);
        assert_eq!(*cell, if runs { format!("'{name}") } else { name.to_owned() });
    }
    assert_eq!(csv_cells(&text, "memory_mib")[1], "-1", "a number is no formula");
}

#[test]
fn without_the_guard_every_string_is_verbatim() {
    let cells = csv_cells(&csv(&[published(tricky("hv01"))], FormulaGuard::Off), "vm_name");
    assert_eq!(cells[..TRICKY.len()], TRICKY);
}

#[test]
fn an_infinite_float_is_null_in_text() {
    let row = Sample { load: Some(f64::INFINITY), ..named("hv01", "vm-1", "a") };
    assert!(csv(&[published(vec![row.clone()])], FormulaGuard::On).ends_with(",a,,,,\r\n"));
    assert!(ndjson(&[published(vec![row])]).contains(r#""load":null"#));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_survives_every_format(names in prop::collection::vec(prop::option::of(".*"), 1..20)) {
        let rows = names.iter().enumerate().map(|(number, name)| Sample {
            vm_name: name.clone(),
            ..named("hv01", &format!("vm-{number}"), "")
        });
        let batch = published(rows.collect());
        prop_assert_eq!(parquet_rows(parquet(std::slice::from_ref(&batch))), batch.clone());
        let cells = csv_cells(&csv(std::slice::from_ref(&batch), FormulaGuard::Off), "vm_name");
        let expected: Vec<_> = names.iter().map(|name| name.clone().unwrap_or_default()).collect();
        prop_assert_eq!(cells, expected);
        let text = ndjson(&[batch]);
        let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let cells: Vec<_> = lines.map(|line| line["vm_name"].as_str().map(str::to_owned)).collect();
        prop_assert_eq!(cells, names);
    }
}

/// A changed fingerprint is a changed contract with every reader: extend tables at the end
/// by nullable columns, and write the new value here.
#[test]
fn fingerprints_are_stable() {
    let sample = Published::of(&Sample::SPEC).fingerprint;
    assert_eq!(sample, Published::of(&Sample::SPEC).fingerprint);
    assert_ne!(sample, Published::of(&Plain::SPEC).fingerprint);
    let lines = "run_id string required\nslot timestamp_micros_utc required\nhost string required\nnote string nullable\n";
    let digest = <sha2::Sha256 as sha2::Digest>::digest(lines);
    assert_eq!(Published::of(&Plain::SPEC).fingerprint, lustrum::output::published::hex(&digest));
}
