//! What the scheduler decides, played through without a clock.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use lustrum::config::schedule::{CatchUp, Overlap, ScheduleSettings, Scheduling};
use lustrum::daemon::agenda::Agenda;
use lustrum::daemon::scheduler::{Cause, Decision, Left, NotAsked, Pause, Scheduler, Width};
use lustrum::model::run::{JobName, Slot};
use proptest::prelude::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn job(name: &str) -> JobName {
    JobName::parse(name).unwrap()
}

fn cron(line: &str) -> ScheduleSettings {
    ScheduleSettings { cron: line.to_owned(), ..ScheduleSettings::default() }
}

fn one(line: &str, scheduling: Scheduling, since: &str) -> Scheduler {
    let mut scheduler = Scheduler::new(Width(8));
    scheduler.put(job("census"), &[cron(line)], scheduling, at(since));
    scheduler
}

/// `start HH:MM`, `leave HH:MM why`, `cancel HH:MM`.
fn told(decisions: &[Decision]) -> Vec<String> {
    let time = |slot: &Slot| slot.instant().format("%H:%M").to_string();
    let line = |decision: &Decision| match decision {
        Decision::Start { slot, cause, .. } => format!("start {} {cause:?}", time(slot)),
        Decision::Cancel { slot, .. } => format!("cancel {}", time(slot)),
        Decision::Leave { slot, why, .. } => format!("leave {} {why:?}", time(slot)),
    };
    decisions.iter().map(line).collect()
}

#[test]
fn a_year_of_fires_each_once() {
    let mut scheduler = Scheduler::new(Width(2));
    let settings = ScheduleSettings { timezone: "Europe/Berlin".to_owned(), ..cron("30 2 * * *") };
    scheduler.put(job("nightly"), &[settings], Scheduling::default(), at("2026-01-01T00:00:00Z"));
    let hourly = [cron("0 * * * *"), cron("0 */6 * * *")];
    scheduler.put(job("hourly"), &hourly, Scheduling::default(), at("2026-01-01T00:00:00Z"));
    let mut started: BTreeMap<JobName, Vec<Slot>> = BTreeMap::new();
    let end = at("2027-01-01T00:00:00Z");
    while let Some(now) = scheduler.next_due().filter(|due| *due <= end) {
        for decision in scheduler.decide(now) {
            let Decision::Start { job, slot, cause: Cause::Due } = decision else { panic!("{decision:?}") };
            assert_eq!(slot.instant(), now);
            scheduler.ended(&job, slot);
            started.entry(job).or_default().push(slot);
        }
    }
    // Every hour once, though two schedules share some; every night once, also the night
    // without a 02:30 and the one with two.
    assert_eq!(started[&job("hourly")].len(), 365 * 24);
    assert_eq!(started[&job("nightly")].len(), 365);
    let distinct: BTreeSet<_> = started[&job("nightly")].iter().collect();
    assert_eq!(distinct.len(), 365);
}

#[test]
fn a_slot_whose_job_still_runs() {
    for (overlap, expected) in [
        (Overlap::Skip, vec!["leave 01:00 StillRunning"]),
        (Overlap::QueueOne, vec![]),
        (Overlap::Replace, vec!["cancel 00:00"]),
        (Overlap::Allow, vec!["start 01:00 Due"]),
    ] {
        let mut scheduler =
            one("0 * * * *", Scheduling { overlap, ..Scheduling::default() }, "2026-01-01T23:30:00Z");
        assert_eq!(told(&scheduler.decide(at("2026-01-02T00:00:00Z"))), ["start 00:00 Due"]);
        assert_eq!(told(&scheduler.decide(at("2026-01-02T01:00:00Z"))), expected, "{overlap:?}");
        let after = match overlap {
            Overlap::Skip | Overlap::Allow => vec![],
            Overlap::QueueOne | Overlap::Replace => vec!["start 01:00 Due"],
        };
        scheduler.ended(&job("census"), Slot::at(at("2026-01-02T00:00:00Z")));
        assert_eq!(told(&scheduler.decide(at("2026-01-02T01:10:00Z"))), after, "{overlap:?}");
    }
}

