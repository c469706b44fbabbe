//! One host's answer as it arrives: records become findings, and every collector that was
//! asked gets exactly one outcome.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::model::failure::{Failure, FailureKind};
use crate::model::outcome::{Outcome, StepName};
use crate::providers::hyperv::baseline;
use crate::providers::hyperv::collector::Collector;
use crate::providers::hyperv::facts::{self, Facts};
use crate::providers::hyperv::object::{Reading, Stamp};
use crate::providers::hyperv::wire::{Header, Item, RemoteError, Status};
use crate::providers::provider::{Baseline, Finding};

/// The record that closes the conversation.
const END: &str = "end";

/// The longest piece of a host's own message that goes into a failure.
const MESSAGE_CHARS: usize = 300;

pub struct Conversation {
    stamp: Stamp,
    collectors: BTreeMap<Collector, Progress>,
    facts: Option<Facts>,
    baseline: BaselineProgress,
    /// A record came whose owner could not be read.
    damaged: bool,
    over: bool,
}

/// How far one collector has come.
#[derive(Debug, Default)]
struct Progress {
    next_seq: u32,
    rows: u64,
    seen: BTreeSet<Uuid>,
    /// The first thing that went wrong.
    failure: Option<Failure>,
    ended: bool,
}

#[derive(Debug, Default)]
struct BaselineProgress {
    next_seq: u32,
    vms: BTreeMap<Uuid, String>,
    path: String,
    failure: Option<Failure>,
    /// Its last record came.
    complete: bool,
    told: bool,
}

impl Conversation {
    pub fn new(asked: &[Collector], stamp: Stamp) -> Self {
        Self {
            stamp,
            collectors: asked.iter().map(|collector| (*collector, Progress::default())).collect(),
            facts: None,
            baseline: BaselineProgress::default(),
            damaged: false,
            over: false,
        }
    }

    /// The last record has come.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Whether a record was lost whose owner nobody knows.
    pub fn is_damaged(&self) -> bool {
        self.damaged
    }

    pub fn facts(&self) -> Option<&Facts> {
        self.facts.as_ref()
    }

    /// What one record tells.
    pub fn hear(&mut self, item: Item) -> Vec<Finding> {
        let (header, payload) = match item {
            Item::Record { header, payload } => (header, payload),
            Item::Damaged(_) => {
                self.damaged = true;
                return Vec::new();
            }
        };
        let payload = payload.map_err(|damage| {
            Failure::new(
                FailureKind::Corrupt,
                format!("record {} of `{}`: {damage}", header.seq, header.collector),
            )
        });
        match header.collector.as_str() {
            END => {
                self.over = true;
                Vec::new()
            }
            facts::WORD => {
                if let Ok(Some(payload)) = payload {
                    self.facts = Facts::read(&payload);
                }
                self.tell_baseline(false)
            }
            baseline::WORD => {
                self.baseline.hear(&header, payload);
                self.tell_baseline(false)
            }
            word => match Collector::ALL.iter().find(|collector| collector.word() == word) {
                Some(collector) => self.hear_collector(*collector, &header, payload),
                None => Vec::new(),
            },
        }
    }

    /// The conversation has ended, by its last record or by `broken_off`: what is still
    /// open gets its outcome.
    pub fn close(&mut self, broken_off: Option<&Failure>) -> Vec<Finding> {
        // Without any word of a baseline, what broke the conversation off says more.
        let silent = self.baseline.next_seq == 0 && !self.baseline.complete;
        let mut findings = if silent && broken_off.is_some() { Vec::new() } else { self.tell_baseline(true) };
        let lost = broken_off.cloned().unwrap_or_else(|| {
            Failure::new(FailureKind::Corrupt, "the script ended without a final record of this collector")
        });
        for (collector, progress) in &mut self.collectors {
            if !progress.ended {
                progress.blame(lost.clone());
                findings.push(progress.end(*collector, 0));
            }
        }
        findings
    }

    fn hear_collector(
        &mut self,
        collector: Collector,
        header: &Header,
        payload: Result<Option<Vec<u8>>, Failure>,
    ) -> Vec<Finding> {
        // A table that was not asked for, or that has had its outcome.
        let Some(progress) = self.collectors.get_mut(&collector).filter(|progress| !progress.ended) else {
            return Vec::new();
        };
        if let Err(failure) = follow(&mut progress.next_seq, header) {
            progress.blame(failure.failure);
            if failure.repeated {
                return Vec::new();
            }
        }
        let mut findings = Vec::new();
        match payload {
            Ok(Some(payload)) => {
                let reading = collector.read(&payload, &self.stamp, &mut progress.seen);
                progress.take(&reading, header);
                findings.extend(reading.batch.map(Finding::Rows));
            }
            Ok(None) => progress.take(&Reading::default(), header),
            Err(failure) => progress.blame(failure),
        }
        if header.status != Status::More {
            if let Some(failure) = reported(header) {
                progress.blame(failure);
            }
            findings.push(progress.end(collector, header.ms.unwrap_or_default()));
        }
        findings
    }

    /// An empty list waits for the facts that prove or disprove it.
    fn tell_baseline(&mut self, last_chance: bool) -> Vec<Finding> {
        let ready = self.baseline.complete
            && (self.facts.is_some() || !self.baseline.vms.is_empty() || self.baseline.failure.is_some());
        if self.baseline.told || !(ready || last_chance) {
            return Vec::new();
        }
        self.baseline.told = true;
        let zero_proven = self.baseline.vms.is_empty() && self.facts.as_ref().is_some_and(Facts::prove_zero);
        vec![Finding::Baseline(self.baseline.close(zero_proven))]
    }
}

