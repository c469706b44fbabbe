//! What follows the end of a run: people are told.

use crate::cli::signals::Signals;
use crate::cli::terminal::Terminal;
use crate::engine::run::Ended;
use crate::engine::tidings;
use crate::model::failure::{Failure, FailureKind};
use crate::model::run::{JobName, Slot};
use crate::notify::courier::{Courier, tell_all};
use crate::notify::notice::{Notice, Occasion};
use crate::output::store::Store;
use crate::time::clock::Clock;

/// Never changes how the run ended.
#[derive(Debug)]
pub struct Aftermath {
    pub job: JobName,
    pub couriers: Vec<Courier>,
}

impl Aftermath {
    /// `store` is absent when it could not be opened.
    pub async fn follow(
        &self,
        slot: Slot,
        ended: Result<&Ended, &Failure>,
        store: Option<&Store>,
        terminal: &Terminal,
    ) {
        let Some(notice) = self.notice(slot, ended, store).await else { return };
        let telling = tell_all(&self.couriers, &notice);
        match Signals::listen() {
            Ok(mut signals) => tokio::select! {
                _ = telling => {}
                _ = signals.next() => terminal.note("stopped before all notifications were delivered"),
            },
            Err(_) => {
                telling.await;
            }
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
        let plain = |occasion| Notice::plain(self.job.clone(), slot, occasion, Clock::system().now());
        match ended {
            Ok(Ended::Committed(manifest)) => Some(tidings::of_committed(manifest, store?).await),
            Ok(Ended::Interrupted(_)) => Some(plain(Occasion::Interrupted)),
            Err(failure) if failure.kind != FailureKind::Busy => {
                Some(Notice { cause: Some(failure.to_string()), ..plain(Occasion::NotRecorded) })
            }
            // Whoever committed the slot, or is at work on it, tells of it.
            Ok(Ended::LostTo(_) | Ended::DryRun(_)) | Err(_) => None,
        }
    }
}
