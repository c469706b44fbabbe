//! `lustrum schema health`: the checks behind vHealth, for people who look for one's word.

use serde::Serialize;

use crate::census::health::check::Check;
use crate::cli::columns::{Columns, wrap};
use crate::cli::terminal::{Look, Paint};
use crate::config::health::Health;

const DOC_INDENT: &str = "      ";

/// A check for programs.
#[derive(Serialize)]
pub struct CheckView {
    check: &'static str,
    message_type: &'static str,
    severity: &'static str,
    /// Its number in RVTools' list; null for a check of Hyper-V's own.
    rvtools: Option<u8>,
    /// Settings in `[health]`, and their defaults.
    thresholds: serde_json::Map<String, serde_json::Value>,
    doc: String,
}

pub fn views() -> Vec<CheckView> {
    let defaults = serde_json::to_value(Health::default()).expect("plain values with text keys");
    let view = |check: &Check| {
        let setting = |key: &&str| ((*key).to_owned(), defaults[*key].clone());
        CheckView {
            check: check.word(),
            message_type: check.message_type(),
            severity: check.severity().word(),
            rvtools: check.rvtools(),
            thresholds: check.settings().iter().map(setting).collect(),
            doc: check.doc().split_whitespace().collect::<Vec<_>>().join(" "),
        }
    };
    Check::ALL.iter().map(view).collect()
}

pub fn text(look: Look) -> String {
    let views = views();
    let mut columns = Columns::default();
    columns.row(["check", "Message type", "severity", "RVTools", "thresholds in [health]"]);
    for view in &views {
        let number = view.rvtools.map_or_else(|| "-".to_owned(), |number| format!("#{number}"));
        let thresholds = view.thresholds.iter().map(|(key, value)| format!("{key} = {value}"));
        let thresholds = thresholds.collect::<Vec<_>>().join(", ");
        let thresholds = if thresholds.is_empty() { "-" } else { &thresholds };
        columns.row([view.check, view.message_type, view.severity, &number, thresholds]);
    }
    let mut lines = vec![look.paint(Paint::Strong, "Health checks"), String::new()];
    let room = look.width.map_or(usize::MAX, |width| width.saturating_sub(DOC_INDENT.len()));
    let docs = views.iter().map(|view| wrap(&view.doc, room));
    for (line, doc) in columns.lines(None).into_iter().zip(std::iter::once(Vec::new()).chain(docs)) {
        lines.push(line);
        lines.extend(doc.iter().map(|line| look.paint(Paint::Faint, &format!("{DOC_INDENT}{line}"))));
    }
    lines.push(String::new());
    lines.push("  `disable = [\"cdrom_connected\"]` in `[health]` of a job silences a check.".to_owned());
    lines.join("\n")
}
