//! Takes out of a store what nobody needs, in an order in which a crash does no harm.
//!
//! A committed run goes in two phases. Its manifest is copied to `retired.json` and deleted:
//! from then on the run does not exist. Its files follow once the copy is older than the grace
//! time, so whoever had read the manifest before can finish reading. Retries go before what
//! they retried. In a slot without a manifest nothing is touched while somebody holds it, and
//! whoever sweeps holds it meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use crate::history::holdings::{Holding, Holdings, State};
use crate::history::ledger::{HistoryError, Ledger, RunRef};
use crate::history::retention::{Keep, overdue};
use crate::model::run::{Attempt, JobName, RunId};
use crate::output::layout;
use crate::output::lease::{Claim, Extent, Lease, Taken, holders};
use crate::output::store::{Found, PutNew, Store};
use crate::output::store_error::StoreError;

/// The lease of whoever sweeps a slot: longer than deleting its objects takes.
const SWEEPING: Duration = Duration::from_secs(600);

/// How a store is swept.
pub struct Sweep {
    /// Else it is only told what would go.
    pub delete: bool,
    /// The store's time.
    pub now: DateTime<Utc>,
    /// Who sweeps, as leases name it.
    pub owner: String,
    pub attempt: Attempt,
}

/// What holds for the runs of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    pub keep: Keep,
    pub orphans_after: Duration,
    pub grace: Duration,
}

