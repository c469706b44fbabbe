//! What shards stage and the finalizer commits, beside the same run in one piece.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use lustrum::engine::plan::Plan;
use lustrum::engine::run::Ended;
use lustrum::engine::shards::{self, ShardError};
use lustrum::engine::share::Share;
use lustrum::history::ledger::RunRef;
use lustrum::model::event::{CancelCause, RunHeader};
use lustrum::model::manifest::{Cancelled, Manifest};
use lustrum::model::run::{Attempt, JobName, RunId, Scope, Slot};
use lustrum::model::shard::Shard;
use lustrum::model::status::{FinalStatus, Reason};
use lustrum::output::layout;
use lustrum::output::store::Store;
use lustrum::simulator::fleet::FleetSpec;
use object_store::memory::InMemory;

use crate::world::fault_store::{FaultStore, Faults, When};
use crate::world::resumable_run::{ResumableRun, Try, objects, parts, timeless};

const HOSTS: usize = 9;

fn fleet() -> FleetSpec {
    let spec = FleetSpec::new(HOSTS, 2, 7);
    spec.with_fault(1, "wrong_password".parse().unwrap()).with_fault(2, "missing_end".parse().unwrap())
}

fn with(plan: &Plan, share: Share) -> Plan {
    Plan { share, ..plan.clone() }
}

async fn shard(run: &ResumableRun, store: &Store, shard: Shard, how: Try) -> Ended {
    run.try_plan(with(&run.plan, Share::Shard(shard)), store, how).await.unwrap()
}

async fn finalized(run: &ResumableRun, store: &Store, cancelled: Option<Cancelled>) -> Arc<Manifest> {
    let ended = run.try_plan(with(&run.plan, Share::Finalizer { cancelled }), store, Try::default()).await;
    match ended.unwrap() {
        Ended::Committed(manifest) => manifest,
        other => panic!("{other:?}"),
    }
}

/// Hosts that the order to stop did not cut off.
fn told_for_good(manifest: &Manifest) -> u64 {
    let verdicts = manifest.hosts.values().filter_map(|host| host.verdict.as_ref());
    let cut_off = |reason: &Reason| matches!(reason, Reason::Cancelled | Reason::NotRun);
    verdicts.filter(|verdict| !verdict.reasons.iter().any(cut_off)).count() as u64
}

