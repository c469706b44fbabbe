//! Text as a spreadsheet's cell can hold it.
//!
//! A cell ends at 32,767 UTF-16 units (Excel's specifications and limits); longer text is cut
//! and ends in `…`. XML 1.0 has no control characters but TAB, LF and CR: the file format
//! has an escape for them (`_x0007_`, ECMA-376 part 1, 22.9.2.19), which many readers show
//! letter for letter, so they are dropped instead. A line ends in LF, as Excel itself has it.
//! Everything else stays, a literal `_x0007_` included: the writer escapes its underscore.

use std::borrow::Cow;

/// UTF-16 units in a cell.
pub const CELL_UNITS: usize = 32_767;

const CUT_MARK: char = '…';

/// A text made to fit, and what that took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fitted<'a> {
    pub text: Cow<'a, str>,
    /// The end is missing.
    pub cut: bool,
    /// Characters that no cell can hold are missing.
    pub dropped: bool,
}

/// The text for a cell of so many UTF-16 units.
pub fn fit(text: &str, most_units: usize) -> Fitted<'_> {
    let plain = !text.contains(is_unfit) && !text.contains('\r');
    let (clean, dropped) = if plain { (Cow::Borrowed(text), false) } else { cleaned(text) };
    // A text has no more UTF-16 units than bytes.
    if clean.len() <= most_units || clean.encode_utf16().count() <= most_units {
        return Fitted { text: clean, cut: false, dropped };
    }
    Fitted { text: cut(&clean, most_units).into(), cut: true, dropped }
}

/// What XML cannot say; CR it can, but reads it as a line's end.
fn is_unfit(c: char) -> bool {
    matches!(c, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}')
}

fn cleaned(text: &str) -> (Cow<'_, str>, bool) {
    let mut clean = String::with_capacity(text.len());
    let mut dropped = false;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\r' if rest.peek() == Some(&'\n') => {}
            '\r' => clean.push('\n'),
            c if is_unfit(c) => dropped = true,
            c => clean.push(c),
        }
    }
    (clean.into(), dropped)
}

fn cut(text: &str, most_units: usize) -> String {
    let mut units = CUT_MARK.len_utf16();
    let fits = |c: &char| {
        units += c.len_utf16();
        units <= most_units
    };
    text.chars().take_while(fits).chain([CUT_MARK]).collect()
}
