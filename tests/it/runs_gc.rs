//! What `lustrum runs gc` takes out of a store, and what it never does.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use lustrum::history::ledger::{Ledger, RunRef};
use lustrum::history::retention::{Keep, Kept, overdue};
use lustrum::history::sweep::{Rules, Sweep, Swept, sweep};
use lustrum::history::verify::{Finding, verify};
use lustrum::model::artifact::ArtifactFormat;
use lustrum::model::event::Event;
use lustrum::model::manifest::Manifest;
use lustrum::model::run::{Attempt, JobName, RunId, Scope, Slot};
use lustrum::output::commit::{Commit, commit};
use lustrum::output::draft::Draft;
use lustrum::output::layout::{self, Key};
use lustrum::output::lease::{Claim, Extent, Lease, Taken};
use lustrum::output::store::Store;
use lustrum::time::clock::Clock;
use proptest::prelude::*;

use crate::world::fault_store::{FaultStore, Faults, When};
use crate::world::past::PastRun;
use crate::world::timed_store::TimedObjects;

const DAY: Duration = Duration::from_secs(86_400);
const NOW: &str = "2026-11-21T12:00:00Z";

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn job(name: &str) -> JobName {
    JobName::parse(name).unwrap()
}

async fn keys(store: &Store) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for below in ["data", "probe", "runs"] {
        let found = store.list(&Key::parse(below).unwrap()).await.unwrap();
        keys.extend(found.into_iter().map(|(key, _)| key.to_string()));
    }
    keys
}

/// What an attempt leaves that dies between its completes and its manifest.
fn orphans(run: &RunRef, attempt: &str) -> [String; 4] {
    let (id, date, folder) = (run.run_id(), run.slot.date(), layout::run_folder(&run.job, run.slot));
    [
        format!("data/vinfo/v1/run_date={date}/{id}-{attempt}.parquet"),
        format!("{folder}/{attempt}/hyperv_run_report.json"),
        format!("{folder}/{attempt}/staged/data~vinfo.part"),
        format!("{folder}/staged/{attempt}-000001.part"),
    ]
}

async fn take(store: &Store, run: &RunRef, attempt: u64, parent: Option<RunId>) -> Lease {
    let claim = Claim {
        owner: "another".to_owned(),
        attempt: Attempt::from_bits(attempt),
        started_at: run.slot.instant(),
        ttl_ms: 60_000,
        lock: None,
        parent,
    };
    let pause = Duration::from_secs(15);
    match Lease::take(store, (&run.job, run.slot), Extent::Whole, claim, pause).await.unwrap() {
        Taken::Ours(lease) => lease,
        Taken::Held(holder) => panic!("held by {holder:?}"),
    }
}

fn how(delete: bool, now: DateTime<Utc>) -> Sweep {
    Sweep { delete, now, owner: "gc".to_owned(), attempt: Attempt::from_bits(0xdead) }
}

/// One thing that happened at a time of its own.
#[derive(Clone, Copy, Debug)]
struct Deed {
    in_second_job: bool,
    days_ago: i64,
    what: What,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Full,
    Part,
    /// Of one of the runs before it.
    Retry(prop::sample::Index),
    /// Cut off, and nobody came back.
    Orphan,
    /// At work now; perhaps retrying one of the runs before it.
    AtWork(Option<prop::sample::Index>),
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let what = prop_oneof![
        4 => Just(What::Full),
        1 => Just(What::Part),
        2 => any::<prop::sample::Index>().prop_map(What::Retry),
        2 => Just(What::Orphan),
        2 => prop::option::of(any::<prop::sample::Index>()).prop_map(What::AtWork),
    ];
    let deed = (any::<bool>(), 0_i64..40, what);
    let deed = deed.prop_map(|(in_second_job, days_ago, what)| Deed { in_second_job, days_ago, what });
    prop::collection::vec(deed, 1..14)
}

/// The store before anybody swept.
struct Past {
    objects: TimedObjects,
    store: Store,
    clock: Clock,
    committed: BTreeMap<RunRef, Manifest>,
    /// With the day on which they were left.
    orphans: BTreeMap<RunRef, (i64, Vec<String>)>,
    at_work: BTreeMap<RunRef, Option<RunId>>,
}

