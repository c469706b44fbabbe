//! A load on the screen, and as JSON.

use serde_json::{Value, json};

use crate::cli::columns::{Columns, count, size, visible};
use crate::cli::terminal::{Look, Paint};
use crate::model::probe::{Finding, ProbeEnding, ProbeVerdict};
use crate::model::run::RunId;
use crate::probes::http_load::compare::{By, Change};
use crate::probes::http_load::result::{Comparison, LoadResult};
use crate::probes::http_load::rows::counts;
use crate::probes::http_load::statistics::Statistics;
use crate::probes::threshold::quantity::Quantity;

/// Endpoint by endpoint, then the conditions, and how it ended.
pub fn render(result: Option<&LoadResult>, verdict: &ProbeVerdict, files: &[String], look: Look) -> String {
    let mut page = Page { look, lines: Vec::new() };
    if let Some(result) = result {
        page.heading(result);
        page.endpoints(result);
        page.streams(result);
        page.promises(result);
        page.trouble(result);
        page.repetitions(result);
        page.comparison(result.comparison.as_ref());
    }
    page.checks(verdict);
    if let Some(result) = result.filter(|result| !result.warnings.is_empty()) {
        page.section("Warnings");
        page.lines.extend(result.warnings.iter().map(|warning| format!("  {}", visible(warning))));
    }
    if !files.is_empty() {
        page.section("Files");
        page.lines.extend(files.iter().map(|file| format!("  {file}")));
    }
    page.ending(verdict);
    page.lines.join("\n")
}

/// The whole result. Null where the load could not be measured.
pub fn document(result: Option<&LoadResult>, verdict: &ProbeVerdict, run_id: Option<&RunId>) -> Value {
    json!({ "run_id": run_id, "verdict": verdict, "result": result })
}

struct Page {
    look: Look,
    lines: Vec<String>,
}

impl Page {
    fn section(&mut self, title: &str) {
        if !self.lines.is_empty() {
            self.lines.push(String::new());
        }
        self.lines.push(self.look.paint(Paint::Strong, title));
    }

    fn columns(&mut self, columns: &Columns) {
        self.lines.extend(columns.lines(self.look.width));
    }

    fn heading(&mut self, result: &LoadResult) {
        let title = self.look.paint(Paint::Strong, &format!("Load of {}", visible(&result.target)));
        let times = match result.repetitions.len() {
            0 | 1 => String::new(),
            times => format!(", {times} times"),
        };
        self.lines.push(format!(
            "{title}  {} requests by {} in {:.1} s{times}",
            count(result.overall.requests),
            result.generator.users,
            result.measured_s
        ));
    }

    fn endpoints(&mut self, result: &LoadResult) {
        let mut columns = (1..=11).fold(Columns::default(), Columns::right);
        columns.row([
            "", "requests", "ok", "rps", "mean", "p50", "p90", "p95", "p99", "max", "errors", "received",
        ]);
        let overall = [&result.overall].into_iter().filter(|_| result.endpoints.len() > 1);
        for statistics in result.endpoints.iter().chain(overall) {
            columns.row(row(statistics));
        }
        let lines = columns.lines(None);
        let head = lines.first().map(|line| self.look.paint(Paint::Faint, line));
        self.lines.extend(head.into_iter().chain(lines.into_iter().skip(1)));
    }

    fn streams(&mut self, result: &LoadResult) {
        for endpoint in result.endpoints.iter().filter(|endpoint| endpoint.events > 0) {
            let time = |word: &str| shown(Quantity::Time, endpoint.value(word));
            self.lines.push(format!(
                "  {}: {} events, the first after p50 {} p95 {}, then one every p50 {} p95 {}",
                endpoint.name,
                count(endpoint.events),
                time("first_event.p50"),
                time("first_event.p95"),
                time("event_gap.p50"),
                time("event_gap.p95"),
            ));
        }
    }

    /// How well the SLO and the plan were kept.
    fn promises(&mut self, result: &LoadResult) {
        let overall = &result.overall;
        if let Some(percent) = overall.goodput_percent {
            let rate = shown(Quantity::Rate, overall.goodput_rps);
            self.lines.push(format!("  goodput {} ({rate})", Quantity::Share.show(percent)));
        }
        if let (Some(late), Some(dropped)) = (overall.late, overall.dropped) {
            let lag = Quantity::Time.show(result.generator.max_send_lag_ms);
            let (late, dropped) = (count(late), count(dropped));
            self.lines.push(format!("  schedule: {late} sent late (at most by {lag}), {dropped} never sent"));
        }
    }