/// What went, or would go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Swept {
    /// Runs that are no longer kept; their files follow after the grace time.
    pub retired: Vec<RunId>,
    pub deleted: Vec<Gone>,
    /// What was to go and stays, and why.
    pub left: Vec<Left>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Gone {
    /// The key below the store's root, or a file of this machine.
    pub path: String,
    pub bytes: u64,
    pub why: Why,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// No manifest names it: of an attempt that was cut off or lost.
    Orphan,
    /// Of a run that is no longer kept.
    Retired,
    /// Left by a look at what the store does.
    Probe,
    /// Half an object, on disk.
    Torn,
    /// Rows of an interrupted run that nobody will take up, on this machine.
    Spool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Left {
    /// A run, a job or an object.
    pub what: String,
    pub why: String,
}

impl Swept {
    /// Both, one after the other.
    #[must_use]
    pub fn and(mut self, then: Self) -> Self {
        self.retired.extend(then.retired);
        self.deleted.extend(then.deleted);
        self.left.extend(then.left);
        self
    }

    fn leave(&mut self, what: impl ToString, why: impl ToString) {
        self.left.push(Left { what: what.to_string(), why: why.to_string() });
    }

    fn note(&mut self, found: &Found, why: Why) {
        self.deleted.push(Gone { path: found.key.to_string(), bytes: found.bytes, why });
    }
}

/// Goes through the whole store, or through the runs of one job.
pub async fn sweep(
    ledger: &Ledger,
    job: Option<&JobName>,
    how: &Sweep,
    rules_of: impl Fn(&JobName) -> Rules,
) -> Result<Swept, HistoryError> {
    let store = ledger.store();
    let mut swept = Swept::default();
    let holdings = Holdings::read(ledger, job).await?;
    let jobs: BTreeMap<JobName, Rules> =
        holdings.slots.keys().map(|run| (run.job.clone(), rules_of(&run.job))).collect();
    let mut at_work: BTreeMap<RunRef, Vec<Claim>> = BTreeMap::new();
    for (run, holding) in &holdings.slots {
        let found = holders(store, (&run.job, run.slot), &holding.objects, how.now).await?;
        if !found.is_empty() {
            at_work.insert(run.clone(), found);
        }
    }
    let retried: BTreeSet<RunId> =
        at_work.values().flatten().filter_map(|claim| claim.parent.clone()).collect();
    let mut retired = BTreeSet::new();
    for (job, rules) in &jobs {
        if rules.keep == Keep::default() {
            continue;
        }
        if holdings.has_delta_log {
            swept.leave(job, "a Delta log names the files of its runs, so all of them are kept");
            continue;
        }
        let Some(committed) = holdings.committed(job) else {
            swept.leave(job, "a manifest cannot be read, so nobody knows what its runs need");
            continue;
        };
        for run in overdue(&committed, rules.keep, &retried, how.now) {
            match if how.delete { retire(store, &run).await } else { Ok(()) } {
                Ok(()) => {
                    swept.retired.push(run.run_id());
                    retired.insert(run);
                }
                Err(error) => {
                    swept.leave(run.run_id(), error);
                    // A run must not go before those that retried it.
                    break;
                }
            }
        }
    }
    for (run, holding) in holdings.slots.iter().filter(|(run, _)| !retired.contains(run)) {
        if let State::Unreadable(why) = &holding.state {
            swept.leave(run.run_id(), why);
        }
        let rules = jobs[&run.job];
        let to_go = holding.to_go(how.now, delta(rules.orphans_after), delta(rules.grace));
        let is_retired = matches!(holding.state, State::Retired(_));
        let has_had_its_grace =
            matches!(&holding.state, State::Retired(at) if how.now - *at >= delta(rules.grace));
        if to_go.is_empty() && !has_had_its_grace {
            continue;
        }
        if let Some(holder) = at_work.get(run).and_then(|claims| claims.first())
            && !matches!(holding.state, State::Committed(_))
        {
            swept.leave(run.run_id(), format!("{} is at work on it", holder.owner));
            continue;
        }
        let why = if is_retired { Why::Retired } else { Why::Orphan };
        if how.delete {
            clear(store, run, holding, &to_go, why, how, &mut swept).await;
        } else {
            to_go.iter().for_each(|found| swept.note(found, why));
        }
    }
    if job.is_none() {
        let oldest = jobs.values().map(|rules| rules.orphans_after).max();
        let probes = store.find(&layout::probes()).await?;
        let old =
            probes.iter().filter(|found| how.now - found.written_at >= delta(oldest.unwrap_or(SWEEPING)));
        delete(store, &old.collect::<Vec<_>>(), Why::Probe, how, &mut swept).await;
    }
    Ok(swept)
}

/// From now on the run does not exist.
async fn retire(store: &Store, run: &RunRef) -> Result<(), StoreError> {
    let (manifest, retired) = (layout::manifest(&run.job, run.slot), layout::retired(&run.job, run.slot));
    let Some(body) = store.get(&manifest).await? else { return Ok(()) };
    // One that stands beside a manifest tells of an earlier end: the grace time begins now.
    store.delete(&retired).await?;
    match store.put_new(&retired, body).await {
        PutNew::Written => store.delete(&manifest).await,
        PutNew::Exists(_) => Ok(()),
        PutNew::Absent(error) | PutNew::Unknown(error) => Err(error),
    }
}

/// Deletes objects of a slot. Where no manifest stands, nobody else works there meanwhile.
async fn clear(
    store: &Store,
    run: &RunRef,
    holding: &Holding,
    to_go: &[&Found],
    why: Why,
    how: &Sweep,
    swept: &mut Swept,
) {
    if matches!(holding.state, State::Committed(_)) {
        delete(store, to_go, why, how, swept).await;
        return;
    }
    let claim = Claim {
        owner: how.owner.clone(),
        attempt: how.attempt.clone(),
        started_at: how.now,
        ttl_ms: u64::try_from(SWEEPING.as_millis()).unwrap_or(u64::MAX),
        lock: None,
        parent: None,
    };
    let lease = match Lease::take(store, (&run.job, run.slot), Extent::Whole, claim, SWEEPING / 4).await {
        Ok(Taken::Ours(lease)) => lease,
        Ok(Taken::Held(holder)) => {
            return swept.leave(run.run_id(), format!("{} is at work on it", holder.owner));
        }
        Err(error) => return swept.leave(run.run_id(), error),
    };
    // Somebody may have committed it while nobody held it.
    let manifest = store.size(&layout::manifest(&run.job, run.slot)).await;
    if matches!(manifest, Ok(None)) {
        let failed = swept.left.len();
        delete(store, to_go, why, how, swept).await;
        let is_done = swept.left.len() == failed;
        if is_done
            && why == Why::Retired
            && let Err(error) = store.delete(&layout::retired(&run.job, run.slot)).await
        {
            swept.leave(run.run_id(), error);
        }
    } else {
        swept.leave(run.run_id(), "it is being committed");
    }
    let is_all = to_go.len() == holding.objects.len();
    let ended = if is_all { lease.remove().await } else { lease.release().await };
    if let Err(error) = ended {
        swept.leave(run.run_id(), error);
    }
    store.drop_empty_folders(&layout::run_folder(&run.job, run.slot)).await;
}

async fn delete(store: &Store, to_go: &[&Found], why: Why, how: &Sweep, swept: &mut Swept) {
    for found in to_go {
        if how.delete {
            if let Err(error) = store.delete(&found.key).await {
                swept.leave(&found.key, error);
                continue;
            }
            store.drop_empty_folders(&found.key.folder()).await;
        }
        swept.note(found, why);
    }
}

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}
