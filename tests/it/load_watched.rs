//! A load by hand, watched: what the monitor saw is judged, drawn and written.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use resvg::tiny_skia::Pixmap;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::world::chat_backend::ChatBackend;
use crate::world::drawn;

const METRICS: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n\
    system_cpu_usage_percent 42\nsystem_memory_usage_bytes 1048576\n";

/// Metrics that never change, served until the test is over.
fn metrics() -> String {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            tell.send(listener.local_addr().unwrap()).unwrap();
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let _ = stream.read(&mut [0; 4_096]).await;
                let _ = stream.write_all(METRICS.as_bytes()).await;
            }
        });
    });
    format!("http://{}/metrics", told.recv().unwrap())
}

fn load(folder: &Path, line: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lustrum"));
    let line = [&["probe", "http-load", "--grades", "none", "--json"], line].concat();
    command.current_dir(folder).args(line).env_clear().output().unwrap()
}

fn report(folder: &Path, stem: &str) -> PathBuf {
    let entries = std::fs::read_dir(folder.join("out")).unwrap().map(|entry| entry.unwrap().path());
    let is_it = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with(stem);
    entries.into_iter().find(is_it).unwrap_or_else(|| panic!("no {stem}"))
}

#[test]
fn both_machines_are_judged_drawn_and_written() {
    let (backend, folder) = (ChatBackend::start(), tempfile::tempdir().unwrap());
    let (url, metrics) = (backend.url("/health"), metrics());
    let conditions =
        ["target.cpu.p95 == 42%", "target.memory.max == 1MiB", "sys.memory.min > 1MiB", "sys.cpu.max > 0%"];
    let mut line = vec!["--url", &url, "--duration", "2s", "--concurrent", "2", "--metrics-url", &metrics];
    line.extend(conditions.iter().flat_map(|condition| ["--threshold", condition]));
    let output = load(folder.path(), &line);
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{told} {}", String::from_utf8_lossy(&output.stderr));

    let page = std::fs::read_to_string(report(folder.path(), "load_report_")).unwrap();
    for told in
        ["Passed", "target.cpu.p95 == 42%", "42 %", "Memory of the target", "whether it grows is unknown"]
    {
        assert!(page.contains(told), "{told}");
    }
    let charts: Vec<_> = page.match_indices("<svg").map(|(at, _)| &page[at..]).collect();
    assert!(charts.len() >= 2 * 7, "{} charts", charts.len());
    for chart in charts {
        drawn::read(&format!("{}</svg>", chart.split_once("</svg>").unwrap().0)).assert_tidy();
    }
    let picture = std::fs::read(report(folder.path(), "metrics_chart_")).unwrap();
    assert!(Pixmap::decode_png(&picture).unwrap().width() > 1_000);
    let monitor: Value =
        serde_json::from_slice(&std::fs::read(report(folder.path(), "metrics_report_")).unwrap()).unwrap();
    assert_eq!(monitor["summary"]["target.cpu.p95"], 42.0);
    let looks = monitor["local"].as_array().unwrap();
    assert!(looks.len() > 2 && looks.iter().all(|look| look["elapsed_ms"].as_u64() < Some(60_000)));
}

#[test]
fn a_target_that_cannot_be_watched_is_a_warning_and_its_conditions_are_unknown() {
    let (backend, folder) = (ChatBackend::start(), tempfile::tempdir().unwrap());
    let (url, elsewhere) = (backend.url("/health"), backend.url("/nowhere"));
    let line = [
        "--url",
        &url,
        "--duration",
        "1s",
        "--metrics-url",
        &elsewhere,
        "--threshold",
        "target.cpu.p95 < 80%",
    ];
    let output = load(folder.path(), &line);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(5), "{told}");
    assert_eq!(told["verdict"]["checks"][0]["finding"], "unknown");
    let warnings = told["result"]["warnings"].to_string();
    assert!(warnings.contains("the target's metrics told nothing"), "{warnings}");
}

#[test]
fn a_url_of_metrics_that_is_none_is_refused_before_any_request() {
    let (backend, folder) = (ChatBackend::start(), tempfile::tempdir().unwrap());
    let output =
        load(folder.path(), &["--url", &backend.url("/health"), "--metrics-url", "chat:8000/metrics"]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("monitor.metrics-url = \"chat:8000/metrics\": is not a URL"), "{told}");
    assert_eq!(backend.all_requests(), 0);
}
