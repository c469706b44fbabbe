//! Shards of a slot share what a credential may cost, through nothing but a store.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use lustrum::model::credential::CredentialName;
use lustrum::model::failure::FailureKind;
use lustrum::model::run::{Attempt, JobName, Slot};
use lustrum::model::shard::Shard;
use lustrum::output::layout;
use lustrum::output::store::Store;
use lustrum::stages::gate::Gate;
use lustrum::stages::logon_book::{LogonBook, Writer};
use lustrum::time::clock::Clock;
use object_store::memory::InMemory;
use tokio::task::JoinSet;

use crate::world::fault_store::{FaultStore, Faults, When};

const SHARDS: u32 = 64;
const HOSTS: u32 = 20;
const BUDGET: u32 = 3;
const PATIENCE: Duration = Duration::from_secs(120);

fn job() -> JobName {
    JobName::parse("census").unwrap()
}

fn slot() -> Slot {
    Slot::parse("20261121T060000.000Z").unwrap()
}

/// The gate of the n-th try at a shard.
fn gate(store: &Store, shard: u32, attempt: u64) -> Gate {
    let attempt = Attempt::from_bits(attempt << 16 | u64::from(shard));
    let book = LogonBook {
        store: store.clone(),
        clock: Clock::starting_at(slot().instant()),
        job: job(),
        slot: slot(),
        writer: Writer { shard: Shard::new(shard, SHARDS).unwrap(), attempt },
        patience: PATIENCE,
    };
    Gate::shared(BUDGET, book)
}

/// What a fleet counts.
#[derive(Default)]
struct Fleet {
    logons: AtomicU32,
    /// Under way at the same time, and the most there were.
    at_once: AtomicU32,
    most: AtomicU32,
    held: AtomicU32,
}

impl Fleet {
    fn counted(&self) -> (u32, u32) {
        (self.logons.load(Ordering::SeqCst), self.held.load(Ordering::SeqCst))
    }

    async fn ask(&self, gate: &Gate, name: &CredentialName, accepts: impl Fn(u32) -> bool) {
        let pass = match gate.admit(name).await {
            Ok(pass) => pass,
            Err(failure) => {
                assert_eq!(failure.kind, FailureKind::CredentialBlocked);
                self.held.fetch_add(1, Ordering::SeqCst);
                return;
            }
        };
        let nth = self.logons.fetch_add(1, Ordering::SeqCst);
        let at_once = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(at_once, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(20)).await;
        self.at_once.fetch_sub(1, Ordering::SeqCst);
        if accepts(nth) { pass.accepted().await } else { pass.refused().await }
    }
}

