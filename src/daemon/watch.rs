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
use crate::config::load;
use crate::daemon::errand::{Declined, Errand, Wish};
use crate::daemon::execution::{Execution, Runner};
use crate::daemon::herald::Herald;
use crate::daemon::library::Library;
use crate::daemon::pauses::{Pauses, is_paused};
use crate::daemon::picture::{DecisionWord, JobPicture, LastCommitted, LastDecision, RunOutcome};
use crate::daemon::scheduler::{Cause, Decision, NotAsked, Pause, Scheduler, Width};
use crate::daemon::state::State;
use crate::engine::begun::begun;
use crate::engine::launch;
use crate::engine::recorder::Listener;
use crate::engine::run::Ended;
use crate::engine::spools;
use crate::engine::stop::{Stop, StopCause};
use crate::model::event::CancelCause;
use crate::model::failure::{Failure, FailureKind};
use crate::model::run::{JobName, Slot};
use crate::output::store::Store;
use crate::time::clock::Clock;

/// The longest the daemon sleeps: files and the system's clock are looked at that often, so
/// that a clock that was set, or a machine that was suspended, is noticed.
const LONGEST_SLEEP: Duration = Duration::from_secs(5);

/// What the daemon is told from outside.
#[derive(Debug)]
pub enum Order {
    /// Read the job files again.
    Reload,
    /// Begin nothing new, interrupt what runs without committing it, and end.
    Drain,
    Errand(Errand),
}

/// What the daemon is given.
pub struct Surroundings {
    pub clock: Clock,
    /// [`Execution::run`], but where runs are played.
    pub runner: Runner,
    /// Tells attempts apart.
    pub nonce: Box<dyn Fn() -> u64>,
    /// Who hears the events of a run.
    pub listeners: Box<dyn Fn() -> Vec<Box<dyn Listener>>>,
    /// Told that jobs are read and slots awaited, and then every few seconds.
    pub alive: Box<dyn Fn()>,
    /// Where it shows what it does.
    pub state: Arc<State>,
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
    herald: Herald,
    pauses: Pauses,
}

