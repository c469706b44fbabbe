//! Names written to break readers, from the host's script to the files: Parquet has them as
//! the host told them, the workbook opens and runs nothing.

use std::collections::BTreeMap;
use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use lustrum::config::job::TableFormat;
use lustrum::model::status::FinalStatus;
use lustrum::providers::hyperv::surrogate::mended;
use lustrum::simulator::fleet::FleetSpec;
use lustrum::tables::columns::Texts;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use proptest::prelude::*;

use crate::world::simulated_run::survey;
use crate::world::told::Told;

fn hostile_fleet() -> FleetSpec {
    FleetSpec { hostile_names: true, ..FleetSpec::new(3, 12, 7) }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_name_arrives_as_it_was_told() {
    // The lone surrogate is told as U+FDD0 by the reader of the raw answers, and as U+FFFD by us.
    let mut told = BTreeMap::new();
    for host in Told::by_fleet(&hostile_fleet()).await {
        for vm in host.of("vm") {
            let text = |name: &str| vm[name].as_str().map(|text| text.replace('\u{fdd0}', "\u{fffd}"));
            told.insert(text("VMId").unwrap(), (text("Name"), text("Notes")));
        }
    }
    let run = survey(hostile_fleet(), &[TableFormat::Parquet, TableFormat::Xlsx]).await;
    for (host, record) in &run.manifest.hosts {
        let status = record.verdict.as_ref().unwrap().status;
        assert_eq!(status, FinalStatus::InventoryOk, "{host}: {:?}", record.first_failure());
    }
    let vinfo = run.manifest.artifacts.keys().find(|path| path.starts_with("data/vinfo/")).unwrap();
    let batches =
        ParquetRecordBatchReaderBuilder::try_new(run.artifact(vinfo).await).unwrap().build().unwrap();
    let (mut rows, mut surrogates, mut longest) = (0, 0, 0);
    for batch in batches.map(Result::unwrap) {
        let (ids, names) = (Texts::of(&batch, "vm_id"), Texts::of(&batch, "vm_name"));
        let notes = Texts::of(&batch, "notes");
        for row in 0..batch.num_rows() {
            let id = ids.at(row).unwrap();
            let (name, note) = &told[id];
            // A VM without a name is called by its id.
            let name = name.as_deref().filter(|name| !name.trim().is_empty()).unwrap_or(id);
            assert_eq!(names.at(row), Some(name));
            assert_eq!(notes.at(row).unwrap_or_default(), note.as_deref().unwrap_or_default(), "{id}");
            surrogates += usize::from(name.contains('\u{fffd}'));
            longest = longest.max(notes.at(row).unwrap_or_default().chars().count());
            rows += 1;
        }
    }
    assert_eq!(rows, told.len());
    assert!(surrogates > 0 && longest >= 40_000, "the fleet is hostile: {surrogates}, {longest}");

    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(run.artifact(".xlsx").await.to_vec())).unwrap();
    let sheet = book.worksheet_range("vInfo").unwrap();
    assert_eq!(sheet.height() - 1, rows);
    assert!(sheet.rows().skip(1).all(|row| matches!(&row[0], Data::String(name) if !name.is_empty())));
    let formulas = book.worksheet_formula("vInfo").unwrap();
    assert!(formulas.used_cells().all(|(_, _, formula)| formula.is_empty()), "{formulas:?}");
}

#[test]
fn only_lone_halves_are_replaced() {
    for (told, read) in [
        (r#""plain""#, "plain"),
        (r#""\ud83d\ude00""#, "😀"),
        (r#""a\ud800b""#, "a\u{fffd}b"),
        (r#""\udc00\ud800""#, "\u{fffd}\u{fffd}"),
        (r#""\ud800\ud83d\ude00""#, "\u{fffd}😀"),
        (r#""\\ud800 \" \\""#, "\\ud800 \" \\"),
        (r#""\u0041\uD800""#, "A\u{fffd}"),
    ] {
        let found: String = serde_json::from_slice(&mended(told.as_bytes())).unwrap();
        assert_eq!(found, read, "{told}");
    }
}

proptest! {
    /// Any UTF-16, escaped unit by unit, reads as Windows itself would write it in UTF-8.
    #[test]
    fn any_units_read_as_utf16_does(units in prop::collection::vec(
        prop_oneof![any::<u16>(), 0xd7f0_u16..0xe010, Just(u16::from(b'\\'))], 0..40,
    )) {
        let escaped: String = units.iter().map(|unit| format!("\\u{unit:04x}")).collect();
        let found: String = serde_json::from_slice(&mended(format!("\"{escaped}\"").as_bytes())).unwrap();
        prop_assert_eq!(found, String::from_utf16_lossy(&units));
    }
}
