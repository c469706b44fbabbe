//! A whole run of a simulated fleet into a store in memory, at an instant that stands still:
//! everything but the measured durations is the same every time.

use std::sync::Arc;

use lustrum::config::job::{Audit, Job, Output, TableFormat};
use lustrum::config::limits::Limits;
use lustrum::config::load::Asked;
use lustrum::engine::plan::Plan;
use lustrum::engine::run::{Ended, Ground, run};
use lustrum::engine::stop::Stop;
use lustrum::model::event::RunHeader;
use lustrum::model::manifest::Manifest;
use lustrum::model::run::{Attempt, JobName, RunId, Scope, Slot};
use lustrum::model::target::AuthMethod;
use lustrum::output::layout::Key;
use lustrum::output::store::Store;
use lustrum::simulator::fleet::FleetSpec;
use lustrum::simulator::running::Simulator;
use lustrum::time::clock::Clock;

/// What came of it.
pub struct SimulatedRun {
    pub store: Store,
    pub manifest: Arc<Manifest>,
}

/// Surveys the fleet as the job `census`, slot 2026-11-21 06:00 UTC.
pub async fn survey(spec: FleetSpec, formats: &[TableFormat]) -> SimulatedRun {
    let simulator = Simulator::start(spec).await.unwrap();
    let output = Output { formats: formats.to_vec(), ..Output::default() };
    let job = Job {
        name: JobName::parse("census").unwrap(),
        limits: Limits { host_deadline: std::time::Duration::from_secs(30), ..Limits::default() },
        audit: Audit::default(),
        output,
        ..Job::default()
    };
    let credential = simulator.credential();
    let mut targets = simulator.targets(AuthMethod::Negotiate);
    for target in &mut targets {
        target.credential = credential.name.clone();
    }
    let shell = job.limits.shell();
    let asked = Asked {
        job,
        fleet: lustrum::config::fleet::Fleet { targets, warnings: Vec::new() },
        credentials: [(credential.name.clone(), credential)].into(),
        probes: Vec::new(),
        warnings: Vec::new(),
    };
    let plan = Plan::of(asked, false);
    let slot = Slot::parse("20261121T060000.000Z").unwrap();
    let header = RunHeader {
        run_id: RunId::new(&plan.job, slot),
        job: plan.job.clone(),
        slot,
        attempt: Attempt::from_bits(1),
        started_at: slot.instant(),
        program_version: "0.0.0".into(),
        plan_digest: plan.digest(),
        scope: Scope::Full,
        parent: None,
    };
    let folder = tempfile::tempdir().unwrap();
    let store = Store::memory();
    let ground = Ground {
        clock: Clock::standing_at(slot.instant()),
        store: store.clone(),
        spool: folder.path().join("spool"),
        stop: Stop::default(),
        listeners: Vec::new(),
        warnings: Vec::new(),
        lease: lustrum::output::lease::Terms::default(),
        patience: lustrum::engine::tenure::Patience::Leave,
    };
    let provider = Arc::new(lustrum::providers::catalogue::hyperv(shell));
    match run(plan, provider, header, ground).await.unwrap() {
        Ended::Committed(manifest) => {
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "a temporary file stays behind");
            SimulatedRun { store, manifest }
        }
        other => panic!("the run ended as {other:?}"),
    }
}

impl SimulatedRun {
    /// The bytes of the one artifact whose path ends so.
    pub async fn artifact(&self, ending: &str) -> bytes::Bytes {
        let mut found = self.manifest.artifacts.keys().filter(|path| path.ends_with(ending));
        let path = found.next().unwrap_or_else(|| panic!("no artifact ends in {ending}"));
        assert!(found.next().is_none(), "several artifacts end in {ending}");
        self.store.get(&Key::parse(path).unwrap()).await.unwrap().unwrap()
    }
}
