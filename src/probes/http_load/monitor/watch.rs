//! The looking itself: at both machines, four times a second, for as long as the load runs.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::probes::http_load::monitor::local::Proc;
use crate::probes::http_load::monitor::recording::Recording;
use crate::probes::http_load::monitor::sample::{LocalSample, TargetSample};
use crate::probes::http_load::monitor::target::Target;
use crate::time::clock::Clock;

/// 4 Hz.
pub const PERIOD: Duration = Duration::from_millis(250);

/// The last looks, for whoever watches a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Latest {
    pub local: Option<LocalSample>,
    pub target: Option<TargetSample>,
}

/// Looks at this machine and, if it has metrics, at the target.
#[derive(Debug)]
pub struct Monitor {
    clock: Clock,
    proc: Proc,
    target: Option<Target>,
    latest: watch::Sender<Latest>,
}

impl Monitor {
    pub fn new(clock: Clock, proc: Proc, target: Option<Target>) -> Self {
        Self { clock, proc, target, latest: watch::Sender::default() }
    }

    pub fn latest(&self) -> watch::Receiver<Latest> {
        self.latest.subscribe()
    }

    /// Looks until `done`; times count from `begun`. A look that comes late moves none of those after
    /// it, and a target that is slow to answer delays no look at this machine.
    pub async fn watch(self, begun: Instant, done: &CancellationToken) -> Recording {
        let recording = Mutex::new(Recording::default());
        tokio::join!(self.look_here(begun, done, &recording), self.ask_target(begun, done, &recording));
        recording.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    async fn look_here(&self, begun: Instant, done: &CancellationToken, recording: &Mutex<Recording>) {
        let (mut before, mut looked_at) = (self.proc.read(), self.clock.instant());
        let mut ticks = tokio::time::interval_at(looked_at + PERIOD, PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                biased;
                () = done.cancelled() => return,
                _ = ticks.tick() => {}
            }
            let (now, counters) = (self.clock.instant(), self.proc.read());
            let sample = LocalSample {
                elapsed_ms: elapsed_ms(begun, now),
                ..counters.since(&before, now - looked_at)
            };
            (before, looked_at) = (counters, now);
            self.latest.send_modify(|latest| latest.local = Some(sample.clone()));
            recording.lock().unwrap_or_else(PoisonError::into_inner).add_local(sample);
        }
    }

    async fn ask_target(&self, begun: Instant, done: &CancellationToken, recording: &Mutex<Recording>) {
        let Some(target) = &self.target else { return };
        let mut asker = target.asker();
        let mut ticks = tokio::time::interval_at(self.clock.instant(), PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            let asked = async {
                ticks.tick().await;
                asker.ask(&self.clock).await
            };
            let answer = tokio::select! {
                biased;
                () = done.cancelled() => return,
                answer = asked => answer,
            };
            let sample = TargetSample { elapsed_ms: elapsed_ms(begun, self.clock.instant()), ..answer };
            self.latest.send_modify(|latest| latest.target = Some(sample.clone()));
            recording.lock().unwrap_or_else(PoisonError::into_inner).add_target(sample);
        }
    }
}

fn elapsed_ms(begun: Instant, now: Instant) -> u64 {
    u64::try_from(now.saturating_duration_since(begun).as_millis()).unwrap_or(u64::MAX)
}
