//! Probes as a part of a run: behind the hosts, in order, bounded, and in the manifest.

use std::path::Path;
use std::sync::{Arc, Mutex};

use lustrum::config::environment::Environment;
use lustrum::config::fleet::Fleet;
use lustrum::config::load::{Request, Secrets, ask};
use lustrum::engine::launch::{self, Lineage};
use lustrum::engine::plan::Plan;
use lustrum::engine::recorder::Listener;
use lustrum::engine::run::{Ended, Ground, run};
use lustrum::engine::stop::{Stop, StopCause};
use lustrum::engine::tenure::Patience;
use lustrum::model::event::{CancelCause, Event};
use lustrum::model::failure::FailureKind;
use lustrum::model::manifest::Manifest;
use lustrum::model::probe::{ProbeEnding, ProbeName, ProbeRecord};
use lustrum::model::run::Slot;
use lustrum::model::target::AuthMethod;
use lustrum::output::store::Store;
use lustrum::providers::catalogue;
use lustrum::simulator::fleet::FleetSpec;
use lustrum::simulator::running::Simulator;
use lustrum::time::clock::Clock;

use crate::world::slow_service::SlowService;

/// A probe that asks one route once.
fn latency(name: &str, port: u16, deadline: &str) -> String {
    format!(
        "[[probe]]\nname = \"{name}\"\ndeadline = \"{deadline}\"\n[probe.http-latency]\n\
         url = \"http://127.0.0.1:{port}\"\nrepeats = 1\n[[probe.http-latency.route]]\nlabel = \"all\"\npath = \"/all\"\n"
    )
}

/// A port at which nobody listens.
fn dead_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The plan of a job that has these probes and, with a simulator, its hosts.
fn planned(folder: &Path, probes: &[String], simulator: Option<&Simulator>) -> Plan {
    let formats = "[output]\nformats = [\"parquet\"]\n".to_owned();
    std::fs::write(folder.join("job.toml"), [&[formats], probes].concat().concat()).unwrap();
    let request = Request {
        directory: folder.to_owned(),
        job: Some("./job.toml".to_owned()),
        environment: Environment::default(),
        ..Request::default()
    };
    let mut asked = ask(&request, Secrets::All).unwrap();
    if let Some(simulator) = simulator {
        let credential = simulator.credential();
        let mut targets = simulator.targets(AuthMethod::Negotiate);
        targets.iter_mut().for_each(|target| target.credential = credential.name.clone());
        asked.fleet = Fleet { targets, warnings: Vec::new() };
        asked.credentials = [(credential.name.clone(), credential)].into();
    }
    Plan::of(asked, false)
}

/// Notes the order of what happens, and may answer a piece of news with an order to stop.
struct Ear {
    heard: Arc<Mutex<Vec<String>>>,
    stop: Stop,
    stop_at: Option<&'static str>,
}

impl Listener for Ear {
    fn hear(&mut self, event: &Event) {
        let word = match event {
            Event::HostAudited { host, .. } => format!("audited {host}"),
            Event::ProbeStarted { probe, .. } => format!("started {probe}"),
            Event::ProbeEnded { probe, record } => format!("{} {probe}", record.verdict.ending.word()),
            _ => return,
        };
        if self.stop_at == Some(word.as_str()) {
            self.stop.order(StopCause::Cancelled(CancelCause::Operator));
        }
        self.heard.lock().unwrap().push(word);
    }
}

struct Played {
    ended: Ended,
    heard: Vec<String>,
}

async fn play(folder: &Path, plan: Plan, stop_at: Option<&'static str>) -> Played {
    let (stop, heard) = (Stop::default(), Arc::<Mutex<Vec<String>>>::default());
    let slot = Slot::parse("20261121T060000.000Z").unwrap();
    let clock = Clock::system();
    let header = launch::header(&plan, slot, Lineage::default(), &clock, 1);
    let ground = Ground {
        clock,
        store: Store::open(&folder.join("out").to_string_lossy()).unwrap(),
        spool: folder.join("spool"),
        stop: stop.clone(),
        listeners: vec![Box::new(Ear { heard: heard.clone(), stop, stop_at })],
        warnings: Vec::new(),
        lease: lustrum::output::lease::Terms::default(),
        patience: Patience::Leave,
    };
    let shell = lustrum::config::limits::Limits::default().shell();
    let ended = run(plan, Arc::new(catalogue::hyperv(shell)), header, ground).await.unwrap();
    let heard = heard.lock().unwrap().clone();
    Played { ended, heard }
}

fn committed(ended: Ended) -> Arc<Manifest> {
    match ended {
        Ended::Committed(manifest) => manifest,
        other => panic!("the run ended as {other:?}"),
    }
}

