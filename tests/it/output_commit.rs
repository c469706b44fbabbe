//! The commit: whole or not at all, whatever the store does, whoever else is there.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use lustrum::model::artifact::{Artifact, ArtifactFormat};
use lustrum::model::event::RunHeader;
use lustrum::model::run::{Attempt, Slot};
use lustrum::output::commit::{Commit, CommitError, commit};
use lustrum::output::csv::FormulaGuard;
use lustrum::output::draft::Draft;
use lustrum::output::export::{Standing, copy_audit_files, latest, point_latest};
use lustrum::output::layout::{Key, RunKeys};
use lustrum::output::published::hex;
use lustrum::output::source::TableSource;
use lustrum::output::spool::Spool;
use lustrum::output::spooled::{KeptOn, Spooled};
use lustrum::output::store::Store;
use lustrum::output::writer::{TableFormat, WriteError, write_table};
use lustrum::tables::table::{Row, TableSpec};
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use sha2::{Digest, Sha256};

use crate::world::fault_store::{FaultStore, Faults, When};
use crate::world::sample_rows::{Plain, Sample, header, host, tricky};

static TABLES: [&TableSpec; 2] = [&Sample::SPEC, &Plain::SPEC];
const FORMATS: [TableFormat; 3] =
    [TableFormat::Parquet, TableFormat::Csv(FormulaGuard::On), TableFormat::Ndjson];

async fn spooled(folder: &Path) -> Spool {
    let spool = Spool::create(&folder.join("spool"), &TABLES).unwrap();
    for name in ["hv02", "hv01"] {
        spool.append(&host(name), &Sample::batch(tricky(name))).await.unwrap();
    }
    spool
}

async fn write(draft: &mut Draft, header: &RunHeader, spool: &Spool) -> Result<(), WriteError> {
    let rows: std::sync::Arc<dyn TableSource> =
        std::sync::Arc::new(Spooled::new(spool.reader().await?, KeptOn::new()));
    for table in TABLES {
        write_table(draft, header, &rows, table, &FORMATS).await?;
    }
    draft.put_report("targets_retry_hosts.txt", ArtifactFormat::Text, 0, Bytes::new()).await?;
    draft.put_report("hyperv_run_report.json", ArtifactFormat::Json, 1, Bytes::from_static(b"{}")).await?;
    Ok(())
}

fn manifest(draft: &Draft, attempt: &Attempt) -> Bytes {
    serde_json::to_vec(&serde_json::json!({ "attempt": attempt, "artifacts": draft.artifacts() }))
        .unwrap()
        .into()
}

/// A whole run's output. An error is told as text: the tests look at the store.
async fn write_and_commit(store: &Store, header: &RunHeader, spool: &Spool) -> Result<Commit, String> {
    let mut draft = Draft::new(store.clone(), header);
    if let Err(error) = write(&mut draft, header, spool).await {
        draft.discard().await.map_err(|left| left.to_string())?;
        return Err(error.to_string());
    }
    let manifest = manifest(&draft, &header.attempt);
    commit(draft, manifest).await.map_err(|error| error.to_string())
}

async fn keys_below(store: &Store, folder: &str) -> BTreeSet<String> {
    let found = store.list(&Key::parse(folder).unwrap()).await.unwrap();
    found.into_iter().map(|(key, _)| key.to_string()).collect()
}

/// The manifest's artifacts, if there is a manifest: then each must be there, to the byte.
async fn committed(store: &Store, header: &RunHeader) -> Option<Vec<Artifact>> {
    let body = store.get(&RunKeys::of(header).manifest()).await.unwrap()?;
    let manifest: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let artifacts: Vec<Artifact> = serde_json::from_value(manifest["artifacts"].clone()).unwrap();
    for artifact in &artifacts {
        let object = store.get(&Key::parse(&artifact.path).unwrap()).await.unwrap().unwrap();
        assert_eq!(object.len() as u64, artifact.bytes, "{}", artifact.path);
        assert_eq!(hex(&Sha256::digest(&object)), artifact.sha256, "{}", artifact.path);
    }
    Some(artifacts)
}

