//! Tells people what the loop sees: the ends of runs, and slots that are not run.
//!
//! The loop never waits for a receiver: every notice goes out in a task of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::task::JoinSet;

use crate::config::job::Job;
use crate::config::load::{self, Request};
use crate::daemon::scheduler::Left;
use crate::daemon::state::State;
use crate::engine::run::Ended;
use crate::engine::tidings;
use crate::model::failure::{Failure, FailureKind};
use crate::model::manifest::Manifest;
use crate::model::run::{JobName, Slot};
use crate::notify::courier::tell_all;
use crate::notify::notice::{Notice, Occasion};
use crate::output::store::Store;

/// What a daemon that ends waits for notices that are under way: less than a supervisor
/// waits for the daemon.
const PATIENCE_AT_THE_END: Duration = Duration::from_secs(15);

pub struct Herald {
    state: Arc<State>,
    tellings: JoinSet<()>,
    /// Jobs whose last run could not be recorded.
    unrecorded: BTreeSet<JobName>,
    /// Slots that were left since the last word of them.
    left: BTreeMap<JobName, (Slot, Left, u64)>,
    /// Jobs that left slots and have started none since: people know.
    known: BTreeSet<JobName>,
}

/// What one telling needs of its job.
struct Matter {
    job: Job,
    request: Request,
    store: Option<Store>,
}

impl Herald {
    pub fn new(state: Arc<State>) -> Self {
        Self {
            state,
            tellings: JoinSet::new(),
            unrecorded: BTreeSet::new(),
            left: BTreeMap::new(),
            known: BTreeSet::new(),
        }
    }

    pub fn note_start(&mut self, job: &JobName) {
        self.known.remove(job);
    }

    /// A slot is not run. It is told of with others by [`Herald::tell_left`].
    pub fn note_left(&mut self, job: &JobName, slot: Slot, why: Left) {
        // Whoever paused a job knows it.
        if why == Left::Paused {
            return;
        }
        let (newest, cause, slots) = self.left.entry(job.clone()).or_insert((slot, why, 0));
        (*newest, *cause, *slots) = ((*newest).max(slot), why, *slots + 1);
    }

    /// Tells of the slots that were left; of several in a row, the first ones.
    pub fn tell_left<'a>(&mut self, of: impl Fn(&JobName) -> Option<(&'a Job, Request)>, at: DateTime<Utc>) {
        for (name, (slot, why, slots)) in std::mem::take(&mut self.left) {
            if !self.known.insert(name.clone()) {
                continue;
            }
            let Some(matter) = of(&name).and_then(|(job, request)| self.matter(job, request)) else {
                continue;
            };
            let cause = match why {
                Left::Missed => "it could not start in time",
                Left::StillRunning => "the run before still goes on",
                Left::Overtaken => "a newer slot took its place",
                Left::Paused => "the job is paused",
            };
            let notice = Notice {
                cause: Some(cause.to_owned()),
                missed_slots: slots,
                ..Notice::plain(name, slot, Occasion::Missed, at)
            };
            self.tell(matter, notice);
        }
    }

    /// A run has ended, in whatever way.
    pub fn run_ended(
        &mut self,
        job: &Job,
        request: Request,
        slot: Slot,
        ended: &Result<Ended, Failure>,
        at: DateTime<Utc>,
    ) {
        let was_unrecorded = match ended {
            Ok(Ended::Committed(_) | Ended::LostTo(_)) => self.unrecorded.remove(&job.name),
            Err(failure) if failure.kind != FailureKind::Busy => !self.unrecorded.insert(job.name.clone()),
            _ => false,
        };
        let Some(matter) = self.matter(job, request) else { return };
        match ended {
            Ok(Ended::Committed(manifest)) => self.tell_committed(matter, manifest.clone(), was_unrecorded),
            Ok(Ended::Interrupted(_)) => {
                self.tell(matter, Notice::plain(job.name.clone(), slot, Occasion::Interrupted, at));
            }
            Err(failure) if failure.kind != FailureKind::Busy => {
                let mut notice = Notice::plain(job.name.clone(), slot, Occasion::NotRecorded, at);
                notice.cause = Some(failure.to_string());
                notice.since.changed = !was_unrecorded;
                self.tell(matter, notice);
            }
            // Whoever committed the slot, or is at work on it, tells of it.
            Ok(Ended::LostTo(_) | Ended::DryRun(_) | Ended::Staged(_)) | Err(_) => {}
        }
    }

    /// Waits a moment for what is under way.
    pub async fn finish(mut self) {
        let all = async { while self.tellings.join_next().await.is_some() {} };
        if tokio::time::timeout(PATIENCE_AT_THE_END, all).await.is_err() {
            tracing::error!(
                left = self.tellings.len(),
                "the daemon ends before all notifications are delivered"
            );
        }
    }

    /// `None` when nobody wants to hear of the job.
    fn matter(&self, job: &Job, request: Request) -> Option<Matter> {
        let store = || self.state.store(&job.output.dir);
        (!job.notify.is_empty()).then(|| Matter { job: job.clone(), request, store: store() })
    }

    fn tell(&mut self, matter: Matter, notice: Notice) {
        let state = self.state.clone();
        self.spawn(async move { deliver(&matter, &notice, &state).await });
    }

    fn tell_committed(&mut self, matter: Matter, manifest: Arc<Manifest>, was_unrecorded: bool) {
        let state = self.state.clone();
        self.spawn(async move {
            let Some(store) = &matter.store else { return };
            let mut notice = tidings::of_committed(&manifest, store).await;
            notice.since.recovered |= was_unrecorded && notice.occasion == Occasion::AllOk;
            notice.since.changed |= was_unrecorded;
            deliver(&matter, &notice, &state).await;
        });
    }

    fn spawn(&mut self, telling: impl Future<Output = ()> + 'static) {
        while self.tellings.try_join_next().is_some() {}
        self.tellings.spawn_local(telling);
    }
}

async fn deliver(matter: &Matter, notice: &Notice, state: &State) {
    // Secrets are read now: one that was changed holds.
    let delivery = tell_all(&load::couriers(&matter.job, &matter.request), notice).await;
    state.note_delivery(notice, delivery);
}
