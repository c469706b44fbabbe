//! Rows for the variables of a load, from CSV (RFC 4180) or from one JSON object a line.

use std::path::Path;

use serde_json::Value;

use crate::probes::http_load::plan::DataTable;

/// Larger than this is a mistake: it is kept in memory.
const LARGEST_BYTES: u64 = 256 * 1024 * 1024;

/// Reads a file by its name's ending; a lowercase fragment says what is wrong with it.
pub fn read(path: &Path) -> Result<DataTable, String> {
    let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
    let bytes = std::fs::metadata(path).map_err(unreadable)?.len();
    if bytes > LARGEST_BYTES {
        return Err(format!("has {bytes} bytes; at most {LARGEST_BYTES} are kept in memory"));
    }
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let table = match extension.to_ascii_lowercase().as_str() {
        "csv" => csv(&text)?,
        "jsonl" | "ndjson" => json_lines(&text)?,
        _ => return Err("expected a name that ends in .csv, .ndjson or .jsonl".to_owned()),
    };
    if table.rows.is_empty() { Err("holds no row".to_owned()) } else { Ok(table) }
}

/// With a header; quotes, doubled quotes and line ends in quotes as the RFC has them.
pub fn csv(text: &str) -> Result<DataTable, String> {
    let mut records = Records { rest: text.strip_prefix('\u{feff}').unwrap_or(text), line: 1 };
    let (_, columns) = records.next().ok_or("is empty: expected a header")??;
    if let Some(twice) = columns.iter().enumerate().find(|(at, name)| columns[..*at].contains(name)) {
        return Err(format!("names the column {:?} twice", twice.1));
    }
    let mut rows = Vec::new();
    for record in records {
        let (line, row) = record?;
        if row.len() == 1 && row[0].is_empty() {
            continue;
        }
        if row.len() != columns.len() {
            return Err(format!("line {line} has {} cells, the header {}", row.len(), columns.len()));
        }
        rows.push(row);
    }
    Ok(DataTable { columns, rows })
}

/// Records with the line on which each begins.
struct Records<'a> {
    rest: &'a str,
    line: usize,
}

impl Iterator for Records<'_> {
    type Item = Result<(usize, Vec<String>), String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let line = self.line;
        let mut cells = Vec::new();
        loop {
            match self.cell() {
                Ok((cell, is_last)) => {
                    cells.push(cell);
                    if is_last {
                        return Some(Ok((line, cells)));
                    }
                }
                Err(why) => {
                    self.rest = "";
                    return Some(Err(why));
                }
            }
        }
    }
}

impl Records<'_> {
    /// A cell, and whether its record ends with it.
    fn cell(&mut self) -> Result<(String, bool), String> {
        let mut cell = String::new();
        if let Some(quoted) = self.rest.strip_prefix('"') {
            self.rest = quoted;
            let begun = self.line;
            loop {
                let end = self.rest.find('"').ok_or(format!("the quote of line {begun} has no end"))?;
                self.line += self.rest[..end].matches('\n').count();
                cell.push_str(&self.rest[..end]);
                self.rest = &self.rest[end + 1..];
                match self.rest.strip_prefix('"') {
                    Some(rest) => {
                        cell.push('"');
                        self.rest = rest;
                    }
                    None => break,
                }
            }
        } else {
            let end = self.rest.find([',', '\n']).unwrap_or(self.rest.len());
            cell.push_str(self.rest[..end].strip_suffix('\r').unwrap_or(&self.rest[..end]));
            self.rest = &self.rest[end..];
        }
        let rest = self.rest.strip_prefix('\r').unwrap_or(self.rest);
        if let Some(rest) = self.rest.strip_prefix(',') {
            self.rest = rest;
            return Ok((cell, false));
        }
        if let Some(rest) = rest.strip_prefix('\n') {
            self.rest = rest;
            self.line += 1;
            return Ok((cell, true));
        }
        if rest.is_empty() {
            self.rest = "";
            return Ok((cell, true));
        }
        Err(format!("line {} has text behind a quote", self.line))
    }
}

/// Objects of texts, numbers and booleans, all with the keys of the first.
pub fn json_lines(text: &str) -> Result<DataTable, String> {
    let mut table = DataTable::default();
    for (line, text) in text.lines().zip(1..).map(|(text, line)| (line, text)) {
        if text.trim().is_empty() {
            continue;
        }
        let object: serde_json::Map<String, Value> =
            serde_json::from_str(text).map_err(|error| format!("line {line} is no JSON object: {error}"))?;
        if table.rows.is_empty() {
            table.columns = object.keys().cloned().collect();
        }
        if let Some(key) = object.keys().find(|key| !table.columns.contains(key)) {
            return Err(format!("line {line} has the key {key:?}, which the first line has not"));
        }
        let row = table.columns.iter().map(|column| match object.get(column) {
            Some(Value::String(text)) => Ok(text.clone()),
            Some(value @ (Value::Number(_) | Value::Bool(_))) => Ok(value.to_string()),
            Some(_) => Err(format!("line {line}: {column:?} is no text, number or boolean")),
            None => Err(format!("line {line} has no {column:?}")),
        });
        let row = row.collect::<Result<Vec<_>, _>>()?;
        table.rows.push(row);
    }
    Ok(table)
}