    fn trouble(&mut self, result: &LoadResult) {
        let mut columns = Columns::default();
        for endpoint in result.endpoints.iter().filter(|endpoint| endpoint.failed > 0) {
            let statuses = endpoint.statuses.iter().filter(|(status, _)| **status >= 400);
            let statuses = counts(statuses);
            columns.row([endpoint.name.clone(), format!("{}  {statuses}", counts(&endpoint.errors))]);
        }
        if !columns.is_empty() {
            self.section("Errors");
            self.columns(&columns);
        }
    }

    fn repetitions(&mut self, result: &LoadResult) {
        let of_all = result.spread.iter().filter(|spread| spread.name == result.overall.name);
        let mut columns = Columns::default().right(1).right(2).right(3).right(4);
        columns.row(["", "mean", "stdev", "min", "max"]);
        let mut some = false;
        for spread in of_all {
            let quantity = match spread.figure.as_str() {
                "success_percent" => Quantity::Share,
                "rps" => Quantity::Rate,
                _ => Quantity::Time,
            };
            let name = spread.figure.trim_end_matches("_ms").trim_end_matches("_percent");
            let values = [spread.mean, spread.stdev, spread.min, spread.max];
            let cells = values.into_iter().map(|value| quantity.show(value));
            columns.row([name.to_owned()].into_iter().chain(cells));
            some = true;
        }
        if some {
            self.section(&format!("Over {} repetitions", result.repetitions.len()));
            self.columns(&columns);
        }
    }

    fn comparison(&mut self, comparison: Option<&Comparison>) {
        let Some(comparison) = comparison else { return };
        self.section(&format!("Against the run of {}", comparison.with.format("%Y-%m-%d %H:%M:%SZ")));
        let mut columns = Columns::default();
        columns.row(["", "p50", "p95", "success", ""]);
        for delta in &comparison.endpoints {
            let percent = |change: Option<Change>| change.map_or("unknown".to_owned(), |it| told(it, " %"));
            let by = match delta.by {
                By::Seconds => "by seconds",
                By::Requests => "by single requests: too short for more",
            };
            let worse = delta.regressions.join(", ");
            let word = if worse.is_empty() { by.to_owned() } else { format!("REGRESSION: {worse}; {by}") };
            columns.row([
                delta.endpoint.clone(),
                percent(delta.p50),
                percent(delta.p95),
                told(delta.success, " points"),
                word,
            ]);
        }
        if !comparison.endpoints.is_empty() {
            self.columns(&columns);
        }
        self.lines.extend(comparison.left_out.iter().map(|why| format!("  {why}")));
    }

    fn checks(&mut self, verdict: &ProbeVerdict) {
        if verdict.checks.is_empty() {
            return;
        }
        self.section("Checks");
        let widest = verdict.checks.iter().map(|check| check.expression.chars().count()).max().unwrap_or(0);
        for check in &verdict.checks {
            let (paint, word) = match check.finding {
                Finding::Held => (Paint::Good, "held"),
                Finding::Broken => (Paint::Bad, "broken"),
                Finding::Unknown => (Paint::Warn, "unknown"),
            };
            let word = self.look.paint(paint, &format!("{word:7}"));
            let (expression, shown) = (visible(&check.expression), visible(&check.shown));
            self.lines.push(format!("  {word}  {expression:widest$}  {shown}"));
        }
    }

    fn ending(&mut self, verdict: &ProbeVerdict) {
        let paint = match verdict.ending {
            ProbeEnding::Passed => Paint::Good,
            _ => Paint::Bad,
        };
        let ending = self.look.paint(paint, verdict.ending.spoken());
        if !self.lines.is_empty() {
            self.lines.push(String::new());
        }
        self.lines.push(format!("{ending}: {}", visible(&verdict.headline)));
    }
}

fn row(of: &Statistics) -> Vec<String> {
    let time = |word: &str| shown(Quantity::Time, of.value(word));
    vec![
        of.name.clone(),
        count(of.requests),
        shown(Quantity::Share, of.success_percent),
        of.rps.map_or_else(|| "-".to_owned(), |rps| Quantity::Count.show(rps)),
        time("mean"),
        time("p50"),
        time("p90"),
        time("p95"),
        time("p99"),
        time("max"),
        count(of.failed),
        size(of.bytes_received),
    ]
}

/// What is not known is no zero.
fn shown(quantity: Quantity, value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| quantity.show(value))
}

/// `+8.2 % (+3.1 to +13.4)`.
fn told(change: Change, unit: &str) -> String {
    format!("{:+.1}{unit} ({:+.1} to {:+.1})", change.difference, change.lowest, change.highest)
}
