//! The program itself: what it prints, where, and how it exits.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use lustrum::cli::exit::{Exit, RunEnd};
use lustrum::tables::catalogue;

use crate::world::golden::assert_golden;

const SENTINEL: &str = "sentinel-hunter2-5f3a";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn command(directory: &Path, line: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lustrum"));
    command.current_dir(directory).args(line).env_clear();
    command
}

fn run(directory: &Path, line: &[&str]) -> Output {
    command(directory, line).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn the_job_schema_that_is_checked_in_is_the_programs_own() {
    assert_golden("schedules/job.schema.json", &stdout(&run(&root(), &["schema", "job"])));
}

#[test]
fn the_example_job_is_valid() {
    let output = run(&root(), &["config", "check", "hyperv-daily", "--skip-secrets"]);
    assert_eq!(stdout(&output), "ok: job hyperv-daily, 3 hosts, 2 credentials (secrets not looked at)\n");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn the_help_of_run_reads_as_it_was_meant() {
    assert_golden("tests/it/fixtures/cli/run_help.txt", &stdout(&run(&root(), &["run", "--help"])));
}

#[test]
fn problems_go_to_standard_error_one_a_line_and_exit_2() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("lustrum.toml"), "limits.concurency = 1\nlog.level = \"debgu\"\n")
        .unwrap();
    let output = run(folder.path(), &["plan", "--hosts", "hv01,../x", "--coverage", "1"]);
    assert_eq!(output.status.code(), Some(2), "an unknown flag");
    let output = run(folder.path(), &["plan", "--hosts", "hv01,../x"]);
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(2), ""));
    let expected = "\
error: 3 problems in the configuration
  lustrum.toml: limits.concurency: unknown key; did you mean `concurrency`?
  lustrum.toml: log.level = \"debgu\": expected error, warn, info, debug, trace, or a filter such as \"info,lustrum::transport=debug\"
  flag --hosts: fleet.hosts[1] = \"../x\": host name \"../x\" holds a path separator; expected a host name or address
";
    assert_eq!(stderr(&output), expected);
}

#[test]
fn config_check_as_json_lists_every_problem() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("lustrum.toml"), "limits.attempts = 0\n").unwrap();
    let output = run(folder.path(), &["config", "check", "--json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let expected = serde_json::json!({
        "ok": false,
        "problems": [{
            "origin": "lustrum.toml", "key": "limits.attempts", "value": "0",
            "message": "expected an integer from 1 to 10",
        }],
        "warnings": [],
    });
    assert_eq!((report, output.status.code()), (expected, Some(2)));
}

#[test]
fn config_check_says_which_secrets_are_missing() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("job.toml"), "fleet.hosts = [\"a\"]\n").unwrap();
    let output = run(folder.path(), &["config", "check", "./job.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("HYPERV_USER is not set\n")
            && stderr(&output).contains("HYPERV_PASSWORD is not set\n")
    );

    std::fs::write(folder.path().join(".env"), format!("HYPERV_USER=me\nHYPERV_PASSWORD='{SENTINEL}'\n"))
        .unwrap();
    let output = run(folder.path(), &["config", "check", "./job.toml"]);
    assert_eq!(stdout(&output), "ok: job job, 1 host, 1 credential\n", "{}", stderr(&output));
}

#[test]
fn a_broken_env_file_is_told_without_its_text() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(".env"), format!("A=1\nHYPERV_PASSWORD {SENTINEL}\n")).unwrap();
    let output = run(folder.path(), &["config", "show"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains(".env: entry 2 is not NAME=value"), "{}", stderr(&output));
    assert!(!stderr(&output).contains(SENTINEL));
}

#[test]
fn config_show_is_toml_that_reads_back() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(&root(), &["config", "show", "hyperv-daily"]);
    std::fs::write(folder.path().join("again.toml"), &output.stdout).unwrap();
    let again = run(folder.path(), &["config", "show", "./again.toml"]);
    assert_eq!(stdout(&again), stdout(&output), "{}", stderr(&again));
}

