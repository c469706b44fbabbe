//! The picture that the daemon's loop and its runs draw and the HTTP face reads.
//!
//! A lock is held for as long as it takes to copy or change a few values, never over an
//! await: no reader can hold up the loop.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use crate::daemon::picture::{LastCommitted, LastDecision, Notified, Picture, RunOutcome, RunPicture};
use crate::daemon::scheduler::Standing;
use crate::daemon::step_times::StepTotals;
use crate::engine::recorder::Listener;
use crate::model::event::Event;
use crate::model::outcome::Outcome;
use crate::model::run::{JobName, RunId, Slot};
use crate::notify::courier::Delivery;
use crate::notify::notice::Notice;
use crate::output::store::Store;
use crate::time::clock::Clock;

/// Runs that have ended and are still told of.
const ENDED_RUNS_KEPT: usize = 200;

pub type Stores = Arc<RwLock<BTreeMap<String, Store>>>;

/// Shared by everyone who draws or reads.
pub struct State {
    picture: RwLock<Picture>,
    /// The jobs' stores as they were opened last, by root.
    stores: Stores,
    ticked: RwLock<Instant>,
}

impl State {
    pub fn new(clock: &Clock) -> Arc<Self> {
        Arc::new(Self {
            picture: RwLock::default(),
            stores: Stores::default(),
            ticked: RwLock::new(clock.instant()),
        })
    }

    pub fn stores(&self) -> &Stores {
        &self.stores
    }

    pub(in crate::daemon) fn keep_store(&self, root: &str, store: Store) {
        self.stores.write().unwrap_or_else(PoisonError::into_inner).insert(root.to_owned(), store);
    }

    /// A store as it was opened last.
    pub(in crate::daemon) fn store(&self, root: &str) -> Option<Store> {
        self.stores.read().unwrap_or_else(PoisonError::into_inner).get(root).cloned()
    }

    /// How the notices of a run, or of slots that are not run, went out.
    pub fn note_delivery(&self, notice: &Notice, delivery: Delivery) {
        let run_id = RunId::new(&notice.job, notice.slot);
        self.draw(|picture| {
            for (outcome, number) in [(Notified::Sent, delivery.sent), (Notified::Failed, delivery.failed)] {
                *picture.tallies.notified.entry((notice.job.clone(), outcome)).or_default() += number;
            }
            if let Some(run) = picture.runs.iter_mut().rev().find(|run| run.run_id == run_id) {
                run.undelivered_notifications += delivery.failed;
            }
        });
    }

