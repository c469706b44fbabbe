//! Which slot is run now, which waits, and which is left: decided without a clock, so that a
//! year of fires takes a moment to play through.
//!
//! The scheduler is told what time it is and which runs have ended, and answers with what is
//! to be done. It starts nothing itself.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use crate::config::schedule::{CatchUp, Overlap, ScheduleSettings, Scheduling};
use crate::daemon::agenda::Agenda;
use crate::model::run::{JobName, Slot};

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    Start {
        job: JobName,
        slot: Slot,
        cause: Cause,
    },
    /// The run of this slot gives way to a newer one.
    Cancel {
        job: JobName,
        slot: Slot,
    },
    /// This slot is not run.
    Leave {
        job: JobName,
        slot: Slot,
        why: Left,
    },
}

/// Why a run starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    Due,
    /// It was missed, and is run after all.
    CatchUp,
    /// Someone asked for it.
    Asked,
    /// It was cut off, and goes on.
    Resumed,
}

/// Why a slot is not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Left {
    /// Its time had passed by more than the start deadline, and it is not caught up.
    Missed,
    /// The job was still running.
    StillRunning,
    /// A newer slot took its place in the queue.
    Overtaken,
    Paused,
}

impl Cause {
    /// The word as it stands in data.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::CatchUp => "catch_up",
            Self::Resumed => "resumed",
            Self::Asked => "asked",
        }
    }
}

impl Left {
    pub const ALL: [Self; 4] = [Self::Missed, Self::StillRunning, Self::Overtaken, Self::Paused];

    /// The word as it stands in data.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Missed => "missed",
            Self::StillRunning => "still_running",
            Self::Overtaken => "overtaken",
            Self::Paused => "paused",
        }
    }
}

/// Who keeps a job from firing by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pause {
    /// `scheduling.paused` in its file.
    File,
    /// Somebody, until it is resumed.
    Hand,
}

/// Why a run that was asked for will not start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAsked {
    NoSuchJob,
    /// The slot runs or waits already.
    Known,
    /// So many slots of the job wait that no more are taken.
    TooMany,
}

/// How a job stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub paused: Option<Pause>,
    /// The next slot that nothing was decided about.
    pub next_slot: Option<Slot>,
    /// When it would start: later than the slot by the job's jitter.
    pub next_start: Option<DateTime<Utc>>,
    pub running: Vec<Slot>,
    /// In the order in which they will start.
    pub waiting: Vec<Slot>,
    /// When the oldest slot that waits, or the next one, was or is to start.
    pub oldest_due: Option<DateTime<Utc>>,
}

/// Slots of one job that may wait because somebody asked for them.
const ASKED_WAITING: usize = 16;

/// How many runs may go on at a time, over all jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Width(pub usize);

/// A job as the scheduler knows it.
struct Entry {
    agenda: Agenda,
    scheduling: Scheduling,
    /// Every slot up to this instant has been decided on.
    decided_until: DateTime<Utc>,
    /// The first slot after that: kept, because a fire of a cron line is dear to find, and the
    /// loop asks for it at every turn.
    next: Option<Slot>,
    /// Decided on, and not started yet: the job is running, or all places are taken.
    waiting: VecDeque<(Slot, Cause)>,
    running: BTreeSet<Slot>,
    /// Paused by hand.
    held: bool,
}

pub struct Scheduler {
    width: Width,
    jobs: BTreeMap<JobName, Entry>,
    /// Runs whose job is no longer known, until they end.
    orphans: BTreeSet<(JobName, Slot)>,
}

impl Scheduler {
    pub fn new(width: Width) -> Self {
        Self { width, jobs: BTreeMap::new(), orphans: BTreeSet::new() }
    }

    /// Adds a job, or gives a known one new settings; its runs and its queue go on. For a new
    /// one, slots after `since` count: the last one that was committed, or now. Decide first
    /// on what is due: by then the old settings still hold.
    pub fn put(
        &mut self,
        job: JobName,
        schedules: &[ScheduleSettings],
        scheduling: Scheduling,
        since: DateTime<Utc>,
    ) {
        let agenda = Agenda::of(&job, schedules, &scheduling);
        match self.jobs.get_mut(&job) {
            Some(entry) => {
                entry.agenda = agenda;
                entry.scheduling = scheduling;
                entry.look_ahead();
            }
            None => {
                let running = self.orphans.iter().filter(|(orphan, _)| *orphan == job).map(|(_, slot)| *slot);
                let mut entry = Entry {
                    agenda,
                    scheduling,
                    decided_until: since,
                    next: None,
                    waiting: VecDeque::new(),
                    running: running.collect(),
                    held: false,
                };
                entry.look_ahead();
                self.orphans.retain(|(orphan, _)| *orphan != job);
                self.jobs.insert(job, entry);
            }
        }
    }