#[test]
fn a_job_paused_by_hand_leaves_its_slots_also_with_new_settings() {
    let mut scheduler = one("0 * * * *", Scheduling::default(), "2026-01-01T23:30:00Z");
    let paused = |scheduler: &Scheduler| scheduler.standing(&job("census")).unwrap().paused;
    assert!(scheduler.hold(&job("census"), true) && !scheduler.hold(&job("other"), true));
    assert_eq!(paused(&scheduler), Some(Pause::Hand));
    assert_eq!(told(&scheduler.decide(at("2026-01-02T00:00:00Z"))), ["leave 00:00 Paused"]);
    let settings = |paused| Scheduling { paused, ..Scheduling::default() };
    scheduler.put(job("census"), &[cron("0 * * * *")], settings(true), at("2026-01-02T00:00:00Z"));
    assert_eq!(paused(&scheduler), Some(Pause::File));
    scheduler.put(job("census"), &[cron("0 * * * *")], settings(false), at("2026-01-02T00:00:00Z"));
    assert_eq!(paused(&scheduler), Some(Pause::Hand));
    scheduler.hold(&job("census"), false);
    assert_eq!(told(&scheduler.decide(at("2026-01-02T01:00:00Z"))), ["start 01:00 Due"]);
    let standing = scheduler.standing(&job("census")).unwrap();
    assert_eq!(standing.running, [Slot::at(at("2026-01-02T01:00:00Z"))]);
    assert_eq!(standing.next_start, Some(at("2026-01-02T02:00:00Z")));
}

#[test]
fn only_so_many_slots_wait_because_they_were_asked_for() {
    let mut scheduler = one("0 * * * *", Scheduling::default(), "2026-01-01T23:30:00Z");
    let slot = |minute| Slot::at(at("2026-01-01T00:00:00Z") + chrono::Duration::minutes(minute));
    let taken = (0..100).take_while(|minute| scheduler.ask(&job("census"), slot(*minute)).is_ok());
    assert_eq!(taken.count(), 16);
    assert_eq!(scheduler.ask(&job("census"), slot(50)), Err(NotAsked::TooMany));
    // In the order in which they were asked for.
    assert_eq!(told(&scheduler.decide(at("2026-01-01T23:45:00Z"))), ["start 00:00 Asked"]);
}

#[test]
fn the_queue_holds_one() {
    let scheduling = Scheduling { overlap: Overlap::QueueOne, ..Scheduling::default() };
    let mut scheduler = one("0 * * * *", scheduling, "2026-01-01T23:30:00Z");
    scheduler.decide(at("2026-01-02T00:00:00Z"));
    assert!(scheduler.decide(at("2026-01-02T01:00:00Z")).is_empty());
    assert_eq!(told(&scheduler.decide(at("2026-01-02T02:00:00Z"))), ["leave 01:00 Overtaken"]);
}

#[test]
fn missed_slots_are_caught_up_with_as_asked() {
    let since = "2026-01-01T00:00:00Z";
    // Two days later: 48 slots missed, those of the last day within the window.
    let now = at("2026-01-03T00:30:00Z");
    let play = |catch_up| {
        let mut scheduler = one("0 * * * *", Scheduling { catch_up, ..Scheduling::default() }, since);
        let (mut started, mut left) = (Vec::new(), 0);
        loop {
            let decisions = scheduler.decide(now);
            let before = started.len();
            for decision in decisions {
                match decision {
                    Decision::Start { slot, cause, job } => {
                        assert_eq!(cause, Cause::CatchUp);
                        started.push(slot.instant());
                        scheduler.ended(&job, slot);
                    }
                    Decision::Leave { why, .. } => {
                        assert_eq!(why, Left::Missed);
                        left += 1;
                    }
                    Decision::Cancel { .. } => panic!("nothing to cancel"),
                }
            }
            if started.len() == before {
                return (started, left);
            }
        }
    };
    assert_eq!(play(CatchUp::None), (vec![], 48));
    assert_eq!(play(CatchUp::Latest), (vec![at("2026-01-03T00:00:00Z")], 47));
    let (started, left) = play(CatchUp::All);
    assert_eq!((started.len(), left), (24, 24));
    assert!(started.is_sorted() && started[0] == at("2026-01-02T01:00:00Z"));
}

