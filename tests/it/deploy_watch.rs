//! What `deploy/` promises those who watch: alert rules, a dashboard, a place to try it all.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

use clap::Parser;
use lustrum::cli::args::Arguments;
use lustrum::config::job::Job;
use lustrum::daemon::metrics::of_daemon;
use lustrum::daemon::picture::{JobPicture, LastCommitted, RunOutcome};
use lustrum::daemon::state::State;
use lustrum::engine::recorder::Listener;
use lustrum::model::event::Event;
use lustrum::model::failure::{Failure, FailureKind};
use lustrum::model::manifest::Manifest;
use lustrum::model::outcome::{Outcome, Stage, StepName};
use lustrum::model::probe::{ProbeKind, ProbeName, ProbeRecord, ProbeVerdict};
use lustrum::model::run::{JobName, Slot};
use lustrum::simulator::fleet::FleetSpec;
use lustrum::simulator::running::Simulator;
use lustrum::time::clock::Clock;
use serde_json::Value;

use crate::world::exposition::parse;
use crate::world::past::PastRun;
use crate::world::sample_rows::host;

fn deploy() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("deploy")
}

fn yaml(file: &str) -> Value {
    serde_norway::from_str(&std::fs::read_to_string(deploy().join(file)).unwrap()).unwrap()
}

/// Every metric that the daemon tells once a run has ended, and the words of its labels.
fn told() -> BTreeMap<String, BTreeMap<String, BTreeSet<String>>> {
    let clock = Clock::standing_at("2026-11-21T06:00:00Z".parse().unwrap());
    let state = State::new(&clock);
    let job = Job { name: JobName::parse("nightly").unwrap(), ..Job::default() };
    let mut shown = JobPicture::of("nightly.toml".as_ref(), &job, None);
    shown.next_start_at = Some(clock.now());
    state.draw(|picture| picture.jobs.insert(job.name.clone(), shown));
    let slot = Slot::at(clock.now());
    let mut witness = state.begin_run(&job.name, slot, clock.now());
    witness.hear(&Event::StepEnded {
        host: host("hv-01"),
        stage: Stage::Collect,
        step: StepName("vinfo".to_owned()),
        outcome: Outcome::Ok { rows: 1 },
        duration_ms: 7,
        at: clock.now(),
    });
    let mut manifest: Manifest = PastRun::full("nightly", "20261121T060000.000Z").ok("hv-01").manifest;
    let not_run = ProbeVerdict::not_run(Failure::new(FailureKind::Cancelled, "stopped"));
    let (probe, kind) = (ProbeName::parse("api").unwrap(), ProbeKind::HttpLatency);
    let record = ProbeRecord { kind, verdict: not_run, rows: 0, duration_ms: 0, ended_at: clock.now() };
    manifest.apply(&Event::ProbeEnded { probe, record });
    let committed = Some(LastCommitted::of(&manifest));
    state.end_run(&job.name, slot, clock.now(), RunOutcome::Committed, None, committed);
    let text = state.read(|picture| of_daemon(picture, clock.now()));
    let mut told: BTreeMap<String, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for (name, labels) in parse(&text).unwrap().into_keys() {
        let words = told.entry(name).or_default();
        for (label, word) in labels {
            words.entry(label).or_default().insert(word);
        }
    }
    told
}

/// Metrics of an expression, each with what is asked of its labels.
fn named(expression: &str) -> Vec<(String, Vec<(String, String)>)> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = Vec::new();
    let mut rest = expression;
    while let Some(at) = rest.find("lustrum_") {
        rest = &rest[at..];
        let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let inside = after.strip_prefix('{').and_then(|inside| inside.split('}').next()).unwrap_or_default();
        let asked = inside.split("\",").filter_map(|pair| {
            let (label, words) = pair.split_once("=~\"").or_else(|| pair.split_once("=\""))?;
            Some((label.trim().to_owned(), words.trim_end_matches('"').to_owned()))
        });
        found.push((name.to_owned(), asked.collect()));
        rest = after;
    }
    found
}

/// What is wrong with an expression: metrics, labels and words that nobody tells.
fn strangers(expression: &str) -> Vec<String> {
    let told = told();
    let mut wrong = Vec::new();
    for (name, asked) in named(expression) {
        let Some(labels) = told.get(&name) else {
            wrong.push(name);
            continue;
        };
        for (label, words) in asked.iter().filter(|(_, words)| words != "$job") {
            for word in words.split('|') {
                let is_told = labels.get(label).is_some_and(|known| known.contains(word));
                if !is_told {
                    wrong.push(format!("{name}{{{label}={word}}}"));
                }
            }
        }
    }
    wrong
}

/// All texts under a key, however deep.
fn under(key: &str, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_str().filter(|_| name == key) {
                    Some(text) => found.push(text.to_owned()),
                    None => under(key, value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| under(key, item, found)),
        _ => {}
    }
}

