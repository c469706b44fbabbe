//! The real program, killed at any moment and started again: the slot ends as if nothing had
//! happened. `cargo bench --bench kills` does it 200 times.

use lustrum::simulator::fault::Fault;
use lustrum::simulator::fleet::FleetSpec;
use lustrum::simulator::running::Simulator;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use tokio::runtime::Handle;

use crate::world::killed_daemon::{Daemon, machine, slot_with_kills};
use crate::world::killed_run::blows_at_random;
use crate::world::killed_slot::{Bucket, recorded};

const HOSTS: usize = 4;
const STEPS_PER_HOST: usize = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_kills_change_nothing() {
    // A slow host keeps every slot open until the kill has come.
    let spec = FleetSpec::new(HOSTS, 2, 7).with_fault(HOSTS - 1, Fault::SlowMs(3_000));
    let fleet = Simulator::start(spec).await.unwrap();
    let watched = tokio::task::spawn_blocking(move || {
        let undisturbed = slot_with_kills(&fleet, &[]);
        assert_eq!(undisturbed.taken_up, 0);
        let mut dice = SmallRng::seed_from_u64(7);
        let kills: Vec<_> = (0..5).map(|_| dice.random_range(1..=STEPS_PER_HOST * 2)).collect();
        for kills in kills.chunks(2) {
            let ended = slot_with_kills(&fleet, kills);
            assert_eq!(ended.rows, undisturbed.rows, "killed after {kills:?} steps");
        }
        // Of two hosts at a time, one has certainly ended when these steps have.
        let late = slot_with_kills(&fleet, &[STEPS_PER_HOST * (HOSTS - 1)]);
        assert!(late.taken_up >= 1, "nothing was taken up");
        assert_eq!(late.rows, undisturbed.rows);
    });
    watched.await.unwrap();
}

/// tests/s3/run.sh names a server on which there is a bucket `census`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_blows_on_s3_and_a_new_machine_after_each_change_nothing() {
    let Ok(endpoint) = std::env::var("LUSTRUM_S3_ENDPOINT") else { return };
    let fleet = Simulator::start(FleetSpec::new(HOSTS, 2, 7)).await.unwrap();
    let struck = tokio::task::spawn_blocking(move || blows_at_random(&fleet, &endpoint, 20)).await.unwrap();
    assert!(struck.differ.is_empty(), "{struck:?}");
    // What makes the above worth something.
    assert!(struck.killed >= 1 && struck.told_to_end >= 1 && struck.taken_up >= 1, "{struck:?}");
}

/// The same server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_on_a_new_machine_finds_what_another_left_on_s3() {
    let Ok(endpoint) = std::env::var("LUSTRUM_S3_ENDPOINT") else { return };
    let spec = FleetSpec::new(HOSTS, 2, 7).with_fault(HOSTS - 1, Fault::SlowMs(3_000));
    let fleet = Simulator::start(spec).await.unwrap();
    let watched = tokio::task::spawn_blocking(move || {
        let undisturbed = slot_with_kills(&fleet, &[]);
        let place = tempfile::tempdir().unwrap();
        let bucket = Bucket::new(&endpoint, place.path().file_name().unwrap().to_str().unwrap());
        let first = machine(&fleet);
        let mut daemon = Daemon::start(first.path(), Some(&bucket));
        let slot = daemon.until("the run starts")["slot"].clone();
        daemon.until("finished hosts are staged");
        drop(daemon);
        let second = machine(&fleet);
        let mut daemon = Daemon::start(second.path(), Some(&bucket));
        let begun = daemon.until("the run starts");
        assert_eq!((&begun["slot"], &begun["cause"]), (&slot, &"Resumed".into()));
        assert_eq!(daemon.until("the run is committed")["slot"], slot);
        drop(daemon);
        let ended = Handle::current().block_on(recorded(&bucket.store, slot.as_str().unwrap())).unwrap();
        assert!(ended.taken_up >= 1, "nothing was taken up");
        assert_eq!(ended.rows, undisturbed.rows);
    });
    watched.await.unwrap();
}
