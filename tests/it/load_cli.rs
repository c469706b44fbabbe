//! `lustrum probe http-load` against a server: what it sends, says, writes and exits with.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::Value;

use crate::world::chat_backend::{ChatBackend, EVENTS};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// With the folder's own `out`; grades are left out unless a test asks for them, because a
/// machine under tests is slow.
fn load(folder: &Path, line: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lustrum"));
    let line = [&["probe", "http-load"], line].concat();
    command.current_dir(folder).args(line).env_clear().output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn told(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{} {}", stdout(output), stderr(output)))
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or_else(|| panic!("{}", stderr(output)))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

fn named(folder: &Path, part: &str) -> Vec<PathBuf> {
    files(folder).into_iter().filter(|path| path.display().to_string().contains(part)).collect()
}

/// As the run keeps them; a copy of the latest lies beside.
fn results(folder: &Path) -> Vec<PathBuf> {
    let kept = named(folder, "stress_test_results_").into_iter();
    kept.filter(|path| path.starts_with(folder.join("out/runs"))).collect()
}

fn chat_load() -> String {
    root().join("schedules/chat-load.toml").display().to_string()
}

#[test]
fn the_shipped_load_of_a_chat_backend_goes_through_all_of_it() {
    let (backend, folder) = (ChatBackend::start(), tempfile::tempdir().unwrap());
    let line = [&chat_load(), "--url", &backend.url(""), "--grades", "none", "--json"];
    let output = load(folder.path(), &[&line[..], &["--threshold", "success == 100%"]].concat());
    assert_eq!(code(&output), 0, "{} {}", stdout(&output), stderr(&output));
    let document = told(&output);
    let result = &document["result"];
    assert_eq!((&result["overall"]["requests"], backend.all_requests()), (&Value::from(50), 50));
    // Every session that was used had been taken from an answer.
    assert_eq!(backend.strangers(), 0);
    assert_eq!(backend.requests().len(), 5, "{:?}", backend.requests());
    let chat = &result["endpoints"][4];
    assert_eq!(chat["name"], "chat");
    assert_eq!(chat["events"].as_u64().unwrap(), chat["requests"].as_u64().unwrap() * EVENTS);
    assert!(chat["first_event"]["p50_ms"].as_f64() > Some(0.0));
    assert_eq!(document["verdict"]["ending"]["ended"], "passed");
    // The file is what was printed, and rows lie in tables.
    let [file] = &results(folder.path())[..] else { panic!("one result") };
    let name = file.file_name().unwrap().to_str().unwrap();
    let stamp = name.strip_prefix("stress_test_results_").and_then(|rest| rest.strip_suffix(".json"));
    assert!(stamp.is_some_and(|stamp| stamp.len() == 15 && stamp.as_bytes()[8] == b'_'), "{name}");
    assert_eq!(&serde_json::from_slice::<Value>(&std::fs::read(file).unwrap()).unwrap(), result);
    for table in ["http_load_total", "http_load_second"] {
        assert!(!named(folder.path(), &format!("data/{table}/v1")).is_empty(), "{table}");
    }
}

#[test]
fn the_shipped_load_is_a_valid_job() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lustrum"));
    let output = command.current_dir(root()).args(["config", "check", "chat-load"]).env_clear().output();
    let output = output.unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).starts_with("ok: job chat-load"), "{}", stdout(&output));
}

#[test]
fn a_threshold_that_does_not_hold_is_told_with_its_value_and_exits_5() {
    let (backend, folder) = (ChatBackend::start(), tempfile::tempdir().unwrap());
    backend.fail(Some(2));
    let url = backend.url("/health");
    let line = ["light", "--url", &url, "--grades", "none", "--threshold", "success >= 95%"];
    let output = load(folder.path(), &[&line[..], &["--threshold", "err.timeout == 0"]].concat());
    assert_eq!(code(&output), 5, "{} {}", stdout(&output), stderr(&output));
    let text = stdout(&output);
    for line in [
        "  broken   success >= 95%    50 %",
        "  held     err.timeout == 0  0",
        "Threshold failed: 50 requests in ",
        "  url  status=25  503=25",
    ] {
        assert!(text.contains(line), "{line}:\n{text}");
    }
    assert!(text.contains("stress_test_results_"), "{text}");
}

