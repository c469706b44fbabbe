//! The daemon: the scheduler's decisions carried out, until it is told to go.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::FutureExt;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};

use crate::config::job::Job;
use crate::config::load::{self, Request};
use crate::config::problem::Problems;
use crate::daemon::library::Library;
use crate::daemon::scheduler::{Cause, Decision, Scheduler, Width};
use crate::engine::launch::{self, Lineage};
use crate::engine::plan::Plan;
use crate::engine::recorder::Listener;
use crate::engine::run::{Ended, Ground, run};
use crate::engine::spools;
use crate::engine::stop::{Stop, StopCause};
use crate::model::event::CancelCause;
use crate::model::failure::{Failure, FailureKind};
use crate::model::run::{JobName, Slot};
use crate::model::target::Platform;
use crate::output::export::latest;
use crate::output::layout;
use crate::providers::catalogue;
use crate::time::clock::Clock;

/// The longest the daemon sleeps: files and the system's clock are looked at that often, so
/// that a clock that was set, or a machine that was suspended, is noticed.
const LONGEST_SLEEP: Duration = Duration::from_secs(5);

/// What the daemon is told from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Read the job files again.
    Reload,
    /// Begin nothing new, interrupt what runs without committing it, and end.
    Drain,
}

/// What the daemon is given.
pub struct Surroundings {
    pub clock: Clock,
    /// Tells attempts apart.
    pub nonce: Box<dyn Fn() -> u64>,
    /// Who hears the events of a run.
    pub listeners: Box<dyn Fn() -> Vec<Box<dyn Listener>>>,
    /// Told that jobs are read and slots awaited, and then every few seconds.
    pub alive: Box<dyn Fn()>,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    Idle,
    /// Runs were interrupted; their slots are to be run again.
    Interrupted,
}

pub struct Daemon {
    library: Library,
    scheduler: Scheduler,
    surroundings: Surroundings,
    /// By file, as last read without problems.
    jobs: BTreeMap<PathBuf, Job>,
    running: JoinSet<(JobName, Slot, Result<Ended, Failure>)>,
    stops: BTreeMap<(JobName, Slot), Stop>,
}

impl Daemon {
    pub fn new(library: Library, width: Width, surroundings: Surroundings) -> Self {
        Self {
            library,
            scheduler: Scheduler::new(width),
            surroundings,
            jobs: BTreeMap::new(),
            running: JoinSet::new(),
            stops: BTreeMap::new(),
        }
    }

    /// Runs jobs when they are due, until the order to drain or the end of the orders. To be
    /// awaited on a `LocalSet`: what drives a run stays on this thread, its steps do not.
    pub async fn serve(mut self, mut orders: mpsc::Receiver<Order>) -> Closed {
        self.reload().await;
        loop {
            let now = self.surroundings.clock.read_anew().now();
            for decision in self.scheduler.decide(now) {
                self.carry_out(decision);
            }
            (self.surroundings.alive)();
            let due = self.scheduler.next_due().and_then(|due| (due - now).to_std().ok());
            let sleep = due.map_or(LONGEST_SLEEP, |due| due.min(LONGEST_SLEEP));
            tokio::select! {
                Some(ended) = self.running.join_next() => self.note_end(ended),
                order = orders.recv() => match order {
                    Some(Order::Reload) => self.reload().await,
                    Some(Order::Drain) | None => return self.drain().await,
                },
                () = tokio::time::sleep(sleep) => {
                    if self.library.has_changed() {
                        self.reload().await;
                    }
                }
            }
        }
    }

    /// A file that cannot be used keeps the job it held before.
    async fn reload(&mut self) {
        let now = self.surroundings.clock.read_anew().now();
        for decision in self.scheduler.decide(now) {
            self.carry_out(decision);
        }
        let reading = self.library.read();
        for (path, problems) in &reading.refused {
            let kept =
                if self.jobs.contains_key(path) { "the job it held before stays" } else { "it is left out" };
            for problem in &problems.0 {
                tracing::error!(file = %path.display(), %problem, "a job file cannot be used: {kept}");
            }
        }
        let mut jobs = reading.jobs;
        for path in reading.refused.into_keys() {
            if let Some(job) = self.jobs.remove(&path) {
                jobs.insert(path, job);
            }
        }
        let gone = self.jobs.values().filter(|old| jobs.values().all(|job| job.name != old.name));
        for job in gone {
            tracing::info!(job.name = %job.name, "the job is gone");
            self.scheduler.remove(&job.name);
        }
        for (path, job) in &jobs {
            if jobs.range(..path.clone()).any(|(_, other)| other.name == job.name) {
                tracing::error!(file = %path.display(), job.name = %job.name, "another file holds this job: it is left out");
                continue;
            }
            let is_new = self.scheduler.jobs().all(|known| *known != job.name);
            let request = self.library.request(path);
            let since = last_committed(job, &request).await.map_or(now, |slot| slot.min(now));
            self.scheduler.put(job.name.clone(), &job.schedule, job.scheduling.clone(), since);
            let cut_off = if is_new { cut_off(job, &request).await } else { Vec::new() };
            for slot in cut_off {
                if !self.scheduler.resume(&job.name, slot, now) {
                    tracing::info!(job.name = %job.name, %slot, "an interrupted slot is not run again");
                }
            }
        }
        tracing::info!(jobs = jobs.len(), folder = %self.library.folder().display(), "jobs read");
        self.jobs = jobs;
    }

