//! The end of runs, as `lustrum run` and the daemon tell of it: by webhook, and in metrics.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use lustrum::config::job::Job;
use lustrum::daemon::face::gate::Gate;
use lustrum::engine::tidings::of_committed;
use lustrum::notify::notice::{Notice, Occasion};
use lustrum::output::store::Store;
use lustrum::simulator::fault::Fault;
use lustrum::simulator::fleet::FleetSpec;
use lustrum::simulator::running::Simulator;
use serde_json::Value;

use crate::world::daemon_at_work::with_daemon;
use crate::world::exposition::parse;
use crate::world::past::PastRun;
use crate::world::receiver::{Received, Receiver, Reply};

const TOKEN: &str = "T0KEN-of-the-url";

fn occasions(received: &[Received]) -> Vec<String> {
    let occasion = |received: &Received| {
        let body: Value = serde_json::from_str(&received.body).unwrap();
        body["occasion"].as_str().unwrap().to_owned()
    };
    received.iter().map(occasion).collect()
}

/// A folder with the job `nightly` over a fleet.
fn folder(fleet: &Simulator, more: &str) -> tempfile::TempDir {
    let hosts: Vec<_> = fleet.hosts().iter().map(|host| format!("\"{}\"", host.address().ip())).collect();
    let folder = tempfile::tempdir().unwrap();
    let job = format!(
        "tables = [\"vInfo\"]\nfleet.hosts = [{}]\nconnection.port = {}\noutput.formats = [\"parquet\"]\n{more}\n",
        hosts.join(", "),
        fleet.hosts()[0].address().port()
    );
    std::fs::create_dir(folder.path().join("schedules")).unwrap();
    std::fs::write(folder.path().join("schedules/nightly.toml"), job).unwrap();
    folder
}

