//! One survey from a plan to an exit code: signals, progress, the run, the summary.

use std::io;
use std::sync::Arc;

use crate::cli::exit::{Exit, RunEnd};
use crate::cli::journal::Journal;
use crate::cli::progress::Progress;
use crate::cli::signals::{Order, Signals};
use crate::cli::summary::Summary;
use crate::cli::summary_text;
use crate::cli::terminal::Terminal;
use crate::config::store::Opening;
use crate::engine::launch::{self, Lineage};
use crate::engine::plan::Plan;
use crate::engine::run::{Ended, Ground, leave_dry_report, run};
use crate::engine::stop::{Stop, StopCause};
use crate::engine::tenure::Patience;
use crate::history::ledger::{Ledger, RunRef};
use crate::model::event::CancelCause;
use crate::model::failure::{Failure, FailureKind};
use crate::model::manifest::Manifest;
use crate::model::run::Slot;
use crate::model::status::FinalStatus;
use crate::output::layout;
use crate::output::store::Store;
use crate::providers::provider::Provider;
use crate::time::clock::Clock;

/// What the command line adds to a plan.
pub struct Survey {
    pub plan: Plan,
    pub warnings: Vec<String>,
    pub opening: Opening,
    pub lineage: Lineage,
    /// What the run stands for, where that is told; else its start.
    pub slot: Option<Slot>,
    /// The summary as JSON instead of text.
    pub json: bool,
    /// Tell how each collector went.
    pub by_collector: bool,
    pub zero_if_recorded: bool,
}

/// Runs the survey and says how it ended, on the terminal and by the exit code.
pub async fn survey<P: Provider + 'static>(
    mut survey: Survey,
    provider: P,
    terminal: &Terminal,
) -> io::Result<Exit> {
    let dry_run = survey.plan.dry_run;
    let told = Telling {
        json: survey.json,
        by_collector: survey.by_collector,
        zero_if_recorded: survey.zero_if_recorded,
    };
    let (_, nonce) = uuid::Uuid::new_v4().as_u64_pair();
    let (store, warnings) = match launch::store(&survey.opening, nonce).await {
        Ok(opened) => opened,
        Err(failure) => return Ok(not_recorded(&failure.to_string(), terminal)),
    };
    survey.warnings.extend(warnings);
    let clock = Clock::system();
    // Without another word a run stands for its start.
    let slot = survey.slot.unwrap_or_else(|| Slot::at(clock.now()));
    let run = RunRef { slot, job: survey.plan.job.clone() };
    if !dry_run {
        match Ledger::of(&store).manifest(&run).await {
            Ok(Some(manifest)) => return told.tell_again(&manifest, &store, terminal),
            Ok(None) => {}
            Err(error) => return Ok(not_recorded(&error.to_string(), terminal)),
        }
    }
    let ended = match conduct(survey, provider, slot, clock, &store, terminal).await {
        Some(Ok(ended)) => ended,
        Some(Err(failure)) if failure.kind == FailureKind::Busy => {
            terminal.note(&format!("nothing was committed: {failure}"));
            return Ok(Exit::TryAgain);
        }
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
        Ended::Interrupted(manifest) => {
            terminal.note(&format!(
                "interrupted: nothing was committed; the next run of slot {} asks only the hosts that are left",
                manifest.slot
            ));
            Ok(Exit::TryAgain)
        }
        Ended::LostTo(attempt) => {
            // A twin was faster, and it asked the same: its word on the slot is ours.
            match Ledger::of(&store).manifest(&run).await {
                Ok(Some(manifest)) => told.tell_again(&manifest, &store, terminal),
                Ok(None) => Ok(not_recorded(&format!("attempt {attempt} has this slot"), terminal)),
                Err(error) => Ok(not_recorded(&error.to_string(), terminal)),
            }
        }
    }
}

/// The run, listening to signals. `None`: a second Ctrl-C gave it up where it stood.
async fn conduct<P: Provider + 'static>(
    survey: Survey,
    provider: P,
    slot: Slot,
    clock: Clock,
    store: &Store,
    terminal: &Terminal,
) -> Option<Result<Ended, Failure>> {
    let (_, nonce) = uuid::Uuid::new_v4().as_u64_pair();
    let header = launch::header(&survey.plan, slot, survey.lineage, &clock, nonce);
    let spool = match launch::spool_path(store, &header) {
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
        lease: survey.opening.lease,
        patience: Patience::Leave,
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

struct Telling {
    json: bool,
    by_collector: bool,
    zero_if_recorded: bool,
}

impl Telling {
    /// The slot is committed: its run is told as it was recorded, and its code is the code.
    fn tell_again(&self, manifest: &Manifest, store: &Store, terminal: &Terminal) -> io::Result<Exit> {
        let Manifest { job, slot, attempt, .. } = manifest;
        terminal.note(&format!(
            "slot {slot} of {job} is committed by attempt {attempt}: nothing is written, this is what it recorded"
        ));
        self.tell(manifest, store, Some(layout::manifest(job, *slot).as_str()), false, terminal)
    }

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
