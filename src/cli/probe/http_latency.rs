//! `lustrum probe http-latency`: cycle after cycle, each a run of its own. What is measured does
//! not depend on the store: where that fails, the CSV goes on.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use tokio_util::sync::CancellationToken;

use crate::cli::args::Global;
use crate::cli::exit::Exit;
use crate::cli::probe::alone::{ground, measure_alone};
use crate::cli::probe::http_latency_args::HttpLatencyArguments;
use crate::cli::probe::http_latency_text::{cycle_document, cycle_text, request_document, request_line};
use crate::cli::probe::prepared::{Prepared, prepare};
use crate::cli::probe::single::{Measured, Single, measure};
use crate::cli::refusal::{Answer, Refusal};
use crate::cli::signals::Signals;
use crate::cli::terminal::Terminal;
use crate::cli::{dotenv, request};
use crate::config::job::Job;
use crate::config::problem::Problems;
use crate::config::store::Opening;
use crate::engine::launch;
use crate::model::probe::ProbeKind;
use crate::probes::catalogue::{AnyProbe, PlannedProbe};
use crate::probes::http_latency::measure::HttpLatency;
use crate::probes::http_latency::record::RequestRecord;
use crate::probes::http_latency::tally::Tally;

type Records = Arc<Mutex<Vec<RequestRecord>>>;

pub async fn probe(global: &Global, arguments: &HttpLatencyArguments, terminal: &Terminal) -> Answer {
    let request = request::of_http_latency(global, arguments, dotenv::read()?);
    let name = arguments.name.as_deref();
    let prepared = prepare(&request, ProbeKind::HttpLatency, name, |_| Problems::default(), terminal)?;
    let Prepared { job, mut planned, opening, warnings, log: _log } = prepared;
    for warning in &warnings {
        terminal.warning(warning);
    }
    let records = Records::default();
    if let Some(AnyProbe::HttpLatency(probe)) = Arc::get_mut(&mut planned.probe) {
        probe.go_cycle_by_cycle(listener(records.clone(), arguments.json, terminal.clone()));
    }
    let folder = live_folder(&opening, &job, &planned)?;
    let scene = Endless { job, planned, opening, folder, records, json: arguments.json, terminal };
    scene.run(arguments).await
}

/// Keeps what is heard for the end of the cycle, and prints it.
fn listener(records: Records, json: bool, terminal: Terminal) -> Box<dyn Fn(&RequestRecord) + Send + Sync> {
    Box::new(move |record| {
        let heard = RequestRecord { exchanges: Vec::new(), ..record.clone() };
        records.lock().unwrap_or_else(PoisonError::into_inner).push(heard);
        // A terminal that went away is no reason to stop measuring.
        let _printed = if json {
            terminal.print(&line_of_json(&request_document(record)))
        } else {
            terminal.print(&request_line(record, terminal.out))
        };
    })
}

fn line_of_json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("plain values with text keys")
}

/// The folder of live files, the same as a run of the job has.
fn live_folder(opening: &Opening, job: &Job, planned: &PlannedProbe) -> Result<PathBuf, Refusal> {
    let store = opening.open().map_err(|error| Refusal::Store(error.to_string()))?;
    let folder = launch::live_folder(&store, &job.name).join(planned.name.as_str());
    let made = std::fs::create_dir_all(&folder);
    made.map_err(|error| Refusal::Store(format!("cannot make the folder {}: {error}", folder.display())))?;
    Ok(folder)
}

struct Endless<'a> {
    job: Job,
    planned: PlannedProbe,
    opening: Opening,
    folder: PathBuf,
    records: Records,
    json: bool,
    terminal: &'a Terminal,
}

impl Endless<'_> {
    async fn run(self, arguments: &HttpLatencyArguments) -> Answer {
        let AnyProbe::HttpLatency(probe) = &*self.planned.probe else {
            return Err(Refusal::Usage("the probe is no http-latency probe".to_owned()));
        };
        // Before any run: a file that another process writes, or nobody may write, ends it here.
        probe
            .take_post(&ground(&self.planned, self.folder.clone(), CancellationToken::new()))
            .await
            .map_err(|error| Refusal::Store(error.to_string()))?;
        let pause = arguments.pause.unwrap_or(probe.orders().pause);
        let mut signals = Signals::listen()?;
        let mut worst = Exit::Ok;
        for cycle in 1_u64.. {
            let (exit, was_told) = self.cycle(probe, &mut signals).await?;
            worst = worst.graver(exit);
            let is_told = was_told || signals.next().now_or_never().is_some();
            if is_told || arguments.cycles.is_some_and(|cycles| cycle >= u64::from(cycles)) {
                // Told to end is how an endless probe ends.
                return Ok(if arguments.cycles.is_none() { Exit::Ok } else { worst });
            }
            if self.rest(pause, &mut signals).await {
                return Ok(if arguments.cycles.is_none() { Exit::Ok } else { Exit::Cancelled });
            }
        }
        Ok(worst)
    }

    /// One cycle, as a run if the store lets it; and whether somebody said to end.
    async fn cycle(&self, probe: &HttpLatency, signals: &mut Signals) -> Result<(Exit, bool), Refusal> {
        let begun = probe.cycles_begun().await;
        let single = Single {
            job: self.job.clone(),
            planned: self.planned.clone(),
            opening: self.opening.clone(),
            warnings: Vec::new(),
            quit: CancellationToken::new(),
            shows_progress: false,
        };
        let Measured { exit, manifest } = measure(single, self.terminal).await?;
        let is_measured = probe.cycles_begun().await > begun;
        let was_told = if is_measured {
            false
        } else {
            self.terminal.warning("the store has not taken the run: the cycle is in the CSV only");
            let alone = measure_alone(&self.planned, self.folder.clone(), signals).await;
            for warning in &alone.warnings {
                self.terminal.warning(warning);
            }
            alone.was_told
        };
        let records = std::mem::take(&mut *self.records.lock().unwrap_or_else(PoisonError::into_inner));
        let tally = Tally::of(&records);
        let run = manifest.as_ref().map(|manifest| manifest.run_id.to_string());
        let verdict = manifest.as_ref().and_then(|manifest| manifest.probes.values().next());
        let verdict = verdict.map(|record| &record.verdict);
        let text = if self.json {
            line_of_json(&cycle_document(&tally, run, verdict))
        } else {
            cycle_text(&tally, verdict, self.terminal.out)
        };
        self.terminal.print(&text)?;
        Ok((exit, was_told))
    }

    /// Whether somebody said to end.
    async fn rest(&self, pause: Duration, signals: &mut Signals) -> bool {
        tokio::time::timeout(pause, signals.next()).await.is_ok()
    }
}
