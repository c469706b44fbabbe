//! Leases: who may work on a slot, by the store's time alone, and what a run makes of it.

use std::time::Duration;

use lustrum::daemon::face::gate::Gate;
use lustrum::daemon::watch::Closed;
use lustrum::engine::run::Ended;
use lustrum::engine::tenure::{Entry, Patience, Tenure};
use lustrum::model::failure::FailureKind;
use lustrum::model::run::{Attempt, JobName, Slot};
use lustrum::output::layout;
use lustrum::output::lease::{Beat, Claim, Extent, Lease, Taken, Terms};
use lustrum::output::store::Store;
use lustrum::simulator::fault::Fault;
use lustrum::simulator::fleet::FleetSpec;
use lustrum::time::clock::Clock;
use proptest::prelude::*;

use crate::world::daemon_at_work::with_daemon;
use crate::world::resumable_run::{ResumableRun, Try};
use crate::world::sample_rows::header;
use crate::world::timed_store::TimedObjects;

const SHORT: Option<Duration> = Some(Duration::from_millis(20));

fn job() -> JobName {
    JobName::parse("census").unwrap()
}

fn slot() -> Slot {
    Slot::parse("20261121T060000.000Z").unwrap()
}

fn claim(attempt: u64, ttl_seconds: u64) -> Claim {
    Claim {
        owner: format!("process {attempt}"),
        attempt: Attempt::from_bits(attempt),
        started_at: slot().instant(),
        ttl_ms: ttl_seconds * 1000,
        lock: None,
        parent: None,
    }
}

async fn take(store: &Store, extent: Extent, claim: Claim) -> Result<Lease, Claim> {
    match Lease::take(store, (&job(), slot()), extent, claim, Duration::from_secs(15)).await.unwrap() {
        Taken::Ours(lease) => Ok(lease),
        Taken::Held(holder) => Err(holder),
    }
}

async fn whole(store: &Store, attempt: u64) -> Result<Lease, Claim> {
    take(store, Extent::Whole, claim(attempt, 60)).await
}

async fn names(store: &Store) -> Vec<String> {
    let found = store.find(&layout::leases(&job(), slot())).await.unwrap();
    found.iter().map(|found| found.key.as_str().split("/lease/").nth(1).unwrap().to_owned()).collect()
}

