//! The manifest as a fold: any interleaving of the same events gives the same document.

use chrono::{DateTime, Utc};
use lustrum::model::event::{CancelCause, Event, RunHeader, Verdict};
use lustrum::model::failure::{Failure, FailureKind};
use lustrum::model::manifest::Manifest;
use lustrum::model::outcome::{Outcome, Stage, StepName};
use lustrum::model::run::{Attempt, JobName, RunId, Scope, Slot};
use lustrum::model::status::{FinalStatus, Reason};
use lustrum::model::target::HostName;
use proptest::prelude::*;

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
}

fn header() -> RunHeader {
    let job = JobName::parse("daily").unwrap();
    let slot = Slot::at(at(0));
    RunHeader {
        run_id: RunId::new(&job, slot),
        job,
        slot,
        attempt: Attempt::from_bits(0xabc),
        started_at: at(0),
        program_version: "0.0.0".into(),
        plan_digest: "00".into(),
        scope: Scope::Full,
        parent: None,
    }
}

fn host(n: u8) -> HostName {
    HostName::parse(&format!("hv-{n}")).unwrap()
}

/// What four hosts have to tell, each in its own order.
fn stories() -> Vec<Vec<Event>> {
    (0..4u8)
        .map(|n| {
            let step = |name: &str, outcome| Event::StepEnded {
                host: host(n),
                stage: Stage::Preflight,
                step: StepName(name.into()),
                outcome,
                duration_ms: u64::from(n),
                at: at(1),
            };
            let refused = Outcome::Failed { failure: Failure::new(FailureKind::AuthFailed, "no") };
            let reason = if n == 0 { vec![] } else { vec![Reason::AuthFailed] };
            vec![
                step("reach", Outcome::Ok { rows: 0 }),
                step("logon", if n == 0 { Outcome::Ok { rows: 0 } } else { refused }),
                Event::Warning { host: (n % 2 == 0).then(|| host(n)), message: "careful".into() },
                Event::CancelRequested { cause: CancelCause::Operator, at: at(i64::from(n)) },
                Event::HostAudited {
                    host: host(n),
                    verdict: Verdict {
                        status: if n == 0 { FinalStatus::InventoryOk } else { FinalStatus::InventoryError },
                        reachable: true,
                        reasons: reason,
                        baseline_vms: None,
                        coverage: Default::default(),
                    },
                    duration_ms: 5,
                },
            ]
        })
        .collect()
}

fn fold<'a>(events: impl IntoIterator<Item = &'a Event>) -> Manifest {
    let mut manifest = Manifest::open(header(), (0..4).map(host));
    events.into_iter().for_each(|event| manifest.apply(event));
    manifest
}

proptest! {
    #[test]
    fn any_interleaving_gives_the_same_manifest(turns in proptest::collection::vec(0usize..4, 0..60)) {
        let stories = stories();
        let in_order: Vec<&Event> = stories.iter().flatten().collect();
        let mut rest: Vec<_> = stories.iter().map(|story| story.iter()).collect();
        let mut mixed: Vec<&Event> = turns.iter().filter_map(|n| rest[*n].next()).collect();
        mixed.extend(rest.into_iter().flatten());
        prop_assert_eq!(fold(mixed), fold(in_order));
    }
}

#[test]
fn counts_and_reachable_come_from_the_verdicts() {
    let manifest = fold(stories().iter().flatten());
    assert_eq!(manifest.counts()[&FinalStatus::InventoryOk], 1);
    assert_eq!(manifest.counts()[&FinalStatus::InventoryError], 3);
    assert_eq!(manifest.reachable(), 4);
    assert_eq!(manifest.cancelled.unwrap().at, at(0), "the first order to stop stands");
}

#[test]
fn a_manifest_survives_its_own_json() {
    let manifest = fold(stories().iter().flatten());
    let json = serde_json::to_string(&manifest).unwrap();
    assert_eq!(serde_json::from_str::<Manifest>(&json).unwrap(), manifest);
}
