//! The verdict on a host: every reason, the status it leads to, and coverage by id.

use std::collections::BTreeMap;

use lustrum::model::event::{Event, Verdict};
use lustrum::model::failure::{Failure, FailureKind};
use lustrum::model::outcome::{Outcome, StepName};
use lustrum::model::status::{FinalStatus, Reason};
use lustrum::model::target::HostName;
use lustrum::providers::provider::Baseline;
use lustrum::stages::audit::{Evidence, Policy, Sightings, judge, shown};
use lustrum::stages::collect::{Collected, CollectorEnd};
use lustrum::stages::preflight::Refused;
use uuid::Uuid;

const POLICY: Policy = Policy { coverage_threshold: 0.9, allow_partial_ok: false };

fn ids(count: u128) -> Vec<Uuid> {
    (1..=count).map(Uuid::from_u128).collect()
}

fn baseline(count: u128, zero_proven: bool) -> Baseline {
    let vms = ids(count).into_iter().map(|id| (id, format!("vm-{}", id.as_u128()))).collect();
    Baseline { vms, zero_proven, path: "cim".into() }
}

fn ended(outcome: Outcome, seen: Option<Vec<Uuid>>) -> BTreeMap<StepName, CollectorEnd> {
    [(StepName("vinfo".into()), CollectorEnd { outcome, seen })].into()
}

fn collected(owed: u128, seen: u128) -> Collected {
    Collected {
        baseline: Some(Ok(baseline(owed, true))),
        collectors: ended(Outcome::Ok { rows: seen as u64 }, Some(ids(seen))),
        broken_off: None,
    }
}

fn verdict_of(collected: Collected) -> Verdict {
    judge(&Evidence::Collected(collected), POLICY)
}

fn failure(kind: FailureKind) -> Failure {
    Failure::new(kind, "for the test")
}

#[test]
fn a_host_seen_whole_is_ok() {
    let verdict = verdict_of(collected(10, 10));
    assert_eq!((verdict.status, verdict.reasons.len()), (FinalStatus::InventoryOk, 0));
    assert_eq!(verdict.coverage[&StepName("vinfo".into())].share, Some(1.0));
}

#[test]
fn coverage_is_by_id_and_names_what_is_missing() {
    let verdict = verdict_of(collected(10, 8));
    assert_eq!(
        (verdict.status, &verdict.reasons[..]),
        (FinalStatus::InventoryPartial, &[Reason::CoverageGap][..])
    );
    let coverage = &verdict.coverage[&StepName("vinfo".into())];
    let missing: Vec<_> = coverage.missing.iter().map(|vm| vm.vm_name.as_str()).collect();
    assert_eq!(missing, ["vm-9", "vm-10"]);

    // As many ids, but other ones: the count alone would have called this complete.
    let mut same_count = collected(2, 0);
    same_count.collectors =
        ended(Outcome::Ok { rows: 2 }, Some(vec![Uuid::from_u128(1), Uuid::from_u128(77)]));
    let verdict = verdict_of(same_count);
    assert_eq!(verdict.status, FinalStatus::InventoryPartial);
    assert_eq!(verdict.coverage[&StepName("vinfo".into())].unexpected, [Uuid::from_u128(77).to_string()]);
}

#[test]
fn the_threshold_counts_as_enough_and_gaps_can_be_forgiven_but_failures_cannot() {
    assert_eq!(verdict_of(collected(10, 9)).status, FinalStatus::InventoryOk);
    let forgiving = Policy { allow_partial_ok: true, ..POLICY };
    assert_eq!(judge(&Evidence::Collected(collected(10, 2)), forgiving).status, FinalStatus::InventoryOk);
    let mut failing = collected(10, 10);
    failing.collectors =
        ended(Outcome::Partial { rows: 10, failure: failure(FailureKind::RemoteError) }, Some(ids(10)));
    let verdict = judge(&Evidence::Collected(failing), forgiving);
    assert_eq!(
        (verdict.status, &verdict.reasons[..]),
        (FinalStatus::InventoryPartial, &[Reason::CollectorError][..])
    );
}

