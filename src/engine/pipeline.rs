//! Drives every target through its stages, many at once, and judges each as it ends; then the
//! probes, one after another, so that they measure neither the collecting nor each other.
//!
//! There is no barrier between a host's stages: it is collected as soon as it answered.

use std::path::Path;
use std::sync::Arc;

use crate::engine::plan::Plan;
use crate::engine::resume::Beginning;
use crate::engine::stop::{Stop, StopCause};
use crate::engine::tenure::Pass;
use crate::model::event::{CancelCause, Event, Verdict};
use crate::model::failure::{Failure, FailureKind};
use crate::model::outcome::Stage;
use crate::model::probe::ProbeName;
use crate::model::status::Reason;
use crate::model::target::Target;
use crate::probes::probe::{Ground, Harvest};
use crate::providers::provider::{Ask, Provider, Session};
use crate::stages::audit::{Evidence, Sightings, judge, shown};
use crate::stages::collect::collect;
use crate::stages::env::{Env, millis};
use crate::stages::fanout::{Ended, fanout};
use crate::stages::gate::Gate;
use crate::stages::preflight::{Refused, preflight};
use crate::stages::probe;

/// How one target's turn ended.
enum Turn {
    /// A dry run got in, and went out again.
    Entered,
    Judged(Evidence),
}

/// What driving a plan leaves besides rows and news.
pub struct Driven {
    /// Where each VM was seen.
    pub sightings: Sightings,
    /// In the order of the plan.
    pub harvests: Vec<(ProbeName, Harvest)>,
}

/// Runs the plan from its beginning to its end or to the order to stop. `live` is the folder of
/// what probes write while they measure; absent where this process measures nothing.
pub async fn drive<P: Provider + 'static>(
    plan: Arc<Plan>,
    provider: Arc<P>,
    env: Env,
    stop: Stop,
    beginning: Beginning,
    pass: Pass,
    live: Option<&Path>,
) -> Driven {
    let deadline = tokio::time::sleep(plan.bounds.run_deadline);
    let working = async {
        let sightings = drive_hosts(plan.clone(), provider, env.clone(), &stop, beginning, pass).await;
        let harvests = match live {
            Some(live) => measure(&plan, &env, live).await,
            None => Vec::new(),
        };
        Driven { sightings, harvests }
    };
    tokio::pin!(working);
    tokio::select! {
        driven = &mut working => return driven,
        () = deadline => stop.order(StopCause::Cancelled(CancelCause::Deadline)),
        () = stop.token().cancelled() => {}
    }
    if let Some(StopCause::Cancelled(cause)) = stop.cause() {
        env.tell(Event::CancelRequested { cause, at: env.clock.now() }).await;
    }
    working.await
}

async fn measure(plan: &Plan, env: &Env, live: &Path) -> Vec<(ProbeName, Harvest)> {
    let mut harvests = Vec::new();
    for planned in &plan.probes {
        if env.stop.is_cancelled() {
            let failure = Failure::new(FailureKind::Cancelled, "the run was stopped before");
            probe::leave(env, planned, failure).await;
            continue;
        }
        let folder = live.join(planned.name.as_str());
        if let Err(error) = std::fs::create_dir_all(&folder) {
            let message = format!("cannot make the folder {}: {error}", folder.display());
            probe::leave(env, planned, Failure::new(FailureKind::Store, message)).await;
            continue;
        }
        let ground = Ground {
            name: planned.name.clone(),
            clock: env.clock.clone(),
            stop: env.stop.clone(),
            hosts: planned.hosts.clone(),
            folder,
        };
        harvests.push((planned.name.clone(), probe::measure(env, planned, ground).await));
    }
    harvests
}

async fn drive_hosts<P: Provider + 'static>(
    plan: Arc<Plan>,
    provider: Arc<P>,
    env: Env,
    stop: &Stop,
    beginning: Beginning,
    pass: Pass,
) -> Sightings {
    let Beginning { to_ask, given_up, mut sightings, gate } = beginning;
    let gate = Arc::new(gate);
    for index in given_up {
        let host = plan.targets[index].host.clone();
        let verdict = judge(&Evidence::NotBegun, plan.policy);
        env.tell(Event::HostAudited { host, verdict, duration_ms: 0 }).await;
    }
    let work = {
        let (plan, env) = (plan.clone(), env.clone());
        move |index: usize| {
            let (plan, provider, env, gate) = (plan.clone(), provider.clone(), env.clone(), gate.clone());
            let pass = pass.clone();
            async move {
                let started = env.clock.instant();
                if !pass.wait().await {
                    return (Turn::Judged(Evidence::NotBegun), 0);
                }
                let turn = take_turn(&plan, provider.as_ref(), &env, &gate, &plan.targets[index]).await;
                (turn, millis(started.elapsed()))
            }
        }
    };
    fanout(to_ask, plan.bounds.concurrency, stop.token(), work, async |ended| {
        let (index, turn, duration_ms) = match ended {
            Ended::Done(index, (turn, duration_ms)) => (index, turn, duration_ms),
            Ended::Panicked(index, text) => {
                tracing::error!(host.name = %plan.targets[index].host, text, "a step panicked; this is a bug");
                (index, Turn::Judged(Evidence::Broken(text)), 0)
            }
            Ended::NotBegun(index) => (index, Turn::Judged(Evidence::NotBegun), 0),
        };
        let Turn::Judged(evidence) = turn else { return };
        let host = &plan.targets[index].host;
        let shown = match &evidence {
            Evidence::Collected(collected) => shown(collected),
            _ => Vec::new(),
        };
        sightings.note(host, &shown);
        if let Evidence::Broken(text) = &evidence {
            env.warn(host, format!("internal error, please report it: {text}")).await;
        }
        let verdict = judge(&evidence, plan.policy);
        let for_good = !plan.dry_run && ended_for_good(&verdict);
        env.tell(Event::HostAudited { host: host.clone(), verdict, duration_ms }).await;
        if for_good {
            env.finish(host, shown).await;
        }
    })
    .await;
    sightings
}

/// A host that was cut off by the order to stop is asked again by the next try at the slot.
fn ended_for_good(verdict: &Verdict) -> bool {
    !verdict.reasons.iter().any(|reason| matches!(reason, Reason::Cancelled | Reason::NotRun))
}

async fn take_turn<P: Provider>(plan: &Plan, provider: &P, env: &Env, gate: &Gate, target: &Target) -> Turn {
    let deadline = plan.bounds.preflight_deadline;
    let Some(credential) = plan.credentials.get(&target.credential) else {
        let message = format!("the plan holds no credential `{}`", target.credential);
        return Turn::Judged(Evidence::Refused(Refused::NotEntered(Failure::new(FailureKind::Bug, message))));
    };
    let reached = match preflight(env, provider, gate, target.clone(), credential, deadline).await {
        Ok(reached) => reached,
        Err(refused) => return Turn::Judged(Evidence::Refused(refused)),
    };
    if plan.dry_run {
        let (_, session) = reached.into_parts();
        if let Err(failure) = session.close().await {
            env.warn(
                &target.host,
                format!("closing after the {} failed: {failure}", Stage::Preflight.word()),
            )
            .await;
        }
        return Turn::Entered;
    }
    let ask = Ask {
        tables: plan.tables.iter().map(|table| table.id).collect(),
        collected_at: env.clock.now(),
        collector_deadline: plan.bounds.collector_deadline,
    };
    Turn::Judged(Evidence::Collected(collect(env, reached, &ask, plan.bounds.host_deadline).await))
}