    /// Forgets a job. Its runs go on to their end.
    pub fn remove(&mut self, job: &JobName) {
        if let Some(entry) = self.jobs.remove(job) {
            self.orphans.extend(entry.running.into_iter().map(|slot| (job.clone(), slot)));
        }
    }

    pub fn jobs(&self) -> impl Iterator<Item = &JobName> {
        self.jobs.keys()
    }

    /// When the next slot of any job is due: nothing is to be decided before, unless a run
    /// ends.
    pub fn next_due(&self) -> Option<DateTime<Utc>> {
        self.jobs.values().filter_map(Entry::next_due).min()
    }

    /// A run was asked for by hand: it starts as soon as there is a place, also while the job
    /// is paused.
    pub fn ask(&mut self, job: &JobName, slot: Slot) -> Result<(), NotAsked> {
        let Some(entry) = self.jobs.get_mut(job) else { return Err(NotAsked::NoSuchJob) };
        if entry.knows(slot) {
            return Err(NotAsked::Known);
        }
        let asked = entry.waiting.iter().filter(|(_, cause)| *cause == Cause::Asked).count();
        if asked >= ASKED_WAITING {
            return Err(NotAsked::TooMany);
        }
        entry.waiting.insert(asked, (slot, Cause::Asked));
        Ok(())
    }

    /// Pauses a job by hand, or takes that back; its file may pause it all the same. Says
    /// whether there is such a job.
    pub fn hold(&mut self, job: &JobName, held: bool) -> bool {
        let entry = self.jobs.get_mut(job);
        entry.map(|entry| entry.held = held).is_some()
    }

    pub fn standing(&self, job: &JobName) -> Option<Standing> {
        self.jobs.get(job).map(Entry::standing)
    }

    /// The run of a slot was cut off by the end of an earlier daemon: it goes on, if the slot
    /// is one of the job's own and not longer ago than what is caught up.
    pub fn resume(&mut self, job: &JobName, slot: Slot, now: DateTime<Utc>) -> bool {
        let Some(entry) = self.jobs.get_mut(job) else { return false };
        let before = slot.instant() - chrono::Duration::milliseconds(1);
        let own = entry.agenda.slots_after(before).next() == Some(slot);
        let recent = now - slot.instant() <= delta(entry.scheduling.catch_up_window);
        let goes_on = own && recent && entry.paused().is_none() && !entry.knows(slot);
        if goes_on {
            entry.waiting.push_back((slot, Cause::Resumed));
        }
        goes_on
    }

    /// A run has ended, in whatever way.
    pub fn ended(&mut self, job: &JobName, slot: Slot) {
        match self.jobs.get_mut(job) {
            Some(entry) => {
                entry.running.remove(&slot);
            }
            None => {
                self.orphans.remove(&(job.clone(), slot));
            }
        }
    }

    /// Decides on everything that is due by now.
    pub fn decide(&mut self, now: DateTime<Utc>) -> Vec<Decision> {
        let mut decisions = Vec::new();
        for (job, entry) in &mut self.jobs {
            entry.take_due(job, now, &mut decisions);
        }
        let going: usize = self.jobs.values().map(|entry| entry.running.len()).sum();
        let mut places = self.width.0.saturating_sub(going + self.orphans.len());
        // The oldest slot first, whichever job it is of: none starves.
        while places > 0 {
            let ready = self.jobs.iter_mut().filter(|(_, entry)| entry.may_start());
            let Some((job, entry)) =
                ready.min_by_key(|(_, entry)| entry.waiting.front().map(|(slot, _)| *slot))
            else {
                break;
            };
            let Some((slot, cause)) = entry.waiting.pop_front() else { break };
            entry.running.insert(slot);
            decisions.push(Decision::Start { job: job.clone(), slot, cause });
            places -= 1;
        }
        decisions
    }
}

impl Entry {
    fn knows(&self, slot: Slot) -> bool {
        self.running.contains(&slot) || self.waiting.iter().any(|(waiting, _)| *waiting == slot)
    }

    fn due(&self, slot: Slot) -> DateTime<Utc> {
        slot.instant() + self.agenda.delay()
    }

    fn next_due(&self) -> Option<DateTime<Utc>> {
        self.next.map(|slot| self.due(slot))
    }