async fn past(mut deeds: Vec<Deed>) -> Past {
    let clock = Clock::starting_at(at(NOW));
    let objects = TimedObjects::new(&clock);
    let store = objects.eye();
    let (committed, orphans, at_work) = Default::default();
    let mut past = Past { objects, store, clock, committed, orphans, at_work };
    deeds.sort_by_key(|deed| std::cmp::Reverse(deed.days_ago));
    for (number, deed) in deeds.into_iter().enumerate() {
        let name = if deed.in_second_job { "weekly" } else { "census" };
        // No day ends between the sweeps.
        let hours = if deed.days_ago == 0 { -1 } else { 2 };
        let since = TimeDelta::days(deed.days_ago) - TimeDelta::hours(hours);
        let written = at(NOW) - since + TimeDelta::seconds(number as i64);
        let slot = Slot::at(written);
        let run = RunRef { slot, job: job(name) };
        let before: Vec<_> = past.committed.values().filter(|run| run.job.as_str() == name).collect();
        let text = slot.to_string();
        let commits = match deed.what {
            What::Full => Some(PastRun::full(name, &text)),
            What::Part => Some(PastRun::full(name, &text).part()),
            What::Retry(index) if !before.is_empty() => {
                Some(PastRun::retry(name, &text, before[index.index(before.len())]))
            }
            What::Retry(_) => None,
            What::Orphan => {
                let left = orphan(&past.store, &run).await;
                past.orphans.insert(run.clone(), (deed.days_ago, left));
                None
            }
            What::AtWork(retries) => {
                let parent = retries.filter(|_| !before.is_empty());
                let parent = parent.map(|index| before[index.index(before.len())].run_id.clone());
                orphan(&past.store, &run).await;
                past.at_work.insert(run.clone(), parent);
                None
            }
        };
        if let Some(commits) = commits {
            let manifest = commits.ok("hv01").vm("hv01", "a").only(&["vinfo"]).commit(&past.store).await;
            past.committed.insert(run.clone(), manifest);
            if number % 3 == 0 {
                // A twin lost, and died before it could take its objects back.
                let left = orphan(&past.store, &run).await;
                past.orphans.insert(run.clone(), (deed.days_ago, left));
            }
        }
        for key in keys(&past.store).await.into_iter().filter(|key| key.contains(&text)) {
            past.objects.date(&key, written);
        }
    }
    for (run, parent) in &past.at_work {
        take(&past.store, run, 1, parent.clone()).await;
    }
    past
}

async fn orphan(store: &Store, run: &RunRef) -> Vec<String> {
    let left = orphans(run, "0000000000ff");
    for key in &left {
        store.put(&Key::parse(key).unwrap(), "left").await.unwrap();
    }
    left.into()
}

fn rules(keep: Keep) -> Rules {
    Rules { keep, orphans_after: 7 * DAY, grace: Duration::from_secs(3600) }
}

/// Every manifest that is there is true.
async fn check_manifests(store: &Store) -> BTreeMap<RunRef, Manifest> {
    let ledger = Ledger::of(store);
    let mut there = BTreeMap::new();
    for run in ledger.slots(None).await.unwrap() {
        let Some(manifest) = ledger.manifest(&run).await.unwrap() else { continue };
        for object in verify(&ledger, &manifest).await.unwrap() {
            assert!(matches!(object.finding, Finding::Ok | Finding::Extra), "{object:?}");
        }
        there.insert(run, manifest);
    }
    there
}

