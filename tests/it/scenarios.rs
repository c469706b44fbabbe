//! Every scenario of tests/scenarios: a simulated fleet with faults, the real pipeline over
//! real sockets, and the statuses, reasons and counters that must come of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use futures::StreamExt;
use lustrum::config::job::{Audit, Job, Output, TableFormat};
use lustrum::config::limits::Limits;
use lustrum::engine::plan::Plan;
use lustrum::engine::recorder::Listener;
use lustrum::engine::run::{Ended, Ground, run};
use lustrum::engine::stop::{Stop, StopCause};
use lustrum::model::event::{CancelCause, Event, RunHeader};
use lustrum::model::manifest::Manifest;
use lustrum::model::outcome::StepName;
use lustrum::model::run::{Attempt, JobName, RunId, Scope, Slot};
use lustrum::model::target::{AuthMethod, Scheme};
use lustrum::output::layout::Key;
use lustrum::output::store::Store;
use lustrum::simulator::fault::Fault;
use lustrum::simulator::fleet::FleetSpec;
use lustrum::simulator::running::Simulator;
use lustrum::time::clock::Clock;
use serde::Deserialize;

/// Scenarios played at the same time.
const AT_A_TIME: usize = 8;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Scenario {
    about: String,
    hosts: usize,
    vms: usize,
    #[serde(default)]
    https: bool,
    /// Host number to faults.
    #[serde(default)]
    faults: BTreeMap<String, Vec<String>>,
    /// Faults of every host.
    #[serde(default)]
    all: Vec<String>,
    #[serde(default)]
    wrong_password: bool,
    #[serde(default)]
    limits: Limits,
    #[serde(default)]
    audit: Audit,
    /// Order the run to stop when so many hosts have been logged on to.
    cancel_after_logons: Option<u32>,
    #[serde(default)]
    interrupt: bool,
    expect: Expect,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Expect {
    /// Hosts by final status; statuses that are not named must not occur.
    counts: Option<BTreeMap<String, u64>>,
    /// Host number to what must be said of it.
    #[serde(default)]
    host: BTreeMap<String, ExpectHost>,
    logons_at_most: Option<u64>,
    shells_at_least: Option<u64>,
    moved_at_least: Option<usize>,
    #[serde(default)]
    nothing_committed: bool,
    cancelled: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct ExpectHost {
    status: String,
    #[serde(default)]
    reasons: Vec<String>,
    reachable: Option<bool>,
    /// The kind of some step's failure.
    failure: Option<String>,
    /// A piece of the failure's sentence.
    says: Option<String>,
    /// Tables whose step must have ended well.
    #[serde(default)]
    ok: Vec<String>,
    /// A table's missing VMs.
    #[serde(default)]
    missing: BTreeMap<String, usize>,
    warning: Option<String>,
}

/// Throws the switch after so many successful logons.
struct StopAfter {
    logons: u32,
    cause: StopCause,
    stop: Stop,
}

impl Listener for StopAfter {
    fn hear(&mut self, event: &Event) {
        let Event::StepEnded { step, outcome, .. } = event else { return };
        if *step == StepName("logon".into()) && outcome.is_ok() {
            self.logons = self.logons.saturating_sub(1);
            if self.logons == 0 {
                self.stop.order(self.cause);
            }
        }
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

fn fleet(scenario: &Scenario) -> FleetSpec {
    let mut spec = FleetSpec::new(scenario.hosts, scenario.vms, 7);
    if scenario.https {
        spec.scheme = Scheme::Https;
    }
    let read = |text: &String| text.parse::<Fault>().unwrap_or_else(|error| panic!("{text}: {error}"));
    for (number, faults) in &scenario.faults {
        for fault in faults {
            spec = spec.with_fault(number.parse().unwrap(), read(fault));
        }
    }
    for host in 0..scenario.hosts {
        for fault in &scenario.all {
            spec = spec.with_fault(host, read(fault));
        }
    }
    spec
}

fn plan(scenario: &Scenario, simulator: &Simulator) -> Plan {
    // What is judged is the manifest: one form of the rows leaves the processor to the wire.
    let output = Output { formats: vec![TableFormat::Parquet], ..Output::default() };
    let (limits, audit) = (scenario.limits.clone(), scenario.audit.clone());
    let job = Job { limits, audit, output, ..Job::default() };
    let mut credential = simulator.credential();
    if scenario.wrong_password {
        credential.password = lustrum::model::credential::Secret::new("not the password".into());
    }
    let mut targets = simulator.targets(AuthMethod::Negotiate);
    for target in &mut targets {
        target.credential = credential.name.clone();
    }
    let fleet = lustrum::config::fleet::Fleet { targets, warnings: Vec::new() };
    let credentials = [(credential.name.clone(), credential)].into();
    Plan::of(
        lustrum::config::load::Asked { job, fleet, credentials, probes: Vec::new(), warnings: Vec::new() },
        false,
    )
}

async fn play(name: &str, scenario: Scenario) {
    let simulator = Simulator::start(fleet(&scenario)).await.unwrap();
    let plan = plan(&scenario, &simulator);
    let clock = Clock::system();
    let (job, slot) = (JobName::parse("scenario").unwrap(), Slot::at(clock.now()));
    let header = RunHeader {
        run_id: RunId::new(&job, slot),
        job,
        slot,
        attempt: Attempt::from_bits(1),
        started_at: clock.now(),
        program_version: "test".into(),
        plan_digest: plan.digest(),
        scope: Scope::Full,
        parent: None,
    };
    let stop = Stop::default();
    let cause =
        if scenario.interrupt { StopCause::Interrupted } else { StopCause::Cancelled(CancelCause::Operator) };
    let stopper = scenario
        .cancel_after_logons
        .map(|logons| -> Box<dyn Listener> { Box::new(StopAfter { logons, cause, stop: stop.clone() }) });
    let folder = tempfile::tempdir().unwrap();
    let store = Store::memory();
    let provider = Arc::new(lustrum::providers::catalogue::hyperv(scenario.limits.shell()));
    let ground = Ground {
        clock,
        store: store.clone(),
        spool: folder.path().join("spool"),
        stop,
        listeners: stopper.into_iter().collect(),
        warnings: Vec::new(),
        lease: lustrum::output::lease::Terms::default(),
        patience: lustrum::engine::tenure::Patience::Leave,
    };
    let ended = run(plan, provider, header, ground).await.unwrap();
    let tally = simulator.tally();
    assert_eq!(tally.shells_open, 0, "{name}: a shell is left open");
    if let Some(most) = scenario.expect.logons_at_most {
        assert!(
            tally.logons_attempted <= most,
            "{name}: {} logons reached the fleet",
            tally.logons_attempted
        );
    }
    if let Some(least) = scenario.expect.shells_at_least {
        assert!(tally.shells_opened >= least, "{name}: only {} shells", tally.shells_opened);
    }
    let everything = store.list(&Key::parse("data").unwrap()).await.unwrap();
    match ended {
        Ended::Committed(manifest) if !scenario.expect.nothing_committed => {
            check(name, &scenario, &simulator, &manifest);
            assert!(!everything.is_empty(), "{name}: no tables");
        }
        Ended::Interrupted(_) if scenario.expect.nothing_committed => {
            assert!(everything.is_empty(), "{name}: objects of a run that is not committed: {everything:?}");
        }
        other => panic!("{name}: ended as {other:?}"),
    }
}

fn check(name: &str, scenario: &Scenario, simulator: &Simulator, manifest: &Manifest) {
    let expect = &scenario.expect;
    if let Some(counts) = &expect.counts {
        let found: BTreeMap<_, _> = manifest
            .counts()
            .into_iter()
            .filter(|(_, hosts)| *hosts > 0)
            .map(|(status, hosts)| (status.word().to_owned(), hosts))
            .collect();
        assert_eq!(&found, counts, "{name}: {:#?}", manifest.hosts);
    }
    assert!(
        manifest.moved_vms.len() >= expect.moved_at_least.unwrap_or(0),
        "{name}: {:?}",
        manifest.moved_vms
    );
    let cancelled =
        manifest.cancelled.as_ref().map(|cancelled| format!("{:?}", cancelled.cause).to_lowercase());
    assert_eq!(cancelled, expect.cancelled, "{name}");
    for (number, expect) in &expect.host {
        let host = simulator.hosts()[number.parse::<usize>().unwrap()].name();
        let record = &manifest.hosts[host];
        let verdict = record.verdict.as_ref().unwrap();
        let reasons: Vec<_> = verdict.reasons.iter().map(|reason| reason.word()).collect();
        assert_eq!(
            (verdict.status.word(), reasons),
            (expect.status.as_str(), expect.reasons.iter().map(String::as_str).collect()),
            "{name}, host {number}: {record:#?}"
        );
        if let Some(reachable) = expect.reachable {
            assert_eq!(verdict.reachable, reachable, "{name}, host {number}");
        }
        let failures: Vec<_> = record.steps.iter().filter_map(|step| step.outcome.failure()).collect();
        if let Some(kind) = &expect.failure {
            assert!(
                failures.iter().any(|failure| failure.kind.word() == kind),
                "{name}, host {number}: {failures:#?}"
            );
        }
        if let Some(piece) = &expect.says {
            assert!(
                failures.iter().any(|failure| failure.to_string().contains(piece)),
                "{name}, host {number}: {failures:#?}"
            );
        }
        for table in &expect.ok {
            let step = record.steps.iter().find(|step| step.step.0 == *table).unwrap();
            assert!(step.outcome.is_ok(), "{name}, host {number}, {table}: {:?}", step.outcome);
        }
        for (table, missing) in &expect.missing {
            let coverage = &verdict.coverage[&StepName(table.clone())];
            assert_eq!(coverage.missing.len(), *missing, "{name}, host {number}, {table}");
        }
        if let Some(piece) = &expect.warning {
            let told = manifest
                .warnings
                .iter()
                .any(|warning| warning.host.as_ref() == Some(host) && warning.message.contains(piece));
            assert!(told, "{name}, host {number}: {:?}", manifest.warnings);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_scenario_ends_as_it_says() {
    let mut names: Vec<_> = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    assert!(names.len() >= 20, "the scenarios are gone");
    let plays = names.into_iter().map(|path| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let scenario: Scenario = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!scenario.about.is_empty());
        async move { play(&name, scenario).await }
    });
    // Most of them wait most of the time; all at once they would starve each other's deadlines.
    futures::stream::iter(plays).buffer_unordered(AT_A_TIME).collect::<()>().await;
}
