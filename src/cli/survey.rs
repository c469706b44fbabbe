//! One survey from a plan to an exit code: signals, progress, the run, the summary.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::cli::exit::{Exit, RunEnd};
use crate::cli::journal::Journal;
use crate::cli::lineage::Lineage;
use crate::cli::progress::Progress;
use crate::cli::signals::{Order, Signals};
use crate::cli::summary::Summary;
use crate::cli::summary_text;
use crate::cli::terminal::Terminal;
use crate::engine::plan::Plan;
use crate::engine::run::{Ended, Ground, leave_dry_report, run};
use crate::engine::stop::{Stop, StopCause};
use crate::model::event::{CancelCause, RunHeader};
use crate::model::failure::{Failure, FailureKind};
use crate::model::manifest::Manifest;
use crate::model::run::{Attempt, RunId, Slot};
use crate::model::status::FinalStatus;
use crate::output::layout;
use crate::output::store::Store;
use crate::providers::provider::Provider;
use crate::time::clock::Clock;

/// What the command line adds to a plan.
pub struct Survey {
    pub plan: Plan,
    pub warnings: Vec<String>,
    /// The root of the store.
    pub root: String,
    pub lineage: Lineage,
    /// The summary as JSON instead of text.
    pub json: bool,
    /// Tell how each collector went.
    pub by_collector: bool,
    pub zero_if_recorded: bool,
}

/// Runs the survey and says how it ended, on the terminal and by the exit code.
pub async fn survey<P: Provider + 'static>(
    survey: Survey,
    provider: P,
    terminal: &Terminal,
) -> io::Result<Exit> {
    let dry_run = survey.plan.dry_run;
    let told = Telling {
        json: survey.json,
        by_collector: survey.by_collector,
        zero_if_recorded: survey.zero_if_recorded,
    };
    let store = match Store::open(&survey.root) {
        Ok(store) => store,
        Err(error) => return Ok(not_recorded(&error.to_string(), terminal)),
    };
    let ended = match conduct(survey, provider, &store, terminal).await {
        Some(Ok(ended)) => ended,
        Some(Err(failure)) => return Ok(not_recorded(&failure.to_string(), terminal)),
        None => {
            terminal.note("stopped at once: nothing was committed");
            return Ok(Exit::TryAgain);
        }
    };
    match ended {
        Ended::Committed(manifest) => {
            let key = layout::manifest(&manifest.job, manifest.slot);
            told.tell(&manifest, &store, Some(key.as_str()), dry_run, terminal)
        }
        Ended::DryRun(manifest) => {
            let report = match leave_dry_report(&store, &manifest).await {
                Ok(report) => report,
                Err(failure) => return Ok(not_recorded(&failure.to_string(), terminal)),
            };
            terminal.note(&format!("dry run: nothing was collected; the report is {report}"));
            told.tell(&manifest, &store, None, dry_run, terminal)
        }
        Ended::Interrupted(_) => {
            terminal.note("interrupted: nothing was committed; run it again");
            Ok(Exit::TryAgain)
        }
        Ended::LostTo(attempt) => {
            Ok(not_recorded(&format!("this slot was committed by attempt {attempt} before"), terminal))
        }
    }
}

/// The run, listening to signals. `None`: a second Ctrl-C gave it up where it stood.
async fn conduct<P: Provider + 'static>(
    survey: Survey,
    provider: P,
    store: &Store,
    terminal: &Terminal,
) -> Option<Result<Ended, Failure>> {
    let clock = Clock::system();
    let header = header(&survey.plan, survey.lineage, &clock);
    let spool = match spool_path(store, &header) {
        Ok(path) => path,
        Err(failure) => return Some(Err(failure)),
    };
    let mut signals = match Signals::listen() {
        Ok(signals) => signals,
        Err(error) => return Some(Err(Failure::new(FailureKind::Bug, format!("no signals: {error}")))),
    };
    let stop = Stop::default();
    let progress = Progress::new(terminal.clone(), survey.plan.dry_run);
    let ground = Ground {
        clock,
        store: store.clone(),
        spool,
        stop: stop.clone(),
        listeners: vec![Box::new(Journal::default()), Box::new(progress)],
        warnings: survey.warnings,
    };
    let running = run(survey.plan, Arc::new(provider), header, ground);
    tokio::pin!(running);
    loop {
        tokio::select! {
            ended = &mut running => return Some(ended),
            order = signals.next() => match order {
                Order::Cancel => stop.order(StopCause::Cancelled(CancelCause::Operator)),
                Order::Interrupt => stop.order(StopCause::Interrupted),
                Order::Abort => return None,
            },
        }
    }
}

/// A manual run's slot is its start.
fn header(plan: &Plan, lineage: Lineage, clock: &Clock) -> RunHeader {
    let started_at = clock.now();
    let slot = Slot::at(started_at);
    let (_, nonce) = uuid::Uuid::new_v4().as_u64_pair();
    RunHeader {
        job: plan.job.clone(),
        slot,
        run_id: RunId::new(&plan.job, slot),
        attempt: Attempt::from_bits(nonce),
        started_at,
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        plan_digest: plan.digest(),
        scope: lineage.scope,
        parent: lineage.parent,
    }
}

/// The spool lies beside the run's own files on a local store, else among the temporary ones.
fn spool_path(store: &Store, header: &RunHeader) -> Result<PathBuf, Failure> {
    let folder = store.folder().map_or_else(std::env::temp_dir, |root| root.join("spool"));
    std::fs::create_dir_all(&folder).map_err(|error| {
        Failure::new(
            FailureKind::Store,
            format!("cannot make the spool folder {}: {error}", folder.display()),
        )
    })?;
    Ok(folder.join(format!("{}-{}.spool", header.run_id, header.attempt)))
}

struct Telling {
    json: bool,
    by_collector: bool,
    zero_if_recorded: bool,
}

impl Telling {
    fn tell(
        &self,
        manifest: &Manifest,
        store: &Store,
        key: Option<&str>,
        dry_run: bool,
        terminal: &Terminal,
    ) -> io::Result<Exit> {
        let summary = Summary::of(manifest, store.root(), key, dry_run);
        let text = if self.json {
            serde_json::to_string_pretty(&summary)?
        } else {
            summary_text::render(&summary, terminal.out, self.by_collector)
        };
        terminal.print(&text)?;
        Ok(Exit::of_run(end_of(manifest), self.zero_if_recorded))
    }
}

fn end_of(manifest: &Manifest) -> RunEnd {
    let counts = manifest.counts();
    let of = |status| counts.get(&status).copied().unwrap_or_default();
    RunEnd {
        cancelled: manifest.cancelled.is_some(),
        hosts_not_ok: of(FinalStatus::InventoryPartial) + of(FinalStatus::InventoryError),
        ..RunEnd::default()
    }
}

fn not_recorded(message: &str, terminal: &Terminal) -> Exit {
    terminal.error(&format!("the run could not be recorded: {message}"));
    Exit::NotRecorded
}
