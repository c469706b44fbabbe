//! The RVTools workbook: 27 tabs, row by row, in bounded memory.
//!
//! rust_xlsxwriter in its constant-memory mode keeps one row of each sheet and writes the
//! others to nameless temporary files, which vanish with their handles; [`finish`] zips
//! them into any writer. Every text is written as text: nothing is a formula, nothing a
//! link. What a sheet or a cell cannot hold is continued or cut, and told.
//!
//! [`finish`]: WorkbookWriter::finish

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use chrono::{DateTime, Utc};
use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, Workbook, Worksheet, XlsxError,
};

use crate::output::cell_text::{CELL_UNITS, fit};
use crate::output::column_width::ColumnWidth;
use crate::output::shown::{Cell, Kind, kind};
use crate::tables::tabs::Tab;

const FONT: &str = "Verdana";
const FONT_POINTS: f64 = 9.0;
/// 15 points, and Excel's usual 8.43 characters, both as pixels.
const ROW_PIXELS: u32 = 20;
const COLUMN_PIXELS: u32 = 64;

const NUMBER_FORMAT: &str = "#,##0";
const DECIMAL_FORMAT: &str = "#,##0.00";
const DATE_FORMAT: &str = "yyyy/mm/dd hh:mm:ss";

/// A spreadsheet reads these as a formula when someone edits the cell.
const FORMULA_STARTS: [char; 4] = ['=', '+', '-', '@'];

/// The day from which spreadsheets count, in seconds of Unix time: 1899-12-30.
const DAY_ZERO: i64 = -2_209_161_600;
const SECONDS_A_DAY: f64 = 86_400.0;

/// A sheet whose XML may come near 4 GiB needs the larger form of zip. A cell takes about
/// so many bytes beside its text.
const CELL_XML_BYTES: u64 = 40;
const LARGE_SHEET_BYTES: u64 = 1 << 30;

/// How much a sheet holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Rows of a sheet, its header among them; two at least.
    pub rows: u32,
    /// UTF-16 units in a cell.
    pub cell_units: usize,
}

impl Default for Limits {
    /// Excel's.
    fn default() -> Self {
        Self { rows: 1_048_576, cell_units: CELL_UNITS }
    }
}

/// What came of a workbook.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// In all tabs, headers not counted.
    pub rows: u64,
    /// What differs from the rows, a sentence each.
    pub warnings: Vec<String>,
}

/// A workbook being written.
pub struct WorkbookWriter {
    book: Workbook,
    tabs: Vec<Pages>,
    header: Format,
    guarded: Format,
    limits: Limits,
    oddities: BTreeMap<Oddity, Found>,
}

/// The sheets of one tab; all but the last are full.
struct Pages {
    title: &'static str,
    headers: Vec<&'static str>,
    /// By column.
    formats: Vec<Option<Format>>,
    sheets: Vec<Page>,
}

struct Page {
    sheet: Worksheet,
    /// Rows written, the header among them.
    rows: u32,
    bytes: u64,
    widths: Vec<ColumnWidth>,
}

/// A kind of change to the cells of one column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Oddity {
    tab: usize,
    column: usize,
    change: Change,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    Cut,
    Dropped,
}

struct Found {
    cells: u64,
    first_row: u64,
}

impl WorkbookWriter {
    /// Begins the sheets and their headers. `folder` takes the temporary files; `created`
    /// is what the file says of itself.
    pub fn open(
        tabs: &[Tab],
        folder: &Path,
        created: DateTime<Utc>,
        limits: Limits,
    ) -> Result<Self, XlsxError> {
        let body = Format::new().set_font_name(FONT).set_font_size(FONT_POINTS);
        let header = body.clone().set_bold().set_font_color(Color::White).set_background_color(Color::Black);
        let mut book = Workbook::new();
        book.set_default_format(&body, ROW_PIXELS, COLUMN_PIXELS)?;
        book.set_tempdir(folder)?;
        let created = ExcelDateTime::from_timestamp(created.timestamp())?;
        book.set_properties(&DocProperties::new().set_creation_datetime(&created));
        let format = |kind| match kind {
            Kind::Text => None,
            Kind::Number => Some(body.clone().set_num_format(NUMBER_FORMAT)),
            Kind::Decimal => Some(body.clone().set_num_format(DECIMAL_FORMAT)),
            Kind::Date => Some(body.clone().set_num_format(DATE_FORMAT)),
        };
        let pages = |tab: &Tab| Pages {
            title: tab.title,
            headers: tab.columns.iter().map(|column| column.header).collect(),
            formats: tab.columns.iter().map(|column| format(kind(column, tab.table))).collect(),
            sheets: Vec::new(),
        };
        let mut writer = Self {
            book,
            tabs: tabs.iter().map(pages).collect(),
            header: header.set_align(FormatAlign::Left),
            guarded: body.set_quote_prefix(),
            limits,
            oddities: BTreeMap::new(),
        };
        (0..writer.tabs.len()).try_for_each(|tab| writer.begin_page(tab))?;
        Ok(writer)
    }

