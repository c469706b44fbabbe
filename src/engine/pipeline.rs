//! Drives every target through its stages, many at once, and judges each as it ends.
//!
//! There is no barrier between stages: a host is collected as soon as it answered.

use std::sync::Arc;

use crate::engine::plan::Plan;
use crate::engine::resume::Beginning;
use crate::engine::stop::{Stop, StopCause};
use crate::engine::tenure::Pass;
use crate::model::event::{CancelCause, Event, Verdict};
use crate::model::failure::{Failure, FailureKind};
use crate::model::outcome::Stage;
use crate::model::status::Reason;
use crate::model::target::Target;
use crate::providers::provider::{Ask, Provider, Session};
use crate::stages::audit::{Evidence, Sightings, judge, shown};
use crate::stages::collect::collect;
use crate::stages::env::{Env, millis};
use crate::stages::fanout::{Ended, fanout};
use crate::stages::gate::Gate;
use crate::stages::preflight::{Refused, preflight};

/// How one target's turn ended.
enum Turn {
    /// A dry run got in, and went out again.
    Entered,
    Judged(Evidence),
}

/// Runs the plan from its beginning to its end or to the order to stop. Gives back where each VM was seen.
pub async fn drive<P: Provider + 'static>(
    plan: Arc<Plan>,
    provider: Arc<P>,
    env: Env,
    stop: Stop,
    beginning: Beginning,
    pass: Pass,
) -> Sightings {
    let deadline = tokio::time::sleep(plan.bounds.run_deadline);
    let hosts = drive_hosts(plan, provider, env.clone(), &stop, beginning, pass);
    tokio::pin!(hosts);
    tokio::select! {
        sightings = &mut hosts => return sightings,
        () = deadline => stop.order(StopCause::Cancelled(CancelCause::Deadline)),
        () = stop.token().cancelled() => {}
    }
    if let Some(StopCause::Cancelled(cause)) = stop.cause() {
        env.tell(Event::CancelRequested { cause, at: env.clock.now() }).await;
    }
    hosts.await
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
