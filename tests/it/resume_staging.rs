//! When finished hosts are staged, and what becomes of them when the store fails.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use lustrum::engine::resume::Note;
use lustrum::engine::staging::{Cadence, Staging, remove_parts};
use lustrum::engine::taking_up::{PartsTaken, take_up_parts};
use lustrum::model::event::{Event, Verdict};
use lustrum::model::manifest::Manifest;
use lustrum::model::status::FinalStatus;
use lustrum::model::target::HostName;
use lustrum::output::layout::{self, RunKeys};
use lustrum::output::spool::Spool;
use lustrum::output::store::Store;
use lustrum::tables::table::{Row, TableSpec};
use object_store::memory::InMemory;
use tokio::time::sleep;

use crate::world::fault_store::{FaultStore, Faults, When};
use crate::world::resumable_run::parts;
use crate::world::sample_rows::{Plain, header, host};

static TABLES: [&TableSpec; 1] = [&Plain::SPEC];
const CADENCE: Cadence = Cadence { every: Duration::from_secs(30), hosts: 5 };

/// A machine that works on the slot.
struct Machine {
    _folder: tempfile::TempDir,
    spool: Spool,
}

impl Machine {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::create(&folder.path().join("spool"), &TABLES).unwrap();
        Self { _folder: folder, spool }
    }

    fn staging(&self, store: &Store, attempt: u64) -> Staging {
        Staging::new(store, &header(attempt), &TABLES, &self.spool, CADENCE, &BTreeSet::new())
    }

    /// Hosts that ended here, with rows that say where.
    async fn finish(&self, names: &[&str], told: &str) {
        for name in names {
            let row = Plain { host: (*name).to_owned(), note: Some(told.to_owned()) };
            self.spool.append(&host(name), &Plain::batch(vec![row])).await.unwrap();
            self.spool.finish_host(&host(name), &note(name).to_bytes()).await.unwrap();
        }
    }

    async fn take_up(&self, store: &Store, wanted: &[&str]) -> PartsTaken {
        let wanted = wanted.iter().map(|name| host(name)).collect();
        let below = layout::parts(&header(9).job, header(9).slot);
        take_up_parts(store, &below, &header(9), &TABLES, &self.spool, wanted).await.unwrap()
    }

    async fn told(&self) -> Vec<(String, String)> {
        let reader = self.spool.reader().await.unwrap();
        let note = |host: &HostName| format!("{:?}", reader.rows(&Plain::SPEC, host).unwrap().column(1));
        reader.hosts().iter().map(|host| (host.to_string(), note(host))).collect()
    }
}

fn note(name: &str) -> Note {
    let mut manifest = Manifest::open(header(1), [host(name)]);
    let verdict = Verdict {
        status: FinalStatus::InventoryOk,
        reachable: true,
        reasons: Vec::new(),
        baseline_vms: None,
        coverage: Default::default(),
    };
    manifest.apply(&Event::HostAudited { host: host(name), verdict, duration_ms: 0 });
    Note::of(&manifest, &host(name), Vec::new(), header(1).started_at).unwrap()
}

async fn staged(store: &Store) -> Vec<Vec<String>> {
    parts(store).await.into_iter().map(|(_, hosts)| hosts).collect()
}

fn names(hosts: &BTreeSet<HostName>) -> Vec<&str> {
    hosts.iter().map(HostName::as_str).collect()
}

