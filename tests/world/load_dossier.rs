//! A load as it might have gone, for whatever shows it.

use lustrum::probes::http_load::monitor::recording::Recording;
use lustrum::probes::http_load::monitor::sample::{LocalSample, TargetSample};
use lustrum::probes::http_load::report::course::{Course, Second};
use lustrum::probes::http_load::report::dossier::{CheckRow, Dossier, EndpointRow, Tone, Verdict};

/// So many seconds at some 4,000 requests a second, a stall at two thirds, a target that leaks.
pub fn dossier(seconds: u32) -> Dossier {
    let wave = |at: f64| (at / 3.0).sin() * 0.5 + 0.5;
    let is_stalled = |at: u32| at == seconds * 2 / 3;
    let second = |at: u32| {
        let stalled = is_stalled(at);
        let base = 1.0 + wave(f64::from(at));
        Second {
            at_s: f64::from(at),
            requests: if stalled { 200 } else { 4_000 + (wave(f64::from(at)) * 300.0) as u64 },
            p50_ms: Some(base),
            p95_ms: Some(if stalled { 450.0 } else { base * 2.5 }),
            p99_ms: Some(if stalled { 900.0 } else { base * 6.0 }),
            errors: if stalled { vec![31, 7] } else { vec![0, 0] },
        }
    };
    let shares = (0..200).map(|step| 1.0 - 10_f64.powf(-f64::from(step) / 40.0));
    let course = Course {
        end_s: f64::from(seconds),
        seconds: (0..seconds).map(second).collect(),
        failing: vec!["anonymize".to_owned(), "health".to_owned()],
        latency_ms: shares.clone().map(|share| (share, 1.0 / (1.0 - share).powf(0.6))).collect(),
        service_ms: Vec::new(),
    };
    let mut monitor = Recording::default();
    for look in 1..=u64::from(seconds) * 4 {
        let at = look as f64 / 4.0;
        monitor.add_local(LocalSample {
            elapsed_ms: look * 250,
            cpu_percent: Some(60.0 + 20.0 * wave(at)),
            own_cpu_percent: Some(30.0 + 8.0 * wave(at)),
            memory_used_bytes: Some(6_000_000_000 + look * 1_000),
            memory_total_bytes: Some(16_000_000_000),
            own_memory_bytes: Some(28_000_000),
            net_received_bytes_per_s: Some(12_000_000.0 * wave(at)),
            net_sent_bytes_per_s: Some(1_500_000.0),
            loopback_bytes_per_s: Some(0.0),
        });
        monitor.add_target(TargetSample {
            elapsed_ms: look * 250,
            cpu_percent: (look > 4).then_some(70.0 + 25.0 * wave(at + 2.0)),
            memory_bytes: Some(300_000_000 + look * 90_000),
            error: None,
        });
    }
    let row = |name: &str, requests: u64, errors: u64| EndpointRow {
        name: name.to_owned(),
        requests,
        errors,
        success_percent: Some(100.0 - errors as f64 / requests as f64 * 100.0),
        per_second: Some(requests as f64 / f64::from(seconds)),
        mean_ms: Some(1.9),
        p50_ms: Some(1.51),
        p95_ms: Some(3.4),
        p99_ms: Some(12.8),
        max_ms: Some(1_204.0),
    };
    Dossier {
        title: "http-load chat against http://127.0.0.1:8080".to_owned(),
        verdict: Verdict {
            tone: Tone::Warn,
            word: "Threshold failed, moderate".to_owned(),
            headline: "p95 3.4 ms of 240,412 requests, 99.98 % well; sys.cpu.p95 79 %".to_owned(),
        },
        facts: [
            ("Began", "2026-11-21 21:40:00 UTC"),
            ("Measured", "60 s"),
            ("Requests", "240,412"),
            ("Users", "50"),
        ]
        .map(|(word, value)| (word.to_owned(), value.to_owned()))
        .to_vec(),
        checks: vec![
            CheckRow {
                tone: Tone::Good,
                word: "held".to_owned(),
                expression: "p95 < 2s".to_owned(),
                shown: "3.40 ms".to_owned(),
            },
            CheckRow {
                tone: Tone::Bad,
                word: "broken".to_owned(),
                expression: "err.timeout == 0".to_owned(),
                shown: "31".to_owned(),
            },
        ],
        warnings: vec!["the target's memory grows by 21.6 MB a minute <and> no end is in sight".to_owned()],
        endpoints: vec![
            row("health", 120_000, 2),
            row("POST /anonymize", 80_412, 36),
            row("a <b>&amp;</b> name", 40_000, 0),
        ],
        errors: vec![("read_timeout".to_owned(), 31), ("reset".to_owned(), 7)],
        course,
        monitor,
        memory: Some((
            Tone::Warn,
            "grows by 20.6 MiB a minute with no end in sight: a leak is suspected".to_owned(),
        )),
        target_watched: true,
    }
}