/// Without the book of logons, which one process does not keep.
async fn published(store: &Store) -> BTreeMap<String, bytes::Bytes> {
    let mut objects = objects(store).await;
    objects.retain(|key, _| !key.contains("/auth/"));
    objects
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_finalizer_commits_what_one_run_commits() {
    let run = ResumableRun::of(fleet()).await;
    let whole = Store::memory();
    let undisturbed = run.committed(&whole).await;
    for of in [1, 2, 5, 12] {
        let store = Store::memory();
        let mut told = BTreeSet::new();
        for one in Shard::all(of) {
            let Ended::Staged(manifest) = shard(&run, &store, one, Try::default()).await else { panic!() };
            assert!(manifest.hosts.keys().all(|host| one.holds(host) && told.insert(host.clone())));
            assert!(
                published(&store).await.keys().all(|key| key.contains("/staged/")),
                "a shard commits nothing"
            );
        }
        assert_eq!(told.len(), HOSTS);
        let shells = run.simulator.tally().shells_opened;
        let merged = finalized(&run, &store, None).await;
        assert_eq!(run.simulator.tally().shells_opened, shells, "the finalizer asks nobody");
        assert_eq!(merged.taken_up_hosts, Some(HOSTS as u64));
        assert_eq!(timeless(&merged), timeless(&undisturbed), "{of} shards");
        assert_eq!(published(&store).await, published(&whole).await, "{of} shards");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shard_that_was_cut_off_goes_on_where_it_was() {
    let run = ResumableRun::of(FleetSpec::new(HOSTS, 2, 7)).await;
    let (whole, store) = (Store::memory(), Store::memory());
    let undisturbed = run.committed(&whole).await;
    for one in Shard::all(2) {
        let cut = shard(&run, &store, one, Try { stop_after: Some(1), ..Try::default() }).await;
        let Ended::Interrupted(cut) = cut else { panic!("{cut:?}") };
        // The next pod stands on another machine: only what is staged is there.
        std::fs::remove_file(run.spool()).unwrap();
        let Ended::Staged(manifest) = shard(&run, &store, one, Try::default()).await else { panic!() };
        assert!(told_for_good(&cut) >= 1);
        assert_eq!(manifest.taken_up_hosts, Some(told_for_good(&cut)));
    }
    assert_eq!(timeless(&*finalized(&run, &store, None).await), timeless(&undisturbed));
    assert_eq!(published(&store).await, published(&whole).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_missing_shard_had_staged_counts_and_the_rest_is_not_run() {
    let run = ResumableRun::of(FleetSpec::new(HOSTS, 1, 7)).await;
    let store = Store::memory();
    let [ended, cut] = [Shard::new(0, 2).unwrap(), Shard::new(1, 2).unwrap()];
    shard(&run, &store, ended, Try::default()).await;
    let Ended::Interrupted(told) =
        shard(&run, &store, cut, Try { stop_after: Some(1), ..Try::default() }).await
    else {
        panic!()
    };
    std::fs::remove_file(run.spool()).unwrap();
    let at = "2026-11-21T06:30:00Z".parse().unwrap();
    let merged = finalized(&run, &store, Some(Cancelled { at, cause: CancelCause::Deadline })).await;
    let not_run: BTreeSet<_> = merged
        .hosts
        .iter()
        .filter(|(_, record)| record.verdict.as_ref().unwrap().reasons.iter().any(|r| r.word() == "not_run"))
        .map(|(host, _)| host.clone())
        .collect();
    let held = run.plan.hosts().filter(|host| cut.holds(host)).count() as u64;
    let staged = told_for_good(&told);
    assert!(staged > 0 && held > staged && not_run.iter().all(|host| cut.holds(host)), "{not_run:?}");
    assert_eq!((merged.hosts.len(), not_run.len() as u64), (HOSTS, held - staged));
    assert_eq!(merged.cancelled.as_ref().map(|cancelled| cancelled.cause), Some(CancelCause::Deadline));
}

fn failing(inner: &Arc<InMemory>, from: usize, calls: usize) -> (Store, Arc<FaultStore<InMemory>>) {
    let error = std::io::ErrorKind::PermissionDenied;
    let faults = Faults { from, calls, when: When::Before, error };
    let objects = Arc::new(FaultStore::new(inner.clone(), faults));
    (Store::uploading(objects.clone(), "memory:"), objects)
}

/// What it cannot read it must not state as not asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_finalizer_commits_all_or_nothing() {
    let run = ResumableRun::of(FleetSpec::new(4, 1, 7)).await;
    let inner = Arc::new(InMemory::new());
    for one in Shard::all(2) {
        shard(&run, &Store::uploading(inner.clone(), "memory:"), one, Try::default()).await;
    }
    let finalizer = with(&run.plan, Share::Finalizer { cancelled: None });
    let mut failed = 0;
    for from in 0..16 {
        let (store, _) = failing(&Arc::new(inner.fork()), from, 1);
        match run.try_plan(finalizer.clone(), &store, Try::default()).await {
            Ok(Ended::Committed(manifest)) => {
                assert_eq!(manifest.counts()[&FinalStatus::InventoryOk], 4, "call {from} failed");
            }
            Ok(other) => panic!("{other:?}"),
            Err(_) => failed += 1,
        }
        drop(std::fs::remove_file(run.spool()));
    }
    assert!(failed > 0, "no call that mattered has failed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shard_that_cannot_stage_has_not_ended() {
    let run = ResumableRun::of(FleetSpec::new(4, 1, 7)).await;
    let plan = with(&run.plan, Share::Shard(Shard::new(0, 1).unwrap()));
    let (whole, counted) = failing(&Arc::new(InMemory::new()), usize::MAX, 0);
    let ended = run.try_plan(plan.clone(), &whole, Try::default()).await.unwrap();
    assert!(matches!(ended, Ended::Staged(_)), "{ended:?}");
    // Its last calls write its last part and give its lease back.
    let mut failed = 0;
    for before_last in 1..=3 {
        drop(std::fs::remove_file(run.spool()));
        let inner = Arc::new(InMemory::new());
        let (store, _) = failing(&inner, counted.called() - before_last, usize::MAX);
        match run.try_plan(plan.clone(), &store, Try::default()).await {
            Ok(Ended::Staged(_)) => {
                let staged = parts(&Store::uploading(inner, "memory:")).await;
                assert_eq!(staged.iter().map(|(_, hosts)| hosts.len()).sum::<usize>(), 4);
            }
            Ok(other) => panic!("{other:?}"),
            Err(_) => failed += 1,
        }
    }
    assert!(failed > 0, "no call that mattered has failed");
    assert!(run.spool().exists(), "the next try stages what is there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_run_without_shards_takes_up_what_they_staged() {
    let run = ResumableRun::of(fleet()).await;
    let (whole, store) = (Store::memory(), Store::memory());
    let undisturbed = run.committed(&whole).await;
    shard(&run, &store, Shard::new(0, 2).unwrap(), Try::default()).await;
    let merged = run.committed(&store).await;
    assert!(merged.taken_up_hosts.is_some_and(|hosts| hosts > 0));
    assert_eq!(timeless(&merged), timeless(&undisturbed));
}

fn header(slot: &str, attempt: u64) -> RunHeader {
    let (job, slot) = (JobName::parse("census").unwrap(), Slot::parse(slot).unwrap());
    RunHeader {
        run_id: RunId::new(&job, slot),
        job,
        slot,
        attempt: Attempt::from_bits(attempt),
        started_at: slot.instant() + Duration::from_secs(attempt),
        program_version: "0.0.0".into(),
        plan_digest: "digest".into(),
        scope: Scope::Full,
        parent: None,
    }
}

fn run_of(header: &RunHeader) -> RunRef {
    RunRef { slot: header.slot, job: header.job.clone() }
}

const SLOT: &str = "20261121T060000.000Z";

#[tokio::test]
async fn all_shards_of_a_slot_say_the_same() {
    let store = Store::memory();
    let first = header(SLOT, 1);
    assert_eq!(shards::standing(&store, &run_of(&first)).await.unwrap(), None);
    assert_eq!(shards::join(&store, &first, Shard::new(0, 2).unwrap()).await.unwrap(), None);
    let second = header(SLOT, 2);
    assert_eq!(shards::join(&store, &second, Shard::new(1, 2).unwrap()).await.unwrap(), None);
    let other = shards::join(&store, &second, Shard::new(1, 3).unwrap()).await;
    assert!(matches!(other, Err(ShardError::OtherDivision { .. })), "{other:?}");
    let asked = RunHeader { plan_digest: "another".into(), ..second.clone() };
    let other = shards::join(&store, &asked, Shard::new(1, 2).unwrap()).await;
    assert!(matches!(other, Err(ShardError::OtherQuestion { .. })), "{other:?}");
    let standing = shards::standing(&store, &run_of(&first)).await.unwrap().unwrap();
    assert_eq!(standing.division.started_at, first.started_at, "the run began with its first shard");
    assert_eq!(standing.missing().len(), 2);
    assert!(matches!(standing.fits(&asked), Err(ShardError::OtherQuestion { .. })));

    let (mut manifest, shard) = (Manifest::open(second.clone(), []), Shard::new(1, 2).unwrap());
    let cancelled = |minutes: u64| Cancelled {
        at: second.started_at + Duration::from_secs(60 * minutes),
        cause: CancelCause::Operator,
    };
    manifest.cancelled = Some(cancelled(5));
    let mark = shards::end(&store, shard, &manifest).await.unwrap();
    manifest.attempt = Attempt::from_bits(3);
    assert_eq!(shards::end(&store, shard, &manifest).await.unwrap(), mark, "the first word stands");
    assert_eq!(shards::join(&store, &header(SLOT, 3), shard).await.unwrap(), Some(mark));
    let standing = shards::standing(&store, &run_of(&first)).await.unwrap().unwrap();
    assert_eq!(standing.missing(), [Shard::new(0, 2).unwrap()]);
    manifest.cancelled = Some(cancelled(2));
    shards::end(&store, Shard::new(0, 2).unwrap(), &manifest).await.unwrap();
    let standing = shards::standing(&store, &run_of(&first)).await.unwrap().unwrap();
    let share = shards::finalizer(&store, &run_of(&first), &standing).await.unwrap();
    assert_eq!(share, Share::Finalizer { cancelled: Some(cancelled(2)) }, "the first to be cancelled");
}

#[tokio::test]
async fn stragglers_are_those_that_ended_or_were_left() {
    let store = Store::memory();
    let slots = ["20261118T060000.000Z", "20261119T060000.000Z", "20261120T060000.000Z", SLOT];
    let [old, committed, whole, now] = slots.map(|slot| header(slot, 1));
    for begun in [&old, &committed, &now] {
        shards::join(&store, begun, Shard::new(0, 1).unwrap()).await.unwrap();
    }
    store.put(&layout::manifest(&committed.job, committed.slot), "{}").await.unwrap();
    store.put(&layout::latest(&whole.job), "{}").await.unwrap();
    let found = async |at: &RunHeader, hours: u64| {
        let patience = Duration::from_secs(hours * 3600);
        let found = shards::stragglers(&store, &at.job, at.slot, at.started_at, patience).await.unwrap();
        found.into_iter().map(|(run, _)| run.slot).collect::<Vec<_>>()
    };
    assert_eq!(found(&now, 8).await, [old.slot]);
    assert_eq!(found(&now, 100).await, [], "it may still be at work");
    assert_eq!(found(&old, 8).await, [], "one's own slot is none");
    shards::end(&store, Shard::new(0, 1).unwrap(), &Manifest::open(old.clone(), [])).await.unwrap();
    assert_eq!(found(&now, 100).await, [old.slot], "it waits for nobody");
    assert_eq!(shards::newest_open(&store, &now.job).await.unwrap(), Some(now.slot));
}
