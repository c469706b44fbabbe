//! How well did we see it? Each host against its own baseline, then all hosts together.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::model::event::{Coverage, Event, NamedVm, Verdict};
use crate::model::failure::{Failure, FailureKind};
use crate::model::outcome::StepName;
use crate::model::status::{FinalStatus, Reason};
use crate::model::target::HostName;
use crate::providers::provider::Baseline;
use crate::stages::collect::{Collected, CollectorEnd};
use crate::stages::preflight::Refused;

/// What counts as good enough.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Policy {
    /// The least share of the baseline that every collector must see.
    pub coverage_threshold: f64,
    /// Forgive coverage gaps. Failing collectors are never forgiven.
    pub allow_partial_ok: bool,
}

/// How a host's turn went, as far as it went.
#[derive(Debug)]
pub enum Evidence {
    Refused(Refused),
    Collected(Collected),
    /// The run was stopped before its turn.
    NotBegun,
    /// A panic of ours.
    Broken(String),
}

/// Judges one host. Pure: the same evidence gets the same verdict.
pub fn judge(evidence: &Evidence, policy: Policy) -> Verdict {
    match evidence {
        Evidence::NotBegun => entered_nothing(false, Reason::NotRun),
        // A bug of ours leaves nothing that could be trusted.
        Evidence::Broken(_) => entered_nothing(false, Reason::NoAnswer),
        Evidence::Refused(Refused::NotReached(failure)) => {
            entered_nothing(false, reason_before_entry(failure))
        }
        Evidence::Refused(Refused::NotEntered(failure)) => {
            entered_nothing(true, reason_before_entry(failure))
        }
        Evidence::Collected(collected) => judge_collected(collected, policy),
    }
}

fn entered_nothing(reachable: bool, reason: Reason) -> Verdict {
    Verdict {
        status: reason.leads_to(),
        reachable,
        reasons: vec![reason],
        baseline_vms: None,
        coverage: BTreeMap::new(),
    }
}

/// Before the logon succeeded: a connection that never stood is `unreachable` (the client
/// says so itself, within its own timeout); whatever came after one is `no_answer` unless
/// it has a word of its own.
fn reason_before_entry(failure: &Failure) -> Reason {
    match failure.kind {
        FailureKind::Unreachable | FailureKind::Tls => Reason::Unreachable,
        FailureKind::AuthFailed => Reason::AuthFailed,
        FailureKind::CredentialBlocked => Reason::CredentialBlocked,
        FailureKind::NoTicket => Reason::NoTicket,
        FailureKind::Cancelled => Reason::Cancelled,
        _ => Reason::NoAnswer,
    }
}

fn judge_collected(collected: &Collected, policy: Policy) -> Verdict {
    let baseline = collected.baseline.as_ref().and_then(|baseline| baseline.as_ref().ok());
    let coverage: BTreeMap<_, _> = match baseline {
        Some(baseline) => cover(baseline, &collected.collectors),
        None => BTreeMap::new(),
    };
    let mut reasons = BTreeSet::new();
    match &collected.baseline {
        Some(Ok(baseline)) if baseline.vms.is_empty() => {
            let proven = baseline.zero_proven && coverage.values().all(|seen| seen.unexpected.is_empty());
            reasons.insert(if proven { Reason::NoVmsConfirmed } else { Reason::BaselineError });
        }
        Some(Ok(_)) => {}
        Some(Err(_)) => {
            reasons.insert(Reason::BaselineError);
        }
        None => {
            reasons
                .insert(collected.broken_off.as_ref().map_or(Reason::BaselineError, reason_without_baseline));
        }
    }
    if let (Some(_), Some(failure)) = (&collected.baseline, &collected.broken_off) {
        reasons.insert(reason_after_baseline(failure));
    }
    reasons.extend(
        collected.collectors.values().filter_map(|end| end.outcome.failure()).map(reason_after_baseline),
    );
    let gap = coverage
        .values()
        .any(|coverage: &Coverage| coverage.share.is_some_and(|share| share < policy.coverage_threshold));
    if gap && !policy.allow_partial_ok {
        reasons.insert(Reason::CoverageGap);
    }
    // Without a baseline the collectors' own failures are echoes of the same trouble.
    if reasons.iter().any(|reason| reason.leads_to() == FinalStatus::InventoryError) {
        reasons.retain(|reason| reason.leads_to() == FinalStatus::InventoryError);
    }
    Verdict {
        status: reasons.iter().map(|reason| reason.leads_to()).max().unwrap_or(FinalStatus::InventoryOk),
        reachable: true,
        reasons: reasons.into_iter().collect(),
        baseline_vms: baseline.map(|baseline| baseline.vms.len() as u64),
        coverage,
    }
}

