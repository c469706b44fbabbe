//! One slot of a simulated fleet, tried as often as a test likes, at an instant that stands
//! still and always under the same attempt: what differs afterwards differs for a reason.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use lustrum::config::fleet::Fleet;
use lustrum::config::job::{Job, Output, TableFormat};
use lustrum::config::load::Asked;
use lustrum::engine::plan::Plan;
use lustrum::engine::recorder::Listener;
use lustrum::engine::run::{Ended, Ground, run};
use lustrum::engine::stop::{Stop, StopCause};
use lustrum::engine::tenure::Patience;
use lustrum::model::event::{Event, RunHeader};
use lustrum::model::failure::{Failure, FailureKind};
use lustrum::model::manifest::Manifest;
use lustrum::model::run::{Attempt, JobName, RunId, Scope, Slot};
use lustrum::model::target::AuthMethod;
use lustrum::output::layout::Key;
use lustrum::output::lease::{Claim, Terms};
use lustrum::output::store::Store;
use lustrum::providers::provider::Provider;
use lustrum::simulator::fleet::FleetSpec;
use lustrum::simulator::running::Simulator;
use lustrum::time::clock::Clock;
use tokio::sync::Notify;

use crate::world::stopped_time::StoppedTime;

/// The slot and where its tries leave their spool.
pub struct ResumableRun {
    pub simulator: Simulator,
    pub plan: Plan,
    pub folder: tempfile::TempDir,
}

/// What one try does besides its work.
#[derive(Default)]
pub struct Try {
    /// Interrupts it when so many hosts have been judged in it; 0: before the first.
    pub stop_after: Option<usize>,
    /// Removes the spool's file when so many hosts have been judged: every write fails then.
    pub lose_spool_after: Option<usize>,
    /// Writes this claim into a file of the store when so many hosts have been judged.
    pub put_after: Option<(usize, PathBuf, Claim)>,
    /// Ends at once where somebody else is at work, unless said otherwise.
    pub patience: Option<Patience>,
    pub heartbeat: Option<Duration>,
    /// How long its lease outlives it.
    pub ttl: Option<Duration>,
    /// Drops it where it stands when so many hosts have been judged.
    pub die_after: Option<usize>,
    /// Stopped when every host has been judged.
    pub time: Option<StoppedTime>,
}

struct Saboteur {
    left: Try,
    judged: usize,
    /// Hosts that are not yet judged.
    open: usize,
    stop: Stop,
    spool: PathBuf,
    dead: Arc<Notify>,
}

impl Listener for Saboteur {
    fn hear(&mut self, event: &Event) {
        match event {
            Event::HostAudited { .. } => {
                self.judged += 1;
                self.open -= 1;
            }
            Event::RunStarted { hosts, .. } => self.open = hosts.len(),
            Event::HostsTakenUp { hosts } => self.open -= *hosts as usize,
            _ => return,
        }
        if self.left.stop_after == Some(self.judged) {
            self.stop.order(StopCause::Interrupted);
        }
        if let (0, Some(time)) = (self.open, &self.left.time) {
            time.stop();
        }
        if self.left.lose_spool_after == Some(self.judged) {
            drop(std::fs::remove_file(&self.spool));
        }
        if let Some((_, path, claim)) = self.left.put_after.take_if(|(after, ..)| *after == self.judged) {
            std::fs::write(path, serde_json::to_vec(&claim).unwrap()).unwrap();
        }
        if self.left.die_after == Some(self.judged) {
            self.dead.notify_one();
        }
    }
}

impl ResumableRun {
    /// One host at a time, in their order.
    pub async fn of(spec: FleetSpec) -> Self {
        let simulator = Simulator::start(spec).await.unwrap();
        let output = Output { formats: vec![TableFormat::Parquet, TableFormat::Csv], ..Output::default() };
        let mut job = Job { name: JobName::parse("census").unwrap(), output, ..Job::default() };
        job.limits.concurrency = 1;
        let credential = simulator.credential();
        let mut targets = simulator.targets(AuthMethod::Negotiate);
        targets.iter_mut().for_each(|target| target.credential = credential.name.clone());
        let fleet = Fleet { targets, warnings: Vec::new() };
        let credentials = [(credential.name.clone(), credential)].into();
        let plan =
            Plan::of(Asked { job, fleet, credentials, probes: Vec::new(), warnings: Vec::new() }, false);
        Self { simulator, plan, folder: tempfile::tempdir().unwrap() }
    }

    pub fn wrong_password(&self) -> Plan {
        let mut plan = self.plan.clone();
        for credential in plan.credentials.values_mut() {
            credential.password = lustrum::model::credential::Secret::new("not the password".into());
        }
        plan
    }

    pub fn spool(&self) -> PathBuf {
        self.folder.path().join("census-20261121T060000.000Z.spool")
    }