    /// Adds a row to a tab; the cells are those of all its columns, in order.
    pub fn row(&mut self, tab: usize, cells: &[Cell<'_>]) -> Result<(), XlsxError> {
        if self.tabs[tab].open_page().rows >= self.limits.rows {
            self.begin_page(tab)?;
        }
        let row_in_tab = self.tabs[tab].rows() + 2;
        let page = self.tabs[tab].open_page();
        let row = page.rows;
        for (column, cell) in cells.iter().enumerate() {
            let number = column as u16;
            page.widths[column].see(cell);
            match cell {
                Cell::Empty => continue,
                Cell::Number(value) => page.sheet.write_number(row, number, *value as f64)?,
                Cell::Decimal(value) => page.sheet.write_number(row, number, *value)?,
                Cell::Date(instant) => page.sheet.write_number(row, number, serial(*instant))?,
                Cell::Text(text) => {
                    let fitted = fit(text, self.limits.cell_units);
                    for (change, happened) in [(Change::Cut, fitted.cut), (Change::Dropped, fitted.dropped)] {
                        if happened {
                            let found = self.oddities.entry(Oddity { tab, column, change });
                            found.or_insert(Found { cells: 0, first_row: row_in_tab }).cells += 1;
                        }
                    }
                    page.bytes += fitted.text.len() as u64;
                    match fitted.text {
                        Cow::Borrowed("") => continue,
                        text if text.starts_with(FORMULA_STARTS) => {
                            page.sheet.write_string_with_format(row, number, text, &self.guarded)?
                        }
                        text if text.is_empty() => continue,
                        text => page.sheet.write_string(row, number, text)?,
                    }
                }
            };
            page.bytes += CELL_XML_BYTES;
        }
        page.rows += 1;
        Ok(())
    }

    /// Zips the sheets into `out`: the tabs in order, then the continued ones.
    pub fn finish(mut self, out: impl Write + Send) -> Result<Told, XlsxError> {
        let told = Told { rows: self.tabs.iter().map(Pages::rows).sum(), warnings: self.warnings() };
        let large = self.tabs.iter().flat_map(|tab| &tab.sheets).any(|page| page.bytes >= LARGE_SHEET_BYTES);
        self.book.use_zip_large_file(large);
        let mut continued = Vec::new();
        for tab in self.tabs {
            let mut sheets = tab.sheets.into_iter().map(Page::close);
            if let Some(first) = sheets.next() {
                self.book.push_worksheet(first?);
            }
            continued.extend(sheets);
        }
        for sheet in continued {
            self.book.push_worksheet(sheet?);
        }
        self.book.save_to_writer(out)?;
        Ok(told)
    }

    /// A new sheet for a tab, with the header.
    fn begin_page(&mut self, tab: usize) -> Result<(), XlsxError> {
        let mut sheet = self.book.new_worksheet_with_constant_memory()?;
        let tab = &mut self.tabs[tab];
        sheet.set_name(match tab.sheets.len() {
            0 => tab.title.to_owned(),
            full => format!("{} ({})", tab.title, full + 1),
        })?;
        sheet.set_freeze_panes(1, 1)?;
        for (column, (header, format)) in tab.headers.iter().zip(&tab.formats).enumerate() {
            if let Some(format) = format {
                sheet.set_column_format(column as u16, format)?;
            }
            sheet.write_string_with_format(0, column as u16, *header, &self.header)?;
        }
        let widths = tab.headers.iter().map(|header| ColumnWidth::of_header(header)).collect();
        tab.sheets.push(Page { sheet, rows: 1, bytes: 0, widths });
        Ok(())
    }

    fn warnings(&self) -> Vec<String> {
        let continued = self.tabs.iter().filter(|tab| tab.sheets.len() > 1).map(|tab| {
            let (title, rows, sheets) = (tab.title, tab.rows(), tab.sheets.len());
            format!("workbook: {title} has {rows} rows and goes on in `{title} (2)`: {sheets} sheets in all")
        });
        // A note stands on every tab of its VM: one line for all of them.
        let mut changed: BTreeMap<(&str, Change), Vec<(&str, &Found)>> = BTreeMap::new();
        for (Oddity { tab, column, change }, found) in &self.oddities {
            let tab = &self.tabs[*tab];
            changed.entry((tab.headers[*column], *change)).or_default().push((tab.title, found));
        }
        let changed = changed.into_iter().map(|((header, change), found)| {
            let what = match change {
                Change::Cut => format!("cut at {} characters", self.limits.cell_units),
                Change::Dropped => "without their control characters".to_owned(),
            };
            let cells: u64 = found.iter().map(|(_, found)| found.cells).sum();
            let counted = if cells == 1 { "1 cell".to_owned() } else { format!("{cells} cells") };
            let tabs: Vec<_> = found.iter().map(|(title, _)| *title).collect();
            let (first, Found { first_row, .. }) = found[0];
            format!(
                "workbook: `{header}` of {}: {counted} {what}, first in {first}, row {first_row}",
                tabs.join(", ")
            )
        });
        continued.chain(changed).collect()
    }
}

impl Pages {
    fn open_page(&mut self) -> &mut Page {
        self.sheets.last_mut().expect("a tab begins with a page")
    }

    /// Headers not counted.
    fn rows(&self) -> u64 {
        self.sheets.iter().map(|page| u64::from(page.rows) - 1).sum()
    }
}

impl Page {
    fn close(mut self) -> Result<Worksheet, XlsxError> {
        for (column, width) in self.widths.iter().enumerate() {
            self.sheet.set_column_width(column as u16, width.characters())?;
        }
        self.sheet.autofilter(0, 0, self.rows - 1, self.widths.len() as u16 - 1)?;
        Ok(self.sheet)
    }
}

/// Days since 1899-12-30, the time of day as their fraction.
fn serial(instant: DateTime<Utc>) -> f64 {
    (instant.timestamp() - DAY_ZERO) as f64 / SECONDS_A_DAY
}
