//! What the end of a run is worth telling: what it found, against how the fleet stood before.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::history::ledger::{HistoryError, Ledger};
use crate::history::picture::Picture;
use crate::history::why::why;
use crate::model::event::CancelCause;
use crate::model::manifest::{HostRecord, Manifest};
use crate::model::probe::{ProbeEnding, ProbeName, ProbeRecord};
use crate::model::run::Scope;
use crate::model::status::FinalStatus;
use crate::model::target::HostName;
use crate::notify::notice::{NotOkHost, NotOkProbe, Notice, Occasion, RunFacts, Since};
use crate::notify::wording::one_line;
use crate::output::layout;
use crate::output::store::Store;

/// A committed run. When the runs before cannot be read, it is told as if there were none.
pub async fn of_committed(manifest: &Manifest, store: &Store) -> Notice {
    let known = surroundings(manifest, store).await.unwrap_or_else(|error| {
        tracing::warn!(job.name = %manifest.job, %error, "what was before this run cannot be told");
        Surroundings { before: NotOk::default(), together: None }
    });
    notice(manifest, known, store)
}

/// What is not OK after a run.
#[derive(Default, PartialEq)]
struct NotOk {
    hosts: BTreeSet<HostName>,
    probes: BTreeSet<ProbeName>,
}

struct Surroundings {
    /// What was not OK; nothing without an earlier run.
    before: NotOk,
    /// Of a retry: the run that it retried, with all its retries.
    together: Option<Picture>,
}

async fn surroundings(manifest: &Manifest, store: &Store) -> Result<Surroundings, HistoryError> {
    let ledger = Ledger::of(store);
    let before = Picture::before(&ledger, manifest).await?.map_or_else(NotOk::default, |picture| {
        let hosts = picture.hosts().filter(|(_, standing)| !standing.status().is_good());
        let probes =
            picture.root().probes.iter().filter(|(_, record)| record.verdict.ending != ProbeEnding::Passed);
        NotOk {
            hosts: hosts.map(|(host, _)| host.clone()).collect(),
            probes: probes.map(|(probe, _)| probe.clone()).collect(),
        }
    });
    let together = match manifest.scope {
        Scope::Retry => Some(Picture::around(&ledger, manifest.clone()).await?),
        Scope::Full | Scope::Part => None,
    };
    Ok(Surroundings { before, together })
}

fn notice(manifest: &Manifest, known: Surroundings, store: &Store) -> Notice {
    let records: BTreeMap<&HostName, &HostRecord> = match &known.together {
        Some(picture) => picture.hosts().map(|(host, standing)| (host, standing.record)).collect(),
        None => manifest.hosts.iter().collect(),
    };
    let mut counts: BTreeMap<_, u64> = FinalStatus::ALL.into_iter().map(|status| (status, 0)).collect();
    let (mut not_ok, mut vms) = (Vec::new(), 0);
    let asked: BTreeSet<HostName> = records.keys().map(|host| (*host).clone()).collect();
    for (host, record) in records {
        // A committed run has judged every host.
        let Some(verdict) = &record.verdict else { continue };
        *counts.entry(verdict.status).or_default() += 1;
        vms += verdict.baseline_vms.unwrap_or_default();
        if !verdict.status.is_good() {
            not_ok.push(NotOkHost {
                host: host.clone(),
                status: verdict.status,
                reasons: verdict.reasons.clone(),
                why: why(record).first().map(|why| one_line(why)).unwrap_or_default(),
            });
        }
    }
    not_ok.sort_by_key(|host| Reverse(host.status));
    // A retry measures nothing: what the run found that it retries still holds.
    let measured = known.together.as_ref().map_or(manifest, Picture::root);
    let probes_not_ok: Vec<_> = measured.probes.iter().filter_map(not_ok_probe).collect();
    let occasion = match (&manifest.cancelled, not_ok.is_empty(), probes_not_ok.is_empty()) {
        (Some(_), _, _) => Occasion::Cancelled,
        (None, true, true) => Occasion::AllOk,
        (None, true, false) => Occasion::ProbesNotOk,
        (None, false, _) => Occasion::HostsNotOk,
    };
    let ended_at = manifest.ended_at.unwrap_or(manifest.started_at);
    let duration = ended_at.signed_duration_since(manifest.started_at);
    let now = NotOk {
        hosts: not_ok.iter().map(|host| host.host.clone()).collect(),
        probes: probes_not_ok.iter().map(|probe| probe.probe.clone()).collect(),
    };
    let mut since = since(known.before, &now, occasion);
    // A host that left the fleet is not OK again.
    since.ok_again.retain(|host| asked.contains(host));
    Notice {
        since,
        cause: manifest.cancelled.as_ref().map(|cancelled| cancel_word(cancelled.cause).to_owned()),
        run: Some(RunFacts {
            run_id: manifest.run_id.clone(),
            attempt: manifest.attempt.clone(),
            scope: manifest.scope,
            started_at: manifest.started_at,
            duration_ms: u64::try_from(duration.num_milliseconds()).unwrap_or_default(),
            counts,
            vms,
            not_ok,
            probes: measured.probes.len() as u64,
            probes_not_ok,
            manifest: store.shown(&layout::manifest(&manifest.job, manifest.slot)),
        }),
        ..Notice::plain(manifest.job.clone(), manifest.slot, occasion, ended_at)
    }
}

fn not_ok_probe((probe, record): (&ProbeName, &ProbeRecord)) -> Option<NotOkProbe> {
    let ending = &record.verdict.ending;
    (*ending != ProbeEnding::Passed).then(|| NotOkProbe {
        probe: probe.clone(),
        kind: record.kind,
        ended: ending.word(),
        headline: one_line(&record.verdict.headline),
    })
}

/// Without an earlier run everything counts as having been well: only what is wrong is news.
fn since(before: NotOk, now: &NotOk, occasion: Occasion) -> Since {
    // Hosts that a cancelled run did not ask are no news.
    let comparable = occasion != Occasion::Cancelled;
    Since {
        recovered: occasion == Occasion::AllOk && before != NotOk::default(),
        changed: !comparable || before != *now,
        newly_not_ok: now.hosts.difference(&before.hosts).filter(|_| comparable).cloned().collect(),
        ok_again: before.hosts.difference(&now.hosts).filter(|_| comparable).cloned().collect(),
    }
}

fn cancel_word(cause: CancelCause) -> &'static str {
    match cause {
        CancelCause::Operator => "by an operator",
        CancelCause::Deadline => "by its deadline",
        CancelCause::Replaced => "a newer slot took its place",
    }
}
