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

/// The last look comes early, so that a load of less than a period is seen too; not earlier than
/// this: the kernel counts CPU time in steps of 10 ms.
const SHORTEST: Duration = Duration::from_millis(50);

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
}

impl Monitor {
    pub fn new(clock: Clock, proc: Proc, target: Option<Target>) -> Self {
        Self { clock, proc, target }
    }

    /// Drives the work and looks meanwhile.
    pub async fn during<T>(
        &self,
        begun: Instant,
        latest: &watch::Sender<Latest>,
        work: impl Future<Output = T>,
    ) -> (T, Recording) {
        let done = CancellationToken::new();
        let working = async {
            let ended = work.await;
            done.cancel();
            ended
        };
        tokio::join!(working, self.watch(begun, &done, latest))
    }

    /// Looks until `done`; times count from `begun`. A look that comes late moves none of those after
    /// it, and a target that is slow to answer delays no look at this machine.
    pub async fn watch(
        &self,
        begun: Instant,
        done: &CancellationToken,
        latest: &watch::Sender<Latest>,
    ) -> Recording {
        let recording = Mutex::new(Recording::default());
        let keep = Keep { begun, done, latest, recording: &recording };
        tokio::join!(self.look_here(&keep), self.ask_target(&keep));
        recording.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    async fn look_here(&self, keep: &Keep<'_>) {
        let (mut before, mut looked_at) = (self.proc.read(), self.clock.instant());
        let mut ticks = tokio::time::interval_at(looked_at + PERIOD, PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            let is_done = tokio::select! {
                biased;
                () = keep.done.cancelled() => true,
                _ = ticks.tick() => false,
            };
            let (now, counters) = (self.clock.instant(), self.proc.read());
            if is_done && now - looked_at < SHORTEST {
                return;
            }
            let sample = LocalSample {
                elapsed_ms: elapsed_ms(keep.begun, now),
                ..counters.since(&before, now - looked_at)
            };
            (before, looked_at) = (counters, now);
            keep.latest.send_modify(|latest| latest.local = Some(sample.clone()));
            keep.recording.lock().unwrap_or_else(PoisonError::into_inner).add_local(sample);
            if is_done {
                return;
            }
        }
    }

    async fn ask_target(&self, keep: &Keep<'_>) {
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
                () = keep.done.cancelled() => return,
                answer = asked => answer,
            };
            let sample = TargetSample { elapsed_ms: elapsed_ms(keep.begun, self.clock.instant()), ..answer };
            keep.latest.send_modify(|latest| latest.target = Some(sample.clone()));
            keep.recording.lock().unwrap_or_else(PoisonError::into_inner).add_target(sample);
        }
    }
}

/// Where looks go.
struct Keep<'a> {
    begun: Instant,
    done: &'a CancellationToken,
    latest: &'a watch::Sender<Latest>,
    recording: &'a Mutex<Recording>,
}

fn elapsed_ms(begun: Instant, now: Instant) -> u64 {
    u64::try_from(now.saturating_duration_since(begun).as_millis()).unwrap_or(u64::MAX)
}