fn record<'a>(manifest: &'a Manifest, probe: &str) -> &'a ProbeRecord {
    &manifest.probes[&ProbeName::parse(probe).unwrap()]
}

fn failure(record: &ProbeRecord) -> FailureKind {
    record.verdict.ending.failure().unwrap().kind
}

/// Rows by table, of the artifacts.
fn tables(manifest: &Manifest) -> Vec<(String, u64)> {
    let of_table =
        |artifact: &lustrum::model::artifact::Artifact| Some((artifact.table.clone()?, artifact.rows));
    manifest.artifacts.values().filter_map(of_table).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_follow_the_hosts_in_their_order_and_each_has_its_word() {
    let (folder, service) = (tempfile::tempdir().unwrap(), SlowService::start());
    let simulator = Simulator::start(FleetSpec::new(2, 1, 7)).await.unwrap();
    let probes = [latency("gone", dead_port(), "1m"), latency("api", service.port(), "1m")];
    let plan = planned(folder.path(), &probes, Some(&simulator));
    let played = play(folder.path(), plan, None).await;
    let manifest = committed(played.ended);

    let mut hosts = played.heard[..2].to_vec();
    hosts.sort();
    assert!(hosts.iter().all(|word| word.starts_with("audited ")), "{hosts:?}");
    assert_eq!(played.heard[2..], ["started gone", "failed gone", "started api", "passed api"]);
    assert_eq!(record(&manifest, "api").verdict.ending, ProbeEnding::Passed);
    assert_eq!(failure(record(&manifest, "gone")), FailureKind::Unreachable);
    assert_eq!((manifest.probes_beyond_threshold(), manifest.probes_not_measured()), (0, 1));
    // One object a table, whoever of the probes filled it.
    let of_requests: Vec<_> =
        tables(&manifest).into_iter().filter(|(table, _)| table == "http_request").collect();
    assert_eq!(of_requests, [("http_request".to_owned(), 2)]);
    assert!(tables(&manifest).iter().any(|(table, rows)| table == "vinfo" && *rows > 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_without_hosts_writes_its_samples_and_nothing_of_hosts() {
    let (folder, service) = (tempfile::tempdir().unwrap(), SlowService::start());
    let plan = planned(folder.path(), &[latency("api", service.port(), "1m")], None);
    let manifest = committed(play(folder.path(), plan, None).await.ended);
    assert!(manifest.hosts.is_empty());
    let written: Vec<_> = tables(&manifest).into_iter().map(|(table, _)| table).collect();
    assert_eq!(written, ["http_attempt", "http_request"]);
    assert!(manifest.artifacts.values().all(|artifact| artifact.table.is_some()), "{:?}", manifest.artifacts);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_over_its_deadline_has_failed_and_keeps_what_it_measured() {
    let (folder, service) = (tempfile::tempdir().unwrap(), SlowService::start());
    let _held = service.hold();
    let plan = planned(folder.path(), &[latency("api", service.port(), "300ms")], None);
    let manifest = committed(play(folder.path(), plan, None).await.ended);
    let record = record(&manifest, "api");
    assert_eq!(failure(record), FailureKind::TimedOut);
    assert!(manifest.cancelled.is_none());
    assert!(
        record.rows > 0
            && tables(&manifest).iter().any(|(table, rows)| table == "http_request" && *rows == 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_to_stop_ends_the_probe_at_work_and_leaves_the_others() {
    let (folder, service) = (tempfile::tempdir().unwrap(), SlowService::start());
    let _held = service.hold();
    let probes = [latency("first", service.port(), "1h"), latency("second", service.port(), "1h")];
    let plan = planned(folder.path(), &probes, None);
    let manifest = committed(play(folder.path(), plan, Some("started first")).await.ended);
    assert!(manifest.cancelled.is_some());
    assert_eq!(failure(record(&manifest, "first")), FailureKind::Cancelled);
    assert_eq!(record(&manifest, "second").verdict.ending.word(), "not_run");
    assert_eq!(service.answered(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_measures_nothing() {
    let (folder, service) = (tempfile::tempdir().unwrap(), SlowService::start());
    let simulator = Simulator::start(FleetSpec::new(1, 1, 7)).await.unwrap();
    let plan = planned(folder.path(), &[latency("api", service.port(), "1m")], Some(&simulator));
    let played = play(folder.path(), Plan { dry_run: true, ..plan }, None).await;
    assert!(matches!(played.ended, Ended::DryRun(manifest) if manifest.probes.is_empty()));
    assert_eq!(service.answered(), 0);
}
