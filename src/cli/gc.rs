//! `lustrum runs gc`: what nobody needs is told, and with `--delete` taken out of the store.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::cli::args::Global;
use crate::cli::dispatch::json;
use crate::cli::exit::Exit;
use crate::cli::gc_args::GcArguments;
use crate::cli::refusal::{Answer, Refusal};
use crate::cli::terminal::Terminal;
use crate::cli::{archive, dotenv, gc_text, request};
use crate::config::load::{self, Request};
use crate::config::problem::Problems;
use crate::config::retention::Retention;
use crate::daemon::library::Library;
use crate::engine::{launch, spools, tenure};
use crate::history::ledger::Ledger;
use crate::history::retention::Keep;
use crate::history::sweep::{Gone, Left, Rules, Sweep, Swept, Why, sweep};
use crate::model::run::{Attempt, JobName};
use crate::output::store::Store;
use crate::output::torn::torn;
use crate::time::clock::Clock;

/// What is told of a sweep.
#[derive(Serialize)]
pub struct Told {
    pub store: String,
    /// Nothing was touched.
    pub dry: bool,
    pub bytes: u64,
    #[serde(flatten)]
    pub swept: Swept,
}

pub async fn gc(global: &Global, asked: &GcArguments, terminal: &Terminal) -> Answer {
    let job = archive::job_name(asked.job.as_deref())?;
    let request = request::of_gc(global, asked, dotenv::read()?);
    let settings = load::load(&request)?.job;
    let of_jobs = of_job_files(request.clone())?;
    let rules = |job: &JobName| rules(of_jobs.get(job).unwrap_or(&settings.retention));
    let opening = load::opening(&settings, &request)?;
    let ledger = archive::open_root(&opening)?;
    let (high, nonce) = uuid::Uuid::new_v4().as_u64_pair();
    let attempt = Attempt::from_bits(high);
    let refused = |error: &dyn std::fmt::Display| Refusal::Store(error.to_string());
    let (store, now) = if asked.delete {
        let (store, warnings) = launch::store(&opening, nonce).await.map_err(|error| refused(&error))?;
        warnings.iter().for_each(|warning| terminal.warning(warning));
        let now = store.now(&attempt).await.map_err(|error| refused(&error))?;
        (store, now)
    } else {
        // Who only looks writes nothing, not even to learn the store's time.
        (ledger.store().clone(), Clock::system().now())
    };
    let how = Sweep { delete: asked.delete, now, owner: tenure::owner(), attempt };
    let mut beside = Swept::default();
    if job.is_none() {
        let longest = of_jobs.values().chain([&settings.retention]).map(|rules| rules.orphans_after).max();
        let orphans_after = TimeDelta::from_std(longest.unwrap_or_default()).unwrap_or(TimeDelta::MAX);
        clear_torn(&store, orphans_after, &how, &mut beside).await;
        clear_spools(&store, now, asked.delete, &mut beside).await;
    }
    let swept = beside.and(sweep(&Ledger::of(&store), job.as_ref(), &how, &rules).await?);
    let bytes = swept.deleted.iter().map(|gone| gone.bytes).sum();
    let told = Told { store: store.root().to_owned(), dry: !asked.delete, bytes, swept };
    terminal.print(&if asked.store.json { json(&told) } else { gc_text::render(&told, terminal.out) })?;
    Ok(if told.swept.left.is_empty() { Exit::Ok } else { Exit::NotAllOk })
}

/// The settings of each job that has a file. With a file that cannot be read nobody knows what
/// its job wants to keep.
fn of_job_files(template: Request) -> Result<BTreeMap<JobName, Retention>, Refusal> {
    let reading = Library::new(PathBuf::from("schedules"), template).read();
    let mut problems = Problems::default();
    reading.refused.into_values().flat_map(|refused| refused.0).for_each(|problem| problems.add(problem));
    let mut jobs = BTreeMap::new();
    for job in reading.jobs.into_values() {
        // Of two files with one job the first by name counts, as for the daemon.
        jobs.entry(job.name).or_insert(job.retention);
    }
    Ok(problems.or(jobs)?)
}

fn rules(retention: &Retention) -> Rules {
    Rules {
        keep: Keep { runs: retention.keep_runs, days: retention.keep_days },
        orphans_after: retention.orphans_after,
        grace: retention.grace,
    }
}

async fn clear_torn(store: &Store, orphans_after: TimeDelta, how: &Sweep, swept: &mut Swept) {
    let Some(root) = store.folder().map(PathBuf::from) else { return };
    let found = tokio::task::spawn_blocking(move || torn(&root)).await;
    let found = match found {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => return leave(swept, store.root(), &error),
        Err(error) => return leave(swept, store.root(), &error),
    };
    for torn in found.into_iter().filter(|torn| how.now - torn.written_at >= orphans_after) {
        let path = torn.path.display().to_string();
        match if how.delete { std::fs::remove_file(&torn.path) } else { Ok(()) } {
            Ok(()) => swept.deleted.push(Gone { path, bytes: torn.bytes, why: Why::Torn }),
            Err(error) => leave(swept, &path, &error),
        }
    }
}

async fn clear_spools(store: &Store, now: DateTime<Utc>, delete: bool, swept: &mut Swept) {
    for path in spools::stale(store, &launch::spool_folder(store), now).await {
        let bytes = std::fs::metadata(&path).map_or(0, |found| found.len());
        let told = path.display().to_string();
        match if delete { spools::remove(&path) } else { Ok(true) } {
            Ok(true) => swept.deleted.push(Gone { path: told, bytes, why: Why::Spool }),
            Ok(false) => leave(swept, &told, &"a process holds it"),
            Err(error) => leave(swept, &told, &error),
        }
    }
}

fn leave(swept: &mut Swept, what: &str, why: &dyn std::fmt::Display) {
    swept.left.push(Left { what: what.to_owned(), why: why.to_string() });
}
