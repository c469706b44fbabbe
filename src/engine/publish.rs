//! After the commit: runs published in the Delta logs of their tables, late ones included.

use serde::Serialize;

use crate::history::ledger::{HistoryError, Ledger, RunRef};
use crate::model::failure::{Failure, FailureKind};
use crate::model::manifest::Manifest;
use crate::model::run::JobName;
use crate::output::delta::publisher::Publisher;
use crate::output::store::Store;
use crate::time::clock::Clock;

/// Runs before the one at hand that are looked at: more are made up for by `lustrum runs publish`.
const LOOKED_BACK: usize = 32;

/// What publishing came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Publishing {
    /// Runs that some log did not hold.
    pub runs: u64,
    /// Versions written, all tables together.
    pub versions: u64,
}

impl Publishing {
    fn note(&mut self, versions: u64) {
        self.runs += u64::from(versions > 0);
        self.versions += versions;
    }
}

/// Publishes a committed run, and before it those of its job that were committed since the
/// newest published one and were not: a process that ended between commit and publishing. A
/// job of which nothing was published yet begins with this run.
pub async fn publish(store: &Store, run: &Manifest, clock: &Clock) -> Result<Publishing, Failure> {
    let (ledger, mut publisher) = (Ledger::of(store), Publisher::of(store));
    let mut told = Publishing::default();
    for run in left_out(&ledger, &mut publisher, run).await?.into_iter().rev() {
        if let Some(run) = ledger.manifest(&run).await.map_err(unread)? {
            told.note(publisher.publish(&run, clock.now()).await?);
        }
    }
    told.note(publisher.publish(run, clock.now()).await?);
    Ok(told)
}

/// The runs right before one that no log holds, newest first.
async fn left_out(
    ledger: &Ledger,
    publisher: &mut Publisher,
    run: &Manifest,
) -> Result<Vec<RunRef>, Failure> {
    let mut left_out = Vec::new();
    let slots = ledger.slots(Some(&run.job)).await.map_err(unread)?;
    for earlier in slots.into_iter().filter(|earlier| earlier.slot < run.slot).take(LOOKED_BACK) {
        let Some(manifest) = ledger.manifest(&earlier).await.map_err(unread)? else { continue };
        match publisher.holds(&manifest).await? {
            Some(true) => return Ok(left_out),
            Some(false) => left_out.push(earlier),
            None => {}
        }
    }
    if !left_out.is_empty() {
        tracing::info!(job.name = %run.job, "runs before this one stay unpublished: `lustrum runs publish` publishes all");
    }
    Ok(Vec::new())
}

/// Publishes every committed run, of one job or of all, oldest first.
pub async fn publish_all(store: &Store, job: Option<&JobName>, clock: &Clock) -> Result<Publishing, Failure> {
    let (ledger, mut publisher) = (Ledger::of(store), Publisher::of(store));
    let mut told = Publishing::default();
    for run in ledger.slots(job).await.map_err(unread)?.into_iter().rev() {
        if let Some(run) = ledger.manifest(&run).await.map_err(unread)? {
            told.note(publisher.publish(&run, clock.now()).await?);
        }
    }
    Ok(told)
}

fn unread(error: HistoryError) -> Failure {
    Failure::new(FailureKind::Store, error.to_string())
}