async fn sweep_twice_and_look(deeds: Vec<Deed>, keep: Keep) {
    let past = past(deeds).await;
    let (store, ledger) = (&past.store, Ledger::of(&past.store));
    let before = keys(store).await;
    let dry = sweep(&ledger, None, &how(false, past.clock.now()), |_| rules(keep)).await.unwrap();
    assert_eq!(keys(store).await, before, "a dry sweep touches nothing");
    let first = sweep(&ledger, None, &how(true, past.clock.now()), |_| rules(keep)).await.unwrap();
    assert_eq!(first, dry, "what was told is what was done");
    let there = check_manifests(store).await;
    for run in past.committed.keys().filter(|run| !there.contains_key(*run)) {
        let files: Vec<_> = past.committed[run].artifacts.keys().collect();
        let after = keys(store).await;
        assert!(files.iter().all(|file| after.contains(*file)), "its readers may go on: {run:?}");
    }
    // The holders are still at work when the grace time is over.
    tokio::time::sleep(Duration::from_secs(3600)).await;
    for run in past.at_work.keys() {
        let heartbeat = layout::lease(&layout::leases(&run.job, run.slot), None, 1, "hb");
        store.put(&heartbeat, "").await.unwrap();
    }
    let second = sweep(&ledger, None, &how(true, past.clock.now()), |_| rules(keep)).await.unwrap();
    assert_eq!(second.retired, []);
    let (after, there_then) = (keys(store).await, check_manifests(store).await);
    assert_eq!(there.keys().collect::<Vec<_>>(), there_then.keys().collect::<Vec<_>>());

    for (run, parent) in &past.at_work {
        let below =
            |key: &&String| key.contains(&run.run_id().to_string()) || key.contains(&run.slot.to_string());
        for key in before.iter().filter(below) {
            assert!(after.contains(key), "{key} is of a run that goes on");
        }
        let parent = parent.as_ref().and_then(RunRef::of);
        assert!(parent.is_none_or(|parent| there.contains_key(&parent)), "it is being retried");
    }
    for (run, (days_ago, left)) in &past.orphans {
        let gone = left.iter().filter(|key| !after.contains(*key)).count();
        let was_retired = past.committed.contains_key(run) && !there.contains_key(run);
        let expected = if *days_ago > 7 || was_retired { left.len() } else { 0 };
        assert_eq!(gone, expected, "orphans of {days_ago} days at {run:?}");
    }
    for name in ["census", "weekly"] {
        let of_job: Vec<_> = past.committed.iter().filter(|(run, _)| run.job.as_str() == name).collect();
        let full: Vec<_> = of_job.iter().filter(|(_, run)| run.scope == Scope::Full).rev().collect();
        let number = keep.runs.unwrap_or(if keep.days.is_none() { u32::MAX } else { 1 }) as usize;
        for (place, (run, _)) in full.iter().enumerate() {
            assert!(place >= number || there.contains_key(*run), "one of the newest {number}: {run:?}");
        }
        if let Some((newest, _)) = of_job.last() {
            assert!(there.contains_key(*newest), "`latest.json` would lead nowhere");
        }
        for (run, manifest) in of_job.iter().filter(|(run, _)| there.contains_key(*run)) {
            let parent = manifest.parent.as_ref().and_then(RunRef::of);
            assert!(parent.is_none_or(|parent| there.contains_key(&parent)), "{run:?} needs its parent");
        }
        let day = keep.days.map(|days| at(NOW) - TimeDelta::days(i64::from(days)));
        for (run, _) in &of_job {
            assert!(there.contains_key(*run) || day.is_none_or(|day| run.slot.instant() < day), "{run:?}");
        }
    }
    for run in past.committed.keys().filter(|run| !there.contains_key(*run)) {
        let named =
            |key: &String| key.contains(&run.run_id().to_string()) || key.contains(&run.slot.to_string());
        assert!(!after.iter().any(named), "everything of {run:?} is gone");
    }
    let third = sweep(&ledger, None, &how(true, past.clock.now()), |_| rules(keep)).await.unwrap();
    assert_eq!((third.retired, third.deleted), (vec![], vec![]), "nothing is left to do");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_stays_is_whole_and_what_is_held_stays(
        deeds in deeds(),
        runs in prop::option::of(1_u32..4),
        days in prop::option::of(1_u32..30),
    ) {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build().unwrap();
        runtime.block_on(sweep_twice_and_look(deeds, Keep { runs, days }));
    }
}

fn kept(slot: &str, scope: Scope, parent: Option<&Kept>) -> Kept {
    let run = RunRef { slot: Slot::at(at(slot)), job: job("census") };
    Kept { run, scope, parent: parent.map(|parent| parent.run.run_id()) }
}