    fn look_ahead(&mut self) {
        self.next = self.agenda.slots_after(self.decided_until).next();
    }

    fn paused(&self) -> Option<Pause> {
        if self.scheduling.paused { Some(Pause::File) } else { self.held.then_some(Pause::Hand) }
    }

    fn standing(&self) -> Standing {
        let next_start = self.next_due();
        let fires = next_start.filter(|_| self.paused().is_none());
        let late = self.waiting.iter().filter(|(_, cause)| *cause != Cause::Asked);
        Standing {
            paused: self.paused(),
            next_slot: self.next,
            next_start,
            running: self.running.iter().copied().collect(),
            waiting: self.waiting.iter().map(|(slot, _)| *slot).collect(),
            oldest_due: late.map(|(slot, _)| self.due(*slot)).chain(fires).min(),
        }
    }

    fn may_start(&self) -> bool {
        !self.waiting.is_empty() && (self.running.is_empty() || self.scheduling.overlap == Overlap::Allow)
    }

    fn take_due(&mut self, job: &JobName, now: DateTime<Utc>, decisions: &mut Vec<Decision>) {
        if self.next_due().is_none_or(|due| due > now) {
            return;
        }
        let leave = |slot, why| Decision::Leave { job: job.clone(), slot, why };
        let due: Vec<Slot> =
            self.agenda.slots_after(self.decided_until).take_while(|slot| self.due(*slot) <= now).collect();
        let Some(newest) = due.last() else { return };
        self.decided_until = newest.instant();
        self.look_ahead();
        let due: Vec<Slot> = due.into_iter().filter(|slot| !self.knows(*slot)).collect();
        if self.paused().is_some() {
            decisions.extend(due.into_iter().map(|slot| leave(slot, Left::Paused)));
            return;
        }
        let (missed, on_time): (Vec<_>, Vec<_>) =
            due.into_iter().partition(|slot| now - self.due(*slot) > delta(self.scheduling.start_deadline));
        let (caught_up, left) = self.catch_up(missed, now, on_time.is_empty());
        decisions.extend(left.into_iter().map(|slot| leave(slot, Left::Missed)));
        self.waiting.extend(caught_up.into_iter().map(|slot| (slot, Cause::CatchUp)));
        for slot in on_time {
            self.queue(slot, job, decisions);
        }
    }

    /// Which of the missed slots are run, and which are left. With a slot that is on time
    /// there is nothing newer to catch up with.
    fn catch_up(&self, missed: Vec<Slot>, now: DateTime<Utc>, newest_missed: bool) -> (Vec<Slot>, Vec<Slot>) {
        let (recent, old): (Vec<_>, Vec<_>) = missed
            .into_iter()
            .partition(|slot| now - slot.instant() <= delta(self.scheduling.catch_up_window));
        let mut left = old;
        let mut recent = recent;
        let caught_up = match self.scheduling.catch_up {
            CatchUp::All => std::mem::take(&mut recent),
            CatchUp::Latest if newest_missed => recent.pop().into_iter().collect(),
            CatchUp::Latest | CatchUp::None => Vec::new(),
        };
        left.extend(recent);
        (caught_up, left)
    }

    /// One slot that is on time.
    fn queue(&mut self, slot: Slot, job: &JobName, decisions: &mut Vec<Decision>) {
        let busy = !self.running.is_empty() || !self.waiting.is_empty();
        match self.scheduling.overlap {
            Overlap::Skip if busy => {
                decisions.push(Decision::Leave { job: job.clone(), slot, why: Left::StillRunning });
                return;
            }
            Overlap::QueueOne | Overlap::Replace => {
                let due = |(_, cause): &(Slot, Cause)| *cause == Cause::Due;
                let overtaken: Vec<_> = self.waiting.iter().filter(|waiting| due(waiting)).copied().collect();
                self.waiting.retain(|waiting| !due(waiting));
                let left = overtaken.into_iter().map(|(slot, _)| slot);
                decisions.extend(left.map(|slot| Decision::Leave {
                    job: job.clone(),
                    slot,
                    why: Left::Overtaken,
                }));
            }
            Overlap::Skip | Overlap::Allow => {}
        }
        if self.scheduling.overlap == Overlap::Replace {
            let cancel = |slot: &Slot| Decision::Cancel { job: job.clone(), slot: *slot };
            decisions.extend(self.running.iter().map(cancel));
        }
        self.waiting.push_back((slot, Cause::Due));
    }
}

fn delta(duration: std::time::Duration) -> chrono::Duration {
    chrono::Duration::from_std(duration).unwrap_or(chrono::Duration::MAX)
}
