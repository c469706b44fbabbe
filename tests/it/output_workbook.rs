//! The workbook and its tabs as CSV, on rows made by hand: what stands in each cell, what is
//! cut, continued and dropped, and that nothing runs.

use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, StringArray, TimestampMicrosecondArray, new_null_array};
use calamine::{Data, Range, Reader, Xlsx};
use chrono::{DateTime, Utc};
use lustrum::model::target::HostName;
use lustrum::output::cell_text::{CELL_UNITS, fit};
use lustrum::output::csv::FormulaGuard;
use lustrum::output::rvtools_csv::write_tab;
use lustrum::output::shown::{Cell, Kind, kind};
use lustrum::output::source::TableSource;
use lustrum::output::spool::SpoolError;
use lustrum::output::tab_rows::walk;
use lustrum::output::workbook::{Limits, Told, WorkbookWriter};
use lustrum::tables::inventory::vinfo::Vinfo;
use lustrum::tables::sheet::Place;
use lustrum::tables::table::{Row, TableId, TableSpec};
use lustrum::tables::tabs::{Tab, tabs};
use proptest::prelude::*;

use crate::world::sample_rows::host;

lustrum::table! {
    /// Rows of a test.
    pub struct Odd as "odd" ("vOdd") {
        /// The host.
        pub host: Option<String>,
        /// The VM.
        pub vm_id: Option<String>,
        /// Text.
        pub name: Option<String>,
        /// An integer.
        pub bytes: Option<i64>,
        /// A float.
        pub load: Option<f64>,
        /// A flag.
        pub flag: Option<bool>,
        /// An instant.
        pub at: Option<DateTime<Utc>>,
        /// A list.
        pub list: Option<Vec<String>>,
    }
    sheet {
        "Name" (name)
        "Template" ("False")
        "Bytes" (bytes)
        "Size MiB" (bytes in Mib)
        "Size KiB" (bytes in Kib)
        "Delay" (bytes in Milliseconds)
        "Load" (load)
        "Flag" (flag)
        "Upgradeable" (flag in YesNo)
        "Date" (at)
        "List" (list)
        "vApp" ()
        "Powerstate" (vm.power_state)
        "Cluster" (place.Cluster)
    }
}

lustrum::table! {
    /// A table of one column.
    pub struct Narrow as "narrow" ("vNarrow") {
        /// Text.
        pub name: Option<String>,
    }
    sheet {
        "Name" (name)
    }
}

const EMPTY: Odd =
    Odd { host: None, vm_id: None, name: None, bytes: None, load: None, flag: None, at: None, list: None };

fn named(name: &str) -> Odd {
    Odd { name: Some(name.to_owned()), ..EMPTY }
}

/// Rows by table and host; no host is the fleet.
#[derive(Default)]
struct Rows {
    hosts: Vec<HostName>,
    rows: Vec<(TableId, Option<HostName>, RecordBatch)>,
}

impl Rows {
    fn with<R: Row>(self, name: Option<&str>, rows: Vec<R>) -> Self {
        self.with_batch(R::TABLE, name, R::batch(rows).columns)
    }

    fn with_batch(mut self, table: TableId, name: Option<&str>, rows: RecordBatch) -> Self {
        let name = name.map(host);
        self.hosts.extend(name.clone());
        self.hosts.sort();
        self.hosts.dedup();
        self.rows.push((table, name, rows));
        self
    }

    fn found(&self, table: &'static TableSpec, name: Option<&HostName>) -> Result<RecordBatch, SpoolError> {
        let found = self.rows.iter().find(|(id, of, _)| *id == table.id && of.as_ref() == name);
        Ok(found.map_or_else(|| RecordBatch::new_empty((table.schema)()), |(_, _, rows)| rows.clone()))
    }
}

impl TableSource for Rows {
    fn hosts(&self) -> &[HostName] {
        &self.hosts
    }

    fn place(&self, host: &HostName) -> Place {
        Place { cluster: format!("cluster of {host}"), ..Place::default() }
    }

    fn host_rows(&self, table: &'static TableSpec, host: &HostName) -> Result<RecordBatch, SpoolError> {
        self.found(table, Some(host))
    }

    fn fleet_rows(&self, table: &'static TableSpec) -> Result<RecordBatch, SpoolError> {
        self.found(table, None)
    }
}