#[test]
fn config_show_tells_origins_and_masks_literals() {
    let folder = tempfile::tempdir().unwrap();
    let settings =
        format!("[credentials.default]\npassword = \"plain:{SENTINEL}\"\n[limits]\nattempts = 2\n");
    std::fs::write(folder.path().join("lustrum.toml"), settings).unwrap();
    for line in [
        &["config", "show", "--origin"][..],
        &["config", "show"],
        &["config", "show", "--json"],
        &["config", "show", "--json", "--origin"],
    ] {
        let output = run(folder.path(), line);
        assert!(
            !stdout(&output).contains(SENTINEL) && stdout(&output).contains("plain:***"),
            "{}",
            stdout(&output)
        );
    }
    let output = command(folder.path(), &["config", "show", "--origin", "--log-level", "warn"])
        .env("LUSTRUM__LIMITS__CONCURRENCY", "5")
        .output()
        .unwrap();
    let fields = |key: &str| {
        let text = stdout(&output);
        let line = text.lines().find(|line| line.split_whitespace().next() == Some(key)).unwrap().to_owned();
        line.split_whitespace().skip(1).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(fields("limits.attempts"), "2 lustrum.toml");
    assert_eq!(fields("limits.concurrency"), "5 environment LUSTRUM__LIMITS__CONCURRENCY");
    assert_eq!(fields("log.level"), "\"warn\" flag --log-level");
    assert_eq!(fields("limits.run-deadline"), "\"4h\" default");
}

/// Where people put passwords although they have no place there.
#[test]
fn a_secret_in_the_wrong_place_is_refused_and_not_repeated() {
    for (setting, key) in [
        (format!("store.proxy = \"http://me:{SENTINEL}@proxy:3128\""), "store.proxy"),
        (format!("store.endpoint = \"https://me:{SENTINEL}@minio\""), "store.endpoint"),
        (format!("store.endpoint = \"{SENTINEL}\""), "store.endpoint"),
        (format!("output.dir = \"s3://me:{SENTINEL}@census/prod\""), "output.dir"),
        (format!("store.secret-key = \"{SENTINEL}\""), "store.secret-key"),
        (format!("credentials.default = \"plain:{SENTINEL}\""), "credentials.default"),
        (format!("credentials = \"{SENTINEL}\""), "credentials"),
        (format!("credentials.default.password = [\"{SENTINEL}\"]"), "credentials.default.password"),
        (format!("credentials.default.pasword = \"{SENTINEL}\""), "credentials.default.pasword"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("lustrum.toml"), format!("{setting}\n")).unwrap();
        let variable = format!("LUSTRUM__{}", key.to_uppercase().replace('.', "__").replace('-', "_"));
        let value: toml::Table = toml::from_str(&setting).unwrap();
        let value = key.split('.').fold(toml::Value::Table(value), |table, part| table[part].clone());
        for line in [
            &["config", "show"][..],
            &["config", "show", "--origin"],
            &["config", "check", "--json"],
            &["plan", "--hosts", "hv01"],
            &["runs", "list"],
            &["run", "--hosts", "hv01"],
        ] {
            let output = run(folder.path(), line);
            let told = stdout(&output) + &stderr(&output);
            assert_eq!(output.status.code(), Some(2), "{setting} {line:?}: {told}");
            assert!(told.contains(key) && !told.contains(SENTINEL), "{setting} {line:?}: {told}");
            if let Some(text) = value.as_str() {
                let elsewhere = tempfile::tempdir().unwrap();
                let output = command(elsewhere.path(), line).env(&variable, text).output().unwrap();
                let told = stdout(&output) + &stderr(&output);
                assert_eq!(output.status.code(), Some(2), "{variable} {line:?}: {told}");
                assert!(!told.contains(SENTINEL), "{variable} {line:?}: {told}");
            }
        }
    }
}

#[test]
fn every_table_is_listed_and_every_column_shown_in_line() {
    let list = stdout(&run(&root(), &["schema"]));
    for spec in catalogue::all() {
        assert!(list.lines().any(|line| line.split_whitespace().next() == Some(spec.title)), "{list}");
        let shown = stdout(&run(&root(), &["schema", spec.title]));
        let lines: Vec<&str> = shown.lines().skip_while(|line| !line.contains("column  ")).collect();
        let type_starts = lines[0].find("type").unwrap();
        let columns = (spec.columns)();
        assert_eq!(lines.len(), columns.len() + 1, "{shown}");
        for (line, column) in lines[1..].iter().zip(columns) {
            assert!(line.starts_with(&format!("  {} ", column.name)), "{line}");
            assert!(
                line[type_starts - 1..].starts_with(' ') && !line[type_starts..].starts_with(' '),
                "{line}"
            );
        }
        let json: serde_json::Value =
            serde_json::from_slice(&run(&root(), &["schema", spec.id.as_str(), "--json"]).stdout).unwrap();
        assert_eq!(json["name"], spec.id.as_str());
        assert_eq!(json["columns"].as_array().unwrap().len(), (spec.columns)().len());
    }
}

#[test]
fn an_unknown_table_is_refused_with_the_one_that_was_meant() {
    let output = run(&root(), &["schema", "vinof"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("did you mean `vInfo`?"), "{}", stderr(&output));
    let manifest = run(&root(), &["schema", "manifest"]);
    assert!(
        serde_json::from_slice::<serde_json::Value>(&manifest.stdout).unwrap()["properties"]["hosts"]
            .is_object()
    );
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let mut child = command(&root(), &["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut complaint = String::new();
    child.stderr.take().unwrap().read_to_string(&mut complaint).unwrap();
    assert_eq!((child.wait().unwrap().code(), complaint.as_str()), (Some(0), ""));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = command(&root(), &["schema"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).starts_with("error: cannot write to standard output: No space left"));
}

#[test]
fn the_plan_for_people_and_for_programs() {
    let line = ["plan", "--hosts", "hv01,hv02", "--https", "--only", "vinfo"];
    let text = stdout(&run(&root(), &line));
    assert!(text.starts_with("Plan of adhoc  2 hosts  digest "), "{text}");
    assert!(text.contains("  hv01  https://hv01:5986 negotiate  default\n"), "{text}");
    let json: serde_json::Value =
        serde_json::from_slice(&run(&root(), &[&line[..], &["--json"]].concat()).stdout).unwrap();
    assert_eq!(
        (json["targets"][1]["host"].as_str(), json["tables"][0].as_str()),
        (Some("hv02"), Some("vinfo"))
    );
}

#[test]
fn no_arguments_is_a_usage_error_and_help_is_none() {
    assert_eq!(run(&root(), &[]).status.code(), Some(2));
    for line in [&["--help"][..], &["--version"], &["simulate", "--help"], &["help", "config"]] {
        let output = run(&root(), line);
        assert_eq!(output.status.code(), Some(0), "{line:?}");
        assert!(!output.stdout.is_empty() && output.stderr.is_empty(), "{line:?}");
    }
}

#[test]
fn of_the_exit_codes_the_first_that_fits_wins() {
    let all = RunEnd {
        not_recorded: true,
        cancelled: true,
        interrupted: true,
        threshold_failed: true,
        hosts_not_ok: 1,
        probes_not_measured: 1,
    };
    let mut end = all;
    let mut codes = vec![Exit::of_run(end, false).code()];
    for clear in [
        |end: &mut RunEnd| end.not_recorded = false,
        |end: &mut RunEnd| end.cancelled = false,
        |end: &mut RunEnd| end.interrupted = false,
        |end: &mut RunEnd| end.threshold_failed = false,
        |end: &mut RunEnd| end.hosts_not_ok = 0,
        |end: &mut RunEnd| end.probes_not_measured = 0,
    ] {
        clear(&mut end);
        codes.push(Exit::of_run(end, false).code());
    }
    assert_eq!(codes, [3, 4, 75, 5, 1, 1, 0]);
    // Of two runs the graver end is the one that would have won in one.
    let exits =
        [Exit::NotRecorded, Exit::Cancelled, Exit::TryAgain, Exit::ThresholdFailed, Exit::NotAllOk, Exit::Ok];
    for (place, exit) in exits.into_iter().enumerate() {
        let graver = exits.map(|other| exit.graver(other));
        assert!(
            graver[place..].iter().all(|one| *one == exit) && graver[..place] == exits[..place],
            "{exit:?}"
        );
    }

    let recorded = RunEnd { not_recorded: false, interrupted: false, ..all };
    assert_eq!(Exit::of_run(recorded, true), Exit::Ok);
    assert_eq!(Exit::of_run(RunEnd { interrupted: true, ..recorded }, true), Exit::TryAgain);
    assert_eq!(Exit::of_run(all, true), Exit::NotRecorded);
}

/// A fleet that is up, and what it announced.
struct Simulated {
    child: Child,
    announced: serde_json::Value,
}

impl Simulated {
    fn start(directory: &Path, line: &[&str]) -> Self {
        let line = [&["simulate", "--port", "0", "--json"], line].concat();
        let mut child =
            command(directory, &line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut announced = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut announced).unwrap();
        Self { child, announced: serde_json::from_str(&announced).unwrap() }
    }

    fn address(&self, host: usize) -> &str {
        let url = self.announced["hosts"][host]["url"].as_str().unwrap();
        url.split('/').nth(2).unwrap()
    }

    /// Sends it a Ctrl-C and gives its last words.
    fn stop(mut self) -> String {
        let told = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        assert!(told.success());
        let mut counted = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut counted).unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        counted
    }
}

impl Drop for Simulated {
    /// A test that failed leaves no fleet behind; one that is gone already cannot be killed.
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_simulated_fleet_says_where_it_is_and_goes_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let fleet = Simulated::start(folder.path(), &["--hosts", "3", "--vms", "2", "--job", "fleet.toml"]);
    assert_eq!(
        (&fleet.announced["user"], &fleet.announced["password"]),
        (&"census".into(), &"census".into())
    );
    assert_eq!(fleet.announced["hosts"].as_array().unwrap().len(), 3);
    for host in 0..3 {
        TcpStream::connect(fleet.address(host)).unwrap();
    }
    let plan = run(folder.path(), &["plan", "./fleet.toml", "--json"]);
    let plan: serde_json::Value = serde_json::from_slice(&plan.stdout).unwrap();
    let target = &plan["targets"][2];
    assert_eq!(fleet.address(2), format!("{}:{}", target["address"].as_str().unwrap(), target["port"]));

    let counted = fleet.stop();
    assert!(counted.starts_with("0 logons, 0 refused; 0 shells opened, 0 left open; "), "{counted}");
}

#[test]
fn a_simulated_fleet_has_the_faults_it_is_told_and_counts_for_others() {
    let folder = tempfile::tempdir().unwrap();
    let faults = ["--fault", "0:refuse", "--fault", "HV-VIE-02:http_503=1", "--fault", "*:slow_ms = 5"];
    let fleet = Simulated::start(folder.path(), &[&["--hosts", "3"][..], &faults].concat());
    let refused = TcpStream::connect(fleet.address(0)).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    assert!(get(fleet.address(1), "/wsman").starts_with("HTTP/1.1 503 "));
    assert!(!get(fleet.address(2), "/wsman").starts_with("HTTP/1.1 503 "));

    let control = fleet.announced["control"].as_str().unwrap();
    let tally = get(control, "/tally");
    let tally: serde_json::Value = serde_json::from_str(tally.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!((&tally["connections"], &tally["shells_open"]), (&2.into(), &0.into()));
    fleet.stop();
}

#[cfg(target_os = "linux")]
#[test]
fn a_simulated_fleet_lists_its_hosts_for_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let fleet = Simulated::start(folder.path(), &["--hosts", "3", "--vms", "1", "--hosts-file", "hosts.txt"]);
    let port = fleet.announced["hosts"][0]["port"].to_string();
    let line = ["run", "--hosts-file", "hosts.txt", "--dry-run", "--port", &port];
    let entered = command(folder.path(), &line)
        .env("HYPERV_USER", "census")
        .env("HYPERV_PASSWORD", "census")
        .output()
        .unwrap();
    assert_eq!(entered.status.code(), Some(0), "{}", stderr(&entered));
    let counted = fleet.stop();
    assert!(counted.starts_with("3 logons, 0 refused; "), "{counted}");
}

#[test]
fn a_fleet_that_cannot_be_is_refused_in_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().port().to_string();
    let cases: [(&[&str], &str); 11] = [
        (&["--fault", "refuse"], "expected HOST:FAULT such as `3:wrong_password` or `*:refuse`"),
        (&["--fault", "3:tired"], "unknown fault `tired`, expected one of refuse, hang_after"),
        (&["--fault", "3:collector_error=dsk"], "no collector is called `dsk`, expected one of baseline"),
        (&["--fault", "10:refuse"], "no host 10: the fleet has 10, numbered from 0"),
        (&["--fault", "hv01:refuse"], "no host `hv01`: with seed 7 they are called hv-vie-01 to hv-vie-10"),
        (&["--clusters", "8,8"], "--clusters needs 16 hosts in clusters of one or more; the fleet has 10"),
        (&["--clusters", "4,0"], "--clusters needs 4 hosts in clusters of one or more"),
        (&["--latency", "soon"], "expected a time such as `200ms`"),
        (&["--port-per-host", "--hosts-file", "hosts.txt"], "with a port per host all have the same"),
        (&["--hosts-file", "none/hosts.txt"], "write none/hosts.txt: No such file or directory"),
        (&["--control-port", &taken], "listen on 127.0.0.1:"),
    ];
    for (line, expected) in cases {
        let output = run(folder.path(), &[&["simulate", "--port", "0"], line].concat());
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(2), ""), "{line:?}");
        let complaint = stderr(&output);
        let first = complaint.lines().next().unwrap();
        assert!(first.starts_with("error: ") && first.contains(expected), "{complaint}");
    }
}

