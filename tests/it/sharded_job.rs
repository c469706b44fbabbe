//! A slot that an Indexed Job of real processes surveys, killed at any moment and begun again,
//! is the slot that one process would have committed.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::DurationRound;
use lustrum::history::ledger::{Ledger, RunRef};
use lustrum::model::manifest::Manifest;
use lustrum::model::run::{JobName, Slot};
use lustrum::output::store::Store;
use lustrum::simulator::fault::Fault;
use lustrum::simulator::fleet::FleetSpec;
use lustrum::simulator::running::Simulator;
use lustrum::time::clock::Clock;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use crate::world::indexed_job::{IndexedJob, lustrum, write_job};
use crate::world::killed_slot::recorded;
use crate::world::resumable_run::timeless;

const HOSTS: usize = 12;
const SHARDS: u32 = 4;
/// Of a host.
const TABLES: usize = 3;

/// A minute that has begun, as a CronJob's slots are.
pub fn this_minute() -> Slot {
    Slot::at(Clock::system().now().duration_trunc(chrono::TimeDelta::minutes(1)).unwrap())
}

fn store(folder: &Path) -> Store {
    Store::open(&folder.join("out").display().to_string()).unwrap()
}

pub async fn manifest(folder: &Path, slot: Slot) -> Option<Manifest> {
    Ledger::of(&store(folder))
        .manifest(&RunRef { slot, job: JobName::parse("census").unwrap() })
        .await
        .unwrap()
}

/// What a manifest says of its hosts, and of nothing that differs between two tries.
fn hosts(manifest: &Manifest) -> String {
    serde_json::to_string_pretty(&timeless(manifest).hosts).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_pods_change_nothing() {
    let spec = FleetSpec::new(HOSTS, 2, 7)
        .with_fault(1, Fault::EmptyNode)
        .with_fault(4, Fault::Refuse)
        .with_fault(6, Fault::CollectorError("disk".to_owned()));
    let fleet = Simulator::start(spec).await.unwrap();
    let slot = this_minute();
    let (one, many) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for folder in [&one, &many] {
        write_job(&fleet, folder.path());
    }
    let typed = slot.to_string();
    let line = ["run", "census", "--slot", &typed, "--exit-zero-if-recorded"];
    let single = lustrum(one.path(), &line, "census").output().unwrap();
    assert!(single.status.success(), "{}", String::from_utf8_lossy(&single.stderr));
    let expected = manifest(one.path(), slot).await.unwrap();

    let mut dice = SmallRng::seed_from_u64(7);
    let mut kills: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for index in 0..SHARDS {
        kills.insert(
            index,
            (0..dice.random_range(1..=2)).map(|_| dice.random_range(1..=2 * TABLES)).collect(),
        );
    }
    let folder = many.path().to_owned();
    let killed = tokio::task::spawn_blocking(move || {
        IndexedJob { folder: &folder, slot, completions: SHARDS, password: "census" }.play(&kills)
    });
    assert!(killed.await.unwrap() >= 2, "too few kills to show anything");
    let merged = manifest(many.path(), slot).await.expect("whoever saw all shards ended commits");
    assert_eq!(hosts(&merged), hosts(&expected));
    assert_eq!(merged.counts(), expected.counts());
    let rows = async |folder: &Path| recorded(&store(folder), &typed).await.unwrap().rows;
    assert_eq!(rows(many.path()).await, rows(one.path()).await);
    drop(fleet);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_costs_three_logons_over_all_processes() {
    let fleet = Simulator::start(FleetSpec::new(HOSTS, 1, 7)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    write_job(&fleet, folder.path());
    let slot = this_minute();
    let (path, pods) = (folder.path().to_owned(), 6);
    let played = tokio::task::spawn_blocking(move || {
        IndexedJob { folder: &path, slot, completions: pods, password: "not the password" }
            .play(&BTreeMap::new())
    });
    assert_eq!(played.await.unwrap(), 0);
    assert_eq!(fleet.tally().logons_refused, 3);
    let manifest = manifest(folder.path(), slot).await.unwrap();
    let reasons = |word: &str| {
        let verdicts = manifest.hosts.values().filter_map(|host| host.verdict.as_ref());
        verdicts.filter(|verdict| verdict.reasons.iter().any(|reason| reason.word() == word)).count()
    };
    assert_eq!((reasons("auth_failed"), reasons("credential_blocked")), (3, HOSTS - 3));
}
