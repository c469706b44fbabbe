//! A run that was cut off on one machine and tried again on another, which has nothing but
//! the store, comes to the same as one that was left alone.

use std::collections::BTreeSet;

use lustrum::engine::run::Ended;
use lustrum::model::run::Slot;
use lustrum::output::layout;
use lustrum::output::store::Store;
use lustrum::simulator::fleet::FleetSpec;

use crate::world::resumable_run::{ResumableRun, Try, is_empty, objects, parts, published, timeless};

const HOSTS: usize = 5;

/// One of everything that a note must carry: refused, partial, moved, well.
fn fleet() -> FleetSpec {
    ["wrong_password", "missing_end", "moved"]
        .iter()
        .zip([1, 2, 3])
        .fold(FleetSpec::new(HOSTS, 2, 7), |spec, (fault, host)| {
            spec.with_fault(host, fault.parse().unwrap())
        })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn interrupted_after_any_host_and_resumed_elsewhere() {
    let mut run = ResumableRun::of(fleet()).await;
    let whole = Store::memory();
    let undisturbed = run.committed(&whole).await;
    let expected = objects(&whole).await;
    for hosts in 0..HOSTS {
        let store = Store::memory();
        let ended = run.try_it(&store, Try { stop_after: Some(hosts), ..Try::default() }).await.unwrap();
        assert!(matches!(ended, Ended::Interrupted(_)), "{ended:?}");
        assert!(published(&store).await.is_empty(), "nothing is committed");
        // The order to stop may come when the next host has ended too.
        let staged = parts(&store).await.iter().map(|(_, hosts)| hosts.len()).sum::<usize>();
        assert!(staged >= hosts, "{staged} of {hosts} hosts are staged");
        run.move_to_another_machine();
        let shells = run.simulator.tally().shells_opened;
        let resumed = run.committed(&store).await;
        assert_eq!(resumed.taken_up_hosts, (staged > 0).then_some(staged as u64));
        // The host with the wrong password opens none.
        let asked = (staged..HOSTS).filter(|host| *host != 1).count() as u64;
        assert_eq!(run.simulator.tally().shells_opened - shells, asked, "only the rest is asked");
        assert_eq!(timeless(&resumed), timeless(&undisturbed), "after {hosts} hosts");
        assert_eq!(objects(&store).await, expected, "after {hosts} hosts; no part stays");
        assert!(is_empty(run.folder.path()));
    }
}

/// Every host on a machine of its own, and the last machine asks nobody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn interrupted_after_every_host_and_resumed_elsewhere_each_time() {
    let mut run = ResumableRun::of(fleet()).await;
    let (whole, store) = (Store::memory(), Store::memory());
    let undisturbed = run.committed(&whole).await;
    let mut staged = 0;
    while staged < HOSTS {
        let ended = run.try_it(&store, Try { stop_after: Some(1), ..Try::default() }).await.unwrap();
        assert!(matches!(ended, Ended::Interrupted(_)), "{ended:?}");
        staged = parts(&store).await.iter().map(|(_, hosts)| hosts.len()).sum();
        run.move_to_another_machine();
    }
    assert_eq!(staged, HOSTS, "each is staged once");
    let connections = run.simulator.tally().connections;
    let resumed = run.committed(&store).await;
    assert_eq!(run.simulator.tally().connections, connections);
    assert_eq!(resumed.taken_up_hosts, Some(HOSTS as u64));
    assert_eq!(timeless(&resumed), timeless(&undisturbed));
    assert_eq!(objects(&store).await, objects(&whole).await);
}

/// Nobody said that it would end: what was staged until then is what counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_where_it_stood_and_resumed_elsewhere() {
    let mut run = ResumableRun::of(fleet()).await;
    let whole = Store::memory();
    let undisturbed = run.committed(&whole).await;
    let expected = objects(&whole).await;
    run.plan.cadence.hosts = 1;
    let mut all = 0;
    for hosts in 1..=HOSTS {
        let store = Store::memory();
        let soon = Some(std::time::Duration::from_millis(500));
        run.try_it(&store, Try { die_after: Some(hosts), ttl: soon, ..Try::default() }).await.unwrap_err();
        let staged: BTreeSet<_> = parts(&store).await.into_iter().flat_map(|(_, hosts)| hosts).collect();
        all += staged.len();
        run.move_to_another_machine();
        let resumed = run.committed(&store).await;
        assert_eq!(resumed.taken_up_hosts.unwrap_or_default(), staged.len() as u64);
        assert_eq!(timeless(&resumed), timeless(&undisturbed), "after {hosts} hosts");
        assert_eq!(objects(&store).await, expected, "after {hosts} hosts");
    }
    assert!(all > 0, "nothing was ever staged");
}