/// vInfo with a state for each VM and nothing else.
fn vinfo(vms: &[(&str, &str)]) -> RecordBatch {
    let schema = (Vinfo::SPEC.schema)();
    let columns = schema.fields().iter().map(|field| -> ArrayRef {
        let texts =
            |text: fn(&(&str, &str)) -> String| Arc::new(StringArray::from_iter_values(vms.iter().map(text)));
        match field.name().as_str() {
            "vm_id" => texts(|(id, _)| (*id).to_owned()),
            "power_state" => texts(|(_, state)| (*state).to_owned()),
            "host" => texts(|_| "hv1".to_owned()),
            "collected_at" => {
                Arc::new(TimestampMicrosecondArray::from_value(0, vms.len()).with_timezone("UTC"))
            }
            _ => new_null_array(field.data_type(), vms.len()),
        }
    });
    RecordBatch::try_new(schema.clone(), columns.collect()).unwrap()
}

fn odd_tab() -> Tab {
    Tab::of(&Odd::SPEC).unwrap()
}

fn narrow_tab() -> Tab {
    Tab::of(&Narrow::SPEC).unwrap()
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn book_in(
    folder: &Path,
    rows: &Rows,
    tabs: &[Tab],
    limits: Limits,
) -> Result<(Vec<u8>, Told), Box<dyn std::error::Error>> {
    let mut book = WorkbookWriter::open(tabs, folder, instant("2026-11-21T06:00:00Z"), limits)?;
    walk(rows, tabs, |tab, cells| book.row(tab, cells).map_err(Box::<dyn std::error::Error>::from))?;
    let mut bytes = Vec::new();
    let told = book.finish(&mut bytes)?;
    Ok((bytes, told))
}

fn book(rows: &Rows, tabs: &[Tab], limits: Limits) -> (Vec<u8>, Told) {
    let folder = tempfile::tempdir().unwrap();
    let written = book_in(folder.path(), rows, tabs, limits).unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "a temporary file stays behind");
    written
}

fn opened(bytes: &[u8]) -> Xlsx<Cursor<Vec<u8>>> {
    Xlsx::new(Cursor::new(bytes.to_vec())).unwrap()
}

fn sheet(bytes: &[u8], name: &str) -> Range<Data> {
    opened(bytes).worksheet_range(name).unwrap()
}

/// The cells of a row of the first tab that has one, as the layer below both files shows them.
fn shown(rows: &Rows, tab: Tab) -> Vec<Vec<Cell<'static>>> {
    let mut all = Vec::new();
    walk(rows, &[tab], |_, cells| {
        all.push(cells.iter().map(owned).collect());
        Ok::<_, SpoolError>(())
    })
    .unwrap();
    all
}

