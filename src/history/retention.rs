//! Which committed runs of a job have had their time.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use crate::history::ledger::RunRef;
use crate::model::manifest::Manifest;
use crate::model::run::{RunId, Scope};

/// How many stay; with neither, all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    pub runs: Option<u32>,
    pub days: Option<u32>,
}

/// A committed run, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub run: RunRef,
    pub scope: Scope,
    pub parent: Option<RunId>,
}

impl Kept {
    pub fn of(manifest: &Manifest) -> Self {
        Self {
            run: RunRef { slot: manifest.slot, job: manifest.job.clone() },
            scope: manifest.scope,
            parent: manifest.parent.clone(),
        }
    }
}

/// A run with its retries, as `Picture` has it: it stays or goes as a whole.
struct Whole<'a> {
    root: &'a Kept,
    runs: Vec<&'a Kept>,
}

impl Whole<'_> {
    fn newest(&self) -> &RunRef {
        self.runs.iter().map(|kept| &kept.run).max().unwrap_or(&self.root.run)
    }
}

/// Runs of one job that may go, each behind those that retried it. `retried` are runs that
/// somebody is retrying at this moment.
pub fn overdue(runs: &[Kept], keep: Keep, retried: &BTreeSet<RunId>, now: DateTime<Utc>) -> Vec<RunRef> {
    if keep == Keep::default() {
        return Vec::new();
    }
    let mut wholes = wholes(runs);
    wholes.sort_by(|a, b| b.root.run.cmp(&a.root.run));
    let is_full = |whole: &Whole<'_>| whole.root.scope == Scope::Full;
    let is_there_a_full_one = wholes.iter().any(is_full);
    let counts = |whole: &Whole<'_>| !is_there_a_full_one || is_full(whole);
    // The last one stays whatever is said.
    let number = keep.runs.unwrap_or(1).max(1) as usize;
    let kept = wholes.iter().filter(|whole| counts(whole)).take(number).map(|whole| &whole.root.run);
    let oldest_kept = kept.min().cloned();
    let newest = runs.iter().map(|kept| &kept.run).max();
    let day = keep.days.and_then(|days| now.checked_sub_signed(TimeDelta::days(i64::from(days))));
    let stays = |whole: &Whole<'_>| {
        let by_number = oldest_kept.as_ref().is_some_and(|oldest| match counts(whole) {
            true => whole.root.run >= *oldest,
            // Parts of a job stay as long as the whole runs beside them.
            false => keep.runs.is_some() && whole.newest() >= oldest,
        });
        let by_day = day.is_some_and(|day| whole.newest().slot.instant() >= day);
        let is_newest = whole.runs.iter().any(|kept| Some(&kept.run) == newest);
        let is_retried = whole.runs.iter().any(|kept| retried.contains(&kept.run.run_id()));
        by_number || by_day || is_newest || is_retried
    };
    let mut overdue = Vec::new();
    for whole in wholes.iter().filter(|whole| !stays(whole)) {
        let mut runs: Vec<_> = whole.runs.iter().map(|kept| kept.run.clone()).collect();
        runs.sort_by(|a, b| b.cmp(a));
        overdue.extend(runs);
    }
    overdue
}

/// Runs with their retries, also those of retries. A parent that is not there ends the chain.
fn wholes(runs: &[Kept]) -> Vec<Whole<'_>> {
    let by_id: BTreeMap<RunId, &Kept> = runs.iter().map(|kept| (kept.run.run_id(), kept)).collect();
    let root_of = |kept: &Kept| {
        let mut at = by_id[&kept.run.run_id()];
        while let (Scope::Retry, Some(parent)) = (at.scope, &at.parent) {
            match by_id.get(parent).filter(|parent| parent.run.slot < at.run.slot) {
                Some(parent) => at = parent,
                None => break,
            }
        }
        at
    };
    let mut wholes: BTreeMap<&RunRef, Whole<'_>> = BTreeMap::new();
    for kept in runs {
        let root = root_of(kept);
        let whole = wholes.entry(&root.run).or_insert_with(|| Whole { root, runs: Vec::new() });
        whole.runs.push(kept);
    }
    wholes.into_values().collect()
}
