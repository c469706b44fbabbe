//! A result and what the monitor saw, as what a report says of them.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::model::probe::{Finding, ProbeEnding, ProbeVerdict};
use crate::probes::http_load::chart::axis::Unit;
use crate::probes::http_load::distribution::Distribution;
use crate::probes::http_load::grades::Grade;
use crate::probes::http_load::monitor::recording::Recording;
use crate::probes::http_load::report::course::{Course, Second};
use crate::probes::http_load::report::dossier::{CheckRow, Dossier, EndpointRow, Tone, Verdict};
use crate::probes::http_load::report::memory;
use crate::probes::http_load::result::{LoadResult, Repetition};
use crate::probes::http_load::statistics::Statistics;

/// `monitor` counts from the result's beginning.
pub fn dossier(result: &LoadResult, monitor: Recording, target_watched: bool) -> Dossier {
    let overall = &result.overall;
    let mut endpoints: Vec<_> = result.endpoints.iter().map(row).collect();
    if endpoints.len() > 1 {
        endpoints.push(EndpointRow { name: "all together".to_owned(), ..row(overall) });
    }
    Dossier {
        title: match result.probe.as_str() {
            "http-load" => format!("http-load against {}", result.target),
            named => format!("http-load {named} against {}", result.target),
        },
        verdict: verdict(&result.verdict),
        facts: facts(result),
        checks: result.verdict.checks.iter().map(check).collect(),
        warnings: result.warnings.clone(),
        endpoints,
        course: course(result),
        memory: target_watched.then(|| memory::told(&monitor)),
        errors: overall.errors.iter().map(|(class, count)| (class.clone(), *count)).collect(),
        monitor,
        target_watched,
    }
}

fn verdict(verdict: &ProbeVerdict) -> Verdict {
    let grade = verdict.grade.as_deref();
    let tone = match &verdict.ending {
        ProbeEnding::Passed if grade == Some(Grade::Moderate.word()) => Tone::Warn,
        ProbeEnding::Passed => Tone::Good,
        ProbeEnding::ThresholdFailed | ProbeEnding::Failed { .. } => Tone::Bad,
        ProbeEnding::NotRun { .. } => Tone::Unknown,
    };
    let ending = verdict.ending.spoken();
    let word = grade.map_or_else(|| ending.to_owned(), |grade| format!("{ending}: {grade}"));
    Verdict { tone, word, headline: verdict.headline.clone() }
}

fn check(check: &crate::model::probe::Check) -> CheckRow {
    let (tone, word) = match check.finding {
        Finding::Held => (Tone::Good, "held"),
        Finding::Broken => (Tone::Bad, "broken"),
        Finding::Unknown => (Tone::Unknown, "unknown"),
    };
    CheckRow { tone, word: word.to_owned(), expression: check.expression.clone(), shown: check.shown.clone() }
}

fn facts(result: &LoadResult) -> Vec<(String, String)> {
    let overall = &result.overall;
    let shown =
        |unit: Unit, value: Option<f64>| value.map_or_else(|| "unknown".to_owned(), |it| unit.shown(it));
    let ms = |pick: fn(&Distribution) -> f64| shown(Unit::Milliseconds, overall.latency.as_ref().map(pick));
    let mut facts = vec![
        ("Began", result.started_at.format("%Y-%m-%d %H:%M:%S UTC").to_string()),
        ("Measured", format!("{:.1} s", result.measured_s)),
        ("Users", result.generator.users.to_string()),
        ("Requests", Unit::Count.shown(overall.requests as f64)),
        ("Answered", shown(Unit::PerSecond, overall.rps)),
        ("Success", shown(Unit::Percent, overall.success_percent)),
        ("p50", ms(|it| it.p50_ms)),
        ("p95", ms(|it| it.p95_ms)),
        ("p99", ms(|it| it.p99_ms)),
        ("Longest", ms(|it| it.max_ms)),
        ("Received", Unit::Bytes.shown(overall.bytes_received as f64)),
        ("Connections", Unit::Count.shown(result.connections.opened as f64)),
    ];
    if result.repetitions.len() > 1 {
        facts.push(("Repetitions", result.repetitions.len().to_string()));
    }
    for (word, count) in [("Late", overall.late), ("Dropped", overall.dropped)] {
        facts.extend(count.map(|count| (word, Unit::Count.shown(count as f64))));
    }
    facts.into_iter().map(|(word, value)| (word.to_owned(), value)).collect()
}

fn row(of: &Statistics) -> EndpointRow {
    let ms = |pick: fn(&Distribution) -> f64| of.latency.as_ref().map(pick);
    EndpointRow {
        name: of.name.clone(),
        requests: of.requests,
        errors: of.failed,
        success_percent: of.success_percent,
        per_second: of.rps,
        mean_ms: ms(|it| it.mean_ms),
        p50_ms: ms(|it| it.p50_ms),
        p95_ms: ms(|it| it.p95_ms),
        p99_ms: ms(|it| it.p99_ms),
        max_ms: ms(|it| it.max_ms),
    }
}

fn course(result: &LoadResult) -> Course {
    let overall = &result.overall;
    let failing: Vec<&Statistics> = result.endpoints.iter().filter(|endpoint| endpoint.failed > 0).collect();
    let mut seconds: Vec<Second> = Vec::new();
    for second in &overall.seconds {
        let Some(repetition) = result.repetitions.iter().find(|it| it.repetition == second.repetition) else {
            continue;
        };
        let failed = |endpoint: &&Statistics| {
            let mut own = endpoint.seconds.iter();
            own.find(|it| (it.repetition, it.second) == (second.repetition, second.second))
                .map_or(0, |it| it.requests - it.succeeded)
        };
        let errors: Vec<u64> = failing.iter().map(failed).collect();
        match seconds.last_mut() {
            // The rest of a second would look like a slump: only what failed in it is told, with
            // the second before. A run that is over within a second is shown by that.
            Some(before) if second.second > 0 && second.second as f64 + 0.95 > repetition.measured_s => {
                before.errors.iter_mut().zip(errors).for_each(|(sum, more)| *sum += more);
            }
            _ => seconds.push(Second {
                at_s: offset_s(result.started_at, repetition) + second.second as f64,
                requests: second.requests,
                p50_ms: second.p50_ms,
                p95_ms: second.p95_ms,
                p99_ms: second.p99_ms,
                errors,
            }),
        }
    }
    let points = |of: &Option<Distribution>| of.as_ref().map(percentiles).unwrap_or_default();
    let end = |repetition: &Repetition| offset_s(result.started_at, repetition) + repetition.measured_s;
    Course {
        end_s: result.repetitions.iter().map(end).fold(1.0, f64::max),
        seconds,
        failing: failing.iter().map(|endpoint| endpoint.name.clone()).collect(),
        latency_ms: points(&overall.latency),
        // Only a rate makes the two differ.
        service_ms: if overall.late.is_some() { points(&overall.service) } else { Vec::new() },
    }
}

fn offset_s(began: DateTime<Utc>, repetition: &Repetition) -> f64 {
    (repetition.started_at - began).to_std().unwrap_or(Duration::ZERO).as_secs_f64()
}

/// Each time at the middle of those that took it: so the longest has a place below 1.
fn percentiles(of: &Distribution) -> Vec<(f64, f64)> {
    let mut seen = 0;
    let at = |(us, count): &(u64, u64)| {
        let middle = seen as f64 + *count as f64 / 2.0;
        seen += count;
        (middle / of.count as f64, *us as f64 / 1_000.0)
    };
    of.histogram_us.iter().map(at).collect()
}