impl Daemon {
    pub fn new(library: Library, width: Width, surroundings: Surroundings) -> Self {
        Self {
            library,
            scheduler: Scheduler::new(width),
            herald: Herald::new(surroundings.state.clone()),
            pauses: Pauses::default(),
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
            self.decide(now);
            self.show();
            (self.surroundings.alive)();
            let due = self.scheduler.next_due().and_then(|due| (due - now).to_std().ok());
            let sleep = due.map_or(LONGEST_SLEEP, |due| due.min(LONGEST_SLEEP));
            tokio::select! {
                Some(ended) = self.running.join_next() => self.note_end(ended),
                order = orders.recv() => match order {
                    Some(Order::Reload) => self.reload().await,
                    Some(Order::Errand(errand)) => self.grant(errand),
                    Some(Order::Drain) | None => {
                        // Errands that wait are told no by being dropped.
                        drop(orders);
                        return self.drain().await;
                    }
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
        self.decide(now);
        let reading = self.library.read();
        let mut refused = reading.told();
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
        let mut shown: Vec<JobPicture> = Vec::new();
        for (path, job) in &jobs {
            if jobs.range(..path.clone()).any(|(_, other)| other.name == job.name) {
                tracing::error!(file = %path.display(), job.name = %job.name, "another file holds this job: it is left out");
                let told = format!("another file holds the job `{}`: this one is left out", job.name);
                refused.entry(path.clone()).or_default().push(told);
                continue;
            }
            let request = self.library.request(path);
            let store = load::opening(job, &request).ok().and_then(|opening| opening.open().ok());
            if let Some(store) = &store {
                self.surroundings.state.keep_store(&job.output.dir, store.clone());
            }
            let is_new = self.scheduler.jobs().all(|known| *known != job.name);
            let (last, cut_off) = match store.filter(|_| is_new) {
                Some(store) => {
                    (LastCommitted::newest(&store, &job.name).await, cut_off(&store, job, now).await)
                }
                None => (None, Vec::new()),
            };
            let since = last.as_ref().map_or(now, |(slot, _)| slot.instant().min(now));
            self.scheduler.put(job.name.clone(), &job.schedule, job.scheduling.clone(), since);
            if is_new && is_paused(self.surroundings.state.store(&job.output.dir), &job.name).await {
                self.scheduler.hold(&job.name, true);
            }
            shown.push(JobPicture::of(path, job, last.and_then(|(_, last)| last)));
            for slot in cut_off {
                if !self.scheduler.resume(&job.name, slot, now) {
                    tracing::info!(job.name = %job.name, %slot, "an interrupted slot is not run again");
                }
            }
        }
        tracing::info!(jobs = jobs.len(), folder = %self.library.folder().display(), "jobs read");
        self.jobs = jobs;
        self.surroundings.state.draw(|picture| {
            for job in &mut shown {
                if let Some(known) = picture.jobs.remove(&job.name) {
                    job.last_decision = known.last_decision;
                    job.last_committed = known.last_committed.or(job.last_committed.take());
                }
            }
            picture.jobs = shown.into_iter().map(|job| (job.name.clone(), job)).collect();
            picture.refused = refused;
            picture.jobs_read = true;
        });
    }

    /// Shows how the jobs stand now.
    fn show(&self) {
        let state = &self.surroundings.state;
        let jobs = self.scheduler.jobs();
        state.note_standing(jobs.filter_map(|job| Some((job.clone(), self.scheduler.standing(job)?))));
        state.tick(&self.surroundings.clock);
    }

    fn grant(&mut self, errand: Errand) {
        let Errand { job, wish, answer } = errand;
        let granted = match wish {
            Wish::Trigger(slot) => self.scheduler.ask(&job, slot).map_err(|not| match not {
                NotAsked::NoSuchJob => Declined::NoSuchJob,
                NotAsked::Known => Declined::Known,
                NotAsked::TooMany => Declined::TooMany,
            }),
            Wish::Pause | Wish::Resume if !self.scheduler.hold(&job, wish == Wish::Pause) => {
                Err(Declined::NoSuchJob)
            }
            Wish::Pause => Ok(()),
            Wish::Resume => match self.scheduler.standing(&job).and_then(|standing| standing.paused) {
                Some(Pause::File) => Err(Declined::PausedByFile),
                Some(Pause::Hand) | None => Ok(()),
            },
        };
        tracing::info!(job.name = %job, ?wish, granted = granted.is_ok(), "asked by hand");
        self.show();
        if matches!(wish, Wish::Trigger(_)) || granted == Err(Declined::NoSuchJob) {
            // Whoever asked may have gone; what was asked for stays done.
            let _ = answer.send(granted);
            return;
        }
        let known = self.jobs.values().find(|known| known.name == job);
        let store = known.and_then(|known| self.surroundings.state.store(&known.output.dir));
        let at = (wish == Wish::Pause).then(|| self.surroundings.clock.read_anew().now());
        self.pauses.keep(store, job, at, granted, answer);
    }

    fn decide(&mut self, now: DateTime<Utc>) {
        for decision in self.scheduler.decide(now) {
            self.carry_out(decision);
        }
        let of = |name: &JobName| {
            let (path, job) = self.jobs.iter().find(|(_, job)| job.name == *name)?;
            Some((job, self.library.request(path)))
        };
        self.herald.tell_left(of, now);
    }

    fn carry_out(&mut self, decision: Decision) {
        let at = self.surroundings.clock.read_anew().now();
        let told = |slot, decision, why: &str| LastDecision { at, slot, decision, why: why.to_owned() };
        let state = &self.surroundings.state;
        match decision {
            Decision::Start { job, slot, cause } => {
                state.note_decision(&job, told(slot, DecisionWord::Start, cause.word()));
                self.start(job, slot, cause);
            }
            Decision::Cancel { job, slot } => {
                tracing::warn!(job.name = %job, %slot, "cancelled: a newer slot takes its place");
                state.note_decision(&job, told(slot, DecisionWord::Cancel, "replaced"));
                if let Some(stop) = self.stops.get(&(job, slot)) {
                    stop.order(StopCause::Cancelled(CancelCause::Replaced));
                }
            }
            Decision::Leave { job, slot, why } => {
                tracing::warn!(job.name = %job, %slot, ?why, "the slot is not run");
                state.note_decision(&job, told(slot, DecisionWord::Leave, why.word()));
                self.herald.note_left(&job, slot, why);
                state.draw(|picture| *picture.tallies.left.entry((job, why)).or_default() += 1);
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
        self.herald.note_start(&job);
        let stop = Stop::default();
        self.stops.insert((job.clone(), slot), stop.clone());
        let clock = self.surroundings.clock.read_anew();
        let mut listeners = (self.surroundings.listeners)();
        listeners.push(Box::new(self.surroundings.state.begin_run(&job, slot, clock.now())));
        let execution = Execution {
            request: self.library.request(&path),
            slot,
            clock,
            nonce: (self.surroundings.nonce)(),
            listeners,
            stop,
            state: self.surroundings.state.clone(),
        };
        let running = (self.surroundings.runner)(execution);
        self.running.spawn_local(async move {
            let ended = AssertUnwindSafe(running).catch_unwind().await;
            let bug = |_| Err(Failure::new(FailureKind::Bug, "the run panicked; this is a bug"));
            (job, slot, ended.unwrap_or_else(bug))
        });
    }

    fn note_end(&mut self, ended: Result<(JobName, Slot, Result<Ended, Failure>), JoinError>) {
        // Panics were caught and nobody aborts: only the end of the runtime leaves no answer.
        let Ok((job, slot, ended)) = ended else { return };
        let at = self.surroundings.clock.read_anew().now();
        if let Some((path, known)) = self.jobs.iter().find(|(_, known)| known.name == job) {
            self.herald.run_ended(known, self.library.request(path), slot, &ended, at);
        }
        let (mut told, mut committed) = (None, None);
        let outcome = match ended {
            Ok(Ended::Committed(manifest)) => {
                let not_ok = manifest.counts().into_iter().filter(|(status, _)| !status.is_good());
                let not_ok: u64 = not_ok.map(|(_, hosts)| hosts).sum();
                let hosts = manifest.hosts.len();
                let probes_not_ok = manifest.probes_beyond_threshold() + manifest.probes_not_measured();
                tracing::info!(job.name = %job, %slot, hosts, not_ok, probes_not_ok, "the run is committed");
                committed = Some(LastCommitted::of(&manifest));
                RunOutcome::Committed
            }
            Ok(Ended::LostTo(attempt)) => {
                tracing::info!(job.name = %job, %slot, %attempt, "another attempt has committed this slot");
                RunOutcome::CommittedByOther
            }
            Ok(Ended::Interrupted(_) | Ended::DryRun(_) | Ended::Staged(_)) => {
                tracing::warn!(job.name = %job, %slot, "interrupted: nothing is committed");
                RunOutcome::Interrupted
            }
            Err(failure) if failure.kind == FailureKind::Busy => {
                tracing::warn!(job.name = %job, %slot, %failure, "the slot is somebody else's");
                told = Some(failure.to_string());
                RunOutcome::Interrupted
            }
            Err(failure) => {
                tracing::error!(job.name = %job, %slot, %failure, "the run could not be recorded");
                told = Some(failure.to_string());
                RunOutcome::Failed
            }
        };
        self.surroundings.state.end_run(&job, slot, at, outcome, told, committed);
        let stop = self.stops.remove(&(job.clone(), slot));
        self.scheduler.ended(&job, slot);
        // Taken over by another daemon: stand by, in case that one does not end it.
        let is_lost = stop.and_then(|stop| stop.cause()) == Some(StopCause::Lost);
        if is_lost && !self.scheduler.resume(&job, slot, at) {
            tracing::info!(job.name = %job, %slot, "the slot is left to the other");
        }
    }

    async fn drain(mut self) -> Closed {
        self.surroundings.state.draw(|picture| picture.draining = true);
        let interrupted = !self.running.is_empty();
        for stop in self.stops.values() {
            stop.order(StopCause::Interrupted);
        }
        while let Some(ended) = self.running.join_next().await {
            self.note_end(ended);
        }
        self.pauses.finish().await;
        self.herald.finish().await;
        if interrupted { Closed::Interrupted } else { Closed::Idle }
    }
}

/// Slots that an earlier daemon could not finish, here or on another machine, oldest first.
async fn cut_off(store: &Store, job: &Job, now: DateTime<Utc>) -> Vec<Slot> {
    let mut slots = spools::interrupted(store, &launch::spool_folder(store), &job.name).await;
    if store.folder().is_none() {
        match begun(store, &job.name, now - job.scheduling.catch_up_window).await {
            Ok(begun) => slots.extend(begun),
            Err(error) => {
                tracing::warn!(job.name = %job.name, %error, "slots that were cut off elsewhere cannot be found");
            }
        }
    }
    slots.sort();
    slots.dedup();
    slots
}
