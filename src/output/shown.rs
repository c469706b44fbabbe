//! What a tab shows of typed rows: RVTools' words, MiB, dates, and nothing for the unknown.
//!
//! The workbook and the RVTools-named CSV both draw from here, so that they cannot differ.

use std::borrow::Cow;
use std::collections::HashMap;

use arrow_array::RecordBatch;
use arrow_schema::DataType;
use chrono::{DateTime, Timelike, Utc};

use crate::tables::columns::{Flags, Instants, Ints, Lists, Reals, Texts};
use crate::tables::inventory::vinfo::Vinfo;
use crate::tables::sheet::{Form, Place, PlaceFact, SheetColumn, Unit};
use crate::tables::table::TableSpec;
use crate::tables::tabs::Tab;

/// What stands in one cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'a> {
    /// Unknown, or nothing to say.
    Empty,
    /// Never empty text.
    Text(Cow<'a, str>),
    Number(i64),
    /// Always finite.
    Decimal(f64),
    /// UTC, whole seconds, in [`FIRST_YEAR`] or later.
    Date(DateTime<Utc>),
}

/// What all filled cells of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Number,
    Decimal,
    Date,
}

/// How people and RVTools write an instant.
pub const DATE_FORMAT: &str = "%Y/%m/%d %H:%M:%S";

/// Spreadsheets count days from 1900. What lies before is how Windows says "never", and
/// empty here.
const FIRST_YEAR: i32 = 1901;

const MIB: i64 = 1 << 20;
const KIB: i64 = 1 << 10;
const LIST_SEPARATOR: &str = ", ";

/// What the cells of a tab's column are, rows or not.
pub fn kind(column: &SheetColumn, table: Option<&TableSpec>) -> Kind {
    let (spec, name, unit) = match column.form {
        Form::Own(name, unit) => (table, name, unit),
        Form::Vm(name, unit) => (Some(&Vinfo::SPEC), name, unit),
        Form::Blank | Form::Word(_) | Form::Place(_) => return Kind::Text,
    };
    let data_type =
        spec.and_then(|spec| Some((spec.schema)().field_with_name(name).ok()?.data_type().clone()));
    match (data_type, unit) {
        (Some(DataType::Float64), Unit::AsIs | Unit::YesNo) => Kind::Decimal,
        (Some(DataType::Int64 | DataType::Float64), _) => Kind::Number,
        (Some(DataType::Timestamp(..)), _) => Kind::Date,
        _ => Kind::Text,
    }
}

/// vInfo's rows of one host, by VM id.
pub struct Vms<'a> {
    rows: &'a RecordBatch,
    by_id: HashMap<&'a str, usize>,
}

impl<'a> Vms<'a> {
    pub fn of(rows: &'a RecordBatch) -> Self {
        let ids = Texts::of(rows, "vm_id");
        let by_id = (0..rows.num_rows()).filter_map(|row| Some((ids.at(row)?, row)));
        Self { rows, by_id: by_id.collect() }
    }
}

/// Rows of one tab that share a host.
pub struct Shown<'a> {
    columns: Vec<Source<'a>>,
    /// For each row its VM's row in vInfo.
    vms: Vec<Option<usize>>,
}