#[test]
fn runs_go_with_their_retries_and_the_last_full_one_never() {
    let monday = kept("2026-11-16T06:00:00Z", Scope::Full, None);
    let again = kept("2026-11-16T07:00:00Z", Scope::Retry, Some(&monday));
    let once_more = kept("2026-11-19T08:00:00Z", Scope::Retry, Some(&again));
    let tuesday = kept("2026-11-17T06:00:00Z", Scope::Full, None);
    let some_hosts = kept("2026-11-17T09:00:00Z", Scope::Part, None);
    let wednesday = kept("2026-11-18T06:00:00Z", Scope::Full, None);
    let last = kept("2026-11-20T06:00:00Z", Scope::Part, None);
    let all = [&monday, &again, &once_more, &tuesday, &some_hosts, &wednesday, &last].map(Clone::clone);
    let told = |runs: Option<u32>, days: Option<u32>, retried: &[&Kept]| {
        let retried = retried.iter().map(|kept| kept.run.run_id()).collect();
        let gone = overdue(&all, Keep { runs, days }, &retried, at(NOW));
        gone.iter().map(|run| run.slot.instant().format("%d %H").to_string()).collect::<Vec<_>>()
    };
    assert_eq!(told(None, None, &[]), [""; 0]);
    // The retry of the 19th keeps nothing: its run is the third, and goes with it, itself first.
    assert_eq!(told(Some(2), None, &[]), ["19 08", "16 07", "16 06"]);
    assert_eq!(told(Some(1), None, &[]), ["17 09", "17 06", "19 08", "16 07", "16 06"]);
    assert_eq!(told(Some(1), None, &[&monday]), ["17 09", "17 06"]);
    // By days a run is as young as its youngest retry.
    assert_eq!(told(None, Some(3), &[]), ["17 09", "17 06"]);
    assert_eq!(told(None, Some(1), &[]), ["17 09", "17 06", "19 08", "16 07", "16 06"]);
    assert_eq!(told(Some(3), Some(1), &[]), [""; 0]);
}