#[tokio::test]
async fn a_commit_leaves_exactly_what_the_manifest_lists() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, header) = (spooled(folder.path()).await, header(1));
    for store in [Store::memory(), Store::open(folder.path().join("root").to_str().unwrap()).unwrap()] {
        assert_eq!(write_and_commit(&store, &header, &spool).await, Ok(Commit::Committed));
        let artifacts = committed(&store, &header).await.unwrap();
        let listed: BTreeSet<_> = artifacts.iter().map(|artifact| artifact.path.clone()).collect();
        let run = "census-20261121T060000.000Z-000000000001";
        let attempt = "runs/census/20261121T060000.000Z/000000000001";
        let expected = [
            format!("data/plain/v1/run_date=2026-11-21/{run}.parquet"),
            format!("data/sample/v1/run_date=2026-11-21/{run}.parquet"),
            format!("{attempt}/hyperv_run_report.json"),
            format!("{attempt}/plain.csv"),
            format!("{attempt}/plain.ndjson"),
            format!("{attempt}/sample.csv"),
            format!("{attempt}/sample.ndjson"),
            format!("{attempt}/targets_retry_hosts.txt"),
        ];
        assert_eq!(listed, BTreeSet::from(expected));
        let mut found = keys_below(&store, "data").await;
        found.extend(keys_below(&store, "runs").await);
        assert!(found.remove("runs/census/20261121T060000.000Z/manifest.json"));
        assert_eq!(found, listed);
        let sample: Vec<_> = artifacts.iter().filter(|it| it.table.as_deref() == Some("sample")).collect();
        assert!(sample.iter().all(|artifact| artifact.rows == 2 * tricky("x").len() as u64));
    }
    let staging = folder.path().join("root/runs/census/20261121T060000.000Z/000000000001/staged");
    assert!(!staging.exists(), "the staging folder is gone");
}

#[tokio::test(start_paused = true)]
async fn a_second_attempt_at_a_slot_loses_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let spool = spooled(folder.path()).await;
    for store in [Store::memory(), Store::open(folder.path().join("root").to_str().unwrap()).unwrap()] {
        assert_eq!(write_and_commit(&store, &header(1), &spool).await, Ok(Commit::Committed));
        let before = (keys_below(&store, "data").await, keys_below(&store, "runs").await);
        let lost = write_and_commit(&store, &header(2), &spool).await;
        assert_eq!(lost, Ok(Commit::LostTo { winner: Attempt::from_bits(1), left: None }));
        assert_eq!((keys_below(&store, "data").await, keys_below(&store, "runs").await), before);
        assert!(committed(&store, &header(1)).await.is_some());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_eight_attempts_at_once_one_commits_and_the_rest_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let spool = spooled(folder.path()).await;
    let root = folder.path().join("root");
    std::fs::create_dir(&root).unwrap();
    let on_disk = Arc::new(LocalFileSystem::new_with_prefix(&root).unwrap());
    for store in [Store::memory(), Store::renaming(on_disk, "root")] {
        let mut attempts = tokio::task::JoinSet::new();
        for attempt in 1..=8 {
            let (store, spool) = (store.clone(), spool.clone());
            attempts.spawn(async move { write_and_commit(&store, &header(attempt), &spool).await.unwrap() });
        }
        let ended = attempts.join_all().await;
        assert_eq!(ended.iter().filter(|ended| **ended == Commit::Committed).count(), 1);
        let artifacts = committed(&store, &header(1)).await.unwrap();
        let listed = artifacts.iter().map(|it| it.path.clone()).filter(|path| path.starts_with("data/"));
        assert_eq!(keys_below(&store, "data").await, listed.collect());
    }
}