/// The first machine comes back: what it alone knows and what was staged elsewhere go together.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spool_and_parts_of_another_machine_go_together() {
    let mut run = ResumableRun::of(fleet()).await;
    let (whole, store) = (Store::memory(), Store::memory());
    let undisturbed = run.committed(&whole).await;
    run.try_it(&store, Try { stop_after: Some(2), ..Try::default() }).await.unwrap();
    let first = std::mem::replace(&mut run.folder, tempfile::tempdir().unwrap());
    run.try_it(&store, Try { stop_after: Some(1), ..Try::default() }).await.unwrap();
    run.folder = first;
    let resumed = run.committed(&store).await;
    assert_eq!(resumed.taken_up_hosts, Some(3));
    assert_eq!(timeless(&resumed), timeless(&undisturbed));
    assert_eq!(objects(&store).await, objects(&whole).await);
}

/// A spool that was never staged is staged by the next try, before that one is cut off too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_only_the_spool_holds_is_staged_by_the_next_try() {
    let run = ResumableRun::of(FleetSpec::new(2, 1, 7)).await;
    run.try_it(&Store::memory(), Try { stop_after: Some(1), ..Try::default() }).await.unwrap();
    let store = Store::memory();
    run.try_it(&store, Try { stop_after: Some(0), ..Try::default() }).await.unwrap();
    assert_eq!(parts(&store).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_part_is_a_warning_and_its_hosts_are_asked_again() {
    let mut run = ResumableRun::of(fleet()).await;
    let (whole, store) = (Store::memory(), Store::memory());
    run.committed(&whole).await;
    for _ in 0..2 {
        run.try_it(&store, Try { stop_after: Some(1), ..Try::default() }).await.unwrap();
        run.move_to_another_machine();
    }
    let (key, _) = parts(&store).await[0].clone();
    let body = store.get(&key).await.unwrap().unwrap();
    store.put(&key, body.slice(..body.len() / 2)).await.unwrap();
    let resumed = run.committed(&store).await;
    assert_eq!(resumed.taken_up_hosts, Some(1));
    let told = |text: &str| resumed.warnings.iter().any(|warning| warning.message.contains(text));
    assert!(told(key.as_str()), "{:?}", resumed.warnings);
    assert_eq!(objects(&store).await, objects(&whole).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_question_leaves_the_parts_alone_and_says_so() {
    let mut run = ResumableRun::of(FleetSpec::new(2, 1, 7)).await;
    let store = Store::memory();
    run.try_it(&store, Try { stop_after: Some(1), ..Try::default() }).await.unwrap();
    run.move_to_another_machine();
    let mut plan = run.plan.clone();
    plan.policy.coverage_threshold = 0.5;
    let ended = run.try_plan(plan, &store, Try::default()).await.unwrap();
    let Ended::Committed(manifest) = ended else { panic!("{ended:?}") };
    assert_eq!(manifest.taken_up_hosts, None);
    let told = |text: &str| manifest.warnings.iter().any(|warning| warning.message.contains(text));
    assert!(told("what it had collected is discarded"), "{:?}", manifest.warnings);
}

/// The winner may have been killed before it had cleared them away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_finds_the_slot_committed_removes_the_parts() {
    let run = ResumableRun::of(FleetSpec::new(2, 1, 7)).await;
    let store = Store::memory();
    run.try_it(&store, Try { stop_after: Some(1), ..Try::default() }).await.unwrap();
    let slot = Slot::parse("20261121T060000.000Z").unwrap();
    store.put(&layout::manifest(&run.plan.job, slot), r#"{"attempt":"0000000000ff"}"#).await.unwrap();
    let ended = run.try_it(&store, Try::default()).await.unwrap();
    assert!(matches!(ended, Ended::LostTo(_)), "{ended:?}");
    assert!(parts(&store).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_and_a_dry_run_are_not_staged_into() {
    let run = ResumableRun::of(FleetSpec::new(2, 1, 7)).await;
    let (root, store) = (tempfile::tempdir().unwrap(), Store::memory());
    let folder = Store::open(root.path().to_str().unwrap()).unwrap();
    run.try_it(&folder, Try { stop_after: Some(1), ..Try::default() }).await.unwrap();
    let mut dry = run.plan.clone();
    dry.dry_run = true;
    run.try_plan(dry, &store, Try { stop_after: Some(1), ..Try::default() }).await.unwrap();
    assert!(parts(&folder).await.is_empty() && parts(&store).await.is_empty());
}
