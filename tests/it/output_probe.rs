//! The probe finds out whether of several creates exactly one wins, and leaves nothing behind.

use std::sync::Arc;

use lustrum::output::layout::Key;
use lustrum::output::probe::{Creates, Probed, probe};
use lustrum::output::store::Store;
use lustrum::output::store_error::Cause;
use object_store::memory::InMemory;

use crate::world::fault_store::{FaultStore, Faults, When};
use crate::world::weak_store::{WeakStore, Weakness};

async fn left_in(store: &Store) -> usize {
    store.list(&Key::parse("probe").unwrap()).await.unwrap().len()
}

#[tokio::test]
async fn a_store_that_keeps_its_promise_passes_and_is_left_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    for store in [Store::memory(), Store::open(folder.path().to_str().unwrap()).unwrap()] {
        assert_eq!(probe(&store, 7).await.unwrap(), Probed { creates: Creates::OneWins, left: None });
        assert_eq!(left_in(&store).await, 0);
    }
}

#[tokio::test]
async fn each_weakness_is_found() {
    let expected = [
        (Weakness::Ignores, Creates::Overwritten),
        (Weakness::LooksFirst, Creates::Raced { winners: 16 }),
        (Weakness::KeepsTheLoser, Creates::Overwritten),
    ];
    for (weakness, creates) in expected {
        let store = Store::uploading(Arc::new(WeakStore::new(weakness)), "s3://weak");
        assert_eq!(probe(&store, 7).await.unwrap(), Probed { creates, left: None }, "{weakness:?}");
        assert_eq!(left_in(&store).await, 0, "{weakness:?}");
    }
}

/// One failed or lost call anywhere: an honest store is never called a weak one, and what is
/// left behind is told.
#[tokio::test(start_paused = true)]
async fn no_single_failure_makes_an_honest_store_look_weak() {
    for when in [When::Before, When::After] {
        let mut from = 0;
        loop {
            let memory = Arc::new(InMemory::new());
            let faults = Faults { from, calls: 1, when, error: std::io::ErrorKind::ConnectionReset };
            let failing = Arc::new(FaultStore::new(memory.clone(), faults));
            let probed = probe(&Store::uploading(failing.clone(), "s3://b"), 7).await;
            assert_eq!(
                probed.unwrap(),
                Probed { creates: Creates::OneWins, left: None },
                "{when:?} call {from}"
            );
            assert_eq!(left_in(&Store::uploading(memory, "s3://b")).await, 0, "{when:?} call {from}");
            if failing.called() <= from {
                break;
            }
            from += 1;
        }
        assert!(from > 18, "the loop saw every call of the probe: {from}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_stays_away_is_an_error_and_no_verdict() {
    let faults =
        Faults { from: 0, calls: 1_000, when: When::Before, error: std::io::ErrorKind::PermissionDenied };
    let failing = Arc::new(FaultStore::new(Arc::new(InMemory::new()), faults));
    let error = probe(&Store::uploading(failing.clone(), "s3://b"), 7).await.unwrap_err();
    assert_eq!(error.cause, Cause::Denied);
    assert_eq!(error.to_string(), "cannot write s3://b/probe/0000000000000007-0-twice: permission denied");
}
