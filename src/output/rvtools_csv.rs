//! RVTools-named CSV: a file for each tab, with RVTools' headers and words.
//!
//! `RVTools_tabvInfo.csv` and so on: comma, CRLF, header always, unknown as an empty field.
//! Instants are `yyyy/MM/dd HH:mm:ss` in UTC. Texts that a spreadsheet would run are
//! defused as in [`csv`](crate::output::csv).

use std::io::Write;

use crate::output::csv::{FormulaGuard, LINE_END, append_text, line};
use crate::output::format::EncodeError;
use crate::output::shown::{Cell, DATE_FORMAT};
use crate::output::source::TableSource;
use crate::output::spool::SpoolError;
use crate::output::tab_rows::walk;
use crate::tables::tabs::Tab;

/// Why a tab could not be written.
#[derive(Debug, thiserror::Error)]
pub enum TabError {
    #[error(transparent)]
    Spool(#[from] SpoolError),
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// Writes one tab; says how many rows it has.
pub fn write_tab(
    tab: &Tab,
    source: &dyn TableSource,
    guard: FormulaGuard,
    out: &mut impl Write,
) -> Result<u64, TabError> {
    let headers = tab.columns.iter().map(|column| column.header);
    out.write_all(&line(headers, FormulaGuard::Off)).map_err(EncodeError::from)?;
    let mut rows = 0;
    let mut record = Vec::new();
    walk(source, std::slice::from_ref(tab), |_, cells| {
        record.clear();
        for (index, cell) in cells.iter().enumerate() {
            if index > 0 {
                record.push(b',');
            }
            append_cell(cell, guard, &mut record);
        }
        record.extend_from_slice(LINE_END);
        rows += 1;
        out.write_all(&record).map_err(|error| TabError::from(EncodeError::from(error)))
    })?;
    Ok(rows)
}

fn append_cell(cell: &Cell<'_>, guard: FormulaGuard, record: &mut Vec<u8>) {
    match cell {
        Cell::Empty => {}
        Cell::Text(text) => append_text(text, guard, record),
        Cell::Number(number) => record.extend_from_slice(number.to_string().as_bytes()),
        Cell::Decimal(number) => record.extend_from_slice(number.to_string().as_bytes()),
        Cell::Date(instant) => {
            record.extend_from_slice(instant.format(DATE_FORMAT).to_string().as_bytes());
        }
    }
}
