//! A whole run on an object store of which one call goes wrong, for every call: a slot that is
//! cut off, taken up on a second machine and, where that failed, on a third.

use std::collections::BTreeSet;
use std::sync::Arc;

use lustrum::engine::run::Ended;
use lustrum::engine::tenure::Patience;
use lustrum::model::failure::Failure;
use lustrum::model::manifest::{HostRecord, Manifest};
use lustrum::model::run::{Attempt, JobName, Slot};
use lustrum::model::status::FinalStatus;
use lustrum::output::layout::{self, Key};
use lustrum::output::published::hex;
use lustrum::output::store::Store;
use lustrum::time::clock::Clock;
use sha2::{Digest, Sha256};

use crate::world::fault_store::{FaultStore, Faults, When};
use crate::world::resumable_run::{Try, objects, published, timeless, try_slot};
use crate::world::stopped_time::StoppedTime;
use crate::world::timed_store::TimedObjects;
use crate::world::written_fleet::WrittenFleet;

/// One try at the slot, on a machine whose disk is empty. It waits for a lease that nobody gave
/// back.
async fn on_a_new_machine(
    fleet: &WrittenFleet,
    attempt: u64,
    store: &Store,
    how: Try,
) -> Result<Ended, Failure> {
    let disk = tempfile::tempdir().unwrap();
    let spool = disk.path().join("census-20261121T060000.000Z.spool");
    let how = Try { patience: Some(Patience::StandBy), ..how };
    let fleet = Arc::new(fleet.clone());
    Box::pin(try_slot(fleet, (WrittenFleet::plan(), attempt), spool, store, how)).await
}

/// The same, to its end. Once every host has told, `time` stands.
async fn to_the_end(
    fleet: &WrittenFleet,
    attempt: u64,
    store: &Store,
    time: StoppedTime,
) -> Result<Ended, Failure> {
    let how = Try { time: Some(time.clone()), ..Try::default() };
    let ended = on_a_new_machine(fleet, attempt, store, how).await;
    time.go_on();
    ended
}

/// What the slot comes to when this attempt is left alone.
async fn undisturbed(attempt: u64) -> (Store, Manifest) {
    let store = objects_in_time().eye();
    let ended = to_the_end(&WrittenFleet::default(), attempt, &store, StoppedTime::default()).await;
    let Ok(Ended::Committed(manifest)) = ended else { panic!("{ended:?}") };
    (store, timeless(&manifest))
}

fn objects_in_time() -> TimedObjects {
    TimedObjects::new(&Clock::starting_at("2026-11-21T06:00:00Z".parse().unwrap()))
}

/// The slot's manifest, if there is one. Then everything it names is there, to the byte, and
/// it tells of exactly the hosts that told us.
async fn truth(store: &Store, fleet: &WrittenFleet) -> Option<Manifest> {
    let slot = Slot::parse("20261121T060000.000Z").unwrap();
    let key = layout::manifest(&JobName::parse("census").unwrap(), slot);
    let manifest: Manifest = serde_json::from_slice(&store.get(&key).await.unwrap()?).unwrap();
    for (path, artifact) in &manifest.artifacts {
        let body = store.get(&Key::parse(path).unwrap()).await.unwrap();
        let body = body.unwrap_or_else(|| panic!("the manifest names {path}, which is not there"));
        assert_eq!(hex(&Sha256::digest(&body)), artifact.sha256, "{path}");
    }
    let status = |host: &HostRecord| host.verdict.as_ref().unwrap().status;
    let ok = manifest.hosts.iter().filter(|(_, host)| status(host) == FinalStatus::InventoryOk);
    assert_eq!(ok.map(|(name, _)| name.clone()).collect::<BTreeSet<_>>(), fleet.told());
    Some(manifest)
}

