//! A line that gives a value: name, labels, number, and what may follow.

use crate::probes::exposition::cursor::{Cursor, Named};
use crate::probes::exposition::dialect::Dialect;
use crate::probes::exposition::family::{Exemplar, LineError, Sample};

/// Of the names and values of an exemplar's labels together. OpenMetrics 1.0, section "Exemplars".
const EXEMPLAR_CHARACTERS: usize = 128;

/// `name{label="value"} 1.5 1700000000`, or `{"any.name",label="value"} 1.5`.
pub fn sample(mut cursor: Cursor<'_>) -> Result<Sample, LineError> {
    let (mut name, mut labels) = (None, Vec::new());
    if cursor.peek() != Some('{') {
        name = Some(cursor.name(Named::Metric)?);
        cursor.loose_blanks();
    }
    let before = cursor;
    if cursor.take("{") {
        labels = label_set(&mut cursor, &mut name)?;
        cursor.loose_blanks();
    }
    let name = name.ok_or_else(|| before.error("a sample without a metric's name"))?;
    // In text the blanks behind a name are gone by now, and a number needs none behind `}`.
    if cursor.dialect() == Dialect::OpenMetrics && !cursor.gap() {
        return Err(cursor.expected("one space and a number"));
    }
    let value = cursor.number()?;
    let mut sample =
        Sample { name, labels, value, timestamp_seconds: None, exemplar: None, line: cursor.line() };
    if cursor.gap() && !cursor.is_at_end() && cursor.peek() != Some('#') {
        sample.timestamp_seconds = Some(cursor.timestamp_seconds()?);
        cursor.gap();
    }
    if cursor.dialect() == Dialect::OpenMetrics && cursor.peek() == Some('#') {
        sample.exemplar = Some(exemplar(&mut cursor)?);
    }
    if cursor.is_at_end() { Ok(sample) } else { Err(cursor.expected("the end of the line")) }
}

/// `# {trace_id="…"} 0.5 1700000000.5`
fn exemplar(cursor: &mut Cursor<'_>) -> Result<Exemplar, LineError> {
    cursor.demand('#')?;
    if !cursor.gap() {
        return Err(cursor.expected("one space"));
    }
    let before = *cursor;
    cursor.demand('{')?;
    let mut no_name = Some(String::new());
    let labels = label_set(cursor, &mut no_name)?;
    let characters: usize =
        labels.iter().map(|(name, value)| name.chars().count() + value.chars().count()).sum();
    if characters > EXEMPLAR_CHARACTERS {
        let message = format!("an exemplar's labels have {characters} characters of {EXEMPLAR_CHARACTERS}");
        return Err(before.error(message));
    }
    if !cursor.gap() {
        return Err(cursor.expected("one space and a number"));
    }
    let value = cursor.number()?;
    let timestamp_seconds = if cursor.gap() { Some(cursor.timestamp_seconds()?) } else { None };
    Ok(Exemplar { labels, value, timestamp_seconds })
}

/// What stands between the braces. A metric without a name before them has it here, quoted and first.
fn label_set(
    cursor: &mut Cursor<'_>,
    metric: &mut Option<String>,
) -> Result<Vec<(String, String)>, LineError> {
    let mut labels: Vec<(String, String)> = Vec::new();
    cursor.loose_blanks();
    while !cursor.take("}") {
        let before = *cursor;
        let is_quoted = cursor.peek() == Some('"');
        let name = cursor.name(Named::Label)?;
        cursor.loose_blanks();
        if is_quoted && metric.is_none() && labels.is_empty() && cursor.peek() != Some('=') {
            *metric = Some(name);
        } else {
            cursor.demand('=')?;
            cursor.loose_blanks();
            if labels.iter().any(|(known, _)| *known == name) {
                return Err(before.error(format!("label `{name}` comes twice")));
            }
            labels.push((name, cursor.quoted()?));
        }
        cursor.loose_blanks();
        if cursor.take(",") {
            cursor.loose_blanks();
            if cursor.dialect() == Dialect::OpenMetrics && cursor.peek() == Some('}') {
                return Err(cursor.expected("a label"));
            }
        } else if cursor.peek() != Some('}') {
            return Err(cursor.expected("`,` or `}`"));
        }
    }
    Ok(labels)
}