fn owned(cell: &Cell<'_>) -> Cell<'static> {
    match cell {
        Cell::Text(text) => Cell::Text(text.to_string().into()),
        Cell::Empty => Cell::Empty,
        Cell::Number(number) => Cell::Number(*number),
        Cell::Decimal(number) => Cell::Decimal(*number),
        Cell::Date(instant) => Cell::Date(*instant),
    }
}

fn full_row() -> Odd {
    Odd {
        host: Some("hv1".to_owned()),
        vm_id: Some("b".to_owned()),
        name: Some("web".to_owned()),
        bytes: Some((5 << 20) + (1 << 19)),
        load: Some(2.25),
        flag: Some(true),
        at: Some(instant("2026-11-21T06:00:20.987654Z")),
        list: Some(vec!["10.0.0.1".to_owned(), "fe80::1".to_owned()]),
    }
}

#[test]
fn every_type_is_shown_as_rvtools_shows_it() {
    let text = |text: &str| Cell::Text(text.to_owned().into());
    let vms = vinfo(&[("a", "poweredOff"), ("b", "poweredOn")]);
    let rows = Rows::default().with(Some("hv1"), vec![full_row()]).with_batch(Vinfo::TABLE, Some("hv1"), vms);
    let expected = vec![
        text("web"),
        text("False"),
        Cell::Number(5_767_168),
        Cell::Number(6),
        Cell::Number(5632),
        Cell::Number(5_767_168_000),
        Cell::Decimal(2.25),
        text("True"),
        text("Yes"),
        Cell::Date(instant("2026-11-21T06:00:20Z")),
        text("10.0.0.1, fe80::1"),
        Cell::Empty,
        text("poweredOn"),
        text("cluster of hv1"),
    ];
    assert_eq!(shown(&rows, odd_tab()), [expected]);
}

#[test]
fn the_unknown_is_empty_and_never_0() {
    let nothing = Odd { load: Some(f64::NAN), name: Some(String::new()), list: Some(Vec::new()), ..EMPTY };
    let never = Odd { at: Some(instant("1601-01-01T00:00:00Z")), load: Some(f64::INFINITY), ..EMPTY };
    let unknown_vm = Odd { vm_id: Some("nowhere".to_owned()), ..EMPTY };
    let rows = Rows::default().with(Some("hv1"), vec![nothing, never, unknown_vm]);
    for row in shown(&rows, odd_tab()) {
        let filled: Vec<_> = row.iter().enumerate().filter(|(_, cell)| **cell != Cell::Empty).collect();
        assert_eq!(filled.iter().map(|(column, _)| *column).collect::<Vec<_>>(), [1, 13], "{filled:?}");
    }
}

#[test]
fn sizes_are_rounded_to_the_nearest_whole() {
    let mib = |bytes: i64| {
        let rows = Rows::default().with(Some("hv1"), vec![Odd { bytes: Some(bytes), ..EMPTY }]);
        shown(&rows, odd_tab())[0][3].clone()
    };
    let cases = [(0, 0), ((1 << 19) - 1, 0), (1 << 19, 1), (-(1 << 20), -1), (i64::MAX, 1 << 43)];
    for (bytes, expected) in cases {
        assert_eq!(mib(bytes), Cell::Number(expected), "{bytes}");
    }
}

#[test]
fn rows_of_the_fleet_follow_and_know_the_host_that_told_them() {
    let of_host = Odd { host: Some("hv1".to_owned()), ..named("fleet") };
    let rows = Rows::default().with(None, vec![of_host, named("nobody's")]);
    let rows = rows.with(Some("hv2"), vec![named("2")]).with(Some("hv1"), vec![named("1")]);
    let found: Vec<_> =
        shown(&rows, odd_tab()).into_iter().map(|row| (row[0].clone(), row[13].clone())).collect();
    let text = |text: &str| Cell::Text(text.to_owned().into());
    let expected = [
        (text("1"), text("cluster of hv1")),
        (text("2"), text("cluster of hv2")),
        (text("fleet"), text("cluster of hv1")),
        (text("nobody's"), Cell::Empty),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_row_with_nothing_in_it_is_left_out() {
    let rows = vec![Narrow { name: None }, Narrow { name: Some("x".to_owned()) }, Narrow { name: None }];
    let (bytes, told) = book(&Rows::default().with(Some("hv1"), rows), &[narrow_tab()], Limits::default());
    assert_eq!((sheet(&bytes, "vNarrow").height(), told.rows), (2, 1));
}

#[test]
fn a_reader_finds_texts_numbers_and_dates() {
    let rows = Rows::default().with(Some("hv1"), vec![full_row(), EMPTY]);
    let (bytes, told) = book(&rows, &[odd_tab()], Limits::default());
    assert_eq!(told, Told { rows: 2, warnings: Vec::new() });
    let range = sheet(&bytes, "vOdd");
    let headers: Vec<_> = range.rows().next().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(headers, odd_tab().columns.iter().map(|column| column.header).collect::<Vec<_>>());
    let row: Vec<_> = range.rows().nth(1).unwrap().to_vec();
    assert_eq!(row[0], Data::String("web".to_owned()));
    assert_eq!(row[3], Data::Float(6.0));
    assert_eq!(row[6], Data::Float(2.25));
    assert_eq!(row[7], Data::String("True".to_owned()));
    let Data::DateTime(date) = &row[9] else { panic!("{:?}", row[9]) };
    assert_eq!(date.to_ymd_hms_milli(), (2026, 11, 21, 6, 0, 20, 0));
    assert_eq!(row[11], Data::Empty);
    let kinds: Vec<_> = odd_tab().columns.iter().map(|column| kind(column, Some(&Odd::SPEC))).collect();
    use Kind::{Date, Decimal, Number, Text};
    assert_eq!(
        kinds,
        [Text, Text, Number, Number, Number, Number, Decimal, Text, Text, Date, Text, Text, Text, Text]
    );
}

#[test]
fn the_sheets_look_like_an_export() {
    let (bytes, _) =
        book(&Rows::default().with(Some("hv1"), vec![full_row()]), &[odd_tab()], Limits::default());
    let styles = opened(&bytes).worksheet_style("vOdd").unwrap();
    let header = styles.get((0, 0)).unwrap();
    let font = header.font.as_ref().unwrap();
    assert_eq!((font.name.as_deref(), font.size, font.is_bold()), (Some("Verdana"), Some(9.0), true));
    assert!(font.color.unwrap().is_white() && header.fill.as_ref().unwrap().get_color().unwrap().is_black());
    let formats = [(3, "#,##0"), (6, "#,##0.00"), (9, "yyyy/mm/dd hh:mm:ss")];
    for (column, format) in formats {
        let style = styles.get((1, column)).unwrap();
        assert_eq!(style.number_format.as_ref().unwrap().format_code, format, "column {column}");
        let font = style.font.as_ref().unwrap();
        assert_eq!((font.name.as_deref(), font.size, font.is_bold()), (Some("Verdana"), Some(9.0), false));
    }
}

#[test]
fn the_same_rows_give_the_same_bytes() {
    let rows = Rows::default().with(Some("hv1"), vec![full_row(), named("=1")]);
    let tabs = [odd_tab(), narrow_tab()];
    assert!(book(&rows, &tabs, Limits::default()) == book(&rows, &tabs, Limits::default()));
}

#[test]
fn a_full_sheet_goes_on_behind_the_others() {
    let rows = |count: usize| (0..count).map(|number| Narrow { name: Some(format!("n{number}")) }).collect();
    let source = |count| Rows::default().with(Some("hv1"), vec![full_row()]).with(Some("hv1"), rows(count));
    let limits = Limits { rows: 4, ..Limits::default() };
    let tabs = [narrow_tab(), odd_tab()];
    let (bytes, told) = book(&source(7), &tabs, limits);
    assert_eq!(opened(&bytes).sheet_names(), ["vNarrow", "vOdd", "vNarrow (2)", "vNarrow (3)"]);
    let mut found = Vec::new();
    for name in ["vNarrow", "vNarrow (2)", "vNarrow (3)"] {
        let range = sheet(&bytes, name);
        let mut cells = range.rows().map(|row| row[0].to_string());
        assert_eq!(cells.next().unwrap(), "Name");
        found.push(cells.collect::<Vec<_>>());
    }
    assert_eq!(found, [vec!["n0", "n1", "n2"], vec!["n3", "n4", "n5"], vec!["n6"]]);
    assert_eq!(told.rows, 8);
    let [warning] = told.warnings.as_slice() else { panic!("{:?}", told.warnings) };
    assert!(warning.contains("vNarrow has 7 rows") && warning.contains("3 sheets"), "{warning}");
    let (exactly_full, told) = book(&source(3), &tabs, limits);
    assert_eq!(opened(&exactly_full).sheet_names().len(), 2);
    assert!(told.warnings.is_empty());
}

#[test]
fn hostile_names_open_as_the_texts_they_are() {
    let long = "n".repeat(40_000);
    let emoji = "😀".repeat(20_000);
    let names = [
        "=cmd|' /C calc'!A0",
        "+1",
        "-5",
        "@SUM(A1)",
        "a \"quoted\" <name> & more",
        "two\nlines",
        "carriage\r\nreturn\r",
        "bell\u{7} nul\u{0} esc\u{1b} \u{fffe}\u{ffff}",
        "_x0007_ is a name",
        "مرحبا \u{202e}evil",
        "データベース-01 数据库",
        " padded ",
        "\ttab",
        "https://example.org/?a=1&b=2",
        "mailto:a@b",
        "TRUE",
        "0815",
        "1e5",
        "'apostrophe",
        "\u{0}",
        &long,
        &emoji,
    ];
    let rows = Rows::default().with(Some("hv1"), names.iter().map(|name| named(name)).collect());
    let (bytes, told) = book(&rows, &[odd_tab()], Limits::default());
    let range = sheet(&bytes, "vOdd");
    assert_eq!(range.height(), names.len() + 1);
    for (row, name) in range.rows().skip(1).zip(names) {
        let fitted = fit(name, CELL_UNITS).text;
        let expected = if fitted.is_empty() { Data::Empty } else { Data::String(fitted.into_owned()) };
        assert!(row[0] == expected, "{name:.40?}: {:.60?}", row[0]);
    }
    let formulas = opened(&bytes).worksheet_formula("vOdd").unwrap();
    assert_eq!(formulas.used_cells().count(), 0);
    let archive = String::from_utf8_lossy(&bytes).into_owned();
    assert!(!archive.contains("xl/worksheets/_rels"), "a link");
    assert_eq!(
        told.warnings,
        [
            "workbook: `Name` of vOdd: 2 cells cut at 32767 characters, first in vOdd, row 22",
            "workbook: `Name` of vOdd: 2 cells without their control characters, first in vOdd, row 9",
        ]
    );
}

#[test]
fn a_tab_without_rows_has_its_headers() {
    let all = tabs(&[]);
    let (bytes, told) = book(&Rows::default(), &all, Limits::default());
    assert_eq!(told.rows, 0);
    for tab in &all {
        let range = sheet(&bytes, tab.title);
        assert_eq!(range.get_size(), (1, tab.columns.len()), "{}", tab.title);
    }
}

#[test]
fn tables_that_were_not_asked_for_show_their_headers_only() {
    let rows = Rows::default().with_batch(Vinfo::TABLE, Some("hv1"), vinfo(&[("a", "poweredOn")]));
    let counted = |asked: &[&'static TableSpec]| {
        let mut rows_of_tabs = 0;
        walk(&rows, &tabs(asked), |_, _| {
            rows_of_tabs += 1;
            Ok::<_, SpoolError>(())
        })
        .unwrap();
        rows_of_tabs
    };
    assert_eq!(counted(&[]), 0);
    let shows_vinfo = tabs(&[]).iter().any(|tab| tab.title == "vInfo");
    assert_eq!(counted(&[&Vinfo::SPEC]), usize::from(shows_vinfo));
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    let folder = tempfile::tempdir().unwrap().path().join("gone");
    assert!(book_in(&folder, &Rows::default(), &[odd_tab()], Limits::default()).is_err());
}

#[test]
fn a_tab_as_csv_has_the_same_words() {
    let vms = vinfo(&[("b", "poweredOn")]);
    let rows = vec![full_row(), named("=cmd|' /C calc'!A0"), named("a \"b\", c\r\nd")];
    let rows = Rows::default().with(Some("hv1"), rows).with_batch(Vinfo::TABLE, Some("hv1"), vms);
    let mut csv = Vec::new();
    let written = write_tab(&odd_tab(), &rows, FormulaGuard::On, &mut csv).unwrap();
    assert_eq!(written, 3);
    let expected = "Name,Template,Bytes,Size MiB,Size KiB,Delay,Load,Flag,Upgradeable,Date,List,vApp,Powerstate,Cluster\r\n\
        web,False,5767168,6,5632,5767168000,2.25,True,Yes,2026/11/21 06:00:20,\"10.0.0.1, fe80::1\",,poweredOn,cluster of hv1\r\n\
        '=cmd|' /C calc'!A0,False,,,,,,,,,,,,cluster of hv1\r\n\
        \"a \"\"b\"\", c\r\nd\",False,,,,,,,,,,,,cluster of hv1\r\n";
    assert_eq!(String::from_utf8(csv).unwrap(), expected);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_fitted_text_fits_and_keeps_what_a_cell_can_hold(
        text in "([a-c]|[\\x00-\\x1f]|\r\n|😀|\u{202e}|\u{fffe}|_x0007_){0,40}",
        most in 1_usize..60,
    ) {
        let fitted = fit(&text, most);
        let legal = |c: char| !(c < ' ' && c != '\t' && c != '\n') && c != '\u{fffe}' && c != '\u{ffff}';
        prop_assert!(fitted.text.encode_utf16().count() <= most);
        prop_assert!(fitted.text.chars().all(legal));
        prop_assert_eq!(fitted.dropped, text.chars().any(|c| !legal(c) && c != '\r'));
        let kept: String = text.replace("\r\n", "\n").replace('\r', "\n").chars().filter(|c| legal(*c)).collect();
        prop_assert_eq!(fitted.cut, kept.encode_utf16().count() > most);
        match fitted.cut {
            true => prop_assert!(fitted.text.strip_suffix('…').is_some_and(|start| kept.starts_with(start))),
            false => prop_assert_eq!(&*fitted.text, &kept),
        }
        let again = fit(&fitted.text, most);
        prop_assert!(!again.cut && !again.dropped && again.text == fitted.text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_comes_back_from_a_workbook_as_it_was_fitted(text in any::<String>()) {
        let rows = Rows::default().with(Some("hv1"), vec![named(&text)]);
        let (bytes, _) = book(&rows, &[odd_tab()], Limits::default());
        let fitted = fit(&text, CELL_UNITS).text.into_owned();
        let expected = if fitted.is_empty() { Data::Empty } else { Data::String(fitted) };
        let range = sheet(&bytes, "vOdd");
        prop_assert_eq!(range.get((1, 0)), Some(&expected));
    }
}
