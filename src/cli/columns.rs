//! Text in columns: aligned, safe to show, the last column wrapped to the screen.

/// Rows of cells, printed two spaces in with two spaces between columns.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    rows: Vec<Vec<String>>,
    /// Columns whose cells stand to the right, such as numbers.
    right: Vec<usize>,
}

impl Columns {
    #[must_use]
    pub fn right(mut self, column: usize) -> Self {
        self.right.push(column);
        self
    }

    pub fn row<T: Into<String>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.rows.push(cells.into_iter().map(|cell| visible(&cell.into())).collect());
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// One line a row, or more where the last cell wraps at `width`.
    pub fn lines(&self, width: Option<usize>) -> Vec<String> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let widths: Vec<usize> = (0..columns)
            .map(|column| self.rows.iter().filter_map(|row| row.get(column)).map(|cell| length(cell)).max())
            .map(Option::unwrap_or_default)
            .collect();
        self.rows.iter().flat_map(|row| self.row_lines(row, &widths, width)).collect()
    }

    fn row_lines(&self, row: &[String], widths: &[usize], width: Option<usize>) -> Vec<String> {
        let Some((last, first)) = row.split_last() else { return vec![String::new()] };
        let mut line = String::from("  ");
        for (column, cell) in first.iter().enumerate() {
            line.push_str(&self.cell(column, cell, widths[column]));
            line.push_str("  ");
        }
        let indent = length(&line);
        let last_column = row.len() - 1;
        if self.right.contains(&last_column) {
            return vec![line + &self.cell(last_column, last, widths[last_column])];
        }
        let room = width.map_or(usize::MAX, |width| width.saturating_sub(indent).max(24));
        let mut pieces = wrap(last, room).into_iter();
        let mut lines = vec![(line + &pieces.next().unwrap_or_default()).trim_end().to_owned()];
        lines.extend(pieces.map(|piece| " ".repeat(indent) + &piece));
        lines
    }

    fn cell(&self, column: usize, cell: &str, width: usize) -> String {
        let padding = " ".repeat(width.saturating_sub(length(cell)));
        if self.right.contains(&column) { padding + cell } else { cell.to_owned() + &padding }
    }
}

/// Names come from other people's machines: no control character reaches the screen.
pub fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn length(text: &str) -> usize {
    console::measure_text_width(text)
}

/// Breaks a text at its spaces; a word that is too long stays whole.
pub fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is always a line");
        if line.is_empty() {
            line.push_str(word);
        } else if length(line) + 1 + length(word) <= room {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// `1,234,567`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let head = digits.len() % 3;
    let mut text = digits[..head].to_owned();
    for at in (head..digits.len()).step_by(3) {
        if !text.is_empty() {
            text.push(',');
        }
        text.push_str(&digits[at..at + 3]);
    }
    text
}

/// `1 host`, `2 hosts`.
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// `70 ms`, `12.3 s`, `3 min 05 s`, `2 h 07 min`.
pub fn duration(millis: u64) -> String {
    let seconds = millis / 1000;
    match seconds {
        0 => format!("{millis} ms"),
        1..60 => format!("{}.{} s", seconds, millis % 1000 / 100),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// `312 B`, `14.2 KiB`, `3.0 MiB`.
pub fn size(bytes: u64) -> String {
    let mut amount = bytes as f64;
    let mut units = ["KiB", "MiB", "GiB", "TiB"].into_iter();
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut unit = "B";
    while amount >= 1024.0 {
        let Some(next) = units.next() else { break };
        amount /= 1024.0;
        unit = next;
    }
    format!("{amount:.1} {unit}")
}