    fn carry_out(&mut self, decision: Decision) {
        match decision {
            Decision::Start { job, slot, cause } => self.start(job, slot, cause),
            Decision::Cancel { job, slot } => {
                tracing::warn!(job.name = %job, %slot, "cancelled: a newer slot takes its place");
                if let Some(stop) = self.stops.get(&(job, slot)) {
                    stop.order(StopCause::Cancelled(CancelCause::Replaced));
                }
            }
            Decision::Leave { job, slot, why } => {
                tracing::warn!(job.name = %job, %slot, ?why, "the slot is not run");
            }
        }
    }

    fn start(&mut self, job: JobName, slot: Slot, cause: Cause) {
        let Some(path) = self.jobs.iter().find(|(_, known)| known.name == job).map(|(path, _)| path.clone())
        else {
            self.scheduler.ended(&job, slot);
            return;
        };
        tracing::info!(job.name = %job, %slot, ?cause, "the run starts");
        let stop = Stop::default();
        self.stops.insert((job.clone(), slot), stop.clone());
        let execution = Execution {
            request: self.library.request(&path),
            slot,
            clock: self.surroundings.clock.read_anew(),
            nonce: (self.surroundings.nonce)(),
            listeners: (self.surroundings.listeners)(),
            stop,
        };
        self.running.spawn_local(async move {
            let ended = AssertUnwindSafe(execution.run()).catch_unwind().await;
            let bug = |_| Err(Failure::new(FailureKind::Bug, "the run panicked; this is a bug"));
            (job, slot, ended.unwrap_or_else(bug))
        });
    }

    fn note_end(&mut self, ended: Result<(JobName, Slot, Result<Ended, Failure>), JoinError>) {
        // Panics were caught and nobody aborts: only the end of the runtime leaves no answer.
        let Ok((job, slot, ended)) = ended else { return };
        match ended {
            Ok(Ended::Committed(manifest)) => {
                let not_ok = manifest.counts().into_iter().filter(|(status, _)| !status.is_good());
                let not_ok: u64 = not_ok.map(|(_, hosts)| hosts).sum();
                let hosts = manifest.hosts.len();
                tracing::info!(job.name = %job, %slot, hosts, not_ok, "the run is committed");
            }
            Ok(Ended::LostTo(attempt)) => {
                tracing::info!(job.name = %job, %slot, %attempt, "another attempt has committed this slot");
            }
            Ok(Ended::Interrupted(_) | Ended::DryRun(_)) => {
                tracing::warn!(job.name = %job, %slot, "interrupted: nothing is committed");
            }
            Err(failure) => {
                tracing::error!(job.name = %job, %slot, %failure, "the run could not be recorded")
            }
        }
        self.stops.remove(&(job.clone(), slot));
        self.scheduler.ended(&job, slot);
    }

    async fn drain(mut self) -> Closed {
        let interrupted = !self.running.is_empty();
        for stop in self.stops.values() {
            stop.order(StopCause::Interrupted);
        }
        while let Some(ended) = self.running.join_next().await {
            self.note_end(ended);
        }
        if interrupted { Closed::Interrupted } else { Closed::Idle }
    }
}

/// The newest slot of a job that its store knows.
async fn last_committed(job: &Job, request: &Request) -> Option<DateTime<Utc>> {
    let store = load::opening(job, request).ok()?.open().ok()?;
    let latest = latest(&store, &job.name).await.ok().flatten()?;
    Some(latest.slot.instant())
}

/// Slots that an earlier daemon could not finish.
async fn cut_off(job: &Job, request: &Request) -> Vec<Slot> {
    let Ok(opening) = load::opening(job, request) else { return Vec::new() };
    let Ok(store) = opening.open() else { return Vec::new() };
    spools::interrupted(&store, &launch::spool_folder(&store), &job.name).await
}

/// One run of the daemon, from its job file to its end.
struct Execution {
    request: Request,
    slot: Slot,
    clock: Clock,
    nonce: u64,
    listeners: Vec<Box<dyn Listener>>,
    stop: Stop,
}

impl Execution {
    /// The fleet and the secrets are read now: a password that was changed holds from the
    /// next run on.
    async fn run(self) -> Result<Ended, Failure> {
        let told = |problems: &Problems| {
            let told: Vec<_> = problems.0.iter().map(ToString::to_string).collect();
            Failure::new(FailureKind::NotApplicable, told.join("; "))
        };
        let asked = load::ask(&self.request, true).map_err(|problems| told(&problems))?;
        let unrecordable =
            |error: &dyn std::fmt::Display| Failure::new(FailureKind::Store, error.to_string());
        let opening = load::opening(&asked.job, &self.request).map_err(|problems| told(&problems))?;
        let (store, unsafe_to_share) = launch::store(&opening, self.nonce).await?;
        let warnings = [asked.warnings.clone(), unsafe_to_share].concat();
        let (platform, shell) = (asked.job.platform, asked.job.limits.shell());
        let plan = Plan::of(asked, false);
        let committed = store.get(&layout::manifest(&plan.job, self.slot)).await;
        if let Some(attempt) =
            committed.map_err(|error| unrecordable(&error))?.and_then(|body| attempt_of(&body))
        {
            return Ok(Ended::LostTo(attempt));
        }
        let header = launch::header(&plan, self.slot, Lineage::default(), &self.clock, self.nonce);
        let spool = launch::spool_path(&store, &header)?;
        let ground =
            Ground { clock: self.clock, store, spool, stop: self.stop, listeners: self.listeners, warnings };
        match platform {
            Platform::Hyperv => run(plan, Arc::new(catalogue::hyperv(shell)), header, ground).await,
        }
    }
}

/// Who wrote a manifest.
fn attempt_of(manifest: &[u8]) -> Option<crate::model::run::Attempt> {
    #[derive(serde::Deserialize)]
    struct Signed {
        attempt: crate::model::run::Attempt,
    }
    serde_json::from_slice::<Signed>(manifest).ok().map(|signed| signed.attempt)
}
