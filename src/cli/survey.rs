//! One survey from a plan to an exit code: signals, progress, the run, the summary.

use std::io;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::cli::aftermath::Aftermath;
use crate::cli::exit::{Exit, RunEnd};
use crate::cli::journal::Journal;
use crate::cli::progress::Progress;
use crate::cli::sharded;
use crate::cli::signals::{Order, Signals};
use crate::cli::summary::Summary;
use crate::cli::summary_text;
use crate::cli::terminal::Terminal;
use crate::config::store::Opening;
use crate::engine::launch::{self, Lineage};
use crate::engine::plan::Plan;
use crate::engine::publish::publish;
use crate::engine::run::{Ended, Ground, leave_dry_report, run};
use crate::engine::share::Share;
use crate::engine::stop::{Stop, StopCause};
use crate::engine::tenure::Patience;
use crate::history::ledger::{Ledger, RunRef};
use crate::model::event::{CancelCause, RunHeader};
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
    /// Publish the run in the Delta logs of its tables.
    pub delta: bool,
    pub lineage: Lineage,
    /// What the run stands for, where that is told; else its start.
    pub slot: Option<Slot>,
    /// The summary as JSON instead of text.
    pub json: bool,
    /// Tell how each collector went.
    pub by_collector: bool,
    pub zero_if_recorded: bool,
    /// Cancelled, the run ends as by Ctrl-C.
    pub quit: CancellationToken,
    pub shows_progress: bool,
}

/// Runs the survey and says how it ended, on the terminal and by the exit code.
pub async fn survey<P: Provider + 'static>(
    survey: Survey,
    aftermath: &Aftermath,
    provider: P,
    terminal: &Terminal,
) -> io::Result<Exit> {
    let slot = survey.slot.unwrap_or_else(|| Slot::at(Clock::system().now()));
    let mut scene = match Scene::open(survey, aftermath, provider, terminal).await {
        Ok(scene) => scene,
        Err(failure) => {
            let exit = not_recorded(&failure.to_string(), terminal);
            aftermath.begin(slot);
            aftermath.follow(slot, Err(&failure), None, terminal).await;
            return Ok(exit);
        }
    };
    if !scene.survey.plan.dry_run {
        match Ledger::of(&scene.store).manifest(&scene.run).await {
            Ok(Some(manifest)) => return scene.tell_again(&manifest).await,
            Ok(None) => {}
            Err(error) => {
                let failure = Failure::new(FailureKind::Store, error.to_string());
                aftermath.begin(scene.run.slot);
                return scene.end(&Some(Err(failure))).await;
            }
        }
        let looks_back = scene.survey.slot.is_some() && sharded::looks_back(&scene.survey.plan.share);
        if looks_back && let Some(exit) = sharded::finalize_stragglers(&mut scene).await {
            return Ok(exit);
        }
    }
    match scene.survey.plan.share {
        Share::Shard(shard) => sharded::run_shard(&mut scene, shard).await,
        Share::Whole | Share::Finalizer { .. } => {
            let (plan, header) = (scene.survey.plan.clone(), scene.header(scene.run.slot));
            let ended = scene.conduct(plan, header, Vec::new()).await;
            scene.end(&ended).await
        }
    }
}

/// What all that a process does for its slot has in common.
pub struct Scene<'a, P> {
    pub survey: Survey,
    pub store: Store,
    pub run: RunRef,
    pub terminal: &'a Terminal,
    pub clock: Clock,
    aftermath: &'a Aftermath,
    provider: Arc<P>,
    signals: Signals,
}