/// A sweep that breaks off at any call, or whose store loses the answer.
#[tokio::test(start_paused = true)]
async fn a_sweep_that_breaks_off_leaves_true_manifests_and_the_next_one_ends_it() {
    for when in [When::Before, When::After] {
        for from in 0.. {
            let clock = Clock::starting_at(at(NOW));
            let objects = TimedObjects::new(&clock);
            let eye = objects.eye();
            let root = PastRun::full("census", "20261101T060000.000Z").ok("hv01").vm("hv01", "a");
            let root = root.only(&["vinfo"]).commit(&eye).await;
            let retry = PastRun::retry("census", "20261101T070000.000Z", &root).ok("hv01").vm("hv01", "a");
            let retry = retry.only(&["vinfo"]).commit(&eye).await;
            let last = PastRun::full("census", "20261102T060000.000Z").ok("hv01");
            let last = last.only(&["vinfo"]).commit(&eye).await;
            let cut_off = RunRef { slot: Slot::parse("20261103T060000.000Z").unwrap(), job: job("census") };
            orphan(&eye, &cut_off).await;

            let error = std::io::ErrorKind::TimedOut;
            let faults = Faults { from, calls: usize::MAX, when, error };
            let faulty = Arc::new(FaultStore::new(objects.user(), faults));
            let store = Store::uploading(faulty.clone(), "faulty");
            tokio::time::sleep(30 * DAY).await;
            let keep = |_: &JobName| Rules {
                grace: Duration::from_secs(1),
                ..rules(Keep { runs: Some(1), days: None })
            };
            let broken = sweep(&Ledger::of(&store), None, &how(true, clock.now()), keep).await;
            let there = check_manifests(&eye).await;
            assert!(there.values().any(|run| run.run_id == last.run_id));
            let is_there = |run: &Manifest| there.values().any(|there| there.run_id == run.run_id);
            assert!(is_there(&root) || !is_there(&retry), "call {from}: a retry without its run");

            for _ in 0..2 {
                // A sweep that died holds its slot for a while.
                tokio::time::sleep(8 * DAY).await;
                sweep(&Ledger::of(&eye), None, &how(true, clock.now()), keep).await.unwrap();
            }
            let after = keys(&eye).await;
            assert!(after.iter().all(|key| key.contains("20261102T060000")), "call {from}: {after:#?}");
            if faulty.called() <= from {
                assert!(broken.is_ok_and(|swept| swept.left.is_empty()), "no call failed");
                assert!(from > 10, "only {from} calls");
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_gc_does_not_know_it_leaves() {
    let store = Store::memory();
    PastRun::full("census", "20261101T060000.000Z").ok("hv01").only(&["vinfo"]).commit(&store).await;
    let strange = [
        "data/vinfo/v1/run_date=2026-11-01/mine.parquet",
        "data/vinfo/v1/run_date=2026-11-01/census-20261101T060000.000Z.parquet",
        "runs/census/20261101T060000.000Z/notes.txt",
        "runs/census/notes/notes.txt",
        "runs/notes.txt",
        "notes.txt",
    ];
    for key in strange {
        store.put(&Key::parse(key).unwrap(), "mine").await.unwrap();
    }
    let unreadable = RunRef { slot: Slot::parse("20261102T060000.000Z").unwrap(), job: job("weekly") };
    store.put(&layout::manifest(&unreadable.job, unreadable.slot), "{").await.unwrap();
    orphan(&store, &unreadable).await;
    let before = keys(&store).await;
    let later = Clock::system().now() + TimeDelta::days(30);
    let keep = |_: &JobName| rules(Keep { runs: Some(1), days: None });
    let swept = sweep(&Ledger::of(&store), None, &how(true, later), keep).await.unwrap();
    assert_eq!((swept.retired, swept.deleted), (vec![], vec![]));
    assert_eq!(keys(&store).await, before);
    let left: Vec<_> = swept.left.iter().map(|left| left.what.as_str()).collect();
    assert_eq!(left, ["weekly", "weekly-20261102T060000.000Z"]);
}

#[tokio::test(start_paused = true)]
async fn runs_that_a_delta_log_names_are_kept() {
    let store = Store::memory();
    for slot in ["20261101T060000.000Z", "20261102T060000.000Z"] {
        PastRun::full("census", slot).ok("hv01").only(&["vinfo"]).commit(&store).await;
    }
    let log = Key::parse("data/vinfo/v1/_delta_log/00000000000000000000.json").unwrap();
    store.put(&log, "{}").await.unwrap();
    let keep = |_: &JobName| rules(Keep { runs: Some(1), days: None });
    let later = Clock::system().now() + TimeDelta::days(30);
    let Swept { retired, left, .. } =
        sweep(&Ledger::of(&store), None, &how(true, later), keep).await.unwrap();
    assert_eq!(retired, []);
    assert!(left[0].why.contains("Delta"), "{left:?}");
}

fn gc(folder: &Path, line: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lustrum"));
    command.current_dir(folder).args(["runs", "gc"]).args(line).env_clear().output().unwrap()
}

fn told(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{out}{err}")
}

/// Makes every file so many days older.
fn age(folder: &Path, days: u32) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            age(&path, days);
        } else {
            let file = std::fs::File::options().write(true).open(&path).unwrap();
            let modified = file.metadata().unwrap().modified().unwrap();
            file.set_modified(modified - days * DAY).unwrap();
        }
    }
}

async fn report_run(store: &Store, slot: &str) -> Manifest {
    let past = PastRun::full("census", slot).ok("hv01");
    let (header, mut manifest) = (past.header, past.manifest);
    let mut draft = Draft::new(store.clone(), &header);
    let artifact = draft.put_report("report.json", ArtifactFormat::Json, 1, "{}").await.unwrap();
    manifest.apply(&Event::ArtifactWritten { artifact });
    let ended = commit(draft, serde_json::to_vec(&manifest).unwrap()).await.unwrap();
    assert_eq!(ended, Commit::Committed);
    manifest
}

#[tokio::test]
async fn the_command_tells_first_and_deletes_when_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let store = Store::open(folder.join("out").to_str().unwrap()).unwrap();
    for slot in ["20261101T060000.000Z", "20261102T060000.000Z", "20261103T060000.000Z"] {
        report_run(&store, slot).await;
    }
    let cut_off = RunRef { slot: Slot::parse("20261104T060000.000Z").unwrap(), job: job("census") };
    orphan(&store, &cut_off).await;
    store.put(&layout::probe(1, "0-twice"), "first").await.unwrap();
    std::fs::write(folder.join("out/runs/census/20261104T060000.000Z/report.json#17"), "half").unwrap();
    std::fs::create_dir(folder.join("out/spool")).unwrap();
    std::fs::write(folder.join("out/spool/census-20261101T060000.000Z.spool"), "rows").unwrap();
    age(folder, 8);
    let before = keys(&store).await;

    let dry = gc(folder, &["--keep-runs", "2"]);
    assert_eq!(dry.status.code(), Some(0), "{}", told(&dry));
    for line in [
        "Would be deleted in ",
        "4  16 B  of attempts that committed nothing",
        "1   5 B  of probes",
        "1   4 B  half-written",
        "1   4 B  spools that nobody will take up",
        "1 run is no longer kept and would be retired",
        "  census-20261101T060000.000Z",
        "Nothing was touched; --delete does it.",
    ] {
        assert!(told(&dry).contains(line), "{line}: {}", told(&dry));
    }
    assert_eq!(keys(&store).await, before);
    // Nothing is that old.
    let patient = gc(folder, &["--orphans-after", "9d", "--json"]);
    let patient: serde_json::Value = serde_json::from_slice(&patient.stdout).unwrap();
    assert_eq!(patient["deleted"].as_array().unwrap().len(), 1, "{patient:#}");

    // A job's file says what holds for it.
    std::fs::create_dir(folder.join("schedules")).unwrap();
    let file = folder.join("schedules/nightly.toml");
    std::fs::write(&file, "name = \"census\"\nfleet.hosts = [\"hv01\"]\n[retention]\nkeep-runs = 2\n")
        .unwrap();
    let done = gc(folder, &["--delete", "--json"]);
    assert_eq!(done.status.code(), Some(0), "{}", told(&done));
    let done: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!((&done["dry"], &done["bytes"]), (&false.into(), &29.into()), "{done:#}");
    assert_eq!(done["retired"], serde_json::json!(["census-20261101T060000.000Z"]));
    let gone =
        |why: &str| done["deleted"].as_array().unwrap().iter().filter(|gone| gone["why"] == why).count();
    assert_eq!(["orphan", "probe", "torn", "spool"].map(gone), [4, 1, 1, 1]);
    let runs = folder.join("out/runs/census");
    assert!(!runs.join("20261104T060000.000Z").exists(), "not even a folder");
    assert!(runs.join("20261101T060000.000Z/0000000000ab/report.json").exists());
    assert!(!folder.join("out/spool/census-20261101T060000.000Z.spool").exists());

    let later = gc(folder, &["--delete", "--grace", "1ns"]);
    assert_eq!(later.status.code(), Some(0), "{}", told(&later));
    assert!(told(&later).contains("of runs that are no longer kept"), "{}", told(&later));
    assert!(!runs.join("20261101T060000.000Z").exists());
    assert!(told(&gc(folder, &[])).starts_with("Nothing to delete in "));
    assert_eq!(check_manifests(&store).await.len(), 2);

    std::fs::write(&file, "name = \"census\"\n[retention]\nkeep-runs = 0\n").unwrap();
    let refused = gc(folder, &["--delete"]);
    assert_eq!(refused.status.code(), Some(2), "{}", told(&refused));
    assert!(told(&refused).contains("retention.keep-runs = 0"), "{}", told(&refused));
}

#[tokio::test]
async fn a_slot_that_is_held_is_left_and_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("out").to_str().unwrap()).unwrap();
    let run = RunRef { slot: Slot::parse("20261104T060000.000Z").unwrap(), job: job("census") };
    orphan(&store, &run).await;
    age(folder.path(), 8);
    let held = take(&store, &run, 5, None).await;
    let before = keys(&store).await;
    let left = gc(folder.path(), &["--delete"]);
    assert_eq!(left.status.code(), Some(1), "{}", told(&left));
    assert!(told(&left).contains("another is at work on it"), "{}", told(&left));
    assert_eq!(keys(&store).await, before);
    held.release().await.unwrap();
    assert_eq!(gc(folder.path(), &["--delete"]).status.code(), Some(0));
    assert_eq!(keys(&store).await.iter().filter(|key| key.contains("0000000000ff")).count(), 0);
}