/// Where a column's cells come from, resolved against the rows.
enum Source<'a> {
    Nothing,
    Same(&'a str),
    Own(Values<'a>, Unit),
    Vm(Values<'a>, Unit),
}

/// A typed column.
enum Values<'a> {
    Texts(Texts<'a>),
    Ints(Ints<'a>),
    Reals(Reals<'a>),
    Flags(Flags<'a>),
    Instants(Instants<'a>),
    Lists(Lists<'a>),
    /// Rows of an older or narrower schema have no such column.
    Absent,
}

impl<'a> Shown<'a> {
    /// `rows` in the schema of the tab's table; `place` is absent for rows of no single host.
    pub fn of(tab: &Tab, rows: &'a RecordBatch, vms: &Vms<'a>, place: Option<&'a Place>) -> Self {
        let fact = |fact: PlaceFact| place.map_or("", |place| place.fact(fact));
        let source = |column: &SheetColumn| match column.form {
            Form::Blank => Source::Nothing,
            Form::Word(word) => Source::Same(word),
            Form::Place(place_fact) => Source::Same(fact(place_fact)),
            Form::Own(name, unit) => Source::Own(Values::of(rows, name), unit),
            Form::Vm(name, unit) => Source::Vm(Values::of(vms.rows, name), unit),
        };
        let ids = Texts::of(rows, "vm_id");
        let vm = |row| vms.by_id.get(ids.at(row)?).copied();
        Self {
            columns: tab.columns.iter().map(source).collect(),
            vms: (0..rows.num_rows()).map(vm).collect(),
        }
    }

    pub fn rows(&self) -> usize {
        self.vms.len()
    }

    /// One row's cells, in the tab's order.
    pub fn row(&self, row: usize) -> impl Iterator<Item = Cell<'a>> {
        self.columns.iter().map(move |column| match column {
            Source::Nothing => Cell::Empty,
            Source::Same(word) => text(Cow::Borrowed(*word)),
            Source::Own(values, unit) => values.cell(row, *unit),
            Source::Vm(values, unit) => self.vms[row].map_or(Cell::Empty, |vm| values.cell(vm, *unit)),
        })
    }
}

impl<'a> Values<'a> {
    fn of(rows: &'a RecordBatch, name: &str) -> Self {
        match rows.column_by_name(name).map(|column| column.data_type()) {
            Some(DataType::Utf8) => Self::Texts(Texts::of(rows, name)),
            Some(DataType::Int64) => Self::Ints(Ints::of(rows, name)),
            Some(DataType::Float64) => Self::Reals(Reals::of(rows, name)),
            Some(DataType::Boolean) => Self::Flags(Flags::of(rows, name)),
            Some(DataType::Timestamp(..)) => Self::Instants(Instants::of(rows, name)),
            Some(DataType::List(_)) => Self::Lists(Lists::of(rows, name)),
            _ => Self::Absent,
        }
    }

    fn cell(&self, row: usize, unit: Unit) -> Cell<'a> {
        let cell = match self {
            Self::Texts(values) => values.at(row).map(|value| text(Cow::Borrowed(value))),
            Self::Ints(values) => values.at(row).map(|value| Cell::Number(whole(value, unit))),
            Self::Reals(values) => values.at(row).map(|value| fraction(value, unit)),
            Self::Flags(values) => values.at(row).map(|value| text(Cow::Borrowed(flag(value, unit)))),
            Self::Instants(values) => values.at(row).map(date),
            Self::Lists(values) => values.at(row).map(|items| text(items.join(LIST_SEPARATOR).into())),
            Self::Absent => None,
        };
        cell.unwrap_or(Cell::Empty)
    }
}

fn text(text: Cow<'_, str>) -> Cell<'_> {
    if text.is_empty() { Cell::Empty } else { Cell::Text(text) }
}

fn whole(value: i64, unit: Unit) -> i64 {
    match unit {
        Unit::AsIs | Unit::YesNo => value,
        Unit::Mib => rounded(value, MIB),
        Unit::Kib => rounded(value, KIB),
        Unit::Milliseconds => value.saturating_mul(1000),
    }
}

/// To the nearest, halves up.
fn rounded(value: i64, divisor: i64) -> i64 {
    value.div_euclid(divisor) + i64::from(value.rem_euclid(divisor) * 2 >= divisor)
}

fn fraction<'a>(value: f64, unit: Unit) -> Cell<'a> {
    let scaled = match unit {
        Unit::AsIs | Unit::YesNo => value,
        Unit::Mib => value / MIB as f64,
        Unit::Kib => value / KIB as f64,
        Unit::Milliseconds => value * 1000.0,
    };
    match unit {
        _ if !scaled.is_finite() => Cell::Empty,
        Unit::AsIs | Unit::YesNo => Cell::Decimal(scaled),
        Unit::Mib | Unit::Kib | Unit::Milliseconds => Cell::Number(scaled.round() as i64),
    }
}

fn flag(value: bool, unit: Unit) -> &'static str {
    match (unit, value) {
        (Unit::YesNo, true) => "Yes",
        (Unit::YesNo, false) => "No",
        (_, true) => "True",
        (_, false) => "False",
    }
}

fn date<'a>(instant: DateTime<Utc>) -> Cell<'a> {
    use chrono::Datelike;
    let whole = instant.with_nanosecond(0).unwrap_or(instant);
    if (FIRST_YEAR..=9999).contains(&whole.year()) { Cell::Date(whole) } else { Cell::Empty }
}
