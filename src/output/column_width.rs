//! How wide a column must be for what was written in it, without looking back.

use crate::output::shown::Cell;

/// `yyyy/MM/dd HH:mm:ss`.
const DATE_CHARACTERS: usize = 19;
/// Verdana is wider than the font in which spreadsheets count, bold Verdana wider still.
const BODY_FACTOR: f64 = 1.15;
const HEADER_FACTOR: f64 = 1.3;
/// The arrow of the filter.
const ARROW_CHARACTERS: f64 = 3.0;
/// A note of many lines must not push everything else off the screen.
const WIDEST: f64 = 80.0;

/// The widest cell so far.
#[derive(Clone, Copy, Debug)]
pub struct ColumnWidth {
    header: f64,
    body_characters: usize,
}

impl ColumnWidth {
    pub fn of_header(header: &str) -> Self {
        let header = header.chars().count() as f64 * HEADER_FACTOR + ARROW_CHARACTERS;
        Self { header, body_characters: 0 }
    }

    pub fn see(&mut self, cell: &Cell<'_>) {
        let characters = match cell {
            Cell::Empty => return,
            Cell::Text(text) => text.lines().map(width_of).max().unwrap_or_default(),
            Cell::Number(number) => grouped(*number),
            Cell::Decimal(number) => grouped(*number as i64) + ".00".len(),
            Cell::Date(_) => DATE_CHARACTERS,
        };
        self.body_characters = self.body_characters.max(characters);
    }

    /// In the unit of spreadsheets: digits of the usual font.
    pub fn characters(self) -> f64 {
        (self.body_characters as f64 * BODY_FACTOR + 1.0).max(self.header).min(WIDEST).ceil()
    }
}

/// Digits with a separator after every third.
fn grouped(number: i64) -> usize {
    let digits = number.unsigned_abs().checked_ilog10().unwrap_or_default() as usize + 1;
    digits + (digits - 1) / 3 + usize::from(number < 0)
}

/// CJK takes two places. Text that is too wide anyway is not counted out.
fn width_of(line: &str) -> usize {
    let places = |c: char| if c < '\u{1100}' { 1 } else { 2 };
    line.chars().take(WIDEST as usize).map(places).sum()
}