async fn seconds(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

fn timed() -> (TimedObjects, Store) {
    let objects = TimedObjects::new(&Clock::starting_at(slot().instant()));
    let eye = objects.eye();
    (objects, eye)
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_held_until_it_is_released() {
    let (_, store) = timed();
    let first = whole(&store, 1).await.ok().unwrap();
    seconds(59).await;
    let holder = whole(&store, 2).await.err().unwrap();
    assert_eq!((holder.owner.as_str(), holder.attempt), ("process 1", Attempt::from_bits(1)));
    first.release().await.unwrap();
    let second = whole(&store, 2).await.ok().unwrap();
    assert_eq!(names(&store).await, ["000001.json", "000001.released", "000002.json"]);
    assert_eq!(second.beat().await.unwrap(), Beat::Ours);
    second.remove().await.unwrap();
    assert!(names(&store).await.is_empty());
    assert!(store.find(&layout::probe(0, "x")).await.unwrap().is_empty());
    assert!(!store.list(&layout::jobs()).await.unwrap().iter().any(|(key, _)| key.as_str().contains("now")));
}

#[tokio::test(start_paused = true)]
async fn a_silent_holder_is_followed_and_learns_it() {
    let (_, store) = timed();
    let first = whole(&store, 1).await.ok().unwrap();
    seconds(50).await;
    assert_eq!(first.beat().await.unwrap(), Beat::Ours);
    seconds(59).await;
    assert!(whole(&store, 2).await.is_err(), "the heartbeat counts");
    seconds(2).await;
    let second = whole(&store, 2).await.ok().unwrap();
    assert_eq!(first.beat().await.unwrap(), Beat::Lost(Some(claim(2, 60))));
    assert_eq!(second.beat().await.unwrap(), Beat::Ours);
    second.remove().await.unwrap();
    // Committed and cleared away: nobody's any more.
    assert_eq!(first.beat().await.unwrap(), Beat::Lost(None));
}

/// Settings may differ between the processes of a store.
#[tokio::test(start_paused = true)]
async fn how_long_a_lease_lives_is_its_own_word() {
    let (_, store) = timed();
    let patient = take(&store, Extent::Whole, claim(1, 600)).await.ok().unwrap();
    seconds(500).await;
    assert!(take(&store, Extent::Whole, claim(2, 10)).await.is_err());
    drop(patient);
    seconds(101).await;
    assert!(take(&store, Extent::Whole, claim(2, 10)).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn who_holds_the_lock_of_the_holder_need_not_wait() {
    let (_, store) = timed();
    let locked = |attempt, lock: &str| Claim { lock: Some(lock.to_owned()), ..claim(attempt, 60) };
    let first = take(&store, Extent::Whole, locked(1, "boot/1/2")).await.ok().unwrap();
    assert!(take(&store, Extent::Whole, locked(2, "boot/1/3")).await.is_err());
    assert!(take(&store, Extent::Whole, claim(2, 60)).await.is_err());
    let second = take(&store, Extent::Whole, locked(2, "boot/1/2")).await.ok().unwrap();
    assert_eq!(second.beat().await.unwrap(), Beat::Ours);
    assert!(matches!(first.beat().await.unwrap(), Beat::Lost(Some(_))));
}

#[tokio::test(start_paused = true)]
async fn shards_of_one_number_work_side_by_side_and_keep_the_whole_out() {
    let (_, store) = timed();
    let shard = |index, of| Extent::Shard { index, of };
    let third = take(&store, shard(2, 8), claim(1, 60)).await.ok().unwrap();
    let fourth = take(&store, shard(3, 8), claim(2, 60)).await.ok().unwrap();
    for refused in [shard(2, 8), shard(0, 4), Extent::Whole] {
        assert!(take(&store, refused, claim(3, 60)).await.is_err(), "{refused:?}");
    }
    third.remove().await.unwrap();
    assert_eq!(names(&store).await, ["3-of-8/000001.json"]);
    assert!(whole(&store, 3).await.is_err());
    fourth.release().await.unwrap();
    let whole = whole(&store, 3).await.ok().unwrap();
    assert!(take(&store, shard(2, 8), claim(4, 60)).await.is_err());
    whole.remove().await.unwrap();
    assert!(names(&store).await.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Takers that come at the same time over slow lines: never two that exclude each other.
    #[test]
    fn of_takers_at_once_none_excludes_another(
        seed in any::<u64>(),
        extents in prop::collection::vec((0_u32..3, prop::sample::select(vec![1_u32, 2, 3])), 2..6),
    ) {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build().unwrap();
        let held = runtime.block_on(async {
            let (objects, _) = timed();
            let takers = extents.iter().enumerate().map(|(number, (index, of))| {
                let extent = if *of == 1 { Extent::Whole } else { Extent::Shard { index: index % of, of: *of } };
                let store = objects.met_by(&Default::default(), seed.wrapping_add(number as u64));
                async move {
                    let taken = take(&store, extent, claim(number as u64, 60)).await;
                    taken.ok().map(|_| extent)
                }
            });
            futures::future::join_all(takers).await
        });
        let held: Vec<_> = held.into_iter().flatten().collect();
        for (place, extent) in held.iter().enumerate() {
            for other in &held[place + 1..] {
                prop_assert!(!extent.excludes(*other), "{:?}", held);
            }
        }
    }
}

/// The holder comes back to life between the look of a taker and its claim.
#[tokio::test(start_paused = true)]
async fn a_heartbeat_that_overtakes_a_taker_is_waited_for() {
    let clock = Clock::starting_at(slot().instant());
    let objects = TimedObjects::new(&clock);
    let first = whole(&objects.eye(), 1).await.ok().unwrap();
    let mut waited = 0;
    for after_millis in 0..1500 {
        // A lease that has just run out, a taker on a slow line, and the heartbeat meanwhile.
        seconds(61).await;
        let line = objects.met_by(&Default::default(), after_millis);
        let taking = async {
            let second = whole(&line, 2).await.ok().unwrap();
            (second, clock.instant())
        };
        let beating = async {
            tokio::time::sleep(Duration::from_millis(after_millis)).await;
            (first.beat().await.unwrap(), clock.instant())
        };
        let ((second, taken_at), (beat, beaten_at)) = tokio::join!(taking, beating);
        if beat == Beat::Ours {
            assert!(taken_at - beaten_at >= Duration::from_secs(60), "two hold it: {after_millis}");
            waited += 1;
        }
        second.remove().await.unwrap();
        drop(second);
        // The next round begins with a lease of the first again.
        let again = layout::lease(&layout::leases(&job(), slot()), None, 1, "json");
        objects.eye().put(&again, serde_json::to_vec(&claim(1, 60)).unwrap()).await.unwrap();
    }
    assert!(waited > 100, "only {waited} heartbeats came in between");
}

#[tokio::test(start_paused = true)]
async fn a_process_that_stood_still_asks_the_store_before_it_goes_on() {
    let (objects, store) = timed();
    let clock = Clock::starting_at(slot().instant());
    let begun =
        Tenure::begin(&store, &header(1), Extent::Whole, &clock, Terms::default(), None).await.unwrap();
    let Entry::Ours(tenure) = begun else { panic!("nobody else was there") };
    let stop = lustrum::engine::stop::Stop::default();
    let pass = tenure.pass(&stop);
    assert!(pass.wait().await);
    // Nothing of it runs for ten minutes.
    seconds(600).await;
    let not_yet = tokio::time::timeout(Duration::from_secs(3600), pass.wait()).await;
    assert!(not_yet.is_err(), "it went on without asking");
    assert!(tenure.during(&stop, pass.wait()).await, "asked, the store says that it is ours");
    seconds(600).await;
    let second = whole(&objects.eye(), 2).await.ok().unwrap();
    assert!(!tenure.during(&stop, pass.wait()).await);
    let lost = tenure.lost().unwrap();
    assert_eq!(lost.kind, FailureKind::Busy);
    assert!(lost.message.contains("process 2, attempt 000000000002"), "{lost}");
    tenure.end(false).await;
    assert_eq!(second.beat().await.unwrap(), Beat::Ours);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_that_is_held_is_left_alone_and_its_holder_named() {
    let run = ResumableRun::of(FleetSpec::new(2, 2, 7)).await;
    let store = Store::memory();
    let held = whole(&store, 7).await.ok().unwrap();
    let failure = run.try_it(&store, Try::default()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Busy);
    assert!(failure.message.contains("another process is at work on this slot: process 7"), "{failure}");
    assert_eq!(run.simulator.tally().connections, 0);
    assert!(!run.spool().exists(), "nothing was begun");

    // Standing by, it goes on as soon as the slot is free, and takes no second look at the hosts.
    let patient = Try { patience: Some(Patience::StandBy), heartbeat: SHORT, ..Try::default() };
    let releasing = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        held.release().await.unwrap();
    };
    let (ended, ()) = tokio::join!(run.try_it(&store, patient), releasing);
    assert!(matches!(ended, Ok(Ended::Committed(_))), "{ended:?}");
    assert!(names(&store).await.is_empty(), "a committed slot has no leases");
    let asked = run.simulator.tally().connections;
    let again = run.try_it(&store, Try::default()).await;
    assert!(matches!(again, Ok(Ended::LostTo(_))), "{again:?}");
    assert_eq!(run.simulator.tally().connections, asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_run_gives_its_slot_back() {
    let run = ResumableRun::of(FleetSpec::new(3, 2, 7)).await;
    let store = Store::memory();
    let ended = run.try_it(&store, Try { stop_after: Some(1), ..Try::default() }).await;
    assert!(matches!(ended, Ok(Ended::Interrupted(_))), "{ended:?}");
    assert_eq!(names(&store).await, ["000001.json", "000001.released"]);
    let second = whole(&store, 9).await.ok().unwrap();
    second.release().await.unwrap();
    let manifest = run.committed(&store).await;
    assert_eq!(manifest.taken_up_hosts, Some(1));
    assert!(names(&store).await.is_empty());
}

/// Another process took the next epoch, as it does when this one stood still for too long.
#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_is_lost_ends_the_run_without_a_commit() {
    let spec = FleetSpec::new(4, 2, 7).with_fault(1, Fault::SlowMs(60_000));
    let run = ResumableRun::of(spec).await;
    let root = run.folder.path().join("root");
    let store = Store::open(root.to_str().unwrap()).unwrap();
    let taken = layout::lease(&layout::leases(&job(), slot()), None, 2, "json");
    let put_after = Some((1, root.join(taken.as_str()), claim(7, 60)));
    let rival = Try { put_after, heartbeat: SHORT, ..Try::default() };
    let failure = run.try_it(&store, rival).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Busy);
    assert!(failure.message.contains("taken this slot over: process 7"), "{failure}");
    assert!(run.simulator.tally().shells_opened <= 2, "no new host is begun");
    assert!(run.spool().exists(), "what was collected is kept");
    assert_eq!(names(&store).await, ["000001.hb", "000001.json", "000002.json"]);
    let manifest = layout::manifest(&job(), slot());
    assert_eq!(store.size(&manifest).await.unwrap(), None);
}

/// The second of two daemons.
#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_stands_by_while_another_is_at_work_and_then_takes_over() {
    let store = "[store]\nlease-ttl = \"10s\"\nlease-heartbeat = \"100ms\"";
    let closed = with_daemon(FleetSpec::new(1, 1, 7), store, Gate::default(), async |daemon| {
        let past = Slot::parse("20200101T000000.000Z").unwrap();
        let place = (&job(), past);
        let pause = Duration::from_secs(1);
        let held = Lease::take(&daemon.store, place, Extent::Whole, claim(7, 600), pause).await.unwrap();
        let Taken::Ours(held) = held else { panic!("nobody else is there") };
        let asked = daemon.post("/v1/jobs/census/trigger", "{\"slot\": \"2020-01-01T00:00:00Z\"}").await;
        assert_eq!(asked.status, 202, "{asked:?}");
        let standing = daemon.until("/v1/jobs/census", |job| job["runs"][0]["outcome"] == "running").await;
        assert_eq!(standing["runs"][0]["hosts"], serde_json::Value::Null, "no host is asked");
        held.release().await.unwrap();
        let ended = daemon.until("/v1/jobs/census", |job| job["runs"][0]["outcome"] != "running").await;
        assert_eq!(ended["runs"][0]["outcome"], "committed", "{ended}");
        assert!(daemon.store.find(&layout::leases(&job(), past)).await.unwrap().is_empty());
    });
    assert_eq!(closed.await, Closed::Idle);
}