impl<'a, P: Provider + 'static> Scene<'a, P> {
    pub async fn open(
        mut survey: Survey,
        aftermath: &'a Aftermath,
        provider: P,
        terminal: &'a Terminal,
    ) -> Result<Self, Failure> {
        let (_, nonce) = uuid::Uuid::new_v4().as_u64_pair();
        let (store, warnings) = launch::store(&survey.opening, nonce).await?;
        survey.warnings.extend(warnings);
        let signals = Signals::listen()
            .map_err(|error| Failure::new(FailureKind::Bug, format!("no signals: {error}")))?;
        let clock = Clock::system();
        // Without another word a run stands for its start.
        let slot = survey.slot.unwrap_or_else(|| Slot::at(clock.now()));
        let run = RunRef { slot, job: survey.plan.job.clone() };
        Ok(Self { survey, store, run, terminal, clock, aftermath, provider: Arc::new(provider), signals })
    }

    /// The header of a new attempt at a slot of the job.
    pub fn header(&self, slot: Slot) -> RunHeader {
        let (_, nonce) = uuid::Uuid::new_v4().as_u64_pair();
        launch::header(&self.survey.plan, slot, self.survey.lineage.clone(), &self.clock, nonce)
    }

    /// One run, listening to signals. `None`: a second Ctrl-C gave it up where it stood.
    pub async fn conduct(
        &mut self,
        plan: Plan,
        header: RunHeader,
        warnings: Vec<String>,
    ) -> Option<Result<Ended, Failure>> {
        let spool = match launch::spool_path(&self.store, &header, &plan.share) {
            Ok(path) => path,
            Err(failure) => return Some(Err(failure)),
        };
        // A shard that was cut off with its machine holds its lease for a while: its next pod has
        // few tries, and time.
        let is_own = header.slot == self.run.slot;
        let is_shard = matches!(self.survey.plan.share, Share::Shard(_));
        let patience = if is_shard && is_own { Patience::StandBy } else { Patience::Leave };
        let stop = Stop::default();
        let witness = self.aftermath.begin(header.slot);
        let progress = Progress::new(self.terminal.clone(), plan.dry_run, !self.survey.shows_progress);
        let ground = Ground {
            clock: self.clock.clone(),
            store: self.store.clone(),
            spool,
            stop: stop.clone(),
            listeners: vec![Box::new(Journal::default()), Box::new(progress), Box::new(witness)],
            warnings: [self.survey.warnings.clone(), warnings].concat(),
            lease: self.survey.opening.lease,
            patience,
        };
        let running = run(plan, self.provider.clone(), header, ground);
        tokio::pin!(running);
        loop {
            tokio::select! {
                ended = &mut running => return Some(ended),
                () = self.survey.quit.cancelled(), if stop.cause().is_none() => {
                    stop.order(StopCause::Cancelled(CancelCause::Operator));
                }
                order = self.signals.next() => match order {
                    Order::Cancel => stop.order(StopCause::Cancelled(CancelCause::Operator)),
                    Order::Interrupt => stop.order(StopCause::Interrupted),
                    Order::Abort => return None,
                },
            }
        }
    }

    /// Says how the run of this scene's slot ended, here and to whoever is to be told.
    pub async fn end(&self, ended: &Option<Result<Ended, Failure>>) -> io::Result<Exit> {
        let exit = self.say(ended).await?;
        if let Some(ended) = ended {
            self.aftermath.follow(self.run.slot, ended.as_ref(), Some(&self.store), self.terminal).await;
        }
        Ok(exit)
    }

    async fn say(&self, ended: &Option<Result<Ended, Failure>>) -> io::Result<Exit> {
        let terminal = self.terminal;
        match ended {
            Some(Ok(Ended::Committed(manifest))) => {
                self.publish(manifest).await;
                let key = layout::manifest(&manifest.job, manifest.slot);
                self.tell(manifest, Some(key.as_str()))
            }
            Some(Ok(Ended::Staged(manifest))) => self.tell(manifest, None),
            Some(Ok(Ended::DryRun(manifest))) => {
                let report = match leave_dry_report(&self.store, manifest).await {
                    Ok(report) => report,
                    Err(failure) => return Ok(not_recorded(&failure.to_string(), terminal)),
                };
                terminal.note(&format!("dry run: nothing was collected; the report is {report}"));
                self.tell(manifest, None)
            }
            Some(Ok(Ended::Interrupted(manifest))) => {
                terminal.note(&format!(
                    "interrupted: nothing was committed; the next run of slot {} asks only the hosts that are left",
                    manifest.slot
                ));
                Ok(Exit::TryAgain)
            }
            Some(Ok(Ended::LostTo(attempt))) => {
                // A twin was faster, and it asked the same: its word on the slot is ours.
                match Ledger::of(&self.store).manifest(&self.run).await {
                    Ok(Some(manifest)) => self.tell_again(&manifest).await,
                    Ok(None) => Ok(not_recorded(&format!("attempt {attempt} has this slot"), terminal)),
                    Err(error) => Ok(not_recorded(&error.to_string(), terminal)),
                }
            }
            Some(Err(failure)) if failure.kind == FailureKind::Busy => {
                terminal.note(&format!("nothing was committed: {failure}"));
                Ok(Exit::TryAgain)
            }
            Some(Err(failure)) => Ok(not_recorded(&failure.to_string(), terminal)),
            None => {
                terminal.note("stopped at once: nothing was committed");
                Ok(Exit::TryAgain)
            }
        }
    }

    /// Puts a committed run into the Delta logs, if that is asked for. The run stands either way.
    pub async fn publish(&self, manifest: &Manifest) {
        if self.survey.delta
            && let Err(failure) = publish(&self.store, manifest, &Clock::system()).await
        {
            self.terminal.warning(&format!(
                "the run is committed but not published in every Delta log: {failure}; \
                 the next run of the job or `lustrum runs publish` makes up for it"
            ));
        }
    }

    /// The slot is committed: its run is told as it was recorded, and its code is the code.
    /// Whoever recorded it may have ended before it was published.
    pub async fn tell_again(&self, manifest: &Manifest) -> io::Result<Exit> {
        self.publish(manifest).await;
        let Manifest { job, slot, attempt, .. } = manifest;
        self.terminal.note(&format!(
            "slot {slot} of {job} is committed by attempt {attempt}: nothing is written, this is what it recorded"
        ));
        self.tell(manifest, Some(layout::manifest(job, *slot).as_str()))
    }

    /// `key` is where the manifest stands; absent when it was not committed.
    fn tell(&self, manifest: &Manifest, key: Option<&str>) -> io::Result<Exit> {
        let summary = Summary::of(manifest, self.store.root(), key, self.survey.plan.dry_run);
        let text = if self.survey.json {
            serde_json::to_string_pretty(&summary)?
        } else {
            summary_text::render(&summary, self.terminal.out, self.survey.by_collector)
        };
        self.terminal.print(&text)?;
        Ok(self.exit_of(manifest))
    }

    /// The code of a committed run.
    pub fn exit_of(&self, manifest: &Manifest) -> Exit {
        Exit::of_run(end_of(manifest), self.survey.zero_if_recorded)
    }
}

fn end_of(manifest: &Manifest) -> RunEnd {
    let counts = manifest.counts();
    let of = |status| counts.get(&status).copied().unwrap_or_default();
    RunEnd {
        cancelled: manifest.cancelled.is_some(),
        hosts_not_ok: of(FinalStatus::InventoryPartial) + of(FinalStatus::InventoryError),
        threshold_failed: manifest.probes_beyond_threshold() > 0,
        probes_not_measured: manifest.probes_not_measured(),
        ..RunEnd::default()
    }
}

/// Nothing proves that the run took place.
pub fn not_recorded(message: &str, terminal: &Terminal) -> Exit {
    terminal.error(&format!("the run could not be recorded: {message}"));
    Exit::NotRecorded
}
