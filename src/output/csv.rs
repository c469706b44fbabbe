//! CSV by RFC 4180, for spreadsheets first.
//!
//! Lines end in CRLF and the header is always there. Null is an empty field and an empty
//! string is `""`. Instants are RFC 3339 in UTC. A list is its items joined by `;` (an item
//! that holds a `;` cannot be told apart: NDJSON and Parquet keep lists whole). A float
//! that is not a number is null. Our own writer, because arrow-csv has neither lists nor a
//! null that differs from the empty string.
//!
//! **Formula guard.** A spreadsheet runs a cell that starts with `=`, `+`, `-`, `@`, TAB or
//! CR, and VM names are written by strangers. Unless switched off, string and list cells
//! with such a start get a `'` in front. This is lossy: a reader cannot tell it from a `'`
//! of the name itself. Parquet and NDJSON hold the text verbatim.

use std::io::Write;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, BooleanArray, Float64Array, Int64Array, ListArray, RecordBatch, StringArray};
use arrow_array::{ArrayRef, TimestampMicrosecondArray};
use arrow_schema::{DataType, Field, TimeUnit};
use chrono::DateTime;

use crate::output::format::{EncodeError, Encoder, INSTANT_FORMAT};
use crate::output::published::Published;

pub(in crate::output) const LINE_END: &[u8] = b"\r\n";
const LIST_SEPARATOR: &str = ";";
const FORMULA_STARTS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Whether cells that a spreadsheet would run are defused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FormulaGuard {
    #[default]
    On,
    /// For machines: every string verbatim.
    Off,
}

pub struct CsvEncoder<W: Write + Send> {
    out: W,
    guard: FormulaGuard,
    lines: Vec<u8>,
}

impl<W: Write + Send> CsvEncoder<W> {
    /// Writes the header.
    pub fn open(table: &Published, guard: FormulaGuard, mut out: W) -> Result<Self, EncodeError> {
        let names = table.schema.fields().iter().map(|field| field.name().as_str());
        out.write_all(&line(names, FormulaGuard::Off))?;
        Ok(Self { out, guard, lines: Vec::new() })
    }
}

impl<W: Write + Send> Encoder for CsvEncoder<W> {
    fn encode(&mut self, rows: &Arc<[RecordBatch]>) -> Result<(), EncodeError> {
        rows.iter().try_for_each(|batch| self.lines_of(batch))
    }

    fn finish(mut self: Box<Self>) -> Result<(), EncodeError> {
        Ok(self.out.flush()?)
    }
}

impl<W: Write + Send> CsvEncoder<W> {
    fn lines_of(&mut self, rows: &RecordBatch) -> Result<(), EncodeError> {
        let schema = rows.schema();
        let columns = schema.fields().iter().zip(rows.columns());
        let columns = columns.map(|(field, array)| Cells::of(field, array)).collect::<Result<Vec<_>, _>>()?;
        self.lines.clear();
        for row in 0..rows.num_rows() {
            for (index, column) in columns.iter().enumerate() {
                if index > 0 {
                    self.lines.push(b',');
                }
                column.append(row, self.guard, &mut self.lines);
            }
            self.lines.extend_from_slice(LINE_END);
        }
        Ok(self.out.write_all(&self.lines)?)
    }
}

/// One line of text cells, for the small reports; `guard` as for tables.
pub fn line<'a>(cells: impl IntoIterator<Item = &'a str>, guard: FormulaGuard) -> Vec<u8> {
    let mut line = Vec::new();
    for (index, cell) in cells.into_iter().enumerate() {
        if index > 0 {
            line.push(b',');
        }
        append_text(cell, guard, &mut line);
    }
    line.extend_from_slice(LINE_END);
    line
}

/// A column by what its cells look like in text.
enum Cells<'a> {
    Text(&'a StringArray),
    Int(&'a Int64Array),
    Float(&'a Float64Array),
    Flag(&'a BooleanArray),
    Instant(&'a TimestampMicrosecondArray),
    Texts(&'a ListArray),
}

impl<'a> Cells<'a> {
    fn of(field: &Field, array: &'a ArrayRef) -> Result<Self, EncodeError> {
        Ok(match array.data_type() {
            DataType::Utf8 => Self::Text(array.as_string()),
            DataType::Int64 => Self::Int(array.as_primitive::<Int64Type>()),
            DataType::Float64 => Self::Float(array.as_primitive::<Float64Type>()),
            DataType::Boolean => Self::Flag(array.as_boolean()),
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                Self::Instant(array.as_primitive::<TimestampMicrosecondType>())
            }
            DataType::List(item) if *item.data_type() == DataType::Utf8 => Self::Texts(array.as_list()),
            other => {
                let (column, data_type) = (field.name().clone(), other.clone());
                return Err(EncodeError::Column { column, data_type });
            }
        })
    }

    fn is_null(&self, row: usize) -> bool {
        match self {
            Self::Text(cells) => cells.is_null(row),
            Self::Int(cells) => cells.is_null(row),
            Self::Float(cells) => cells.is_null(row) || !cells.value(row).is_finite(),
            Self::Flag(cells) => cells.is_null(row),
            Self::Instant(cells) => cells.is_null(row),
            Self::Texts(cells) => cells.is_null(row),
        }
    }

    fn append(&self, row: usize, guard: FormulaGuard, line: &mut Vec<u8>) {
        if self.is_null(row) {
            return;
        }
        match self {
            Self::Text(cells) => append_text(cells.value(row), guard, line),
            Self::Int(cells) => line.extend_from_slice(cells.value(row).to_string().as_bytes()),
            Self::Float(cells) => line.extend_from_slice(cells.value(row).to_string().as_bytes()),
            Self::Flag(cells) => line.extend_from_slice(cells.value(row).to_string().as_bytes()),
            Self::Instant(cells) => {
                let instant = DateTime::from_timestamp_micros(cells.value(row));
                let text = instant.map(|instant| instant.format(INSTANT_FORMAT).to_string());
                line.extend_from_slice(text.unwrap_or_default().as_bytes());
            }
            Self::Texts(cells) => {
                let items = cells.value(row);
                let items: Vec<&str> =
                    items.as_string::<i32>().iter().map(Option::unwrap_or_default).collect();
                append_text(&items.join(LIST_SEPARATOR), guard, line);
            }
        }
    }
}

pub(in crate::output) fn append_text(text: &str, guard: FormulaGuard, line: &mut Vec<u8>) {
    let guarded = guard == FormulaGuard::On && text.starts_with(FORMULA_STARTS);
    let quoted = text.is_empty() || text.contains(['"', ',', '\r', '\n']);
    if quoted {
        line.push(b'"');
    }
    if guarded {
        line.push(b'\'');
    }
    for byte in text.bytes() {
        if byte == b'"' {
            line.push(b'"');
        }
        line.push(byte);
    }
    if quoted {
        line.push(b'"');
    }
}
