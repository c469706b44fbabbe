//! `lustrum schema`: what the tables hold, the health checks, the variables of notifications, and the JSON schemas of a job and of a manifest.

use arrow_schema::DataType;
use serde::Serialize;

use crate::cli::columns::{Columns, wrap};
use crate::cli::terminal::{Look, Paint};
use crate::cli::{health_checks, notify_words};
use crate::config::job;
use crate::config::problem::one_of;
use crate::model::manifest::Manifest;
use crate::tables::catalogue;
use crate::tables::table::{Column, TableSpec};

/// On a narrower screen a column's doc stands below it.
const ROOM_FOR_DOCS: usize = 140;
const DOC_INDENT: &str = "      ";

/// The text to print, or a fragment that says what was expected.
pub fn print(subject: Option<&str>, json: bool, look: Look) -> Result<String, String> {
    match subject {
        None if json => Ok(pretty(&catalogue::all().map(TableView::of).collect::<Vec<_>>())),
        None => Ok(list(look)),
        Some("health") if json => Ok(pretty(&health_checks::views())),
        Some("health") => Ok(health_checks::text(look)),
        Some("notify") if json => Ok(pretty(&notify_words::views())),
        Some("notify") => Ok(notify_words::text(look)),
        Some("job") => Ok(pretty(&job::schema())),
        Some("manifest") => Ok(pretty(&schemars::schema_for!(Manifest))),
        Some(name) => {
            let spec = catalogue::named(name).ok_or_else(|| unknown(name))?;
            Ok(if json { pretty(&TableView::of(spec)) } else { table(spec, look) })
        }
    }
}

fn unknown(name: &str) -> String {
    let known: Vec<&str> =
        catalogue::all().map(|spec| spec.title).chain(["health", "job", "manifest", "notify"]).collect();
    format!("no table `{name}`; expected {}", one_of(name, known))
}

fn pretty(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).expect("plain values with text keys")
}

fn list(look: Look) -> String {
    let mut columns = Columns::default().right(2);
    for spec in catalogue::all() {
        let number = (spec.columns)().len();
        columns.row([spec.title, spec.id.as_str(), &format!("{number} columns"), &first_sentence(spec.doc)]);
    }
    let mut lines = vec![look.paint(Paint::Strong, "Tables")];
    lines.extend(columns.lines(look.width));
    lines.push(String::new());
    lines.push("  `lustrum schema TABLE` prints the columns of one, `lustrum schema health` the checks behind vHealth.".to_owned());
    lines.join("\n")
}

fn table(spec: &TableSpec, look: Look) -> String {
    let heading = format!("{} ({})", spec.title, spec.id);
    let mut lines =
        vec![look.paint(Paint::Strong, &heading), format!("  {}", one_line(spec.doc)), String::new()];
    let declared = (spec.columns)();
    let head = ["column", "type", "null", "RVTools"];
    let cells = |column: &Column| {
        let null = if column.nullable { "yes" } else { "no" };
        let headers = spec.headers_of(column.name).join(", ");
        let headers = if headers.is_empty() { "-" } else { &headers };
        [column.name, &type_word(&column.data_type), null, headers].map(str::to_owned)
    };
    let mut columns = Columns::default();
    match look.width {
        Some(width) if width < ROOM_FOR_DOCS => {
            columns.row(head);
            declared.iter().for_each(|column| columns.row(cells(column)));
            let docs = declared.iter().map(|column| wrap(&one_line(column.doc), width - DOC_INDENT.len()));
            for (line, doc) in columns.lines(None).into_iter().zip(std::iter::once(Vec::new()).chain(docs)) {
                lines.push(line);
                lines.extend(doc.iter().map(|line| look.paint(Paint::Faint, &format!("{DOC_INDENT}{line}"))));
            }
        }
        width => {
            columns.row(head.into_iter().chain(["what it holds, and its source"]));
            for column in &declared {
                columns.row(cells(column).into_iter().chain([one_line(column.doc)]));
            }
            lines.extend(columns.lines(width));
        }
    }
    lines.join("\n")
}

/// A table for programs.
#[derive(Serialize)]
struct TableView {
    name: &'static str,
    title: &'static str,
    doc: String,
    columns: Vec<ColumnView>,
}

#[derive(Serialize)]
struct ColumnView {
    name: &'static str,
    r#type: String,
    nullable: bool,
    /// Empty where RVTools has none.
    rvtools_headers: Vec<&'static str>,
    doc: String,
}

impl TableView {
    fn of(spec: &TableSpec) -> Self {
        let columns = (spec.columns)().iter().map(|column| ColumnView::of(spec, column)).collect();
        Self { name: spec.id.as_str(), title: spec.title, doc: one_line(spec.doc), columns }
    }
}

impl ColumnView {
    fn of(spec: &TableSpec, column: &Column) -> Self {
        Self {
            name: column.name,
            r#type: type_word(&column.data_type),
            nullable: column.nullable,
            rvtools_headers: spec.headers_of(column.name),
            doc: one_line(column.doc),
        }
    }
}

/// The Arrow type in words that DuckDB, pandas and people share.
fn type_word(data_type: &DataType) -> String {
    match data_type {
        DataType::Utf8 => "text".to_owned(),
        DataType::Int64 => "int64".to_owned(),
        DataType::Float64 => "float64".to_owned(),
        DataType::Boolean => "bool".to_owned(),
        DataType::Timestamp(..) => "timestamp".to_owned(),
        DataType::List(item) => format!("list<{}>", type_word(item.data_type())),
        other => other.to_string().to_lowercase(),
    }
}

fn one_line(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn first_sentence(doc: &str) -> String {
    let line = one_line(doc);
    let sentence = line.split_once(". ").map_or(line.as_str(), |(sentence, _)| sentence);
    sentence.trim_end_matches('.').to_owned()
}