impl Progress {
    fn blame(&mut self, failure: Failure) {
        self.failure.get_or_insert(failure);
    }

    fn take(&mut self, reading: &Reading, header: &Header) {
        self.rows += reading.batch.as_ref().map_or(0, |batch| batch.rows());
        let announced = header.rows.unwrap_or(reading.objects);
        let wrong = if reading.objects != announced {
            format!("record {} holds {} objects, its header says {announced}", header.seq, reading.objects)
        } else if reading.unreadable > 0 {
            format!("{} objects could not be read or name no VM", reading.unreadable)
        } else if reading.repeated > 0 {
            format!("{} VMs came twice; the first row of each was kept", reading.repeated)
        } else {
            return;
        };
        self.blame(Failure::new(FailureKind::Corrupt, wrong));
    }

    fn end(&mut self, collector: Collector, duration_ms: u64) -> Finding {
        self.ended = true;
        let rows = self.rows;
        let outcome = match self
            .failure
            .take()
            .map(|failure| failure.during(format!("collector {}", collector.word())))
        {
            None => Outcome::Ok { rows },
            Some(failure) if rows > 0 => Outcome::Partial { rows, failure },
            Some(failure) => Outcome::Failed { failure },
        };
        // A collector that failed has seen nothing, which is not the same as "no VMs".
        let tells = collector.one_per_vm() && !matches!(outcome, Outcome::Failed { .. });
        let seen = std::mem::take(&mut self.seen);
        Finding::Ended {
            step: StepName(collector.word().to_owned()),
            table: collector.table(),
            outcome,
            seen: tells.then(|| seen.into_iter().collect()),
            duration_ms,
        }
    }
}

impl BaselineProgress {
    fn hear(&mut self, header: &Header, payload: Result<Option<Vec<u8>>, Failure>) {
        if self.complete {
            return;
        }
        if let Err(failure) = follow(&mut self.next_seq, header) {
            self.failure.get_or_insert(failure.failure);
        }
        match payload {
            Ok(Some(payload)) => {
                if !baseline::read(&payload, &mut self.vms) {
                    let message = "the list holds objects without a VM id";
                    self.failure.get_or_insert(Failure::new(FailureKind::Corrupt, message));
                }
            }
            Ok(None) => {}
            Err(failure) => {
                self.failure.get_or_insert(failure);
            }
        }
        self.path = header.source.clone().unwrap_or_else(|| "cim".to_owned());
        if header.status != Status::More {
            self.complete = true;
            if let Some(failure) = reported(header) {
                self.failure.get_or_insert(failure);
            }
        }
    }

    /// A list that is not whole is no baseline: it would hide what it lacks.
    fn close(&mut self, zero_proven: bool) -> Result<Baseline, Failure> {
        if !self.complete {
            let message = "the script ended without the independent list of VMs";
            self.failure.get_or_insert(Failure::new(FailureKind::BaselineError, message));
        }
        match self.failure.take() {
            None => {
                let vms = std::mem::take(&mut self.vms).into_iter().collect();
                Ok(Baseline { vms, zero_proven, path: std::mem::take(&mut self.path) })
            }
            Some(failure) => {
                let mut failure = failure.during("baseline");
                failure.kind = FailureKind::BaselineError;
                Err(failure)
            }
        }
    }
}

/// A record out of its turn.
struct OutOfTurn {
    failure: Failure,
    /// It came before; its rows are known.
    repeated: bool,
}

/// Records of a collector count up from 0. A gap means lost rows; what follows is kept.
fn follow(next_seq: &mut u32, header: &Header) -> Result<(), OutOfTurn> {
    let expected = std::mem::replace(next_seq, header.seq.saturating_add(1).max(*next_seq));
    if header.seq == expected {
        return Ok(());
    }
    let message = format!("record {} came where record {expected} was due", header.seq);
    let failure = Failure::new(FailureKind::Corrupt, message);
    Err(OutOfTurn { failure, repeated: header.seq < expected })
}

/// The trouble that a final record tells of itself.
fn reported(header: &Header) -> Option<Failure> {
    let ms = header.ms.unwrap_or_default();
    match header.status {
        Status::More | Status::Ok => None,
        Status::Partial | Status::Error => {
            Some(Failure::new(FailureKind::RemoteError, sentence(header.error.as_ref())))
        }
        Status::Timeout => Some(Failure::new(
            FailureKind::TimedOut,
            format!("the host stopped it after {:.1} s", ms as f64 / 1000.0),
        )),
        Status::NotApplicable => Some(Failure::new(
            FailureKind::NotApplicable,
            "the Hyper-V role, or a cmdlet of it, is not installed",
        )),
    }
}

/// The id first: it is the same in every language.
fn sentence(error: Option<&RemoteError>) -> String {
    let Some(error) = error else { return "the host reported an error without naming it".to_owned() };
    let id = error.id.as_deref().unwrap_or("an error without id");
    let category = error.category.as_deref().map(|category| format!(" ({category})")).unwrap_or_default();
    let times = match error.count {
        Some(count) if count > 1 => format!(", {count} times"),
        _ => String::new(),
    };
    let message: String = error.message.as_deref().unwrap_or_default().chars().take(MESSAGE_CHARS).collect();
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let said = if message.is_empty() { message } else { format!(": {message}") };
    format!("the host reported {id}{category}{times}{said}")
}