    pub async fn try_it(&self, store: &Store, how: Try) -> Result<Ended, Failure> {
        self.try_plan(self.plan.clone(), store, how).await
    }

    pub async fn try_plan(&self, plan: Plan, store: &Store, how: Try) -> Result<Ended, Failure> {
        let shell = Job::default().limits.shell();
        let provider = Arc::new(lustrum::providers::catalogue::hyperv(shell));
        try_slot(provider, (plan, 1), self.spool(), store, how).await
    }

    /// From now on the slot is tried on a machine that has seen nothing of it.
    pub fn move_to_another_machine(&mut self) {
        self.folder = tempfile::tempdir().unwrap();
    }

    /// Tries until it is committed, undisturbed; waits for the lease of one that died.
    pub async fn committed(&self, store: &Store) -> Arc<Manifest> {
        let (patience, heartbeat) = (Some(Patience::StandBy), Some(Duration::from_millis(20)));
        match self.try_it(store, Try { patience, heartbeat, ..Try::default() }).await.unwrap() {
            Ended::Committed(manifest) => manifest,
            other => panic!("the run ended as {other:?}"),
        }
    }
}

/// One try at the slot, under the attempt of this number.
pub async fn try_slot<P: Provider + 'static>(
    provider: Arc<P>,
    (plan, attempt): (Plan, u64),
    spool: PathBuf,
    store: &Store,
    how: Try,
) -> Result<Ended, Failure> {
    let slot = Slot::parse("20261121T060000.000Z").unwrap();
    let header = RunHeader {
        run_id: RunId::new(&plan.job, slot),
        job: plan.job.clone(),
        slot,
        attempt: Attempt::from_bits(attempt),
        started_at: slot.instant(),
        program_version: "0.0.0".into(),
        plan_digest: plan.digest(),
        scope: Scope::Full,
        parent: None,
    };
    let (stop, dead) = (Stop::default(), Arc::new(Notify::new()));
    let usual = Terms::default();
    let lease =
        Terms { ttl: how.ttl.unwrap_or(usual.ttl), heartbeat: how.heartbeat.unwrap_or(usual.heartbeat) };
    let patience = how.patience.unwrap_or(Patience::Leave);
    let saboteur = Saboteur {
        left: how,
        judged: 0,
        open: 0,
        stop: stop.clone(),
        spool: spool.clone(),
        dead: dead.clone(),
    };
    let ground = Ground {
        clock: Clock::standing_at(slot.instant()),
        store: store.clone(),
        spool,
        stop,
        listeners: vec![Box::new(saboteur)],
        warnings: Vec::new(),
        lease,
        patience,
    };
    tokio::select! {
        // A run is large, and a test's stack is not.
        ended = Box::pin(run(plan, provider, header, ground)) => ended,
        () = dead.notified() => Err(Failure::new(FailureKind::Cancelled, "dropped where it stood")),
    }
}

/// Everything a store holds, by key; but for the manifest and the report, which tell durations,
/// and for leases.
pub async fn objects(store: &Store) -> BTreeMap<String, bytes::Bytes> {
    let mut objects = BTreeMap::new();
    for below in ["data", "runs"] {
        for (key, _) in store.list(&Key::parse(below).unwrap()).await.unwrap() {
            if !key.as_str().ends_with(".json") && !key.as_str().contains("/lease/") {
                objects.insert(key.as_str().to_owned(), store.get(&key).await.unwrap().unwrap());
            }
        }
    }
    objects
}

/// The same without the staged parts.
pub async fn published(store: &Store) -> BTreeMap<String, bytes::Bytes> {
    let mut objects = objects(store).await;
    objects.retain(|key, _| !key.ends_with(".part"));
    objects
}

/// The hosts of each staged part, by the first line of its body.
pub async fn parts(store: &Store) -> Vec<(Key, Vec<String>)> {
    let mut parts = Vec::new();
    for (key, _) in store.list(&Key::parse("runs").unwrap()).await.unwrap() {
        if key.as_str().ends_with(".part") {
            let body = store.get(&key).await.unwrap().unwrap();
            let head = body.split(|byte| *byte == b'\n').next().unwrap();
            let head: serde_json::Value = serde_json::from_slice(head).unwrap();
            parts.push((key, serde_json::from_value(head["hosts"].clone()).unwrap()));
        }
    }
    parts
}

/// The manifest without durations, and without what only a resumed run says.
pub fn timeless(manifest: &Manifest) -> Manifest {
    let mut manifest = manifest.clone();
    manifest.taken_up_hosts = None;
    manifest.artifacts.retain(|path, _| !path.ends_with(".json"));
    for host in manifest.hosts.values_mut() {
        host.duration_ms = 0;
        host.steps.iter_mut().for_each(|step| step.duration_ms = 0);
    }
    manifest
}

pub fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).unwrap().next().is_none()
}