#[test]
fn a_slot_that_is_late_but_within_the_deadline_is_run() {
    let mut scheduler = one("0 * * * *", Scheduling::default(), "2026-01-01T00:30:00Z");
    assert_eq!(told(&scheduler.decide(at("2026-01-01T01:04:59Z"))), ["start 01:00 Due"]);
}

#[test]
fn a_paused_job_leaves_its_slots_and_starts_what_is_asked_for() {
    let mut scheduler =
        one("0 * * * *", Scheduling { paused: true, ..Scheduling::default() }, "2026-01-01T00:30:00Z");
    assert_eq!(told(&scheduler.decide(at("2026-01-01T01:00:00Z"))), ["leave 01:00 Paused"]);
    let by_hand = Slot::at(at("2026-01-01T01:15:00Z"));
    assert_eq!(scheduler.ask(&job("census"), by_hand), Ok(()));
    assert_eq!(scheduler.ask(&job("census"), by_hand), Err(NotAsked::Known));
    assert_eq!(scheduler.ask(&job("other"), by_hand), Err(NotAsked::NoSuchJob));
    assert_eq!(told(&scheduler.decide(at("2026-01-01T01:15:00Z"))), ["start 01:15 Asked"]);
    // Resumed, nothing of the pause is caught up with.
    scheduler.decide(at("2026-01-01T04:00:00Z"));
    scheduler.put(job("census"), &[cron("0 * * * *")], Scheduling::default(), at("2026-01-01T00:00:00Z"));
    assert!(scheduler.decide(at("2026-01-01T04:30:00Z")).is_empty());
}

#[test]
fn runs_share_the_places_oldest_slot_first() {
    let mut scheduler = Scheduler::new(Width(1));
    let patient = Scheduling { start_deadline: Duration::from_secs(3600), ..Scheduling::default() };
    for (name, line) in [("a", "10 * * * *"), ("b", "5 * * * *")] {
        scheduler.put(job(name), &[cron(line)], patient.clone(), at("2026-01-01T00:00:00Z"));
    }
    assert_eq!(told(&scheduler.decide(at("2026-01-01T00:12:00Z"))), ["start 00:05 Due"]);
    scheduler.remove(&job("b"));
    assert!(scheduler.decide(at("2026-01-01T00:13:00Z")).is_empty(), "the run of a removed job goes on");
    scheduler.ended(&job("b"), Slot::at(at("2026-01-01T00:05:00Z")));
    assert_eq!(told(&scheduler.decide(at("2026-01-01T00:14:00Z"))), ["start 00:10 Due"]);
}

#[test]
fn jitter_is_the_jobs_own_and_the_slot_keeps_its_time() {
    let scheduling = Scheduling { jitter: Some(Duration::from_secs(600)), ..Scheduling::default() };
    let delay = |name: &str| Agenda::of(&job(name), &[cron("@daily")], &scheduling).delay();
    assert_eq!(delay("census"), delay("census"));
    let delays: BTreeSet<_> = (0..100).map(|number| delay(&format!("job-{number}"))).collect();
    assert!(delays.len() > 80, "spread over the time there is: {}", delays.len());
    assert!(delays.iter().all(|delay| *delay <= Duration::from_secs(600)));
    let mut scheduler = one("0 * * * *", scheduling.clone(), "2026-01-01T00:30:00Z");
    let due = scheduler.next_due().unwrap();
    assert_eq!(due, at("2026-01-01T01:00:00Z") + delay("census"));
    assert_eq!(told(&scheduler.decide(due)), ["start 01:00 Due"]);
}

#[test]
fn excluded_days_are_days_of_the_zone() {
    let settings = ScheduleSettings {
        timezone: "Pacific/Auckland".to_owned(),
        excluded_dates: vec!["2026-12-25".parse().unwrap()],
        ..cron("0 6 * * *")
    };
    let agenda = Agenda::of(&job("census"), &[settings], &Scheduling::default());
    let slots: Vec<_> = agenda.slots_after(at("2026-12-23T00:00:00Z")).take(3).map(Slot::instant).collect();
    // 06:00 in Auckland is 17:00 UTC of the day before; the 25th there is missing.
    assert_eq!(slots, ["2026-12-23T17:00:00Z", "2026-12-25T17:00:00Z", "2026-12-26T17:00:00Z"].map(at));
}