/// All hosts of all shards at once, each shard through its own gate.
async fn storm(store: &Store, name: &str, accepts: fn(u32) -> bool) -> Arc<Fleet> {
    let fleet = Arc::new(Fleet::default());
    let mut all = JoinSet::new();
    for shard in 0..SHARDS {
        let gate = Arc::new(gate(store, shard, 1));
        for _ in 0..HOSTS {
            let (gate, fleet, name) = (gate.clone(), fleet.clone(), CredentialName(name.to_owned()));
            all.spawn(async move { fleet.ask(&gate, &name, accepts).await });
        }
    }
    while let Some(joined) = all.join_next().await {
        joined.unwrap();
    }
    fleet
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_costs_three_logons_over_all_shards() {
    let fleet = storm(&Store::memory(), "default", |_| false).await;
    assert_eq!(fleet.counted(), (BUDGET, SHARDS * HOSTS - BUDGET));
    assert_eq!(fleet.most.load(Ordering::SeqCst), 1, "one canary at a time");
}

#[tokio::test(start_paused = true)]
async fn on_a_disk_and_with_a_store_that_loses_its_answers_too() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Store::open(&folder.path().display().to_string()).unwrap();
    let fleet = storm(&disk, "default", |_| false).await;
    assert_eq!(fleet.counted(), (BUDGET, SHARDS * HOSTS - BUDGET));
    for when in [When::Before, When::After] {
        for from in [0, 1, 2, 3, 5, 8, 13, 40, 100] {
            let faults = Faults { from, calls: 7, when, error: std::io::ErrorKind::ConnectionReset };
            let failing = FaultStore::new(Arc::new(InMemory::new()), faults);
            let fleet = storm(&Store::uploading(Arc::new(failing), "memory:"), "default", |_| false).await;
            let (logons, held) = fleet.counted();
            assert!(logons <= BUDGET, "{logons} logons, {when:?} from {from}");
            assert_eq!(logons + held, SHARDS * HOSTS);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn once_accepted_no_shard_waits_for_another() {
    let began = Clock::starting_at(slot().instant());
    let fleet = storm(&Store::memory(), "default", |_| true).await;
    assert_eq!(fleet.counted(), (SHARDS * HOSTS, 0));
    let elapsed = began.now() - slot().instant();
    assert!(elapsed < chrono::TimeDelta::seconds(3), "{elapsed}: one canary, a look, and all the others");
}

#[tokio::test(start_paused = true)]
async fn an_acceptance_by_any_shard_resets_the_count() {
    let fleet = storm(&Store::memory(), "default", |nth| nth >= 2).await;
    assert_eq!(fleet.counted(), (SHARDS * HOSTS, 0));
}

/// A pod whose own copy of the password is stale pays for itself, once more after each start.
#[tokio::test(start_paused = true)]
async fn what_one_shard_knows_opens_no_other_gate() {
    let (store, fleet, name) = (Store::memory(), Fleet::default(), CredentialName::default_name());
    fleet.ask(&gate(&store, 0, 1), &name, |_| true).await;
    let stale = gate(&store, 1, 1);
    let hosts = (0..HOSTS).map(|_| fleet.ask(&stale, &name, |_| false));
    futures::future::join_all(hosts).await;
    assert_eq!(fleet.counted(), (1 + BUDGET, HOSTS - BUDGET));
    assert_eq!(fleet.most.load(Ordering::SeqCst), 1);
    // And so does a later try at the slot.
    fleet.ask(&gate(&store, 1, 2), &name, |_| false).await;
    assert_eq!(fleet.counted(), (1 + BUDGET, HOSTS - BUDGET + 1));
}

#[tokio::test(start_paused = true)]
async fn a_dead_canary_counts_as_refused_and_holds_nobody_for_ever() {
    let (store, name) = (Store::memory(), CredentialName::default_name());
    let (clock, fleet) = (Clock::starting_at(slot().instant()), Fleet::default());
    let waited = || (clock.now() - slot().instant()).to_std().unwrap();
    let dead = gate(&store, 0, 1);
    drop(dead.admit(&name).await.unwrap());
    fleet.ask(&gate(&store, 1, 1), &name, |_| false).await;
    assert!(waited() >= PATIENCE, "another shard cannot know better");
    fleet.ask(&gate(&store, 1, 1), &name, |_| false).await;
    fleet.ask(&gate(&store, 2, 1), &name, |_| false).await;
    assert_eq!(fleet.counted(), (BUDGET - 1, 1), "the dead one's logon may have been refused");
}

#[tokio::test(start_paused = true)]
async fn the_next_try_at_a_shard_knows_that_the_last_one_is_dead() {
    let (store, name) = (Store::memory(), CredentialName::default_name());
    let (clock, fleet) = (Clock::starting_at(slot().instant()), Fleet::default());
    drop(gate(&store, 0, 1).admit(&name).await.unwrap());
    fleet.ask(&gate(&store, 0, 2), &name, |_| true).await;
    assert_eq!(fleet.counted(), (1, 0));
    assert!(clock.now() - slot().instant() < chrono::TimeDelta::seconds(3));
}

/// A canary that was thought dead and then speaks is believed: what it knows is true.
#[tokio::test(start_paused = true)]
async fn a_late_word_counts_more_than_a_lost_one() {
    let (store, name, fleet) = (Store::memory(), CredentialName::default_name(), Fleet::default());
    let slow = gate(&store, 0, 1);
    let pass = slow.admit(&name).await.unwrap();
    fleet.ask(&gate(&store, 1, 1), &name, |_| false).await;
    fleet.ask(&gate(&store, 2, 1), &name, |_| false).await;
    fleet.ask(&gate(&store, 3, 1), &name, |_| false).await;
    assert_eq!(fleet.counted(), (2, 1));
    pass.unheard().await;
    fleet.ask(&gate(&store, 4, 1), &name, |_| true).await;
    assert_eq!(fleet.counted(), (3, 1), "a silent host takes nothing from the budget");
}

#[tokio::test(start_paused = true)]
async fn names_are_kept_apart_and_never_spelled() {
    let store = Store::memory();
    let hostile = "../../x/CONTOSO\\svc-lustrum ?*";
    storm(&store, hostile, |_| false).await;
    storm(&store, "default", |_| true).await;
    let objects = store.list(&layout::run_folder(&job(), slot())).await.unwrap();
    assert!(
        objects.iter().all(|(key, _)| key.as_str().starts_with("runs/census/20261121T060000.000Z/auth/"))
    );
    for (key, _) in &objects {
        let body = store.get(key).await.unwrap().unwrap();
        assert!(!String::from_utf8_lossy(&body).contains("svc-lustrum"), "{key}");
    }
    let folders = store.folders(&layout::Key::parse("runs/census/20261121T060000.000Z/auth").unwrap()).await;
    assert_eq!(folders.unwrap().len(), 2);
}
