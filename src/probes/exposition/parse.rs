//! An exposition, line by line: what belongs together, and every line that is wrong.

use std::collections::HashMap;

use crate::probes::exposition::cursor::{Cursor, Named};
use crate::probes::exposition::dialect::Dialect;
use crate::probes::exposition::family::{Family, Kind, LineError, Parsed, Sample};
use crate::probes::exposition::rules;
use crate::probes::exposition::sample::sample;

/// Of what is wrong, so many lines are told.
pub const ERRORS: usize = 100;

/// Reads what can be read. A line that is wrong is left out and named; the others count.
pub fn parse(text: &str, dialect: Dialect) -> Parsed {
    let mut reading = Reading { dialect, ..Reading::default() };
    let mut lines: Vec<&str> = text.split('\n').collect();
    // Behind the last line feed nothing stands.
    let is_whole = lines.pop_if(|last| last.is_empty()).is_some();
    let last = lines.len();
    for (index, line) in lines.into_iter().enumerate() {
        reading.line(line, index + 1);
    }
    let end = Cursor::new("", last.max(1), dialect);
    match dialect {
        Dialect::Text if !is_whole => {
            reading.errors.push(end.error("the last line has no line feed: the answer may be cut off"));
        }
        Dialect::OpenMetrics if reading.end.is_none() => {
            reading.errors.push(end.error("`# EOF` is missing: the answer may be cut off"));
        }
        Dialect::Text | Dialect::OpenMetrics => {}
    }
    for drawer in &reading.drawers {
        rules::hold(&drawer.family, dialect, &mut reading.errors);
    }
    let mut errors = reading.errors;
    errors.sort_by_key(|error| (error.line, error.column));
    let errors_left_out = errors.len().saturating_sub(ERRORS);
    errors.truncate(ERRORS);
    let families = reading.drawers.into_iter().map(|drawer| drawer.family).collect();
    Parsed { families, errors, errors_left_out }
}

struct Reading {
    dialect: Dialect,
    drawers: Vec<Drawer>,
    by_name: HashMap<String, usize>,
    /// The one whose lines are being read.
    open: Option<usize>,
    /// The line of each series, by name and sorted labels, and its time.
    series: HashMap<String, (usize, Option<f64>)>,
    /// The line of `# EOF`.
    end: Option<usize>,
    errors: Vec<LineError>,
}

impl Default for Reading {
    fn default() -> Self {
        Self {
            dialect: Dialect::Text,
            drawers: Vec::new(),
            by_name: HashMap::new(),
            open: None,
            series: HashMap::new(),
            end: None,
            errors: Vec::new(),
        }
    }
}

struct Drawer {
    family: Family,
    is_typed: bool,
    /// Lines of another family came after its own.
    is_left: bool,
}

impl Reading {
    fn line(&mut self, line: &str, number: usize) {
        let mut cursor = Cursor::new(line, number, self.dialect);
        cursor.loose_blanks();
        if let Some(end) = self.end {
            if end + 1 == number {
                self.errors.push(cursor.error("something follows `# EOF`"));
            }
            return;
        }
        let read = if cursor.is_at_end() {
            match self.dialect {
                Dialect::Text => Ok(()),
                Dialect::OpenMetrics => Err(cursor.error("a line is empty")),
            }
        } else if cursor.peek() == Some('#') {
            self.head(cursor)
        } else {
            sample(cursor).map(|sample| self.sample(sample, cursor))
        };
        self.errors.extend(read.err());
    }

    /// `# HELP name …`, `# TYPE name …`, `# UNIT name …`, `# EOF`; in text any other is a comment.
    fn head(&mut self, mut cursor: Cursor<'_>) -> Result<(), LineError> {
        let before = cursor;
        cursor.demand('#')?;
        let is_apart = cursor.gap();
        let word = cursor.word();
        match (word, self.dialect) {
            ("HELP" | "TYPE", _) | ("UNIT", Dialect::OpenMetrics) if is_apart => {}
            ("EOF", Dialect::OpenMetrics) if is_apart && cursor.is_at_end() => {
                self.end = Some(cursor.line());
                return Ok(());
            }
            (_, Dialect::Text) => return Ok(()),
            (_, Dialect::OpenMetrics) => {
                return Err(before.expected("`# HELP`, `# TYPE`, `# UNIT` or `# EOF`"));
            }
        }
        cursor.gap();
        let name = cursor.name(Named::Metric)?;
        let is_apart = cursor.gap();
        if !is_apart && !cursor.is_at_end() {
            return Err(cursor.expected("a blank"));
        }
        let dialect = self.dialect;
        let drawer = self.open(&name, before);
        let family = &mut drawer.family;
        // Only a type decides how samples are read.
        if !family.samples.is_empty() && (word == "TYPE" || dialect == Dialect::OpenMetrics) {
            return Err(before.error(format!("the {word} of `{name}` comes after its samples")));
        }
        let is_known = match word {
            "HELP" => family.help.replace(unescaped(cursor.rest(), dialect)).is_some(),
            "UNIT" => {
                let unit = cursor.rest();
                if !unit.is_empty() && !name.ends_with(&format!("_{unit}")) {
                    return Err(cursor.error(format!("`{name}` does not end with its unit `_{unit}`")));
                }
                family.unit.replace(unit.to_owned()).is_some()
            }
            _ => {
                let found = cursor;
                let kind = Kind::of_word(cursor.word(), dialect);
                family.kind = kind.ok_or_else(|| found.expected(types(dialect)))?;
                cursor.loose_blanks();
                if !cursor.is_at_end() {
                    return Err(cursor.expected("the end of the line"));
                }
                std::mem::replace(&mut drawer.is_typed, true)
            }
        };
        if is_known { Err(before.error(format!("a second {word} of `{name}`"))) } else { Ok(()) }
    }