proptest! {
    /// However the daemon sleeps, whatever ends when: each slot gets exactly one word, start
    /// or leave, and no job without `allow` runs twice at a time.
    #[test]
    fn every_slot_gets_one_word(
        pauses in prop::collection::vec((1_i64..200, any::<bool>()), 1..60),
        overlap in prop::sample::select(vec![Overlap::Skip, Overlap::QueueOne, Overlap::Replace, Overlap::Allow]),
        catch_up in prop::sample::select(vec![CatchUp::None, CatchUp::Latest, CatchUp::All]),
    ) {
        let start = at("2026-03-01T00:00:00Z");
        let scheduling = Scheduling { overlap, catch_up, ..Scheduling::default() };
        let mut scheduler = Scheduler::new(Width(3));
        scheduler.put(job("census"), &[cron("*/15 * * * *")], scheduling, start);
        let (mut now, mut words, mut running) = (start, BTreeMap::<Slot, u32>::new(), BTreeSet::new());
        for (minutes, ends) in pauses {
            now += chrono::Duration::minutes(minutes);
            if ends && let Some(slot) = running.pop_first() {
                scheduler.ended(&job("census"), slot);
            }
            for decision in scheduler.decide(now) {
                match decision {
                    Decision::Start { slot, .. } => {
                        prop_assert!(overlap == Overlap::Allow || running.is_empty());
                        running.insert(slot);
                        *words.entry(slot).or_default() += 1;
                    }
                    Decision::Leave { slot, .. } => *words.entry(slot).or_default() += 1,
                    Decision::Cancel { slot, .. } => prop_assert!(running.contains(&slot)),
                }
            }
        }
        // What still waits starts once there is a place.
        loop {
            let ended: Vec<_> = std::mem::take(&mut running).into_iter().collect();
            for slot in ended {
                scheduler.ended(&job("census"), slot);
            }
            let decisions = scheduler.decide(now);
            if decisions.is_empty() {
                break;
            }
            for decision in decisions {
                if let Decision::Start { slot, .. } = decision {
                    running.insert(slot);
                    *words.entry(slot).or_default() += 1;
                }
            }
        }
        let minutes = (now - start).num_minutes() / 15;
        prop_assert_eq!(words.len() as i64, minutes);
        prop_assert!(words.values().all(|count| *count == 1), "{:?}", words);
    }
}

#[test]
fn a_slot_that_was_cut_off_goes_on_and_fires_no_second_time() {
    let (now, since) = ("2026-01-02T02:10:00Z", "2026-01-01T23:30:00Z");
    let slot = |text: &str| Slot::at(at(text));
    let mut scheduler = one("0 * * * *", Scheduling::default(), since);
    // Not a slot of the job; longer ago than what is caught up; unknown job.
    assert!(!scheduler.resume(&job("census"), slot("2026-01-02T00:07:00Z"), at(now)));
    assert!(!scheduler.resume(&job("census"), slot("2026-01-01T02:00:00Z"), at(now)));
    assert!(!scheduler.resume(&job("other"), slot("2026-01-02T01:00:00Z"), at(now)));
    assert!(scheduler.resume(&job("census"), slot("2026-01-02T02:00:00Z"), at(now)));
    assert!(!scheduler.resume(&job("census"), slot("2026-01-02T02:00:00Z"), at(now)), "known already");
    let decided = told(&scheduler.decide(at(now)));
    assert_eq!(
        decided.iter().filter(|line| line.starts_with("start")).collect::<Vec<_>>(),
        ["start 02:00 Resumed"]
    );
    assert!(decided.iter().all(|line| !line.starts_with("leave 02:00")), "{decided:?}");

    let paused = Scheduling { paused: true, ..Scheduling::default() };
    let mut scheduler = one("0 * * * *", paused, since);
    assert!(!scheduler.resume(&job("census"), slot("2026-01-02T02:00:00Z"), at(now)));
}
