//! What gets into the log, and what never does.

use chrono::{DateTime, Utc};
use lustrum::cli::journal::Journal;
use lustrum::cli::telemetry::dispatch;
use lustrum::cli::terminal::Terminal;
use lustrum::config::job::{Log, LogFormat};
use lustrum::engine::recorder::Listener;
use lustrum::model::event::{Event, RunHeader};
use lustrum::model::failure::{Failure, FailureKind};
use lustrum::model::outcome::{Outcome, Stage, StepName};
use lustrum::model::run::{Attempt, JobName, RunId, Scope, Slot};
use lustrum::model::target::HostName;

/// The lines that `work` leaves in the log's file.
fn logged(level: &str, format: LogFormat, work: impl FnOnce()) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("logs").to_str().unwrap().to_owned();
    let log = Log { level: level.to_owned(), format, dir: Some(dir.clone()) };
    let (dispatch, guard) = dispatch(&log, &Terminal::of_process()).unwrap();
    tracing::dispatcher::with_default(&dispatch, work);
    drop((dispatch, guard));
    let files: Vec<_> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "one file a day: {files:?}");
    std::fs::read_to_string(&files[0]).unwrap().lines().map(str::to_owned).collect()
}

fn header() -> RunHeader {
    let at: DateTime<Utc> = "2026-11-21T06:00:00Z".parse().unwrap();
    let job = JobName::parse("daily").unwrap();
    RunHeader {
        run_id: RunId::new(&job, Slot::at(at)),
        job,
        slot: Slot::at(at),
        attempt: Attempt::from_bits(7),
        started_at: at,
        program_version: "0.1.0".to_owned(),
        plan_digest: "d".to_owned(),
        scope: Scope::Full,
        parent: None,
    }
}

#[test]
fn a_failed_step_is_one_json_line_with_its_fields() {
    let lines = logged("info", LogFormat::Json, || {
        let mut journal = Journal::default();
        let host = HostName::parse("hv01").unwrap();
        journal.hear(&Event::RunStarted { header: header(), hosts: vec![host.clone()] });
        let failure = Failure::new(FailureKind::Unreachable, "connection refused").during("reach");
        journal.hear(&Event::StepEnded {
            host,
            stage: Stage::Preflight,
            step: StepName("reach".to_owned()),
            outcome: Outcome::Failed { failure },
            duration_ms: 12,
            at: header().started_at,
        });
    });
    assert_eq!(lines.len(), 2, "{lines:#?}");
    let line: serde_json::Value = serde_json::from_str(&lines[1]).unwrap();
    let fields = [
        ("level", "WARN"),
        ("message", "reach: connection refused"),
        ("run.id", "daily-20261121T060000.000Z"),
        ("host.name", "hv01"),
        ("stage", "preflight"),
        ("step", "reach"),
        ("kind", "unreachable"),
    ];
    for (name, value) in fields {
        assert_eq!(line[name], value, "{line}");
    }
    assert_eq!(line["duration_ms"], 12);
}

#[test]
fn the_security_library_may_not_trace_however_eager_the_filter() {
    let lines = logged("trace", LogFormat::Text, || {
        tracing::trace!(target: "sspi::ntlm", "the-password");
        tracing::debug!(target: "winrm_rs", "the-password");
        tracing::trace!(target: "lustrum::transport", "ours");
    });
    assert_eq!(lines.len(), 1, "{lines:#?}");
    let lines = logged("trace,sspi=trace,sspi::ntlm=trace", LogFormat::Text, || {
        tracing::trace!(target: "sspi::ntlm", "the-password");
        tracing::warn!(target: "sspi::utils", "a step of ours");
        tracing::error!(target: "sspi::ntlm", "an error");
        tracing::trace!(target: "hyper", "asked for");
    });
    assert_eq!(lines.len(), 2, "{lines:#?}");
}

#[test]
fn a_bare_level_is_about_lustrum_alone() {
    let lines = logged("debug", LogFormat::Text, || {
        tracing::debug!(target: "hyper", "not ours");
        tracing::warn!(target: "hyper", "wrong");
        tracing::debug!(target: "lustrum::engine", "ours");
    });
    assert_eq!(lines.len(), 2, "{lines:#?}");
}

#[test]
fn a_log_folder_that_cannot_be_made_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let dir = file.join("logs").to_str().unwrap().to_owned();
    let log = Log { level: "info".to_owned(), format: LogFormat::Text, dir: Some(dir) };
    let refused = dispatch(&log, &Terminal::of_process()).unwrap_err();
    assert!(refused.to_string().starts_with("log folder "), "{refused}");
}
