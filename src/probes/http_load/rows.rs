//! A load as rows of its sample tables.

use std::fmt::Display;
use std::time::Duration;

use crate::model::probe::ProbeName;
use crate::probes::http_load::distribution::Distribution;
use crate::probes::http_load::result::{LoadResult, Sent};
use crate::probes::http_load::statistics::Statistics;
use crate::probes::http_load::words::errors_of;
use crate::tables::samples::http_load_second::HttpLoadSecond;
use crate::tables::samples::http_load_total::HttpLoadTotal;
use crate::tables::table::{Row, RowBatch};

/// One row per repetition, second and endpoint.
pub fn seconds(probe: &ProbeName, sent: &[Sent]) -> RowBatch {
    let mut rows = Vec::new();
    for (one, repetition) in sent.iter().zip(1..) {
        for second in &one.tally.seconds {
            let endpoint = one.tally.endpoints.get(second.endpoint as usize);
            let millis = |micros: Option<u64>| micros.map(|micros| micros as f64 / 1_000.0);
            let mean = |micros: Option<f64>| micros.map(|micros| micros / 1_000.0);
            rows.push(HttpLoadSecond {
                probe: probe.to_string(),
                repetition,
                second: i64::from(second.second),
                started_at: one.tally.started_at + Duration::from_secs(u64::from(second.second)),
                endpoint: endpoint.map(|endpoint| endpoint.name.clone()).unwrap_or_default(),
                requests: count(second.requests),
                succeeded: count(second.successes),
                failed: count(second.requests - second.successes),
                good: count(second.good),
                sent_bytes: count(second.sent_bytes),
                received_bytes: count(second.received_bytes),
                events: count(second.events),
                latency_mean_ms: mean(second.latency.mean_micros),
                latency_p50_ms: millis(second.latency.p50_micros),
                latency_p90_ms: millis(second.latency.p90_micros),
                latency_p95_ms: millis(second.latency.p95_micros),
                latency_p99_ms: millis(second.latency.p99_micros),
                latency_max_ms: millis(second.latency.max_micros),
                service_mean_ms: mean(second.service.mean_micros),
                service_p50_ms: millis(second.service.p50_micros),
                service_p95_ms: millis(second.service.p95_micros),
                service_p99_ms: millis(second.service.p99_micros),
                service_max_ms: millis(second.service.max_micros),
            });
        }
    }
    HttpLoadSecond::batch(rows)
}

/// All endpoints together, then each.
pub fn totals(result: &LoadResult) -> RowBatch {
    let overall = [(None, &result.overall)];
    let endpoints = result.endpoints.iter().map(|endpoint| (Some(endpoint.name.clone()), endpoint));
    let rows = overall.into_iter().chain(endpoints);
    HttpLoadTotal::batch(rows.map(|(endpoint, statistics)| total(result, endpoint, statistics)).collect())
}

fn total(result: &LoadResult, endpoint: Option<String>, of: &Statistics) -> HttpLoadTotal {
    let latency = |pick: fn(&Distribution) -> f64| of.latency.as_ref().map(pick);
    let times = |times: &Option<Distribution>, pick: fn(&Distribution) -> f64| times.as_ref().map(pick);
    HttpLoadTotal {
        probe: result.probe.clone(),
        endpoint,
        started_at: result.started_at,
        measured_s: result.measured_s,
        repetitions: count(result.repetitions.len() as u64),
        users: i64::from(result.generator.users),
        requests: count(of.requests),
        succeeded: count(of.succeeded),
        failed: count(of.failed),
        success_percent: of.success_percent,
        rps: of.rps,
        rps_stdev: of.rps_stdev,
        min_ms: latency(|it| it.min_ms),
        mean_ms: latency(|it| it.mean_ms),
        stdev_ms: latency(|it| it.stdev_ms),
        p50_ms: latency(|it| it.p50_ms),
        p75_ms: latency(|it| it.p75_ms),
        p90_ms: latency(|it| it.p90_ms),
        p95_ms: latency(|it| it.p95_ms),
        p99_ms: latency(|it| it.p99_ms),
        p999_ms: latency(|it| it.p99_9_ms),
        p9999_ms: latency(|it| it.p99_99_ms),
        max_ms: latency(|it| it.max_ms),
        ok_mean_ms: times(&of.ok, |it| it.mean_ms),
        ok_p50_ms: times(&of.ok, |it| it.p50_ms),
        ok_p95_ms: times(&of.ok, |it| it.p95_ms),
        ok_p99_ms: times(&of.ok, |it| it.p99_ms),
        failed_mean_ms: times(&of.failed_latency, |it| it.mean_ms),
        failed_p95_ms: times(&of.failed_latency, |it| it.p95_ms),
        service_mean_ms: times(&of.service, |it| it.mean_ms),
        service_p95_ms: times(&of.service, |it| it.p95_ms),
        first_event_p50_ms: times(&of.first_event, |it| it.p50_ms),
        first_event_p95_ms: times(&of.first_event, |it| it.p95_ms),
        event_gap_p50_ms: times(&of.event_gap, |it| it.p50_ms),
        event_gap_p95_ms: times(&of.event_gap, |it| it.p95_ms),
        events: count(of.events),
        goodput_percent: of.goodput_percent,
        late: of.late.map(count),
        dropped: of.dropped.map(count),
        timeouts: count(of.errors_in(&errors_of("timeout"))),
        connection_errors: count(of.errors_in(&errors_of("connection"))),
        statuses: counts(&of.statuses),
        errors: counts(&of.errors),
        sent_bytes: count(of.bytes_sent),
        received_bytes: count(of.bytes_received),
    }
}

/// `200=951 503=4`.
pub fn counts<'a, K: Display + 'a>(counts: impl IntoIterator<Item = (&'a K, &'a u64)>) -> String {
    let words: Vec<String> = counts.into_iter().map(|(what, count)| format!("{what}={count}")).collect();
    words.join(" ")
}

fn count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
