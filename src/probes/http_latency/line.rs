//! A line of the live CSV: 21 columns by RFC 4180, unknown as an empty field, never more than one
//! line of the file, so that what a crash leaves can be told from what was whole.

use crate::output::format::INSTANT_FORMAT;
use crate::probes::http_latency::record::RequestRecord;

pub const LINE_END: &[u8] = b"\r\n";

/// The columns, in this order.
pub const COLUMNS: [&str; 21] = [
    "run_id",
    "cycle",
    "sequence",
    "label",
    "route_type",
    "endpoint",
    "host",
    "level",
    "refresh",
    "http_status",
    "success",
    "latency_sec",
    "timeout_hit",
    "retry_count",
    "retry_reason",
    "token_refresh",
    "error_type",
    "error_message",
    "started_at",
    "finished_at",
    "query",
];

/// The header, its line end included.
pub fn header() -> Vec<u8> {
    line(COLUMNS.map(str::to_owned))
}

/// A request, the line end included.
pub fn of(record: &RequestRecord) -> Vec<u8> {
    let row = record.row("");
    let text = Option::<String>::unwrap_or_default;
    let instant = |at: chrono::DateTime<chrono::Utc>| at.format(INSTANT_FORMAT).to_string();
    line([
        row.csv_run_id.to_string(),
        row.cycle.to_string(),
        row.sequence.to_string(),
        row.label,
        row.route_type,
        row.endpoint,
        text(row.host),
        text(row.level),
        text(row.refresh),
        row.http_status.map(|status| status.to_string()).unwrap_or_default(),
        row.success.to_string(),
        row.latency_sec.map(|seconds| format!("{seconds:.6}")).unwrap_or_default(),
        row.timeout_hit.to_string(),
        row.retry_count.to_string(),
        text(row.retry_reason),
        row.token_refresh.to_string(),
        text(row.error_type),
        text(row.error_message),
        instant(row.started_at),
        instant(row.finished_at),
        text(row.query),
    ])
}

/// The number of the cycle that a whole line tells, if the line is one of ours.
pub fn csv_run_id(line: &[u8]) -> Option<u64> {
    let line = std::str::from_utf8(line).ok()?;
    let mut quoted = false;
    let separators = line.chars().filter(|char| {
        quoted ^= *char == '"';
        *char == ',' && !quoted
    });
    if separators.count() != COLUMNS.len() - 1 || quoted {
        return None;
    }
    line.split(',').next()?.parse().ok()
}

fn line(fields: [String; COLUMNS.len()]) -> Vec<u8> {
    let mut line = Vec::new();
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            line.push(b',');
        }
        append(field, &mut line);
    }
    line.extend_from_slice(LINE_END);
    line
}

/// Line ends and other control characters become spaces.
fn append(field: &str, line: &mut Vec<u8>) {
    let quoted = field.contains(['"', ',']);
    if quoted {
        line.push(b'"');
    }
    for char in field.chars() {
        match char {
            '"' => line.extend_from_slice(b"\"\""),
            char if char.is_control() => line.push(b' '),
            char => line.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    if quoted {
        line.push(b'"');
    }
}