    fn sample(&mut self, sample: Sample, cursor: Cursor<'_>) {
        let mut labels: Vec<_> = sample.labels.iter().collect();
        labels.sort();
        let (line, time) = (sample.line, sample.timestamp_seconds);
        if let Some((first, known)) = self.series.insert(format!("{} {labels:?}", sample.name), (line, time))
        {
            // OpenMetrics lets a metric have several points, later ones below.
            let is_later = self.dialect == Dialect::OpenMetrics
                && matches!((known, time), (Some(known), Some(time)) if time > known);
            if !is_later {
                let message = format!("`{}` with these labels stands in line {first} already", sample.name);
                self.errors.push(cursor.error(message));
            }
        }
        let owner = self.owner(&sample.name);
        let dialect = self.dialect;
        let drawer = self.open(&owner, cursor);
        let family = &mut drawer.family;
        let suffix = sample.name.strip_prefix(family.name.as_str()).unwrap_or_default();
        let wrong = (!family.kind.suffixes(dialect).contains(&suffix)).then(|| {
            let wanted: Vec<_> = family
                .kind
                .suffixes(dialect)
                .iter()
                .map(|suffix| format!("`{}{suffix}`", family.name))
                .collect();
            let message =
                format!("a {} `{}` has samples {}", family.kind.word(), family.name, wanted.join(", "));
            cursor.error(message)
        });
        family.samples.push(sample);
        self.errors.extend(wrong);
    }

    /// The family a sample belongs to: the one being read before others, one of its name
    /// before one that its suffix leads to.
    fn owner(&self, name: &str) -> String {
        let takes = |drawer: &Drawer| {
            let suffix = name.strip_prefix(drawer.family.name.as_str());
            suffix.is_some_and(|suffix| drawer.family.kind.suffixes(self.dialect).contains(&suffix))
        };
        if let Some(open) = self.open.map(|open| &self.drawers[open])
            && takes(open)
        {
            return open.family.name.clone();
        }
        if self.by_name.contains_key(name) {
            return name.to_owned();
        }
        let stem = name.rfind('_').map(|at| &name[..at]);
        let family = stem.and_then(|stem| self.by_name.get(stem)).map(|index| &self.drawers[*index]);
        family.filter(|drawer| takes(drawer)).map_or(name, |drawer| &drawer.family.name).to_owned()
    }

    fn open(&mut self, name: &str, cursor: Cursor<'_>) -> &mut Drawer {
        let known = self.by_name.get(name).copied();
        let index = known.unwrap_or_else(|| {
            let family = Family {
                name: name.to_owned(),
                kind: Kind::Unknown,
                help: None,
                unit: None,
                samples: Vec::new(),
            };
            self.by_name.insert(name.to_owned(), self.drawers.len());
            self.drawers.push(Drawer { family, is_typed: false, is_left: false });
            self.drawers.len() - 1
        });
        if let Some(before) = self.open.replace(index).filter(|before| *before != index) {
            self.drawers[before].is_left = true;
        }
        let drawer = &mut self.drawers[index];
        if std::mem::take(&mut drawer.is_left) {
            self.errors.push(cursor.error(format!("the lines of `{name}` do not stand together")));
        }
        drawer
    }
}

const fn types(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Text => "counter, gauge, histogram, summary or untyped",
        Dialect::OpenMetrics => {
            "counter, gauge, histogram, gaugehistogram, stateset, info, summary or unknown"
        }
    }
}

/// A help text: `\\` and `\n`, in OpenMetrics `\"` too. What else follows a backslash stays as it is.
fn unescaped(text: &str, dialect: Dialect) -> String {
    let mut said = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            said.push(c);
            continue;
        }
        match rest.next() {
            Some('n') => said.push('\n'),
            Some('\\') => said.push('\\'),
            Some('"') if dialect == Dialect::OpenMetrics => said.push('"'),
            other => said.extend(['\\'].into_iter().chain(other)),
        }
    }
    said
}
