//! What follows the end of a run: people are told, and metrics are left.

use std::path::PathBuf;
use std::sync::Arc;

use crate::cli::signals::Signals;
use crate::cli::terminal::Terminal;
use crate::cli::textfile;
use crate::config::job::Job;
use crate::daemon::metrics::of_run;
use crate::daemon::picture::{JobPicture, LastCommitted, RunOutcome};
use crate::daemon::state::{State, Witness};
use crate::engine::run::Ended;
use crate::engine::tidings;
use crate::model::failure::{Failure, FailureKind};
use crate::model::run::{JobName, Slot};
use crate::notify::courier::{Courier, tell_all};
use crate::notify::notice::{Notice, Occasion};
use crate::output::store::Store;
use crate::time::clock::Clock;

/// Never changes how the run ended.
pub struct Aftermath {
    job: JobName,
    couriers: Vec<Courier>,
    textfile: Option<PathBuf>,
    /// The same that a daemon draws, of one run.
    state: Arc<State>,
    clock: Clock,
}

impl Aftermath {
    pub fn of(job: &Job, couriers: Vec<Courier>, textfile: Option<PathBuf>) -> Self {
        let clock = Clock::system();
        let state = State::new(&clock);
        let shown = JobPicture::of("".as_ref(), job, None);
        state.draw(|picture| picture.jobs.insert(job.name.clone(), shown));
        Self { job: job.name.clone(), couriers, textfile, state, clock }
    }

    /// A run begins; what it tells goes to the listener that comes back.
    pub fn begin(&self, slot: Slot) -> Witness {
        self.state.begin_run(&self.job, slot, self.clock.now())
    }

    /// The run has ended. `store` is absent when it could not be opened.
    pub async fn follow(
        &self,
        slot: Slot,
        ended: Result<&Ended, &Failure>,
        store: Option<&Store>,
        terminal: &Terminal,
    ) {
        let outcome = match ended {
            Ok(Ended::Committed(_)) => RunOutcome::Committed,
            Ok(Ended::LostTo(_)) => RunOutcome::CommittedByOther,
            Ok(Ended::Interrupted(_)) => RunOutcome::Interrupted,
            Err(failure) if failure.kind != FailureKind::Busy => RunOutcome::Failed,
            // Nothing was done, or another process is at it.
            Ok(Ended::DryRun(_) | Ended::Staged(_)) | Err(_) => return,
        };
        let at = self.clock.now();
        self.state.end_run(&self.job, slot, at, outcome, None, None);
        self.tell(slot, ended, store, terminal).await;
        if let Some(path) = &self.textfile {
            let last = match store {
                Some(store) => LastCommitted::newest(store, &self.job).await.and_then(|(_, last)| last),
                None => None,
            };
            self.state.draw(|picture| picture.jobs.get_mut(&self.job).map(|job| job.last_committed = last));
            let earlier = textfile::last_success(path, &self.job);
            let text = self.state.read(|picture| of_run(picture, &self.job, earlier));
            if let Err(error) = textfile::write(path, &text) {
                tracing::error!(path = %path.display(), %error, "the metrics were not written");
            }
        }
    }

    async fn tell(
        &self,
        slot: Slot,
        ended: Result<&Ended, &Failure>,
        store: Option<&Store>,
        terminal: &Terminal,
    ) {
        let Some(notice) = self.notice(slot, ended, store).await else { return };
        let telling = async {
            let delivery = tell_all(&self.couriers, &notice).await;
            self.state.note_delivery(&notice, delivery);
        };
        match Signals::listen() {
            Ok(mut signals) => tokio::select! {
                () = telling => {}
                _ = signals.next() => terminal.note("stopped before all notifications were delivered"),
            },
            Err(_) => telling.await,
        }
    }

    async fn notice(
        &self,
        slot: Slot,
        ended: Result<&Ended, &Failure>,
        store: Option<&Store>,
    ) -> Option<Notice> {
        if self.couriers.is_empty() {
            return None;
        }
        let plain = |occasion| Notice::plain(self.job.clone(), slot, occasion, self.clock.now());
        match ended {
            Ok(Ended::Committed(manifest)) => Some(tidings::of_committed(manifest, store?).await),
            Ok(Ended::Interrupted(_)) => Some(plain(Occasion::Interrupted)),
            Err(failure) => Some(Notice { cause: Some(failure.to_string()), ..plain(Occasion::NotRecorded) }),
            // Whoever committed the slot tells of it.
            Ok(Ended::LostTo(_) | Ended::DryRun(_) | Ended::Staged(_)) => None,
        }
    }
}