/// Lets so many calls go wrong from each call on, until no call is reached any more. Gives back how
/// many calls there were.
async fn from_every_call(when: When, calls: usize) -> usize {
    let baselines = [undisturbed(2).await, undisturbed(3).await];
    for from in 0.. {
        let (objects_there, fleet, time) =
            (objects_in_time(), WrittenFleet::default(), StoppedTime::default());
        let error = std::io::ErrorKind::ConnectionReset;
        let faults = Faults { from, calls, when, error };
        let faulty = Arc::new(FaultStore::in_time(objects_there.user(), faults, time.clone()));
        let (store, eye) = (Store::uploading(faulty.clone(), "timed"), objects_there.eye());

        let first = on_a_new_machine(&fleet, 1, &store, Try { stop_after: Some(2), ..Try::default() }).await;
        // Without the lease it does not begin.
        assert!(matches!(first, Ok(Ended::Interrupted(_)) | Err(_)), "call {from}: {first:?}");
        assert!(published(&eye).await.is_empty(), "call {from}: an interrupted run publishes nothing");

        let second = to_the_end(&fleet, 2, &store, time).await;
        let manifest = truth(&eye, &fleet).await;
        match &second {
            Ok(Ended::Committed(_)) => {
                assert_eq!(manifest.unwrap().attempt, Attempt::from_bits(2), "call {from}");
            }
            Ok(other) => panic!("call {from}: {other:?}, but nobody else was there"),
            Err(failure) if calls == 1 => {
                assert!(manifest.is_none(), "call {from}: a manifest after {failure}");
                assert!(published(&eye).await.is_empty(), "call {from}: objects are left after {failure}");
            }
            Err(_) => {}
        }

        let third = to_the_end(&fleet, 3, &eye, StoppedTime::default()).await;
        let manifest = truth(&eye, &fleet).await.unwrap();
        let winner = if matches!(third, Ok(Ended::Committed(_))) { 3 } else { 2 };
        assert_eq!(manifest.attempt, Attempt::from_bits(winner), "call {from}: {third:?}");
        for word in ["/staged/", "/lease/"] {
            let left = eye.list(&Key::parse("runs").unwrap()).await.unwrap();
            let left: Vec<_> = left.iter().filter(|(key, _)| key.as_str().contains(word)).collect();
            assert!(left.is_empty(), "call {from}: of a committed slot there are left {left:?}");
        }
        let (expected, undisturbed) = &baselines[winner as usize - 2];
        let mut manifest = timeless(&manifest);
        if winner == 2 {
            assert!(matches!(third, Ok(Ended::LostTo(_))), "call {from}: {third:?}");
            // It says what the store would not tell it.
            manifest.warnings.clear();
        }
        assert_eq!(manifest, *undisturbed, "call {from}");
        let (mut there, expected) = (objects(&eye).await, objects(expected).await);
        if calls > 1 {
            // A store that is gone for good cannot be cleaned.
            there.retain(|key, _| expected.contains_key(key));
        }
        assert_eq!(there, expected, "call {from}");

        if faulty.called() <= from {
            let Ok(Ended::Committed(manifest)) = second else { panic!("no call failed: {second:?}") };
            assert_eq!(manifest.taken_up_hosts, Some(2));
            assert!(manifest.warnings.is_empty());
            return from;
        }
    }
    unreachable!("the loop ends with the first run that no fault reaches")
}

#[tokio::test(start_paused = true)]
async fn any_call_may_fail() {
    assert!(from_every_call(When::Before, 1).await > 50);
}

#[tokio::test(start_paused = true)]
async fn any_call_may_hang() {
    assert!(from_every_call(When::Silent, 1).await > 50);
}

#[tokio::test(start_paused = true)]
async fn any_call_may_take_effect_and_lose_its_answer() {
    assert!(from_every_call(When::After, 1).await > 50);
}

#[tokio::test(start_paused = true)]
async fn the_store_may_be_gone_from_any_call_on() {
    for when in [When::Silent, When::After] {
        from_every_call(when, usize::MAX).await;
    }
}