#[test]
fn the_coming_slots_of_a_line_and_of_a_job() {
    let folder = tempfile::tempdir().unwrap();
    let line = ["schedule", "next", "-n", "3", "--after", "2026-03-07T12:00:00Z"];
    let cron = ["--cron", "30 2 * * *", "--timezone", "America/New_York"];
    let output = run(folder.path(), &[&line[..], &cron[..]].concat());
    assert_eq!(
        stdout(&output),
        "Coming slots of adhoc\n  \
         2026-03-08T07:00:00Z  Sun 2026-03-08 03:00:00 EDT -04:00\n  \
         2026-03-09T06:30:00Z  Mon 2026-03-09 02:30:00 EDT -04:00\n  \
         2026-03-10T06:30:00Z  Tue 2026-03-10 02:30:00 EDT -04:00\n",
        "{}",
        stderr(&output)
    );
    let job = run(&root(), &[&line[..], &["hyperv-daily", "--json"]].concat());
    let coming: serde_json::Value = serde_json::from_slice(&job.stdout).unwrap();
    assert_eq!(coming["slots"].as_array().unwrap().len(), 3);
    assert_eq!(coming["slots"][0]["run_id"], "hyperv-daily-20260308T050000.000Z");
    let wrong =
        run(folder.path(), &["schedule", "next", "--cron", "61 2 * * *", "--timezone", "Europe/Berln"]);
    assert_eq!(wrong.status.code(), Some(2));
    let told = stderr(&wrong);
    assert!(told.contains("`61` is not a number from 0 to 59") && told.contains("Europe/Berlin"), "{told}");
    let none = run(folder.path(), &["schedule", "next", "--config", "/dev/null", "--cron", "@reboot"]);
    assert_eq!(none.status.code(), Some(2), "{}", stdout(&none));
}