fn reason_without_baseline(failure: &Failure) -> Reason {
    match failure.kind {
        FailureKind::Cancelled => Reason::Cancelled,
        FailureKind::OutputLimit => Reason::OutputLimit,
        FailureKind::AuthFailed => Reason::AuthFailed,
        FailureKind::NotApplicable | FailureKind::BaselineError | FailureKind::RemoteError => {
            Reason::BaselineError
        }
        _ => Reason::NoAnswer,
    }
}

fn reason_after_baseline(failure: &Failure) -> Reason {
    match failure.kind {
        FailureKind::Cancelled => Reason::Cancelled,
        FailureKind::TimedOut => Reason::TimedOut,
        FailureKind::OutputLimit => Reason::OutputLimit,
        _ => Reason::CollectorError,
    }
}

fn cover(baseline: &Baseline, collectors: &BTreeMap<StepName, CollectorEnd>) -> BTreeMap<StepName, Coverage> {
    let owed: BTreeMap<Uuid, &str> = baseline.vms.iter().map(|(id, name)| (*id, name.as_str())).collect();
    let told = collectors.iter().filter_map(|(step, end)| Some((step, end.seen.as_ref()?)));
    told.map(|(step, seen)| (step.clone(), cover_one(&owed, seen))).collect()
}

fn cover_one(owed: &BTreeMap<Uuid, &str>, seen: &[Uuid]) -> Coverage {
    let seen: BTreeSet<Uuid> = seen.iter().copied().collect();
    let missing: Vec<NamedVm> = owed
        .iter()
        .filter(|(id, _)| !seen.contains(id))
        .map(|(id, name)| NamedVm { vm_id: id.to_string(), vm_name: (*name).to_owned() })
        .collect();
    let unexpected = seen.iter().filter(|id| !owed.contains_key(id)).map(Uuid::to_string).collect();
    let found = owed.len() - missing.len();
    let share = (!owed.is_empty()).then(|| found as f64 / owed.len() as f64);
    Coverage { seen: found as u64, missing, unexpected, share }
}

/// A VM that a host showed, and its name there as far as the baseline told it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownVm(pub Uuid, pub String);

/// What one host showed.
pub fn shown(collected: &Collected) -> Vec<ShownVm> {
    let mut names: BTreeMap<Uuid, &str> = match &collected.baseline {
        Some(Ok(baseline)) => baseline.vms.iter().map(|(id, name)| (*id, name.as_str())).collect(),
        _ => BTreeMap::new(),
    };
    // Only a host that has rows of a VM can be the one to keep; where no collector told
    // which VMs its rows speak of, the baseline stands in.
    let seen = collected.collectors.values().filter_map(|end| end.seen.as_ref());
    let told: BTreeSet<Uuid> = seen.flatten().copied().collect();
    if !told.is_empty() {
        let named = |id| (id, names.get(&id).copied().unwrap_or_default());
        names = told.into_iter().map(named).collect();
    }
    names.into_iter().map(|(id, name)| ShownVm(id, name.to_owned())).collect()
}

/// Where every VM was seen, over all hosts of the run: 25 bytes a VM, more only for those
/// that moved.
#[derive(Debug, Default)]
pub struct Sightings {
    hosts: Vec<HostName>,
    /// VM id to the index of the host that showed it last.
    last_on: HashMap<Uuid, u32>,
    /// VMs that a second host showed: the name there, and every host in the order of their ends.
    moved: BTreeMap<Uuid, (String, Vec<u32>)>,
}

impl Sightings {
    /// Notes what one host showed. Call it in the order in which hosts end.
    pub fn note(&mut self, host: &HostName, shown: &[ShownVm]) {
        let index = u32::try_from(self.hosts.len()).expect("a fleet has fewer than four billion hosts");
        self.hosts.push(host.clone());
        for ShownVm(id, name) in shown {
            if let Some(before) = self.last_on.insert(*id, index) {
                let (last_name, seen_on) =
                    self.moved.entry(*id).or_insert_with(|| (String::new(), vec![before]));
                seen_on.push(index);
                last_name.clone_from(name);
            }
        }
    }

    /// VMs that were seen on several hosts: they moved while the run went on. The host that
    /// answered last is where the VM is now, so its rows are the ones to keep.
    pub fn moved(&self) -> Vec<Event> {
        let told = self.moved.iter().filter_map(|(id, (vm_name, indices))| {
            let seen_on: Vec<_> = indices.iter().map(|index| self.hosts[*index as usize].clone()).collect();
            let kept = seen_on.last()?.clone();
            Some(Event::VmMoved { vm_id: id.to_string(), vm_name: vm_name.clone(), seen_on, kept })
        });
        told.collect()
    }
}