/// Eight writers a slot, each on its own line to the store, where of five calls one fails and
/// one takes effect without an answer.
#[tokio::test(start_paused = true)]
async fn on_an_unreliable_store_no_slot_is_committed_twice_or_without_anybody_knowing() {
    let inner = Arc::new(InMemory::new());
    let eye = Store::uploading(inner.clone(), "eye");
    let (mut committed_slots, mut unsure) = (0, 0);
    for number in 0..500_u64 {
        let slot = Slot::at(header(1).slot.instant() + chrono::TimeDelta::minutes(number as i64));
        let writers = (1..=8_u64).map(|writer| {
            let header = RunHeader { slot, ..header(writer) };
            let faulty = Arc::new(FaultStore::unreliable(inner.clone(), number * 8 + writer));
            let store = Store::uploading(faulty, "faulty");
            async move {
                // Tries until its report waits, so that most come as far as the commit.
                let mut draft = Draft::new(store, &header);
                let mut name = String::new();
                loop {
                    name.push('x');
                    let body = Bytes::from(header.attempt.to_string());
                    if draft.put_report(&name, ArtifactFormat::Text, 1, body).await.is_ok() {
                        break;
                    }
                }
                let manifest = manifest(&draft, &header.attempt);
                (header.attempt.clone(), commit(draft, manifest).await)
            }
        });
        let ended = futures::future::join_all(writers).await;
        let known: Vec<_> = ended
            .iter()
            .filter(|(_, ended)| matches!(ended, Ok(Commit::Committed)))
            .map(|(who, _)| who)
            .collect();
        unsure += ended.iter().filter(|(_, ended)| matches!(ended, Err(CommitError::Unknown(_)))).count();
        assert!(known.len() <= 1, "slot {number} is committed by {known:?}");
        let key = RunKeys::of(&RunHeader { slot, ..header(1) }).manifest();
        let there = eye.get(&key).await.unwrap();
        let winner = there.map(|manifest| lustrum::output::commit::signature(&manifest[..]).unwrap());
        assert_eq!(known.first().copied(), winner.as_ref(), "slot {number}: who is there, and who knows");
        committed_slots += known.len();
    }
    assert!(committed_slots > 400, "only {committed_slots} slots were committed at all");
    assert_eq!(unsure, 0, "writers that do not know");
}

/// Runs a whole write and commit for every single call that can fail, and looks at the
/// store through an undisturbed eye. Returns how many calls there were.
async fn every_call_fails_once<S, F>(
    fresh: impl Fn() -> (Arc<S>, Store),
    faulty: F,
    calls: usize,
    when: When,
) -> usize
where
    S: object_store::ObjectStore,
    F: Fn(Arc<S>, Faults) -> (Store, Box<dyn Fn() -> usize>),
{
    let folder = tempfile::tempdir().unwrap();
    let (spool, header) = (spooled(folder.path()).await, header(1));
    for from in 0.. {
        let (inner, eye) = fresh();
        let error = std::io::ErrorKind::TimedOut;
        let (store, called) = faulty(inner, Faults { from, calls, when, error });
        let ended = write_and_commit(&store, &header, &spool).await;
        let whole = committed(&eye, &header).await.is_some();
        let once = calls == 1;
        match &ended {
            Ok(Commit::Committed) => assert!(whole, "call {from}: committed without a manifest"),
            Ok(lost) => panic!("call {from}: {lost:?}, but nobody else was there"),
            Err(_) if once => {
                assert!(!whole, "call {from}: a manifest after {ended:?}");
                assert_eq!(keys_below(&eye, "data").await, BTreeSet::new(), "call {from}: {ended:?}");
                assert_eq!(keys_below(&eye, "runs").await, BTreeSet::new(), "call {from}: {ended:?}");
            }
            Err(_) => {}
        }
        if called() <= from {
            assert_eq!(ended, Ok(Commit::Committed), "no call failed");
            return from;
        }
    }
    unreachable!("the loop ends with the first run that no fault reaches")
}

fn in_memory() -> (Arc<InMemory>, Store) {
    let inner = Arc::new(InMemory::new());
    (inner.clone(), Store::uploading(inner, "eye"))
}

