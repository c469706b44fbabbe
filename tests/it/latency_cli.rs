//! `lustrum probe http-latency` as a process: its lines, its runs, kill -9, SIGTERM, a second one.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use lustrum::config::environment::Environment;
use lustrum::config::load::{self, Request, Secrets};
use serde_json::Value;

use crate::world::slow_service::SlowService;

/// The job of a service on a port, with one probe.
fn job(port: u16, more: &str) -> String {
    format!(
        "[[probe]]\nname = \"api\"\n[probe.http-latency]\nurl = \"http://127.0.0.1:{port}\"\n\
         repeats = 2\npause = \"1ms\"\nread-timeout = \"5m\"\n{more}\n\
         [[probe.http-latency.route]]\nlabel = \"quick\"\npath = \"/quick\"\n\
         [[probe.http-latency.route]]\nlabel = \"other\"\npath = \"/other?level=x\"\nrepeats = 1\n"
    )
}

fn place(job: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("job.toml"), job).unwrap();
    folder
}

fn command(folder: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lustrum"));
    command.current_dir(folder).env_clear().args(["probe", "http-latency", "./job.toml"]).args(more);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn csv_of(folder: &Path) -> PathBuf {
    folder.join("out/live/job/api/api.csv")
}

/// Lines without the header, as their first four fields.
fn lines(csv: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(csv).unwrap();
    assert!(text.ends_with("\r\n"), "{text}");
    let first = |line: &str| line.split(',').take(4).collect::<Vec<_>>().join(",");
    text.split_terminator("\r\n").skip(1).map(first).collect()
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A probe that goes on, and what it prints.
struct Running {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
}

impl Running {
    fn start(folder: &Path, more: &[&str]) -> Self {
        let mut child = command(folder, more).stderr(Stdio::null()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out }
    }

    /// Reads lines until there were so many requests.
    fn until_requests(&mut self, requests: usize) {
        let mut seen = 0;
        while seen < requests {
            let mut line = String::new();
            assert!(self.out.read_line(&mut line).unwrap() > 0, "it ended");
            let document: Value = serde_json::from_str(&line).unwrap();
            seen += usize::from(document["kind"] == "request");
        }
    }

    fn signal(&self, name: &str) {
        let told = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(told.success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn cycles_are_lines_and_runs_and_their_numbers_go_on() {
    let service = SlowService::start();
    let folder = place(&job(service.port(), "thresholds = [\"success == 100%\", \"quick.p95 < 5min\"]"));
    let ended = command(folder.path(), &["--cycles", "2"]).output().unwrap();
    assert!(ended.status.success(), "{}", told(&ended));
    let said = told(&ended);
    assert!(said.contains("3 of 3 requests went well") && said.contains("held  success == 100%"), "{said}");
    let ended = command(folder.path(), &["--cycles", "1", "--json"]).output().unwrap();
    let documents: Vec<Value> =
        ended.stdout.lines().map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
    assert_eq!(documents.len(), 4, "{}", told(&ended));
    assert_eq!(documents[2]["label"], "other");
    assert_eq!((&documents[3]["kind"], &documents[3]["routes"][0]["requests"]), (&"cycle".into(), &2.into()));
    assert_eq!(
        lines(&csv_of(folder.path())),
        [
            "1,1,1,quick",
            "1,1,2,quick",
            "1,1,3,other",
            "2,2,1,quick",
            "2,2,2,quick",
            "2,2,3,other",
            "3,1,1,quick",
            "3,1,2,quick",
            "3,1,3,other"
        ]
    );
    // Every cycle is a committed run with its tables.
    for table in ["http_request", "http_attempt"] {
        let data = folder.path().join("out/data").join(table).join("v1");
        let days = std::fs::read_dir(data).unwrap().map(|day| day.unwrap().path());
        let files: usize = days.map(|day| std::fs::read_dir(day).unwrap().count()).sum();
        assert_eq!(files, 3, "{table}");
    }
}

#[test]
fn a_threshold_that_does_not_hold_and_a_dead_service_have_their_codes() {
    let service = SlowService::start();
    let folder = place(&job(service.port(), "thresholds = [\"requests > 3\"]"));
    let ended = command(folder.path(), &["--cycles", "1"]).output().unwrap();
    assert_eq!(ended.status.code(), Some(5), "{}", told(&ended));
    let port = service.port();
    drop(service);
    std::fs::write(folder.path().join("job.toml"), job(port, "")).unwrap();
    let ended = command(folder.path(), &["--cycles", "1"]).output().unwrap();
    assert_eq!(ended.status.code(), Some(1), "{}", told(&ended));
    assert!(told(&ended).contains("refused: connect to"), "{}", told(&ended));
}

#[test]
fn a_killed_probe_loses_no_line_and_the_next_goes_on() {
    let service = SlowService::start();
    let folder = place(&job(service.port(), ""));
    let csv = csv_of(folder.path());
    let mut before = Vec::new();
    for kill in 0..3 {
        let mut running = Running::start(folder.path(), &["--json"]);
        running.until_requests(4 + kill);
        running.signal("-KILL");
        running.child.wait().unwrap();
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut running.out, &mut rest).unwrap();
        let printed = 4 + kill + rest.lines().filter(|line| line.contains("\"kind\":\"request\"")).count();
        // A piece of a line, as the kill may leave it.
        let torn = [std::fs::read(&csv).unwrap(), b"9,9,9,torn".to_vec()].concat();
        let there = torn.split(|byte| *byte == b'\n').count() - 2 - before.len();
        // What was told was written before.
        assert!(there >= printed, "{there} lines, {printed} told");
        std::fs::write(&csv, torn).unwrap();
        let ended = command(folder.path(), &["--cycles", "1"]).output().unwrap();
        assert!(ended.status.success(), "{}", told(&ended));
        let after = lines(&csv);
        assert_eq!(after[..before.len()], before, "lines were lost or changed");
        assert_eq!(after.len(), before.len() + there + 3);
        let run = |line: &String| line.split(',').next().unwrap().parse::<u64>().unwrap();
        let runs: Vec<_> = after.iter().map(run).collect();
        assert!(runs.is_sorted() && runs[runs.len() - 3] > runs[runs.len() - 4], "{runs:?}");
        before = after;
    }
}

#[test]
fn told_to_end_it_writes_down_what_is_under_way() {
    let service = SlowService::start();
    let folder = place(&job(service.port(), ""));
    let mut running = Running::start(folder.path(), &["--json"]);
    running.until_requests(3);
    let held = service.hold();
    held.wait();
    running.signal("-TERM");
    held.let_go();
    assert_eq!(running.child.wait().unwrap().code(), Some(0));
    let text = std::fs::read_to_string(csv_of(folder.path())).unwrap();
    let rows: Vec<Vec<&str>> = text.lines().skip(1).map(|line| line.split(',').collect()).collect();
    // The request under way ended well, within its grace.
    assert!(rows.iter().all(|row| row[10] == "true"), "{text}");
    assert_eq!(rows.len() as u64, service.answered(), "{text}");
}

#[test]
fn a_second_probe_on_the_file_is_refused() {
    let service = SlowService::start();
    let folder = place(&job(service.port(), ""));
    let mut running = Running::start(folder.path(), &["--json"]);
    running.until_requests(1);
    let refused = command(folder.path(), &["--cycles", "1"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(3), "{}", told(&refused));
    assert!(told(&refused).contains("api.csv is being written by another process"), "{}", told(&refused));
}

/// The folder of runs becomes a file, under the feet of a probe that goes on.
#[test]
fn a_store_that_fails_does_not_stop_the_csv() {
    let service = SlowService::start();
    let folder = place(&format!("{}\n", job(service.port(), "csv = \"live.csv\"")));
    let mut running = Running::start(folder.path(), &["--json"]);
    running.until_requests(3);
    let held = service.hold();
    held.wait();
    std::fs::remove_dir_all(folder.path().join("out")).unwrap();
    std::fs::write(folder.path().join("out"), "no folder").unwrap();
    held.let_go();
    running.until_requests(9);
    running.signal("-TERM");
    assert_eq!(running.child.wait().unwrap().code(), Some(0));
    assert!(lines(&folder.path().join("live.csv")).len() >= 12);
}

fn problems(probe: &str) -> Vec<String> {
    let folder = place(&format!("[[probe]]\nname = \"api\"\n[probe.http-latency]\n{probe}"));
    let environment: Environment =
        BTreeMap::from([("SET".to_owned(), "s3cret".to_owned())]).into_iter().collect();
    let directory = folder.path().to_owned();
    let request =
        Request { directory, job: Some("./job.toml".to_owned()), environment, ..Request::default() };
    let found = load::ask(&request, Secrets::OfProbes).err().unwrap_or_default();
    found.0.iter().map(|problem| problem.to_string().split_once(": ").unwrap().1.to_owned()).collect()
}

/// Before any request is sent, and all at once.
#[test]
fn bad_settings_are_told_with_key_value_and_what_was_expected() {
    let found = problems(
        "url = \"https://a.example/x?y=1\"\nthresholds = [\"p95 < 2\", \"lists.p95 < 2s\"]\nhosts-file = \"none.txt\"\n\
         login = { path = \"login\", password = \"env:UNSET\", token = \"access_token\", header = \"no header\" }\n\
         route = [\n\
         { label = \"list\", path = \"/l\", for-each = \"hosts\" }, { label = \"list\", path = \"/h/{host}\" },\n\
         { label = \"gone\" }, { label = \"s\", path = \"ftp://x/y\", headers = { X = \"env:SET\", \"a b\" = \"env:SET\" } }]",
    );
    let expected = [
        "probe[0].http-latency.url: holds a query",
        "probe[0].http-latency.hosts-file = \"none.txt\": cannot be read",
        "probe[0].http-latency.login.token = \"access_token\": expected a JSON pointer",
        "probe[0].http-latency.login.header: \"no header\" is no header name",
        "probe[0].http-latency.login.password = \"env:UNSET\": UNSET is not set",
        "probe[0].http-latency.route[0].path: expected `{host}` in it",
        "probe[0].http-latency.route[1].label = \"list\": is taken already",
        "probe[0].http-latency.route[1].for-each: is missing",
        "probe[0].http-latency.route[2].path: is missing",
        "probe[0].http-latency.route[3].headers.a b: \"a b\" is no header name",
        "probe[0].http-latency.thresholds[0] = \"p95 < 2\": column",
        "probe[0].http-latency.thresholds[1] = \"lists.p95 < 2s\": column 1: unknown word `lists.p95`; did you mean `list.p95`?",
    ];
    for start in expected {
        assert!(found.iter().any(|line| line.starts_with(start)), "{start}\n{found:#?}");
    }
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    let found = problems(
        "url = \"https://a.example\"\nlogin = { path = \"login\" }\nroute = [{ label = \"s\", path = \"ftp://x/y\" }]",
    );
    let starts = [
        "probe[0].http-latency.login.path = \"login\": expected a path that begins with `/`",
        "probe[0].http-latency.login: expected `user` and `password`",
        "probe[0].http-latency.route[0].path = \"ftp://x/y\": ",
    ];
    assert_eq!(found.len(), starts.len(), "{found:#?}");
    assert!(found.iter().zip(starts).all(|(line, start)| line.starts_with(start)), "{found:#?}");
}

#[test]
fn the_shipped_job_is_right() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    let shipped = root.join("schedules/inventory-latency.toml");
    let checked = Command::new(env!("CARGO_BIN_EXE_lustrum"))
        .current_dir(folder.path())
        .args(["config", "check"])
        .arg(shipped)
        .env_clear()
        .env("INVENTORY_PASSWORD", "census")
        .output()
        .unwrap();
    assert!(checked.status.success(), "{}", told(&checked));
}
