//! What a check of metrics and dashboards found, for people and for programs.

use serde_json::{Value, json};

use crate::cli::columns::visible;
use crate::cli::terminal::{Look, Paint};
use crate::model::manifest::Manifest;
use crate::model::probe::{ProbeEnding, ProbeRecord};
use crate::probes::prometheus::measure::Heard;
use crate::tables::samples::prometheus_query::PrometheusQuery;

/// Dashboard by dashboard, panel by panel, whatever is not ok; then the rules; then the sum.
pub fn render(heard: &Heard, record: Option<&ProbeRecord>, look: Look) -> String {
    let mut lines = Vec::new();
    for queries in heard.queries.chunk_by(|one, other| one.dashboard == other.dashboard) {
        dashboard(queries, look, &mut lines);
    }
    if !heard.rules.is_empty() {
        lines.push(look.paint(Paint::Strong, "Rules"));
        for rule in &heard.rules {
            let (paint, word) = match rule.finding.as_str() {
                "held" => (Paint::Good, "held"),
                "broken" => (Paint::Bad, "broken"),
                _ => (Paint::Warn, "unknown"),
            };
            let told =
                format!("{}  {}", visible(&rule.rule), look.paint(Paint::Faint, &visible(&rule.shown)));
            lines.push(format!("  {}  {told}", look.paint(paint, &format!("{word:7}"))));
        }
        lines.push(String::new());
    }
    if let Some(record) = record {
        let paint = match record.verdict.ending {
            ProbeEnding::Passed => Paint::Good,
            _ => Paint::Bad,
        };
        let ending = look.paint(paint, record.verdict.ending.spoken());
        lines.push(format!("{ending}: {}", visible(&record.verdict.headline)));
    }
    lines.join("\n")
}

fn dashboard(queries: &[PrometheusQuery], look: Look, lines: &mut Vec<String>) {
    let Some(first) = queries.first() else { return };
    let ok = queries.iter().filter(|query| query.verdict == "ok").count();
    let title = look.paint(Paint::Strong, &visible(&first.dashboard_title));
    let file = look.paint(Paint::Faint, &visible(&first.dashboard));
    lines.push(format!("{title}  {ok} of {} ok  {file}", queries.len()));
    let is_told = |query: &&PrometheusQuery| query.verdict != "ok" || !query.remarks.is_empty();
    let told: Vec<_> = queries.iter().filter(is_told).collect();
    for of_panel in told.chunk_by(|one, other| one.title == other.title && one.place == other.place) {
        lines.push(format!("  {} {}", of_panel[0].place, visible(&of_panel[0].title)));
        for query in of_panel {
            let paint = match query.verdict.as_str() {
                "ok" => Paint::Good,
                "degraded" | "unverifiable" => Paint::Warn,
                _ => Paint::Bad,
            };
            lines.push(format!("    {}  {}", look.paint(paint, &query.verdict), one_line(&query.query)));
            let reason = query.reason.iter().cloned();
            let meant = query.suggestion.iter().map(|name| format!("did you mean {name}?"));
            for line in reason.chain(meant).chain(query.remarks.iter().cloned()) {
                lines.push(format!("      {}", visible(&line)));
            }
        }
    }
    lines.push(String::new());
}

fn one_line(query: &str) -> String {
    visible(&query.split_whitespace().collect::<Vec<_>>().join(" "))
}

pub fn document(heard: &Heard, record: Option<&ProbeRecord>, manifest: &Manifest) -> Value {
    let query = |query: &PrometheusQuery| {
        json!({
            "dashboard": query.dashboard,
            "dashboard_title": query.dashboard_title,
            "place": query.place,
            "title": query.title,
            "pointer": query.pointer,
            "query": query.query,
            "substituted": query.substituted,
            "verdict": query.verdict,
            "reason": query.reason,
            "suggestion": query.suggestion,
            "remarks": query.remarks,
            "series": query.series,
            "duration_ms": query.duration_ms,
        })
    };
    let rules = heard.rules.iter().map(|rule| {
        json!({
            "metric": rule.metric,
            "rule": rule.rule,
            "finding": rule.finding,
            "value": rule.value,
            "shown": rule.shown,
        })
    });
    json!({
        "run_id": manifest.run_id,
        "verdict": record.map(|record| &record.verdict),
        "queries": heard.queries.iter().map(query).collect::<Vec<_>>(),
        "rules": rules.collect::<Vec<_>>(),
    })
}
