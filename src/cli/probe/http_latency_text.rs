//! What `lustrum probe http-latency` prints: a line a request, and a table a cycle.

use serde::Serialize;

use crate::cli::columns::{Columns, visible};
use crate::cli::terminal::{Look, Paint};
use crate::model::probe::{Finding, ProbeVerdict};
use crate::probes::http_latency::record::RequestRecord;
use crate::probes::http_latency::tally::{RouteSummary, Tally};
use crate::probes::threshold::quantity::Quantity;

/// A request as a line of JSON; absent is null.
#[derive(Serialize)]
pub struct RequestDocument<'a> {
    kind: &'static str,
    run_id: u64,
    cycle: u64,
    sequence: u64,
    label: &'a str,
    route_type: &'static str,
    endpoint: &'a str,
    host: Option<&'a str>,
    query: Option<&'a str>,
    http_status: Option<u16>,
    success: bool,
    latency_sec: Option<f64>,
    timeout_hit: bool,
    retry_reason: Option<&'static str>,
    token_refresh: bool,
    error_type: Option<&'static str>,
    error_message: Option<&'a str>,
}

/// A cycle as a line of JSON.
#[derive(Serialize)]
pub struct CycleDocument<'a> {
    kind: &'static str,
    /// The run that holds it; null when it could not be recorded.
    run: Option<String>,
    headline: String,
    routes: Vec<RouteSummary>,
    verdict: Option<&'a ProbeVerdict>,
}

pub fn request_document(record: &RequestRecord) -> RequestDocument<'_> {
    RequestDocument {
        kind: "request",
        run_id: record.place.csv_run_id,
        cycle: record.place.cycle,
        sequence: record.place.sequence,
        label: &record.ask.label,
        route_type: record.ask.route_type.word(),
        endpoint: &record.ask.endpoint,
        host: record.ask.host.as_ref().map(|host| host.as_str()),
        query: record.ask.query.as_deref(),
        http_status: record.status,
        success: record.success(),
        latency_sec: record.latency_sec(),
        timeout_hit: record.timeout_hit,
        retry_reason: record.retry.map(|reason| reason.word()),
        token_refresh: record.token_refresh,
        error_type: record.trouble.as_ref().map(|trouble| trouble.kind.word()),
        error_message: record.trouble.as_ref().map(|trouble| trouble.message.as_str()),
    }
}

pub fn cycle_document<'a>(
    tally: &Tally,
    run: Option<String>,
    verdict: Option<&'a ProbeVerdict>,
) -> CycleDocument<'a> {
    CycleDocument { kind: "cycle", run, headline: tally.headline(), routes: tally.routes(), verdict }
}

/// `06:00:01  vm hv01  200  1.24 s`, and what went wrong.
pub fn request_line(record: &RequestRecord, look: Look) -> String {
    let name = match &record.ask.host {
        Some(host) => format!("{} {host}", record.ask.label),
        None => record.ask.label.clone(),
    };
    let status = record.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
    let latency =
        record.latency_sec().map_or_else(|| "not sent".to_owned(), |sec| Quantity::Time.show(sec * 1_000.0));
    let mut line =
        format!("{}  {:<32} {status:>3}  {latency:>9}", record.started_at.format("%H:%M:%S"), visible(&name));
    if let Some(reason) = record.retry {
        line.push_str(&format!("  sent again: {}", reason.word()));
    }
    if record.token_refresh {
        line.push_str("  fresh token");
    }
    if let Some(trouble) = &record.trouble {
        let told = format!("{}: {}", trouble.kind.word(), visible(&trouble.message));
        line.push_str("  ");
        line.push_str(&look.paint(Paint::Bad, &told));
    }
    line
}

/// The routes of a cycle, and how conditions stand.
pub fn cycle_text(tally: &Tally, verdict: Option<&ProbeVerdict>, look: Look) -> String {
    let time = |ms: Option<f64>| ms.map_or_else(|| "-".to_owned(), |ms| Quantity::Time.show(ms));
    let mut columns = Columns::default();
    for column in 1..=5 {
        columns = columns.right(column);
    }
    columns.row(["route", "requests", "ok", "p50", "p95", "max"]);
    for route in tally.routes() {
        let RouteSummary { label, requests, ok, p50_ms, p95_ms, max_ms } = route;
        columns.row([label, requests.to_string(), ok.to_string(), time(p50_ms), time(p95_ms), time(max_ms)]);
    }
    let mut lines = vec![look.paint(Paint::Strong, &tally.headline())];
    lines.extend(columns.lines(look.width));
    for check in verdict.iter().flat_map(|verdict| &verdict.checks) {
        let (word, paint) = match check.finding {
            Finding::Held => ("held", Paint::Good),
            Finding::Broken => ("broken", Paint::Bad),
            Finding::Unknown => ("unknown", Paint::Bad),
        };
        lines.push(format!("  {}  {}: {}", look.paint(paint, word), check.expression, check.shown));
    }
    lines.join("\n")
}
