//! One probe of a run: told to begin, bounded, and what it brought in.

use std::time::Duration;

use tokio::task::{JoinError, JoinSet};

use crate::model::event::Event;
use crate::model::failure::{Failure, FailureKind};
use crate::model::probe::{ProbeEnding, ProbeName, ProbeRecord, ProbeVerdict};
use crate::probes::catalogue::PlannedProbe;
use crate::probes::probe::{Ground, Harvest, Probe};
use crate::stages::env::{Env, millis};

/// A probe that was told to end has this long to hand over what it measured.
const GRACE: Duration = Duration::from_secs(20);

/// Measures, and tells how it went. Stopped or over its deadline, a probe has failed, and
/// what it measured until then is there.
pub async fn measure(env: &Env, planned: &PlannedProbe, ground: Ground) -> Harvest {
    let (kind, name) = (planned.probe.kind(), planned.name.clone());
    env.tell(Event::ProbeStarted { probe: name.clone(), kind, at: env.clock.now() }).await;
    let started = env.clock.instant();
    let (verdict, harvest) = bounded(env, planned, ground).await;
    for message in &harvest.warnings {
        let message = format!("probe {name}: {message}");
        env.tell(Event::Warning { host: None, message }).await;
    }
    let record = ProbeRecord {
        kind,
        verdict,
        rows: harvest.rows(),
        duration_ms: millis(started.elapsed()),
        ended_at: env.clock.now(),
    };
    env.tell(Event::ProbeEnded { probe: name, record }).await;
    harvest
}

/// A probe whose turn does not come.
pub async fn leave(env: &Env, planned: &PlannedProbe, failure: Failure) {
    let record = ProbeRecord {
        kind: planned.probe.kind(),
        verdict: ProbeVerdict::not_run(failure),
        rows: 0,
        duration_ms: 0,
        ended_at: env.clock.now(),
    };
    env.tell(Event::ProbeEnded { probe: planned.name.clone(), record }).await;
}

async fn bounded(env: &Env, planned: &PlannedProbe, ground: Ground) -> (ProbeVerdict, Harvest) {
    let stop = env.stop.child_token();
    let probe = planned.probe.clone();
    let ground = Ground { stop: stop.clone(), ..ground };
    // A task of its own: a panic in a probe is its failure, not the run's.
    let mut measuring = JoinSet::new();
    measuring.spawn(async move {
        let mut harvest = Harvest::default();
        let verdict = probe.measure(&ground, &mut harvest).await;
        (verdict, harvest)
    });
    let cut_off = tokio::select! {
        Some(ended) = measuring.join_next() => {
            return ended.unwrap_or_else(|error| broken(&planned.name, &error));
        }
        () = env.stop.cancelled() => Failure::new(FailureKind::Cancelled, "the run was stopped"),
        () = tokio::time::sleep(planned.deadline) => {
            let message = format!("no end within {:.1} s", planned.deadline.as_secs_f64());
            Failure::new(FailureKind::TimedOut, message)
        }
    };
    stop.cancel();
    match tokio::time::timeout(GRACE, measuring.join_next()).await {
        Ok(Some(Ok((verdict, harvest)))) => {
            let ending = ProbeEnding::Failed { failure: cut_off };
            (ProbeVerdict { ending, ..verdict }, harvest)
        }
        Ok(Some(Err(error))) => broken(&planned.name, &error),
        // Dropping the set takes the probe down.
        Ok(None) | Err(_) => (ProbeVerdict::failed(cut_off), Harvest::default()),
    }
}

fn broken(name: &ProbeName, error: &JoinError) -> (ProbeVerdict, Harvest) {
    tracing::error!(probe.name = %name, %error, "a probe panicked; this is a bug");
    let failure = Failure::new(FailureKind::Bug, format!("internal error, please report it: {error}"));
    (ProbeVerdict::failed(failure), Harvest::default())
}
