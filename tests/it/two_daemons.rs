//! Two daemons on one store, for a thousand slots on virtual time: clocks that differ, lines
//! that are slow, and each of them standing still for minutes now and then.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use lustrum::config::schedule::{CatchUp, Overlap, ScheduleSettings, Scheduling};
use lustrum::daemon::scheduler::{Decision, Scheduler, Width};
use lustrum::engine::stop::Stop;
use lustrum::engine::tenure::{Entry, Pass, Patience, Tenure, admitted};
use lustrum::model::artifact::ArtifactFormat;
use lustrum::model::event::RunHeader;
use lustrum::model::run::{Attempt, JobName, RunId, Scope, Slot};
use lustrum::output::commit::{Commit, commit, signature};
use lustrum::output::draft::Draft;
use lustrum::output::layout;
use lustrum::output::lease::{Extent, Terms, holders};
use lustrum::output::store::Store;
use lustrum::time::clock::Clock;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::task::{JoinSet, LocalSet};

use crate::world::timed_store::{Spells, TimedObjects};

const SLOTS: i64 = 1000;
const HOSTS: u32 = 4;

/// Sees everything, at once.
struct Witness {
    store: Store,
    /// The store's.
    clock: Clock,
    /// By slot and host, who asked.
    asked: RefCell<BTreeMap<(Slot, u32), Vec<Attempt>>>,
    committed: RefCell<BTreeMap<Slot, Vec<Attempt>>>,
    lost: Cell<u32>,
}

impl Witness {
    /// A host is asked, now.
    async fn note_asked(&self, header: &RunHeader, host: u32) {
        let (job, slot) = (&header.job, header.slot);
        let objects = self.store.find(&layout::run_folder(job, slot)).await.unwrap();
        let holders = holders(&self.store, (job, slot), &objects, self.clock.now()).await.unwrap();
        let attempts: Vec<_> = holders.iter().map(|holder| &holder.attempt).collect();
        assert_eq!(attempts, [&header.attempt], "host {host} of {slot} is asked by somebody else");
        self.asked.borrow_mut().entry((slot, host)).or_default().push(header.attempt.clone());
    }
}

struct Daemon {
    witness: Rc<Witness>,
    store: Store,
    clock: Clock,
    spells: Spells,
    dice: RefCell<StdRng>,
}

impl Daemon {
    fn seconds(&self, most: f64) -> Duration {
        Duration::from_secs_f64(self.dice.borrow_mut().random_range(0.1..most))
    }

    /// As `daemon/watch.rs` does it, until everything is over.
    async fn serve(self: Rc<Self>, since: DateTime<Utc>) {
        let job = JobName::parse("census").unwrap();
        let scheduling = Scheduling {
            overlap: Overlap::Allow,
            catch_up: CatchUp::All,
            jitter: None,
            ..Scheduling::default()
        };
        let minutely = ScheduleSettings { cron: "* * * * *".to_owned(), ..ScheduleSettings::default() };
        let mut scheduler = Scheduler::new(Width(1000));
        scheduler.put(job.clone(), &[minutely], scheduling, since);
        let end = since + TimeDelta::minutes(SLOTS);
        let mut running: JoinSet<Slot> = JoinSet::new();
        loop {
            self.spells.over(&self.clock).await;
            let now = self.clock.now().min(end);
            for decision in scheduler.decide(now) {
                let Decision::Start { slot, .. } = decision else { panic!("{decision:?}") };
                let (daemon, job) = (self.clone(), job.clone());
                running.spawn_local(async move {
                    daemon.run(&job, slot).await;
                    slot
                });
            }
            if now == end && running.is_empty() {
                return;
            }
            tokio::select! {
                Some(ended) = running.join_next() => scheduler.ended(&job, ended.unwrap()),
                () = tokio::time::sleep(Duration::from_secs(5)) => {}
            }
        }
    }