#[tokio::test(start_paused = true)]
async fn hosts_are_staged_after_a_time_and_when_many_wait_and_at_the_end() {
    let (machine, store) = (Machine::new(), Store::memory());
    let mut staging = machine.staging(&store, 1);
    let work = async {
        machine.finish(&["a", "b"], "").await;
        sleep(Duration::from_secs(29)).await;
        assert!(staged(&store).await.is_empty(), "not yet");
        sleep(Duration::from_secs(2)).await;
        assert_eq!(staged(&store).await, [["a", "b"]]);
        sleep(Duration::from_secs(3_600)).await;
        assert_eq!(staged(&store).await.len(), 1, "nothing new is nothing to stage");
        machine.finish(&["c", "d", "e", "f", "g"], "").await;
        sleep(Duration::from_secs(1)).await;
        assert_eq!(staged(&store).await[1], ["c", "d", "e", "f", "g"]);
        machine.finish(&["h"], "").await;
    };
    staging.beside(work).await;
    assert_eq!(staged(&store).await[2..], [["h"]]);
    staging.stage().await.unwrap();
    assert_eq!(staged(&store).await.len(), 3, "a part is written once");
    assert_eq!(parts(&store).await[0].0, RunKeys::of(&header(1)).part(None, 0));

    let elsewhere = Machine::new();
    let taken = elsewhere.take_up(&store, &["a", "h", "z"]).await;
    let hosts: Vec<_> = taken.finished.iter().map(|(host, _)| host.as_str()).collect();
    assert_eq!((hosts, taken.held.len(), taken.others), (vec!["a", "h"], 8, 0));
    assert_eq!(taken.finished[0].1, note("a"));

    remove_parts(&store, &header(1)).await;
    assert!(staged(&store).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn one_part_holds_no_more_hosts_than_it_may() {
    let (machine, store) = (Machine::new(), Store::memory());
    machine.finish(&["a", "b", "c", "d", "e", "f", "g"], "").await;
    machine.staging(&store, 1).stage().await.unwrap();
    assert_eq!(staged(&store).await.iter().map(Vec::len).collect::<Vec<_>>(), [5, 2]);
}

/// Two tries that asked the same host, as a shard and its late twin may: one of them counts,
/// and always the same.
#[tokio::test]
async fn a_host_that_two_parts_hold_is_taken_once() {
    let (one, two, store) = (Machine::new(), Machine::new(), Store::memory());
    two.finish(&["b", "c"], "of two").await;
    two.staging(&store, 2).stage().await.unwrap();
    one.finish(&["a", "b"], "of one").await;
    one.staging(&store, 1).stage().await.unwrap();
    for _ in 0..2 {
        let third = Machine::new();
        let taken = third.take_up(&store, &["a", "b", "c"]).await;
        assert_eq!(taken.finished.len(), 3);
        assert_eq!(names(&taken.held), ["a", "b", "c"]);
        let told = third.told().await;
        assert!(told[1].1.contains("of one") && told[2].1.contains("of two"), "{told:?}");
    }
}

#[tokio::test]
async fn a_damaged_part_costs_only_itself() {
    let store = Store::memory();
    for (attempt, name) in [(1, "a"), (2, "b"), (3, "c")] {
        let machine = Machine::new();
        machine.finish(&[name], "").await;
        machine.staging(&store, attempt).stage().await.unwrap();
    }
    let (key, _) = parts(&store).await[1].clone();
    let body = store.get(&key).await.unwrap().unwrap();
    store.put(&key, body.slice(..body.len() - 1)).await.unwrap();
    let taken = Machine::new().take_up(&store, &["a", "b", "c"]).await;
    assert_eq!(names(&taken.held), ["a", "c"]);
    let [told] = &taken.damaged[..] else { panic!("{:?}", taken.damaged) };
    assert!(told.contains(key.as_str()) && told.contains("asked again"), "{told}");
}

/// Refused, or taken without an answer: hosts wait, are tried again, and none is lost.
#[tokio::test(start_paused = true)]
async fn a_store_that_fails_for_a_while_gets_all_hosts_in_the_end() {
    for when in [When::Before, When::After] {
        for calls in 1..12 {
            let inner = Arc::new(InMemory::new());
            let faults = Faults { from: 0, calls, when, error: std::io::ErrorKind::TimedOut };
            let store = Store::uploading(Arc::new(FaultStore::new(inner.clone(), faults)), "memory:");
            let machine = Machine::new();
            let work = async {
                machine.finish(&["a"], "").await;
                sleep(Duration::from_secs(45)).await;
                machine.finish(&["b"], "").await;
                sleep(Duration::from_secs(600)).await;
            };
            machine.staging(&store, 1).beside(work).await;
            let store = Store::uploading(inner, "memory:");
            let taken = Machine::new().take_up(&store, &["a", "b"]).await;
            assert_eq!(names(&taken.held), ["a", "b"], "{calls} calls fail {when:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_holds_up_no_process_that_must_end() {
    let faults = Faults { from: 0, calls: usize::MAX, when: When::Never, error: std::io::ErrorKind::Other };
    let store = Store::uploading(Arc::new(FaultStore::new(Arc::new(InMemory::new()), faults)), "memory:");
    let machine = Machine::new();
    machine.finish(&["a"], "").await;
    let mut staging = machine.staging(&store, 1);
    let ended = tokio::time::timeout(Duration::from_secs(21), staging.beside(async { 7 })).await;
    assert_eq!(ended.unwrap(), 7);
}

#[tokio::test]
async fn a_store_that_cannot_be_read_is_no_store_without_parts() {
    let inner = Arc::new(InMemory::new());
    let store = Store::uploading(inner.clone(), "memory:");
    for (attempt, name) in [(1, "a"), (2, "b")] {
        let machine = Machine::new();
        machine.finish(&[name], "").await;
        machine.staging(&store, attempt).stage().await.unwrap();
    }
    let faults = Faults { from: 2, calls: 1, when: When::Before, error: std::io::ErrorKind::TimedOut };
    let failing = Store::uploading(Arc::new(FaultStore::new(inner, faults)), "memory:");
    let taken = Machine::new().take_up(&failing, &["a", "b"]).await;
    assert_eq!(names(&taken.held), ["a"]);
    assert!(taken.unread.is_some());
}
