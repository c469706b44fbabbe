//! Every scenario of tests/latency: a service that answers as it is told, the real probe over
//! real sockets, and the lines of its CSV. `LUSTRUM_BLESS=1` writes those anew.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, RecordBatch};
use lustrum::config::desk::Desk;
use lustrum::config::environment::Environment;
use lustrum::config::probe::http_latency::HttpLatencySettings;
use lustrum::model::probe::{ProbeName, ProbeVerdict};
use lustrum::model::target::HostName;
use lustrum::probes::probe::{Ground, Harvest, Probe};
use lustrum::simulator::tls::Authority;
use lustrum::tables::samples::http_attempt::HttpAttempt;
use lustrum::tables::table::Row;
use lustrum::time::clock::Clock;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use crate::world::golden::assert_golden;
use crate::world::scripted_service::{Script, ScriptedService};
use crate::world::stopped_time::StoppedTime;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Scenario {
    about: String,
    /// The job's fleet.
    #[serde(default)]
    fleet: Vec<HostName>,
    #[serde(default)]
    tls: Option<Tls>,
    /// Nobody listens.
    #[serde(default)]
    dead: bool,
    #[serde(default)]
    cycles: Option<u32>,
    probe: HttpLatencySettings,
    #[serde(default)]
    service: Vec<Script>,
    expect: Expect,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Tls {
    /// By the CA bundle of the probe.
    Trusted,
    Untrusted,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Expect {
    ending: String,
    /// Of the failure, or of the headline.
    #[serde(default)]
    says: String,
    /// Requests as the service heard them: method, target, and `+` for one with a token.
    heard: Vec<String>,
}

const PASSWORD: &str = "pa%ss&wörd";

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/latency")
}

struct Played {
    csv: String,
    verdict: ProbeVerdict,
    attempts: Vec<RecordBatch>,
    heard: Vec<String>,
    /// Bodies of what was posted.
    posted: Vec<String>,
}

async fn play(scenario: &Scenario) -> Played {
    let place = tempfile::tempdir().unwrap();
    let clock = Clock::starting_at("2026-11-21T06:00:00Z".parse().unwrap());
    let mut settings = scenario.probe.clone();
    let acceptor = scenario.tls.map(|tls| {
        let authority = Authority::new().unwrap();
        if tls == Tls::Trusted {
            let bundle = place.path().join("ca.pem");
            std::fs::write(&bundle, authority.pem()).unwrap();
            settings.trust.ca_bundle = Some(bundle.display().to_string());
        }
        authority.certify("service", Ipv4Addr::LOCALHOST.into()).unwrap().acceptor().clone()
    });
    let service = match scenario.dead {
        true => None,
        false => Some(ScriptedService::start(scenario.service.clone(), acceptor, clock.clone()).await),
    };
    let port = service.as_ref().map_or_else(dead_port, |service| service.address.port());
    let scheme = if scenario.tls.is_some() { "https" } else { "http" };
    settings.url = format!("{scheme}://127.0.0.1:{port}");
    let environment: Environment = [("PASSWORD".to_owned(), PASSWORD.to_owned())].into_iter().collect();
    let origin = |_: &str| "scenario".to_owned();
    let desk = Desk::at("probe[0].http-latency", &environment, place.path(), &origin);
    let probe = settings.probe(desk, &scenario.fleet).unwrap_or_else(|problems| panic!("{problems}"));
    let ground = Ground {
        name: ProbeName::parse("api").unwrap(),
        clock,
        stop: CancellationToken::new(),
        hosts: scenario.fleet.clone(),
        folder: place.path().to_owned(),
    };
    let mut harvest = Harvest::default();
    let mut verdict = probe.measure(&ground, &mut harvest).await;
    // As it is by hand: the probe goes on where it was.
    for _ in 1..scenario.cycles.unwrap_or(1) {
        tokio::time::advance(settings.pause).await;
        verdict = probe.measure(&ground, &mut harvest).await;
    }
    let csv = std::fs::read_to_string(place.path().join("api.csv")).unwrap();
    let shown = format!("{csv}{verdict:?}{harvest:?}{}", probe.view());
    for secret in [PASSWORD, "e30.", "s3cret"] {
        assert!(!shown.contains(secret), "{secret} is shown: {shown}");
    }
    let heard = service.map(|service| service.heard()).unwrap_or_default();
    let posts = heard.iter().filter(|heard| heard.line.starts_with("POST "));
    let posted = posts.map(|heard| heard.body.clone()).collect();
    let heard = heard.iter().map(|heard| {
        let line = heard.line.strip_suffix(" HTTP/1.1").unwrap();
        let token = if heard.authorization.is_some() { " +" } else { "" };
        format!("{line}{token}")
    });
    let of_attempts = harvest.batches.into_iter().filter(|batch| batch.table == HttpAttempt::TABLE);
    Played {
        csv: csv.replace(&port.to_string(), "PORT"),
        verdict,
        attempts: of_attempts.map(|batch| batch.columns).collect(),
        heard: heard.collect(),
        posted,
    }
}

/// One that nobody listens on.
fn dead_port() -> u16 {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// Phases are there in their order, none without the one before, and they fit into the whole;
/// exchanges follow each other.
fn look_at_phases(name: &str, rows: &RecordBatch, is_tls: bool) {
    let number = |column: &str, row: usize| {
        let column = rows.column_by_name(column).unwrap().as_primitive::<Float64Type>();
        column.is_valid(row).then(|| column.value(row))
    };
    let is_there = |column: &str, row: usize| rows.column_by_name(column).unwrap().is_valid(row);
    let began = rows.column_by_name("started_at").unwrap().as_primitive::<TimestampMicrosecondType>();
    let hops = rows.column_by_name("hop").unwrap().as_primitive::<Int64Type>();
    let mut ended_before = i64::MIN;
    for row in 0..rows.num_rows() {
        let place = format!("{name}, exchange {row}");
        let reused = rows.column_by_name("reused").unwrap().as_boolean();
        let reused = reused.is_valid(row) && reused.value(row);
        let phases = ["dns_ms", "connect_ms", "tls_ms", "first_byte_ms", "transfer_ms"];
        let phases = phases.map(|phase| number(phase, row));
        let [dns, connect, tls, first_byte, transfer] = phases;
        assert!(phases.iter().flatten().all(|phase| *phase >= 0.0), "{place}: {phases:?}");
        let total = number("total_ms", row).unwrap();
        assert!(phases.iter().flatten().sum::<f64>() <= total + 0.001, "{place}: {phases:?} of {total}");
        let url = rows.column_by_name("url").unwrap().as_string::<i32>().value(row);
        assert_eq!(dns.is_some(), url.contains("localhost"), "{place}: an address needs no lookup");
        assert!(first_byte.is_none() || connect.is_some() != reused, "{place}: {phases:?}");
        assert!(first_byte.is_none() || (tls.is_some() == (is_tls && !reused)), "{place}: {phases:?}");
        assert!(is_there("tls_version", row) == (is_tls && first_byte.is_some()), "{place}");
        assert!(is_there("certificate_expires_at", row) == is_there("tls_version", row), "{place}");
        assert_eq!(first_byte.is_some(), transfer.is_some(), "{place}");
        assert_eq!(is_there("http_status", row), is_there("body_bytes", row), "{place}");
        assert!(!is_there("http_status", row) || first_byte.is_some(), "{place}");
        assert_eq!(is_there("error_type", row), is_there("error_message", row), "{place}");
        assert!(hops.value(row) >= 0 && began.value(row) >= ended_before, "{place}: out of order");
        ended_before = began.value(row) + (total * 1_000.0).floor() as i64;
    }
}

fn scenarios() -> Vec<(String, Scenario)> {
    let read = |path: &Path| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(path).unwrap();
        let scenario: Scenario = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        (name, scenario)
    };
    let entries = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = entries.filter(|path| path.extension().is_some_and(|e| e == "toml")).collect();
    paths.sort();
    paths.iter().map(|path| read(path)).collect()
}

#[tokio::test(start_paused = true)]
async fn every_scenario_writes_its_lines() {
    let time = StoppedTime::default();
    time.stop();
    let scenarios = scenarios();
    assert!(scenarios.len() >= 14, "the scenarios are gone");
    for (name, scenario) in &scenarios {
        assert!(!scenario.about.is_empty());
        let played = play(scenario).await;
        assert_golden(&format!("tests/latency/{name}.csv"), &played.csv);
        assert_eq!(played.heard, scenario.expect.heard, "{name}");
        // Both forms, whatever is in a password.
        let logins = [
            "username=census&password=pa%25ss%26w%C3%B6rd&grant_type=password",
            "{\"password\":\"pa%ss&wörd\",\"username\":\"census\"}",
        ];
        assert!(
            played.posted.iter().all(|body| logins.contains(&body.as_str())),
            "{name}: {:?}",
            played.posted
        );
        let ending = &played.verdict.ending;
        assert_eq!(ending.word(), scenario.expect.ending, "{name}: {:?}", played.verdict);
        let says = ending.failure().map_or(played.verdict.headline.clone(), ToString::to_string);
        assert!(says.contains(&scenario.expect.says), "{name}: {says}");
        assert!(played.attempts.iter().any(|rows| rows.num_rows() > 0), "{name}");
        let is_tls = scenario.tls.is_some();
        played.attempts.iter().for_each(|rows| look_at_phases(name, rows, is_tls));
    }
    time.go_on();
}

/// The cycles of one run, with their pauses, on a clock that runs by itself.
#[tokio::test(start_paused = true)]
async fn a_run_of_several_cycles_rests_between_them() {
    let place = tempfile::tempdir().unwrap();
    let settings: HttpLatencySettings = toml::from_str(&format!(
        "url = \"http://127.0.0.1:{}\"\ncycles = 3\npause = \"1h\"\nrepeats = 1\nroute = [{{ label = \"a\", path = \"/a\" }}]",
        dead_port()
    ))
    .unwrap();
    let (environment, origin) = (Environment::default(), |_: &str| "test".to_owned());
    let desk = Desk::at("probe[0].http-latency", &environment, place.path(), &origin);
    let probe = settings.probe(desk, &[]).ok().unwrap();
    let stop = CancellationToken::new();
    let ground = Ground {
        name: ProbeName::parse("api").unwrap(),
        clock: Clock::starting_at("2026-11-21T06:00:00Z".parse().unwrap()),
        stop: stop.clone(),
        hosts: Vec::new(),
        folder: place.path().to_owned(),
    };
    probe.measure(&ground, &mut Harvest::default()).await;
    let csv = std::fs::read_to_string(place.path().join("api.csv")).unwrap();
    let began = |line: &str| {
        let fields: Vec<_> = line.split(',').collect();
        [fields[0], fields[1], fields[18]].join(" ")
    };
    let began: Vec<_> = csv.lines().skip(1).map(began).collect();
    assert_eq!(
        began,
        [
            "1 1 2026-11-21T06:00:00.000000Z",
            "2 2 2026-11-21T07:00:00.000000Z",
            "3 3 2026-11-21T08:00:00.000000Z"
        ]
    );
    // Told to end, it ends: in a pause, and before a request.
    stop.cancel();
    let verdict = probe.measure(&ground, &mut Harvest::default()).await;
    assert_eq!(verdict.ending.word(), "failed");
    assert_eq!(csv, std::fs::read_to_string(place.path().join("api.csv")).unwrap());
}