    /// Works on a slot until it is committed, by whomever.
    async fn run(&self, job: &JobName, slot: Slot) {
        let terms = Terms::default();
        loop {
            let attempt = Attempt::from_bits(self.dice.borrow_mut().random());
            let header = RunHeader {
                run_id: RunId::new(job, slot),
                job: job.clone(),
                slot,
                attempt,
                started_at: self.clock.now(),
                program_version: "0.1.0".to_owned(),
                plan_digest: "0".repeat(64),
                scope: Scope::Full,
                parent: None,
            };
            let stop = Stop::default();
            let begin =
                async || Tenure::begin(&self.store, &header, Extent::Whole, &self.clock, terms, None).await;
            let tenure = match admitted(Patience::StandBy, terms.heartbeat, &stop, begin).await.unwrap() {
                Entry::Ours(tenure) => tenure,
                _ => return,
            };
            let pass = tenure.pass(&stop);
            let ended = tenure.during(&stop, self.take_census(&header, pass)).await;
            if ended == Some(Commit::Committed) {
                self.witness.committed.borrow_mut().entry(slot).or_default().push(header.attempt.clone());
            }
            if tenure.lost().is_some() {
                self.witness.lost.set(self.witness.lost.get() + 1);
            }
            tenure.end(ended.is_some()).await;
            if ended.is_some() {
                return;
            }
        }
    }

    /// `None`: the lease was lost before the last host was asked.
    async fn take_census(&self, header: &RunHeader, pass: Pass) -> Option<Commit> {
        for host in 0..HOSTS {
            self.spells.over(&self.clock).await;
            if !pass.wait().await {
                return None;
            }
            self.witness.note_asked(header, host).await;
            tokio::time::sleep(self.seconds(30.0)).await;
        }
        self.spells.over(&self.clock).await;
        let mut draft = Draft::new(self.store.clone(), header);
        let report = Bytes::from(header.attempt.to_string());
        draft.put_report("report.txt", ArtifactFormat::Text, 1, report).await.unwrap();
        let manifest = serde_json::json!({ "attempt": header.attempt, "artifacts": draft.artifacts() });
        Some(commit(draft, serde_json::to_vec(&manifest).unwrap()).await.unwrap())
    }
}

#[tokio::test(start_paused = true)]
async fn a_thousand_slots_are_committed_once_each_and_no_host_is_asked_behind_a_lease() {
    let start: DateTime<Utc> = "2026-11-21T00:00:00Z".parse().unwrap();
    let clock = Clock::starting_at(start);
    let objects = TimedObjects::new(&clock);
    let witness = Rc::new(Witness {
        store: objects.eye(),
        clock: clock.clone(),
        asked: RefCell::default(),
        committed: RefCell::default(),
        lost: Cell::default(),
    });
    let daemon = |seed: u64, offset: i64| {
        let (between, longest) = (Duration::from_secs(600), Duration::from_secs(300));
        let spells = Spells::drawn(seed, &clock, 24, between, longest);
        Rc::new(Daemon {
            witness: witness.clone(),
            store: objects.met_by(&spells, seed),
            clock: Clock::starting_at(start + TimeDelta::seconds(offset)),
            spells,
            dice: RefCell::new(StdRng::seed_from_u64(seed)),
        })
    };
    let (first, second) = (daemon(7, 30), daemon(8, -30));
    LocalSet::new().run_until(async { tokio::join!(first.serve(start), second.serve(start)) }).await;

    let committed = witness.committed.take();
    assert_eq!(committed.len() as i64, SLOTS);
    for (slot, attempts) in committed.iter() {
        let [attempt] = &attempts[..] else { panic!("{slot} is committed by {attempts:?}") };
        let key = layout::manifest(&JobName::parse("census").unwrap(), *slot);
        let manifest = witness.store.get(&key).await.unwrap().unwrap();
        assert_eq!(signature(&manifest[..]).unwrap(), *attempt);
    }
    // What makes the above worth something.
    let asked = witness.asked.take();
    assert_eq!(asked.len() as i64, SLOTS * i64::from(HOSTS));
    let twice = asked.values().filter(|attempts| attempts.len() > 1).count();
    assert!(twice > 20 && witness.lost.get() > 20, "{twice} asked again, {} leases lost", witness.lost.get());
    assert!(twice < asked.len() / 10, "{twice} hosts were asked again");
}
