//! `lustrum probe prometheus` as people type it: exit codes, and what they read.

use std::process::{Command, Output};

use serde_json::Value;

use crate::world::scripted_prometheus::ScriptedPrometheus;

const METRICS: &str = "# TYPE queue_depth gauge\nqueue_depth{queue=\"mail\"} 3\nworker_busy 1\n";

async fn lustrum(arguments: Vec<String>) -> Output {
    let run = move || {
        let folder = tempfile::tempdir().unwrap();
        let root = env!("CARGO_MANIFEST_DIR");
        let arguments =
            arguments.iter().map(|one| one.replace("tests/dashboards", &format!("{root}/tests/dashboards")));
        Command::new(env!("CARGO_BIN_EXE_lustrum"))
            .args(["probe", "prometheus"])
            .args(arguments)
            .current_dir(folder.path())
            .env("NO_COLOR", "1")
            .output()
            .unwrap()
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

fn arguments(url: &str, more: &[&str]) -> Vec<String> {
    let metrics = format!("{url}/metrics");
    ["--metrics", &metrics, "--interval", "1ms"].iter().chain(more).map(|one| (*one).to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_resolve_is_told_by_dashboard_and_panel_and_fails() {
    let service = ScriptedPrometheus::answering(|_| (200, METRICS.to_owned())).await;
    let done = lustrum(arguments(&service.url, &["--dashboard", "tests/dashboards/mixed.json"])).await;
    let said = String::from_utf8(done.stdout).unwrap();
    let told = "  panel Workers\n    missing_metric  avg(worker_lazy)\n      metric `worker_lazy` is not there\n      did you mean worker_busy?\n";
    assert!(said.contains(told), "{said}");
    assert!(said.starts_with("Several data sources  4 of 5 ok  "), "{said}");
    let headline =
        "Threshold failed: 5 queries: 4 ok, 1 missing_metric; 6 queries of other data sources left out";
    assert!(said.trim_end().ends_with(headline), "{said}");
    assert_eq!(done.status.code(), Some(5));
    assert_eq!(service.heard().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn which_verdicts_fail_is_a_setting() {
    let service = ScriptedPrometheus::answering(|_| (200, METRICS.to_owned())).await;
    let more = ["--dashboard", "tests/dashboards/mixed.json", "--fail-on", "type-error", "--json"];
    let done = lustrum(arguments(&service.url, &more)).await;
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    let said: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(said["queries"].as_array().unwrap().len(), 5);
    assert_eq!(said["verdict"]["ending"]["ended"], "passed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_does_not_answer_is_not_measured() {
    let service = ScriptedPrometheus::answering(|_| (503, "later".to_owned())).await;
    let done = lustrum(arguments(&service.url, &["--rules", "default"])).await;
    assert_eq!(done.status.code(), Some(1), "{}", String::from_utf8_lossy(&done.stdout));
    assert!(String::from_utf8_lossy(&done.stdout).contains("http 503"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dashboard_that_is_no_json_is_refused_before_anything_is_asked() {
    let service = ScriptedPrometheus::answering(|_| (200, METRICS.to_owned())).await;
    let this = format!("{}/Cargo.toml", env!("CARGO_MANIFEST_DIR"));
    let done = lustrum(arguments(&service.url, &["--dashboard", &this])).await;
    assert_eq!(done.status.code(), Some(2));
    let said = String::from_utf8(done.stderr).unwrap();
    assert!(said.contains("1 problem") && said.contains("Cargo.toml\": is no JSON: "), "{said}");
    assert_eq!(service.heard().len(), 0);
}
