//! A run that was cut off and tried again comes to the same as one that was left alone.

use std::sync::Arc;

use lustrum::engine::run::Ended;
use lustrum::output::store::Store;
use lustrum::simulator::fault::{Fault, Times};
use lustrum::simulator::fleet::FleetSpec;
use object_store::memory::InMemory;

use crate::world::fault_store::{FaultStore, Faults, When};
use crate::world::resumable_run::{ResumableRun, Try, is_empty, objects, published, timeless};

const HOSTS: usize = 5;

/// One of everything that a note must carry: refused, partial, moved, warned, well.
fn fleet() -> FleetSpec {
    ["wrong_password", "missing_end", "moved"]
        .iter()
        .zip([1, 2, 3])
        .fold(FleetSpec::new(HOSTS, 2, 7), |spec, (fault, host)| {
            spec.with_fault(host, fault.parse().unwrap())
        })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_off_after_any_host_and_resumed() {
    let run = ResumableRun::of(fleet()).await;
    let whole = Store::memory();
    let undisturbed = run.committed(&whole).await;
    assert_eq!(undisturbed.taken_up_hosts, None);
    assert!(is_empty(run.folder.path()), "a committed run leaves no spool");
    let expected = objects(&whole).await;
    for hosts in 0..HOSTS {
        let store = Store::memory();
        let ended = run.try_it(&store, Try { stop_after: Some(hosts), ..Try::default() }).await.unwrap();
        assert!(matches!(ended, Ended::Interrupted(_)), "{ended:?}");
        assert!(published(&store).await.is_empty(), "nothing is committed");
        assert!(run.spool().exists());
        let shells = run.simulator.tally().shells_opened;
        let resumed = run.committed(&store).await;
        // The order to stop may come when the next host has ended too.
        let taken_up = resumed.taken_up_hosts.unwrap_or_default() as usize;
        assert!(taken_up >= hosts, "{taken_up} of {hosts} hosts are taken up");
        // The host with the wrong password opens none.
        let asked = (taken_up..HOSTS).filter(|host| *host != 1).count() as u64;
        assert_eq!(run.simulator.tally().shells_opened - shells, asked, "only the rest is asked");
        assert_eq!(timeless(&resumed), timeless(&undisturbed), "after {hosts} hosts");
        assert_eq!(objects(&store).await, expected, "after {hosts} hosts");
        assert!(is_empty(run.folder.path()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_off_after_every_host_and_resumed_each_time() {
    let run = ResumableRun::of(fleet()).await;
    let (whole, store) = (Store::memory(), Store::memory());
    let undisturbed = run.committed(&whole).await;
    let resumed = loop {
        match run.try_it(&store, Try { stop_after: Some(1), ..Try::default() }).await.unwrap() {
            Ended::Interrupted(_) => {}
            Ended::Committed(manifest) => break manifest,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(resumed.taken_up_hosts, Some(HOSTS as u64));
    assert_eq!(timeless(&resumed), timeless(&undisturbed));
    assert_eq!(objects(&store).await, objects(&whole).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spool_that_cannot_be_written_commits_nothing_and_takes_nothing_with_it() {
    let run = ResumableRun::of(fleet()).await;
    let whole = Store::memory();
    let undisturbed = run.committed(&whole).await;
    for hosts in 0..HOSTS {
        let store = Store::memory();
        let how = Try { lose_spool_after: Some(hosts), ..Try::default() };
        let failure = run.try_it(&store, how).await.unwrap_err();
        assert!(failure.to_string().contains("the spool"), "{failure}");
        assert!(published(&store).await.is_empty());
        let again = run.committed(&store).await;
        assert_eq!((again.taken_up_hosts, timeless(&again)), (None, timeless(&undisturbed)));
        assert_eq!(objects(&store).await, objects(&whole).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_collected_outlives_a_store_that_fails() {
    let run = ResumableRun::of(fleet()).await;
    let whole = Store::memory();
    let undisturbed = run.committed(&whole).await;
    // The first four are about the lease: without it nobody is asked.
    for from in [4, 5, 7, 9, 15, 31] {
        let inner = Arc::new(InMemory::new());
        let error = std::io::ErrorKind::PermissionDenied;
        let faults = Faults { from, calls: usize::MAX, when: When::Before, error };
        let failing = Store::uploading(Arc::new(FaultStore::new(inner.clone(), faults)), "memory:///");
        let shells = run.simulator.tally().shells_opened;
        run.try_it(&failing, Try::default()).await.unwrap_err();
        let once = run.simulator.tally().shells_opened - shells;
        let store = Store::uploading(inner, "memory:///");
        let resumed = run.committed(&store).await;
        assert_eq!(run.simulator.tally().shells_opened - shells, once, "nobody is asked twice");
        assert_eq!(resumed.taken_up_hosts, Some(HOSTS as u64));
        assert_eq!(timeless(&resumed), timeless(&undisturbed), "from call {from}");
    }
}

/// Where the lease cannot be taken, or nobody says whether the slot is committed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_does_not_answer_keeps_hosts_from_being_asked() {
    let run = ResumableRun::of(fleet()).await;
    for from in [0, 1] {
        let error = std::io::ErrorKind::PermissionDenied;
        let faults = Faults { from, calls: usize::MAX, when: When::Before, error };
        let failing = FaultStore::new(Arc::new(InMemory::new()), faults);
        let store = Store::uploading(Arc::new(failing), "memory:///");
        let failure = run.try_it(&store, Try::default()).await.unwrap_err();
        assert!(failure.message.contains("permission denied"), "{failure}");
        // By its lock the next try knows whose claim it was, if there is one.
        assert!(run.spool().exists());
    }
    assert_eq!(run.simulator.tally().connections, 0);
}

/// The budget of a credential is the slot's, however often it is tried.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_costs_three_logons_over_all_tries() {
    let run = ResumableRun::of(FleetSpec::new(HOSTS, 1, 7)).await;
    let store = Store::memory();
    for _ in 0..2 {
        let how = Try { stop_after: Some(1), ..Try::default() };
        run.try_plan(run.wrong_password(), &store, how).await.unwrap();
    }
    let ended = run.try_plan(run.wrong_password(), &store, Try::default()).await.unwrap();
    let Ended::Committed(manifest) = ended else { panic!("{ended:?}") };
    // A logon that was under way when the order to stop came may have been refused unheard.
    assert!(run.simulator.tally().logons_refused <= 5, "{}", run.simulator.tally().logons_refused);
    let reasons = |word: &str| {
        let verdicts = manifest.hosts.values().filter_map(|host| host.verdict.as_ref());
        verdicts.filter(|verdict| verdict.reasons.iter().any(|reason| reason.word() == word)).count()
    };
    assert_eq!((reasons("auth_failed"), reasons("credential_blocked")), (3, HOSTS - 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_that_is_wrong_only_when_resumed_costs_three_logons() {
    let mut run = ResumableRun::of(FleetSpec::new(2 * HOSTS, 1, 7)).await;
    // All at a time must wait for the canary, though the credential was accepted before.
    run.plan.bounds.concurrency = 2;
    let store = Store::memory();
    run.try_it(&store, Try { stop_after: Some(1), ..Try::default() }).await.unwrap();
    run.try_plan(run.wrong_password(), &store, Try::default()).await.unwrap();
    assert_eq!(run.simulator.tally().logons_refused, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_question_discards_what_was_collected_and_says_so() {
    let run = ResumableRun::of(FleetSpec::new(2, 1, 7)).await;
    let store = Store::memory();
    run.try_it(&store, Try { stop_after: Some(1), ..Try::default() }).await.unwrap();
    let mut plan = run.plan.clone();
    plan.policy.coverage_threshold = 0.5;
    let ended = run.try_plan(plan, &store, Try::default()).await.unwrap();
    let Ended::Committed(manifest) = ended else { panic!("{ended:?}") };
    assert_eq!(manifest.taken_up_hosts, None);
    let told = |text: &str| manifest.warnings.iter().any(|warning| warning.message.contains(text));
    assert!(told("what it had collected is discarded"), "{:?}", manifest.warnings);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slot_that_a_living_process_works_on_is_left_to_it() {
    let spec = FleetSpec::new(1, 1, 7).with_fault(0, Fault::ShellQuota(Times::Always));
    let run = ResumableRun::of(spec).await;
    let held = lustrum::output::hold::hold(&run.spool()).unwrap().unwrap();
    let failure = run.try_it(&Store::memory(), Try::default()).await.unwrap_err();
    assert!(failure.to_string().contains("another process is at work on this slot"), "{failure}");
    assert_eq!(run.simulator.tally().connections, 0);
    drop(held);
}

/// A dry run of the same slot neither takes up nor takes away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_leaves_the_spool_alone() {
    let run = ResumableRun::of(FleetSpec::new(2, 1, 7)).await;
    let store = Store::memory();
    run.try_it(&store, Try { stop_after: Some(1), ..Try::default() }).await.unwrap();
    let mut dry = run.plan.clone();
    dry.dry_run = true;
    let ended = run.try_plan(dry, &store, Try::default()).await.unwrap();
    assert!(matches!(ended, Ended::DryRun(_)), "{ended:?}");
    assert_eq!(run.committed(&store).await.taken_up_hosts, Some(1));
    assert!(is_empty(run.folder.path()));
}