    /// Reads without copying; be quick.
    pub fn read<T>(&self, show: impl FnOnce(&Picture) -> T) -> T {
        // A panic while drawing leaves numbers behind, never a broken picture.
        show(&self.picture.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn draw<T>(&self, change: impl FnOnce(&mut Picture) -> T) -> T {
        change(&mut self.picture.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// The loop has turned.
    pub(in crate::daemon) fn tick(&self, clock: &Clock) {
        *self.ticked.write().unwrap_or_else(PoisonError::into_inner) = clock.instant();
    }

    /// How long ago the loop turned last.
    pub fn since_tick(&self, clock: &Clock) -> Duration {
        let ticked = *self.ticked.read().unwrap_or_else(PoisonError::into_inner);
        clock.instant().saturating_duration_since(ticked)
    }

    /// Takes over how jobs stand.
    pub(in crate::daemon) fn note_standing(&self, standing: impl Iterator<Item = (JobName, Standing)>) {
        self.draw(|picture| {
            for (name, standing) in standing {
                let Some(job) = picture.jobs.get_mut(&name) else { continue };
                job.paused = standing.paused;
                job.next_slot = standing.next_slot;
                job.next_start_at = standing.next_start;
                job.running = standing.running;
                job.waiting = standing.waiting;
                job.oldest_due = standing.oldest_due;
            }
        });
    }

    pub(in crate::daemon) fn note_decision(&self, job: &JobName, decision: LastDecision) {
        self.draw(|picture| {
            if let Some(job) = picture.jobs.get_mut(job) {
                job.last_decision = Some(decision);
            }
        });
    }

    /// A committed run could not be published.
    pub(in crate::daemon) fn note_unpublished(&self, job: &JobName) {
        self.draw(|picture| *picture.tallies.unpublished.entry(job.clone()).or_default() += 1);
    }

    /// A run begins. What it tells goes to the listener that comes back.
    pub fn begin_run(self: &Arc<Self>, job: &JobName, slot: Slot, started_at: DateTime<Utc>) -> Witness {
        let run_id = RunId::new(job, slot);
        let run = RunPicture {
            run_id: run_id.clone(),
            job: job.clone(),
            slot,
            started_at,
            ended_at: None,
            outcome: RunOutcome::Running,
            hosts: None,
            counts: BTreeMap::new(),
            bytes: 0,
            steps: Vec::new(),
            failure: None,
            undelivered_notifications: 0,
        };
        self.draw(|picture| picture.runs.push_back(run));
        Witness { state: self.clone(), job: job.clone(), run_id }
    }

    /// A run has ended; with `committed`, in a manifest.
    pub fn end_run(
        &self,
        job: &JobName,
        slot: Slot,
        ended_at: DateTime<Utc>,
        outcome: RunOutcome,
        failure: Option<String>,
        committed: Option<LastCommitted>,
    ) {
        let run_id = RunId::new(job, slot);
        self.draw(|picture| {
            *picture.tallies.runs.entry((job.clone(), outcome)).or_default() += 1;
            if let Some(run) = going(picture, &run_id) {
                run.ended_at = Some(ended_at);
                run.outcome = outcome;
                run.failure = failure;
            }
            let last = picture.jobs.get_mut(job).map(|job| &mut job.last_committed);
            if let (Some(last), Some(committed)) = (last, committed)
                // A slot of the past that was run now is not the newest.
                && last.as_ref().is_none_or(|last| last.slot <= committed.slot)
            {
                *last = Some(committed);
            }
            let ended = picture.runs.iter().filter(|run| run.ended_at.is_some()).count();
            if ended > ENDED_RUNS_KEPT
                && let Some(oldest) = picture.runs.iter().position(|run| run.ended_at.is_some())
            {
                picture.runs.remove(oldest);
            }
        });
    }
}

fn going<'a>(picture: &'a mut Picture, run_id: &RunId) -> Option<&'a mut RunPicture> {
    picture.runs.iter_mut().rev().find(|run| run.run_id == *run_id && run.ended_at.is_none())
}

/// Hears a run's events and draws them.
pub struct Witness {
    state: Arc<State>,
    job: JobName,
    run_id: RunId,
}

impl Listener for Witness {
    fn hear(&mut self, event: &Event) {
        // What never began took no time.
        if matches!(event, Event::StepEnded { outcome: Outcome::NotRun { .. }, .. }) {
            return;
        }
        self.state.draw(|picture| {
            match event {
                Event::StepEnded { stage, step, duration_ms, .. } => {
                    picture.tallies.steps.entry((*stage, step.clone())).or_default().note(*duration_ms);
                }
                Event::ArtifactWritten { artifact } => {
                    *picture.tallies.written_bytes.entry(self.job.clone()).or_default() += artifact.bytes;
                }
                _ => {}
            }
            let Some(run) = going(picture, &self.run_id) else { return };
            match event {
                Event::RunStarted { hosts, .. } => run.hosts = Some(hosts.len() as u64),
                Event::StepEnded { stage, step, duration_ms, .. } => {
                    StepTotals::note(&mut run.steps, *stage, step, *duration_ms);
                }
                Event::HostAudited { verdict, .. } => *run.counts.entry(verdict.status).or_default() += 1,
                Event::ArtifactWritten { artifact } => run.bytes += artifact.bytes,
                _ => {}
            }
        });
    }
}