fn faulty_memory(inner: Arc<InMemory>, faults: Faults) -> (Store, Box<dyn Fn() -> usize>) {
    let faulty = Arc::new(FaultStore::new(inner, faults));
    (Store::uploading(faulty.clone(), "faulty"), Box::new(move || faulty.called()))
}

fn faulty_disk(inner: Arc<LocalFileSystem>, faults: Faults) -> (Store, Box<dyn Fn() -> usize>) {
    let faulty = Arc::new(FaultStore::new(inner, faults));
    (Store::renaming(faulty.clone(), "faulty"), Box::new(move || faulty.called()))
}

/// A new root for every run; the folder outlives them all.
fn on_disk(folder: &Path) -> impl Fn() -> (Arc<LocalFileSystem>, Store) {
    move || {
        let root = tempfile::tempdir_in(folder).unwrap().keep();
        let inner = Arc::new(LocalFileSystem::new_with_prefix(root).unwrap());
        (inner.clone(), Store::renaming(inner, "eye"))
    }
}

#[tokio::test(start_paused = true)]
async fn one_failing_call_leaves_all_or_nothing_in_memory() {
    for when in [When::Before, When::After] {
        assert!(every_call_fails_once(in_memory, faulty_memory, 1, when).await > 30);
    }
}

#[tokio::test(start_paused = true)]
async fn one_failing_call_leaves_all_or_nothing_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    for when in [When::Before, When::After] {
        assert!(every_call_fails_once(on_disk(folder.path()), faulty_disk, 1, when).await > 30);
    }
}

/// Someone else's document at the manifest's key: never overwritten, never believed.
#[tokio::test(start_paused = true)]
async fn a_manifest_that_names_no_attempt_stops_the_commit() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, header) = (spooled(folder.path()).await, header(1));
    let (_, store) = in_memory();
    let key = RunKeys::of(&header).manifest();
    store.put(&key, Bytes::from_static(b"not ours")).await.unwrap();
    let error = write_and_commit(&store, &header, &spool).await.unwrap_err();
    assert!(error.contains("it names no attempt"), "{error}");
    assert_eq!(keys_below(&store, "data").await, BTreeSet::new());
    assert_eq!(store.get(&key).await.unwrap().unwrap(), "not ours");
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_says_so_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, header) = (spooled(folder.path()).await, header(1));
    let (inner, eye) = on_disk(folder.path())();
    let error = std::io::ErrorKind::StorageFull;
    let (store, _) = faulty_disk(inner, Faults { from: 7, calls: 1, when: When::Before, error });
    let error = write_and_commit(&store, &header, &spool).await.unwrap_err();
    assert!(
        error.starts_with("cannot write ") && error.ends_with(": no space left on the device"),
        "{error}"
    );
    assert_eq!(keys_below(&eye, "data").await, BTreeSet::new());
    assert_eq!(keys_below(&eye, "runs").await, BTreeSet::new());
}

/// A store that dies for good can keep objects from being taken back, but a manifest is
/// there only when everything it names is.
#[tokio::test(start_paused = true)]
async fn a_store_that_dies_never_holds_a_manifest_of_half_a_run() {
    let folder = tempfile::tempdir().unwrap();
    for when in [When::Before, When::After] {
        every_call_fails_once(in_memory, faulty_memory, usize::MAX, when).await;
        every_call_fails_once(on_disk(folder.path()), faulty_disk, usize::MAX, when).await;
    }
}

#[tokio::test]
async fn a_discarded_draft_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, header) = (spooled(folder.path()).await, header(1));
    let root = folder.path().join("root");
    let store = Store::open(root.to_str().unwrap()).unwrap();
    let mut draft = Draft::new(store.clone(), &header);
    write(&mut draft, &header, &spool).await.unwrap();
    assert_eq!(keys_below(&store, "data").await, BTreeSet::new(), "nothing staged lies under data/");
    assert!(!keys_below(&store, "runs").await.is_empty());
    draft.discard().await.unwrap();
    assert_eq!(std::fs::read_dir(&root).unwrap().count(), 0, "not even a folder");
}