#[test]
fn zero_is_a_result_only_when_proven() {
    let empty = verdict_of(collected(0, 0));
    assert_eq!(
        (empty.status, &empty.reasons[..]),
        (FinalStatus::InventoryEmpty, &[Reason::NoVmsConfirmed][..])
    );
    assert_eq!(empty.coverage[&StepName("vinfo".into())].share, None);

    let mut unproven = collected(0, 0);
    unproven.baseline = Some(Ok(baseline(0, false)));
    let verdict = verdict_of(unproven);
    assert_eq!(
        (verdict.status, &verdict.reasons[..]),
        (FinalStatus::InventoryError, &[Reason::BaselineError][..])
    );

    // Proven empty, and yet a collector shows VMs: the proof does not hold.
    assert_eq!(verdict_of(collected(0, 3)).status, FinalStatus::InventoryError);
}

#[test]
fn every_failure_leads_where_the_table_says() {
    use FailureKind as K;
    let not_reached = |kind| Evidence::Refused(Refused::NotReached(failure(kind)));
    let not_entered = |kind| Evidence::Refused(Refused::NotEntered(failure(kind)));
    let before_baseline =
        |kind| Evidence::Collected(Collected { broken_off: Some(failure(kind)), ..Collected::default() });
    let after_baseline = |kind| {
        let mut collected = collected(5, 5);
        collected.broken_off = Some(failure(kind));
        Evidence::Collected(collected)
    };
    let no_baseline =
        |kind| Evidence::Collected(Collected { baseline: Some(Err(failure(kind))), ..Collected::default() });
    let table = [
        (Evidence::NotBegun, Reason::NotRun, false),
        (not_reached(K::Unreachable), Reason::Unreachable, false),
        (not_reached(K::TimedOut), Reason::NoAnswer, false),
        (not_reached(K::Tls), Reason::Unreachable, false),
        (not_reached(K::NoAnswer), Reason::NoAnswer, false),
        (not_reached(K::Cancelled), Reason::Cancelled, false),
        (not_entered(K::AuthFailed), Reason::AuthFailed, true),
        (not_entered(K::CredentialBlocked), Reason::CredentialBlocked, true),
        (not_entered(K::NoTicket), Reason::NoTicket, true),
        (not_entered(K::TimedOut), Reason::NoAnswer, true),
        (before_baseline(K::TimedOut), Reason::NoAnswer, true),
        (before_baseline(K::Protocol), Reason::NoAnswer, true),
        (before_baseline(K::Quota), Reason::NoAnswer, true),
        (before_baseline(K::OutputLimit), Reason::OutputLimit, true),
        (before_baseline(K::Cancelled), Reason::Cancelled, true),
        (no_baseline(K::BaselineError), Reason::BaselineError, true),
        (after_baseline(K::TimedOut), Reason::TimedOut, true),
        (after_baseline(K::NoAnswer), Reason::CollectorError, true),
        (after_baseline(K::Corrupt), Reason::CollectorError, true),
        (after_baseline(K::OutputLimit), Reason::OutputLimit, true),
        (after_baseline(K::Cancelled), Reason::Cancelled, true),
    ];
    for (evidence, reason, reachable) in table {
        let verdict = judge(&evidence, POLICY);
        assert_eq!(verdict.reasons, [reason], "{evidence:?}");
        assert_eq!((verdict.status, verdict.reachable), (reason.leads_to(), reachable), "{evidence:?}");
    }
}

#[test]
fn a_vm_on_two_hosts_moved_and_stays_where_it_was_seen_last() {
    let host = |name| HostName::parse(name).unwrap();
    let mut sightings = Sightings::default();
    sightings.note(&host("hv-b"), &shown(&collected(3, 3)));
    sightings.note(&host("hv-a"), &shown(&collected(1, 1)));
    let moved = sightings.moved();
    let expected = Event::VmMoved {
        vm_id: Uuid::from_u128(1).to_string(),
        vm_name: "vm-1".into(),
        seen_on: vec![host("hv-b"), host("hv-a")],
        kept: host("hv-a"),
    };
    assert_eq!(moved, [expected]);
}

#[test]
fn a_host_without_rows_of_a_vm_is_never_the_one_kept() {
    let host = |name| HostName::parse(name).unwrap();
    let mut sightings = Sightings::default();
    sightings.note(&host("hv-a"), &shown(&collected(2, 2)));
    sightings.note(&host("hv-b"), &shown(&collected(2, 1)));
    let kept: Vec<_> = sightings
        .moved()
        .into_iter()
        .map(|event| match event {
            Event::VmMoved { vm_id, kept, .. } => (vm_id, kept),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(kept, [(Uuid::from_u128(1).to_string(), host("hv-b"))]);
}