#[test]
fn rules_and_panels_ask_for_what_the_program_tells() {
    let (mut rules, mut panels) = (Vec::new(), Vec::new());
    under("expr", &yaml("prometheus/lustrum.rules.yaml"), &mut rules);
    let dashboard = std::fs::read_to_string(deploy().join("grafana/lustrum.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&dashboard).unwrap();
    under("expr", &dashboard, &mut panels);
    under("query", &dashboard["templating"], &mut panels);
    assert!(rules.len() >= 10 && panels.len() >= 15, "{} {}", rules.len(), panels.len());
    for expression in rules.iter().chain(&panels) {
        assert_eq!(strangers(expression), Vec::<String>::new(), "{expression}");
    }
    let all = panels.concat() + &rules.concat();
    let unwatched: Vec<_> = told().into_keys().filter(|name| !all.contains(name.as_str())).collect();
    let of_histogram = ["lustrum_step_duration_seconds_count", "lustrum_step_duration_seconds_sum"];
    assert_eq!(unwatched, [&of_histogram[..], &["lustrum_written_bytes_total"]].concat());
}

#[test]
fn the_search_finds_what_nobody_tells() {
    let expression = "sum(lustrum_hosts{job=~\"$job\", status=~\"inventory_ok|inventory_bad\"}) / lustrum_guests > lustrum_runs_total{outcom=\"failed\"}";
    let expected =
        ["lustrum_hosts{status=inventory_bad}", "lustrum_guests", "lustrum_runs_total{outcom=failed}"];
    assert_eq!(strangers(expression), expected);
}

#[test]
fn every_alert_is_tried_where_it_fires_and_where_it_is_silent() {
    let mut alerts = Vec::new();
    under("alert", &yaml("prometheus/lustrum.rules.yaml"), &mut alerts);
    let tests = yaml("prometheus/lustrum.rules.test.yaml");
    let tried = tests["tests"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|test| test["alert_rule_test"].as_array().unwrap());
    let tried: BTreeSet<_> = tried
        .map(|tried| {
            (tried["alertname"].as_str().unwrap(), tried["exp_alerts"].as_array().unwrap().is_empty())
        })
        .collect();
    for alert in &alerts {
        assert!(
            tried.contains(&(alert.as_str(), true)) && tried.contains(&(alert.as_str(), false)),
            "{alert}"
        );
    }
    assert_eq!(tried.len(), 2 * alerts.len(), "a test of an alert that is not there");
}

#[tokio::test]
async fn the_place_to_try_it_fits_together() {
    let compose = yaml("compose/compose.yaml");
    let mut commands = Vec::new();
    for (name, service) in compose["services"].as_object().unwrap() {
        // Whatever is published is published to this machine.
        for port in service["ports"].as_array().into_iter().flatten() {
            assert!(port.as_str().unwrap().starts_with("127.0.0.1:"), "{name} {port}");
        }
        for volume in service["volumes"].as_array().into_iter().flatten() {
            let from = volume.as_str().unwrap().split(':').next().unwrap();
            let is_there = match from.starts_with('.') {
                true => deploy().join("compose").join(from).exists(),
                false => compose["volumes"][from].is_object(),
            };
            assert!(is_there, "{name} {volume}");
        }
        if service["image"] == format!("lustrum:{}", env!("CARGO_PKG_VERSION")) {
            let words = service["command"].as_array().unwrap().iter().map(|word| word.as_str().unwrap());
            let words: Vec<_> = std::iter::once("lustrum").chain(words).collect();
            Arguments::try_parse_from(&words).unwrap_or_else(|error| panic!("{words:?}: {error}"));
            commands.push(words.join(" "));
        }
    }
    assert_eq!(commands.len(), 2, "{commands:?}");
    assert!(commands.iter().any(|line| line.contains("serve --jobs /etc/lustrum/jobs")), "{commands:?}");

    // The job asks the hosts that the simulator has.
    let fleet = Simulator::start(FleetSpec::new(6, 1, 7)).await.unwrap();
    let addresses: Vec<_> = fleet.hosts().iter().map(|host| host.address().ip().to_string()).collect();
    let job = std::fs::read_to_string(deploy().join("compose/jobs/simulated.toml")).unwrap();
    let job: toml::Table = toml::from_str(&job).unwrap();
    let asked: Vec<_> =
        job["fleet"]["hosts"].as_array().unwrap().iter().map(|host| host.as_str().unwrap()).collect();
    assert_eq!(asked, addresses);
    let output = Command::new(env!("CARGO_BIN_EXE_lustrum"))
        .current_dir(deploy().join("compose"))
        .args(["config", "check", "./jobs/simulated.toml"])
        .env_clear()
        .envs([("S3_ACCESS_KEY", "lustrum"), ("S3_SECRET_KEY", "secret")])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