async fn run(folder: &Path, url: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lustrum"));
    command
        .current_dir(folder)
        .args(["run", "nightly", "--log-format", "json"])
        .args(arguments)
        .env_clear()
        .env("HYPERV_USER", "census")
        .env("HYPERV_PASSWORD", "census")
        .env("HOOK", url)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

/// A sample of a textfile, in which every one names the job.
fn sample(path: &Path, name: &str, label: Option<(&str, &str)>) -> Option<f64> {
    let samples = parse(&std::fs::read_to_string(path).unwrap()).unwrap();
    let has = |labels: &BTreeMap<String, String>, (label, word): (&str, &str)| {
        labels.get(label).is_some_and(|known| known == word)
    };
    samples.into_iter().find_map(|((known, labels), value)| {
        assert!(has(&labels, ("job", "nightly")), "{known} {labels:?}");
        (known == name && label.is_none_or(|label| has(&labels, label))).then_some(value)
    })
}

const HOOK: &str = "[[notify]]\non = [\"always\"]\nattempts = 1\nwebhook = { url = \"env:HOOK\" }";

#[tokio::test(flavor = "multi_thread")]
async fn a_run_tells_how_it_ended_and_leaves_metrics() {
    let fleet = Simulator::start(FleetSpec::new(2, 2, 7).with_fault(1, Fault::WrongPassword)).await.unwrap();
    let receiver = Receiver::replying(&[Reply::Answer(200, &[], "")]).await;
    let folder = folder(&fleet, HOOK);
    let textfile = folder.path().join("census.prom");
    let file = ["--metrics-textfile", "census.prom"];
    let output = run(folder.path(), &receiver.url(), &file).await;
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let body: Value = serde_json::from_str(&receiver.received()[0].body).unwrap();
    assert_eq!(
        (&body["occasion"], &body["hosts"], &body["vms"]),
        (&"hosts_not_ok".into(), &2.into(), &2.into())
    );
    assert_eq!(body["not_ok"][0]["reasons"], serde_json::json!(["auth_failed"]));
    assert_eq!(body["newly_not_ok"].as_array().unwrap().len(), 1);
    assert!(body["manifest"].as_str().unwrap().ends_with("/manifest.json"));

    assert_eq!(sample(&textfile, "lustrum_hosts", Some(("status", "inventory_ok"))), Some(1.0));
    assert_eq!(sample(&textfile, "lustrum_hosts", Some(("status", "inventory_error"))), Some(1.0));
    assert_eq!(sample(&textfile, "lustrum_job_last_run_outcome", Some(("outcome", "committed"))), Some(1.0));
    assert_eq!(sample(&textfile, "lustrum_job_last_run_undelivered_notifications", None), Some(0.0));
    assert!(sample(&textfile, "lustrum_step_duration_seconds_count", Some(("step", "vinfo"))).is_some());
    let success = sample(&textfile, "lustrum_job_last_success_timestamp_seconds", None).unwrap();
    assert!(success > 1.7e9);
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&textfile).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o644);
    let is_left = |entry: &std::fs::DirEntry| entry.file_name().to_string_lossy().starts_with(".census");
    assert!(!std::fs::read_dir(folder.path()).unwrap().any(|entry| is_left(&entry.unwrap())));

    // Neither hosts picked by hand nor a rehearsal are anybody's news.
    let host = fleet.hosts()[0].address().ip().to_string();
    for arguments in [&["--hosts", host.as_str()][..], &["--dry-run"]] {
        run(folder.path(), &receiver.url(), &[&file, arguments].concat()).await;
        assert_eq!(receiver.received().len(), 1, "{arguments:?}");
    }

    // The store is gone: that is told, and when it last went well stays known.
    std::fs::remove_dir_all(folder.path().join("out")).unwrap();
    std::fs::write(folder.path().join("out"), "in the way").unwrap();
    let output = run(folder.path(), &receiver.url(), &file).await;
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(occasions(&receiver.received()), ["hosts_not_ok", "not_recorded"]);
    assert_eq!(sample(&textfile, "lustrum_job_last_run_outcome", Some(("outcome", "failed"))), Some(1.0));
    assert_eq!(sample(&textfile, "lustrum_job_last_run_outcome", Some(("outcome", "committed"))), Some(0.0));
    assert_eq!(sample(&textfile, "lustrum_job_last_success_timestamp_seconds", None), Some(success));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_to_tell_changes_nothing_but_a_line_and_a_number() {
    let fleet = Simulator::start(FleetSpec::new(1, 1, 7)).await.unwrap();
    let gone = Receiver::replying(&[]).await.url();
    let settings = format!(
        "metrics.textfile = \"metrics\"\n{HOOK}\n[[notify]]\non = [\"always\"]\nwebhook = {{ url = \"env:ABSENT\" }}"
    );
    let folder = folder(&fleet, &settings);
    std::fs::create_dir(folder.path().join("metrics")).unwrap();
    let output = run(folder.path(), &gone, &[]).await;
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{log}");
    let lines: Vec<_> = log.lines().filter(|line| line.contains("\"not notified\"")).collect();
    assert_eq!(lines.len(), 2, "{log}");
    assert!(lines.iter().any(|line| line.contains("ABSENT is not set")), "{log}");
    assert!(!log.contains(TOKEN) && !String::from_utf8_lossy(&output.stdout).contains(TOKEN));
    let textfile = folder.path().join("metrics/lustrum-nightly.prom");
    assert_eq!(sample(&textfile, "lustrum_job_last_run_undelivered_notifications", None), Some(2.0));

    let output = run(folder.path(), &gone, &["--metrics-textfile", "metrics.txt"]).await;
    assert_eq!(output.status.code(), Some(2));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("is neither a folder nor a file that ends in .prom")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_tells_of_runs_and_of_slots_that_are_not_run_once() {
    let receiver = Receiver::replying(&[Reply::Answer(200, &[], ""), Reply::Answer(410, &[], "")]).await;
    let spec = FleetSpec::new(1, 1, 7).with_fault(0, Fault::Silent);
    let job = format!(
        "schedule = [{{ cron = \"@every 1s\" }}]\n[[notify]]\non = [\"always\"]\nattempts = 1\nwebhook = {{ url = \"plain:{}\" }}",
        receiver.url()
    );
    let look = async |daemon: std::sync::Arc<crate::world::daemon_at_work::AtWork>| {
        // The silent host keeps the first run going: every slot from then on is left.
        receiver.until(1).await;
        let samples = |body: &str, name: &str, label: (&str, &str)| {
            let samples = parse(body).unwrap();
            let fits = samples.iter().find(|((known, labels), _)| {
                known == name && labels.get(label.0).is_some_and(|text| text == label.1)
            });
            fits.map(|(_, value)| *value)
        };
        let left = |body: &str| samples(body, "lustrum_slots_left_total", ("reason", "still_running"));
        loop {
            let body = daemon.get("/metrics").await.body;
            if left(&body) >= Some(3.0) {
                break;
            }
            daemon.until("/v1/jobs/census", |_| true).await;
        }
        let body = daemon.get("/metrics").await.body;
        let notified = |outcome| samples(&body, "lustrum_notifications_total", ("outcome", outcome));
        assert_eq!((notified("sent"), notified("failed")), (Some(1.0), Some(0.0)));
        let body: Value = serde_json::from_str(&receiver.received()[0].body).unwrap();
        assert_eq!(
            (&body["occasion"], &body["cause"]),
            (&"missed".into(), &"the run before still goes on".into())
        );
    };
    with_daemon(FleetSpec::clone(&spec), &job, Gate::default(), look).await;
    // The daemon waits for its last word.
    assert_eq!(occasions(&receiver.received()), ["missed", "interrupted"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_was_paused_by_hand_is_paused_after_a_restart() {
    let fleet = Simulator::start(FleetSpec::new(1, 1, 7)).await.unwrap();
    let folder = folder(&fleet, "[[schedule]]\ncron = \"@every 1s\"");
    let path = folder.path().to_owned();
    let watched = tokio::task::spawn_blocking(move || {
        let paused = PathBuf::from("out/runs/nightly/paused.json");
        for (wish, stays) in [("pause", true), ("resume", false)] {
            let mut daemon = crate::world::served::Served::start(&path, &[]);
            let address = daemon.until("listening")["address"].as_str().unwrap().to_owned();
            // From the first decision on the job can be asked for.
            daemon.next_of(&["the slot is not run", "the run starts"]);
            assert!(ask(&address, wish).starts_with("HTTP/1.1 200"), "{wish}");
            assert_eq!(path.join(&paused).exists(), stays);
            // SIGKILL.
            drop(daemon);
            let mut daemon = crate::world::served::Served::start(&path, &[]);
            if stays {
                let told = daemon.next_of(&["the slot is not run", "the run starts"]);
                assert_eq!(told["why"], "Paused", "{told}");
            } else {
                daemon.until("the run starts");
            }
        }
    });
    watched.await.unwrap();
}

/// The head of the answer to a wish for the job `nightly`.
fn ask(address: &str, wish: &str) -> String {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    let head = format!(
        "POST /v1/jobs/nightly/{wish} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn names(hosts: &std::collections::BTreeSet<lustrum::model::target::HostName>) -> Vec<&str> {
    hosts.iter().map(|host| host.as_str()).collect()
}

fn in_short(notice: &Notice) -> (Occasion, bool, bool) {
    (notice.occasion, notice.since.recovered, notice.since.changed)
}

#[tokio::test]
async fn what_is_news_is_told_against_the_run_before() {
    let store = Store::memory();
    let slot = |hour: u32| format!("20261121T{hour:02}0000.000Z");
    let full = |hour| PastRun::full("nightly", &slot(hour));
    let first = full(1).ok("a").down("b").commit(&store).await;
    let notice = of_committed(&first, &store).await;
    assert_eq!(in_short(&notice), (Occasion::HostsNotOk, false, true));
    assert_eq!(names(&notice.since.newly_not_ok), ["b"]);

    let lasting = full(2).ok("a").down("b").commit(&store).await;
    assert_eq!(in_short(&of_committed(&lasting, &store).await), (Occasion::HostsNotOk, false, false));

    // Another job, and a part of this one, are no measure.
    PastRun::full("other", &slot(3)).ok("b").commit(&store).await;
    full(3).part().ok("b").commit(&store).await;
    let other = full(4).down("a").ok("b").commit(&store).await;
    let notice = of_committed(&other, &store).await;
    assert_eq!(in_short(&notice), (Occasion::HostsNotOk, false, true));
    assert_eq!((names(&notice.since.newly_not_ok), names(&notice.since.ok_again)), (vec!["a"], vec!["b"]));

    // A retry is told together with what it retried.
    let retry = PastRun::retry("nightly", &slot(5), &other).ok("a").commit(&store).await;
    let notice = of_committed(&retry, &store).await;
    assert_eq!(in_short(&notice), (Occasion::AllOk, true, true));
    let run = notice.run.as_ref().unwrap();
    assert_eq!((run.counts.values().sum::<u64>(), names(&notice.since.ok_again)), (2, vec!["a"]));
    // A run made up for counts against what was before it.
    let quiet = full(6).ok("a").ok("b").commit(&store).await;
    assert_eq!(in_short(&of_committed(&quiet, &store).await), (Occasion::AllOk, false, false));
    // A host that left the fleet is not OK again, but the fleet is.
    full(7).ok("a").down("c").commit(&store).await;
    let without = full(8).ok("a").commit(&store).await;
    let notice = of_committed(&without, &store).await;
    assert_eq!(in_short(&notice), (Occasion::AllOk, true, true));
    assert!(notice.since.ok_again.is_empty());
}

#[test]
fn a_job_without_a_word_tells_nobody() {
    assert!(Job::default().notify.is_empty() && Job::default().metrics.textfile.is_none());
}