/// Dropped after any number of turns, the writing leaves nothing that a discard misses.
#[tokio::test]
async fn a_cancelled_write_is_discarded_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, header) = (spooled(folder.path()).await, header(1));
    let mut finished = false;
    for turns in (0..).map(|step| step * 3) {
        for store in [in_memory().1, on_disk(folder.path())().1] {
            let mut draft = Draft::new(store.clone(), &header);
            let cancel = async {
                for _ in 0..turns {
                    tokio::task::yield_now().await;
                }
            };
            tokio::select! {
                biased;
                () = cancel => {}
                written = write(&mut draft, &header, &spool) => {
                    written.unwrap();
                    finished = true;
                }
            }
            draft.discard().await.unwrap();
            assert_eq!(keys_below(&store, "data").await, BTreeSet::new());
            assert_eq!(keys_below(&store, "runs").await, BTreeSet::new());
        }
        if finished {
            break;
        }
    }
}

#[tokio::test]
async fn a_folder_that_vanishes_before_the_commit_is_not_committed() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, header) = (spooled(folder.path()).await, header(1));
    let root = folder.path().join("root");
    let store = Store::open(root.to_str().unwrap()).unwrap();
    let mut draft = Draft::new(store.clone(), &header);
    write(&mut draft, &header, &spool).await.unwrap();
    draft.close().await.unwrap();
    let manifest = manifest(&draft, &header.attempt);
    std::fs::remove_dir_all(&root).unwrap();
    let error = commit(draft, manifest).await.unwrap_err();
    let CommitError::NotCommitted { left: None, .. } = &error else { panic!("{error}") };
    assert!(error.to_string().ends_with(": the directory or object has vanished"), "{error}");
    assert!(committed(&store, &header).await.is_none());
}

#[tokio::test]
async fn a_manifest_must_carry_its_attempt() {
    for body in [r#"{"attempt":"000000000002"}"#, "{}", "no JSON"] {
        let draft = Draft::new(Store::memory(), &header(1));
        let refused = commit(draft, Bytes::from(body)).await.unwrap_err();
        assert!(matches!(refused, CommitError::Unsigned(_)), "{refused}");
    }
}

#[tokio::test]
async fn the_newest_slot_is_what_latest_and_the_plain_names_show() {
    let folder = tempfile::tempdir().unwrap();
    let spool = spooled(folder.path()).await;
    let store = Store::open(folder.path().join("root").to_str().unwrap()).unwrap();
    let newer = header(1);
    assert_eq!(write_and_commit(&store, &newer, &spool).await, Ok(Commit::Committed));
    assert_eq!(point_latest(&store, &newer).await.unwrap(), Standing::Newest);
    let found = latest(&store, &newer.job).await.unwrap().unwrap();
    assert_eq!((found.attempt, found.manifest), (newer.attempt.clone(), RunKeys::of(&newer).manifest()));

    let artifacts = committed(&store, &newer).await.unwrap();
    let copied = copy_audit_files(&store, &newer, &artifacts, &store).await.unwrap();
    let copied: BTreeSet<_> = copied.iter().map(Key::as_str).collect();
    assert_eq!(
        copied,
        BTreeSet::from(["hyperv_run_report.json", "manifest.json", "targets_retry_hosts.txt"])
    );
    assert_eq!(store.get(&Key::parse("hyperv_run_report.json").unwrap()).await.unwrap().unwrap(), "{}");

    let slot = Slot::parse("20261120T060000.000Z").unwrap();
    let older = RunHeader { slot, ..header(2) };
    assert_eq!(point_latest(&store, &older).await.unwrap(), Standing::Overtaken);
    assert_eq!(latest(&store, &newer.job).await.unwrap().unwrap().slot, newer.slot);
}
