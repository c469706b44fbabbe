//! What every stage is given: the clock, the way to tell news, and the order to stop.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::model::event::Event;
use crate::model::failure::{Failure, FailureKind};
use crate::model::outcome::{Outcome, Stage, StepName};
use crate::model::target::HostName;
use crate::stages::audit::ShownVm;
use crate::tables::table::RowBatch;
use crate::time::clock::Clock;

/// What leaves a stage.
#[derive(Clone, Debug)]
pub enum News {
    Event(Event),
    /// Rows of one host, on their way to the spool.
    Rows {
        host: HostName,
        batch: RowBatch,
    },
    /// A host's turn has ended for good; everything else of it was told before.
    Finished {
        host: HostName,
        shown: Vec<ShownVm>,
        at: DateTime<Utc>,
    },
}

/// The surroundings of a step. Cloned freely; all clones share one run.
#[derive(Clone, Debug)]
pub struct Env {
    pub clock: Clock,
    news: mpsc::Sender<News>,
    pub stop: CancellationToken,
}

impl Env {
    pub fn new(clock: Clock, news: mpsc::Sender<News>, stop: CancellationToken) -> Self {
        Self { clock, news, stop }
    }

    /// Waits when the recorder is behind: this is what bounds memory. A recorder that has
    /// gone has already failed the run, so nobody is left to tell.
    pub async fn tell(&self, event: Event) {
        self.send(News::Event(event)).await;
    }

    pub async fn hand_over(&self, host: &HostName, batch: RowBatch) {
        self.send(News::Rows { host: host.clone(), batch }).await;
    }

    pub async fn finish(&self, host: &HostName, shown: Vec<ShownVm>) {
        self.send(News::Finished { host: host.clone(), shown, at: self.clock.now() }).await;
    }

    pub async fn warn(&self, host: &HostName, message: impl Into<String>) {
        self.tell(Event::Warning { host: Some(host.clone()), message: message.into() }).await;
    }

    /// Runs one step: tells its start and its end, and bounds it by the deadline and by the
    /// order to stop. Dropping `work` at any point must be safe.
    pub async fn step<T>(
        &self,
        host: &HostName,
        (stage, name): (Stage, &str),
        deadline: Duration,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let step = StepName(name.to_owned());
        let started = self.clock.instant();
        let at = self.clock.now();
        self.tell(Event::StepStarted { host: host.clone(), stage, step: step.clone(), at }).await;
        let result = self.bounded(deadline, work).await.map_err(|failure| failure.during(name));
        let outcome = match &result {
            Ok(_) => Outcome::Ok { rows: 0 },
            Err(failure) => Outcome::Failed { failure: failure.clone() },
        };
        let duration_ms = millis(started.elapsed());
        let at = self.clock.now();
        self.tell(Event::StepEnded { host: host.clone(), stage, step, outcome, duration_ms, at }).await;
        result
    }

    /// `work`, unless the deadline or the order to stop comes first.
    pub async fn bounded<T>(
        &self,
        deadline: Duration,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(Failure::new(FailureKind::Cancelled, "the run was stopped")),
            ended = tokio::time::timeout(deadline, work) => ended.unwrap_or_else(|_| {
                let message = format!("no end within {:.1} s", deadline.as_secs_f64());
                Err(Failure::new(FailureKind::TimedOut, message))
            }),
        }
    }

    async fn send(&self, news: News) {
        // A closed channel means that the recorder has failed; `engine` reports that.
        let _ = self.news.send(news).await;
    }
}

/// Whole milliseconds, saturating.
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