#[test]
fn a_condition_that_nothing_was_measured_for_fails() {
    let (backend, folder) = (ChatBackend::start(), tempfile::tempdir().unwrap());
    let url = backend.url("/health");
    let line = ["light", "--url", &url, "--grades", "none", "--threshold", "first_event.p95 < 10s"];
    let output = load(folder.path(), &line);
    assert_eq!(code(&output), 5);
    assert!(
        stdout(&output).contains("  unknown  first_event.p95 < 10s  not measured"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn grades_fail_only_as_a_problem() {
    let (backend, folder) = (ChatBackend::start(), tempfile::tempdir().unwrap());
    let url = backend.url("/health");
    let graded = |one_of| {
        backend.fail(one_of);
        let output = load(folder.path(), &["light", "--url", &url, "--total", "200", "--json"]);
        let document = told(&output);
        (code(&output), document["verdict"]["grade"].clone())
    };
    // 7 % fail: by this measure it is not excellent any more, whatever the machine does.
    assert!([(0, Value::from("moderate")), (5, Value::from("problem"))].contains(&graded(Some(14))));
    assert_eq!(graded(Some(4)), (5, Value::from("problem")));
}

#[test]
fn nobody_who_listens_is_told_with_what_to_do() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let output = load(folder.path(), &["light", "--url", &format!("http://{closed}/health")]);
    assert_eq!(code(&output), 1, "{} {}", stdout(&output), stderr(&output));
    assert!(stdout(&output).contains(&format!("curl -v http://{closed}")), "{}", stdout(&output));
    let output = load(folder.path(), &["quick", "--url", &format!("http://{closed}/health")]);
    assert_eq!(code(&output), 1, "{} {}", stdout(&output), stderr(&output));
}

#[test]
fn quick_is_for_the_screen_and_leaves_no_file() {
    let (backend, folder) = (ChatBackend::start(), tempfile::tempdir().unwrap());
    let url = backend.url("/health");
    let output = load(folder.path(), &["quick", "--url", &url, "--grades", "none"]);
    assert_eq!((code(&output), backend.all_requests()), (0, 15), "{} {}", stdout(&output), stderr(&output));
    let line = ["quick", "--url", &url, "--threads", "4", "--requests", "3", "--grades", "none"];
    let output = load(folder.path(), &line);
    assert_eq!((code(&output), backend.all_requests()), (0, 27), "{}", stderr(&output));
    assert!(stdout(&output).contains("12 requests by 4 in"), "{}", stdout(&output));
    assert_eq!(files(folder.path()), Vec::<PathBuf>::new());
}

#[test]
fn presets_are_numbers_that_flags_win_over() {
    let (backend, folder) = (ChatBackend::start(), tempfile::tempdir().unwrap());
    let url = backend.url("/health");
    let sent = |line: &[&str]| {
        let before = backend.all_requests();
        let line = [line, &["--url", &url, "--grades", "none", "--json"]].concat();
        let output = load(folder.path(), &line);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let users = told(&output)["result"]["generator"]["users"].as_u64().unwrap();
        (users, backend.all_requests() - before)
    };
    for (preset, users, total) in
        [("light", 5, 50), ("medium", 15, 200), ("heavy", 25, 500), ("extreme", 50, 1_000)]
    {
        assert_eq!(sent(&[preset]), (users, total), "{preset}");
    }
    assert_eq!(sent(&["heavy", "--concurrent", "2", "--total", "7"]), (2, 7));
    assert_eq!(sent(&[]), (5, 50));
    let (_, by_time) = sent(&["light", "--duration", "1s", "--think-time", "10ms"]);
    assert!(by_time > 0, "ends by time, not after 50 requests");
    // By the clock: 40 a second for half a second, sent or, on a busy machine, told as dropped.
    let line = ["--rate", "40", "--total", "20", "--url", &url, "--grades", "none", "--json"];
    let overall = &told(&load(folder.path(), &line))["result"]["overall"];
    assert_eq!(overall["requests"].as_u64().unwrap() + overall["dropped"].as_u64().unwrap(), 20);
}

#[test]
fn repetitions_tell_mean_and_spread() {
    let (backend, folder) = (ChatBackend::start(), tempfile::tempdir().unwrap());
    let url = backend.url("/health");
    let line = ["light", "--url", &url, "--grades", "none", "--repeat", "3"];
    let output = load(folder.path(), &line);
    assert_eq!((code(&output), backend.all_requests()), (0, 150), "{}", stderr(&output));
    assert!(stdout(&output).contains("Over 3 repetitions"), "{}", stdout(&output));
    let [file] = &results(folder.path())[..] else { panic!("one result") };
    let result: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert_eq!(result["repetitions"].as_array().unwrap().len(), 3);
    let success = &result["spread"][0];
    assert_eq!((&success["figure"], &success["mean"]), (&"success_percent".into(), &100.0.into()));
}

#[test]
fn a_run_is_compared_with_an_earlier_one_and_a_regression_can_fail_it() {
    let (backend, folder) = (ChatBackend::start(), tempfile::tempdir().unwrap());
    let url = backend.url("/health");
    let line = ["--url", &url, "--total", "100", "--grades", "none"];
    assert_eq!(code(&load(folder.path(), &line)), 0);
    let [earlier] = &results(folder.path())[..] else { panic!("one result") };
    let earlier = earlier.display().to_string();
    backend.fail(Some(2));
    let compared = |with: &str, more: &[&str]| {
        let line = [&line[..], &["--compare", with], more].concat();
        load(folder.path(), &line)
    };
    // By a run of the store, by a file; told only, or to fail.
    let output = compared("adhoc", &[]);
    assert_eq!(code(&output), 0, "{} {}", stdout(&output), stderr(&output));
    assert!(stdout(&output).contains("REGRESSION"), "{}", stdout(&output));
    assert!(stdout(&output).contains("success is 50.0 points lower"), "{}", stdout(&output));
    let output = compared(&earlier, &["--fail-on-regression"]);
    assert_eq!(code(&output), 5, "{} {}", stdout(&output), stderr(&output));
    let output = compared("nobody-2026", &[]);
    assert_eq!(code(&output), 2, "{}", stderr(&output));
}

#[test]
fn rows_of_a_file_go_into_requests() {
    let (backend, folder) = (ChatBackend::start(), tempfile::tempdir().unwrap());
    std::fs::write(folder.path().join("users.csv"), "name,text\nada,\"\"\"hi\"\" é\"\nbob,2\ncy,3\n")
        .unwrap();
    let job = folder.path().join("api.toml");
    let text = format!(
        "[[probe]]\nname = \"api\"\n[probe.http-load]\nbase-url = \"{}\"\ntotal = 9\ngrades = \"none\"\n\
         data-file = \"users.csv\"\nthresholds = [\"login.success == 100%\"]\n\
         [[probe.http-load.endpoint]]\nname = \"login\"\nmethod = \"POST\"\npath = \"/anonymize\"\n\
         json = '{{\"text\": \"{{{{text}}}}\", \"session_id\": \"{{{{name}}}}\"}}'\n",
        backend.url("")
    );
    std::fs::write(&job, text).unwrap();
    let output = load(folder.path(), &[&job.display().to_string()]);
    assert_eq!(code(&output), 0, "{} {}", stdout(&output), stderr(&output));
    assert_eq!(backend.sessions(), ["ada", "bob", "cy"]);
}

#[test]
fn the_last_good_result_is_what_a_job_is_compared_with() {
    let (backend, folder) = (ChatBackend::start(), tempfile::tempdir().unwrap());
    let job = folder.path().join("api.toml");
    let text = format!(
        "[[probe]]\nname = \"api\"\n[probe.http-load]\nbase-url = \"{}\"\ntotal = 60\ngrades = \"none\"\n\
         compare-with = \"last\"\nfail-on-regression = true\nrepeat = 1\n\
         [[probe.http-load.endpoint]]\nname = \"health\"\npath = \"/health\"\n",
        backend.url("")
    );
    std::fs::write(&job, text).unwrap();
    let job = job.display().to_string();
    let first = load(folder.path(), &[&job]);
    assert_eq!(code(&first), 0, "{}", stderr(&first));
    assert!(stdout(&first).contains("there is no last result yet"), "{}", stdout(&first));
    backend.fail(Some(2));
    for _ in 0..2 {
        // The worse result does not become the measure.
        assert_eq!(code(&load(folder.path(), &[&job])), 5);
    }
}

#[test]
fn a_hopeless_run_is_ended_early() {
    let (backend, folder) = (ChatBackend::start(), tempfile::tempdir().unwrap());
    backend.fail(Some(1));
    backend.delay(Duration::from_millis(20));
    let url = backend.url("/health");
    let line = ["--url", &url, "--duration", "10min", "--grades", "none", "--json"];
    let output = load(folder.path(), &[&line[..], &["--abort-on", "success < 50% for 2s"]].concat());
    assert_eq!(code(&output), 5, "{}", stderr(&output));
    let document = told(&output);
    let check = &document["verdict"]["checks"][0];
    assert_eq!(check["expression"], "never success < 50% for 2s");
    assert!(check["shown"].as_str().unwrap().starts_with("ended early, after "), "{check}");
    assert!(document["result"]["measured_s"].as_f64() < Some(500.0));
}

/// One clear error each, and nothing was sent.
#[test]
fn what_cannot_be_meant_is_refused_before_any_request() {
    let (backend, folder) = (ChatBackend::start(), tempfile::tempdir().unwrap());
    let url = backend.url("/health");
    for (line, error) in [
        (&["lihgt", "--url", &url][..], "`lihgt` is no job and no preset: expected one of `quick`, `light`"),
        (&["lihgt"], "did you mean `light`?"),
        (&["--url", &url, "--preset", "haevy"], "unknown preset `haevy`: expected one of"),
        (&["light"], "the preset light needs --url"),
        (&[], "expected a job, or --url"),
        (&["--url", "localhost:8000/health"], "has no scheme: expected http://localhost:8000/health"),
        (&["--url", &url, "--threshold", "p95x < 2s"], "column 1: unknown word `p95x`; did you mean `p95`?"),
        (&["--url", &url, "--threshold", "p95 < 2"], "column 8: expected a time with its unit"),
        (&["--url", &url, "--abort-on", "p95 > 10s for 10"], "column 15: expected whole seconds"),
        (&["--url", &url, "--abort-on", "sys.cpu.p95 > 90"], "unknown word `sys.cpu.p95`"),
        (&["--url", &url, "--rate", "10", "--think-time", "1s"], "think-time: cannot be kept with a `rate`"),
        (&["--url", &url, "--ramp", "5s"], "ramp: needs a `rate`"),
        (&["--url", &url, "--threads", "3"], "belong to the preset quick"),
        (&["--url", &url, "--fail-on-regression"], "needs `compare-with`"),
        (&["--url", &url, "--threshold", "goodput > 90%"], "goodput needs an `slo`"),
        (&["--url", "https://localhost:1/", "--ca-bundle", "nowhere.pem"], "nowhere.pem"),
        (&["--url", &url, "--timeout", "soon"], "expected a duration"),
    ] {
        let output = load(folder.path(), line);
        assert_eq!(code(&output), 2, "{line:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(error), "{line:?}: {}", stderr(&output));
    }
    assert_eq!(backend.all_requests(), 0);
}
