//! The probe itself: sends the load, watches it second by second, and says what came of it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::model::failure::{Failure, FailureKind};
use crate::model::probe::{ProbeEnding, ProbeKind, ProbeVerdict};
use crate::probes::http_load::account::Account;
use crate::probes::http_load::engine;
use crate::probes::http_load::monitor::local::Proc;
use crate::probes::http_load::monitor::recording::Recording;
use crate::probes::http_load::monitor::target::Target;
use crate::probes::http_load::monitor::watch::{Latest, Monitor, PERIOD};
use crate::probes::http_load::plan::Pace;
use crate::probes::http_load::program::Program;
use crate::probes::http_load::report::memory;
use crate::probes::http_load::reports::reports;
use crate::probes::http_load::result::{
    Comparison, LoadResult, Seen, Sent, Together, VERSION, comparison, spread,
};
use crate::probes::http_load::rows;
use crate::probes::http_load::statistics::Statistics;
use crate::probes::http_load::tally::{Snapshot, Spread};
use crate::probes::http_load::verdict::{Facts, Judging, judge, warnings};
use crate::probes::probe::{Ground, Harvest, Probe};
use crate::probes::threshold::abort::{AbortOn, Vigil};
use crate::tables::samples::http_load_second::HttpLoadSecond;
use crate::tables::samples::http_load_total::HttpLoadTotal;
use crate::tables::table::TableSpec;

static TABLES: [&TableSpec; 2] = [&HttpLoadTotal::SPEC, &HttpLoadSecond::SPEC];

/// A load, checked and ready to be sent.
pub struct HttpLoad {
    pub program: Program,
    /// How often it is sent, one time after the other.
    pub repeat: u32,
    pub judging: Judging,
    pub abort_on: Vec<AbortOn>,
    pub against: Option<Against>,
    /// The target's own metrics, if it is to be watched by them.
    pub target: Option<Target>,
    /// What was asked, without secrets.
    pub asked: serde_json::Value,
    pub listener: Option<Arc<Listener>>,
}

/// The earlier run that a load is compared with.
#[derive(Clone, Debug)]
pub enum Against {
    /// The last one that was measured in this folder without a regression.
    Last,
    Earlier(Box<LoadResult>),
}

/// Who follows a load while it is sent, and takes what came of it.
#[derive(Debug, Default)]
pub struct Listener {
    pub live: watch::Sender<Snapshot>,
    pub machines: watch::Sender<Latest>,
    /// Cancelled when nothing is sent any more; what is written of it comes after.
    pub ended: CancellationToken,
    pub outcome: OnceLock<Outcome>,
}

/// All that is known when a load has ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub result: LoadResult,
    /// Of the measured time; it counts from the result's beginning.
    pub monitor: Recording,
    /// Whether the target's own metrics were asked.
    pub target_is_watched: bool,
}

impl Probe for HttpLoad {
    fn kind(&self) -> ProbeKind {
        ProbeKind::HttpLoad
    }

    fn tables(&self) -> &'static [&'static TableSpec] {
        &TABLES
    }

    fn view(&self) -> serde_json::Value {
        self.asked.clone()
    }

    async fn measure(&self, ground: &Ground, harvest: &mut Harvest) -> ProbeVerdict {
        let monitor = Monitor::new(ground.clock.clone(), Proc::of_system(), self.target.clone());
        let nobody = watch::Sender::default();
        let machines = self.listener.as_ref().map_or(&nobody, |listener| &listener.machines);
        let (began_at, began) = (ground.clock.now(), ground.clock.instant());
        let (Repetitions { sent, aborted, failed }, seen) =
            monitor.during(began, machines, self.send_all(ground)).await;
        if let Some(listener) = &self.listener {
            listener.ended.cancel();
        }
        let (Some(first), Some(last)) = (sent.first(), sent.last()) else {
            let stopped = || Failure::new(FailureKind::Cancelled, "stopped before it began");
            return ProbeVerdict::failed(failed.unwrap_or_else(stopped));
        };
        let since = |at: DateTime<Utc>| u64::try_from((at - began_at).num_milliseconds()).unwrap_or_default();
        let measured_ms = u64::try_from(last.tally.measured.as_millis()).unwrap_or(u64::MAX);
        // The last look is taken just after the end.
        let looked_ms = measured_ms.saturating_add(u64::try_from(PERIOD.as_millis()).unwrap_or_default());
        let end_ms = since(last.tally.started_at).saturating_add(looked_ms);
        let seen = seen.between(since(first.tally.started_at), end_ms);
        let mut outcome = self.outcome(ground, &sent, aborted, seen);
        if let Some(failure) = failed {
            let checks = std::mem::take(&mut outcome.result.verdict.checks);
            outcome.result.verdict = ProbeVerdict { checks, ..ProbeVerdict::failed(failure) };
        }
        harvest.batches.push(rows::totals(&outcome.result));
        harvest.batches.push(rows::seconds(&ground.name, &sent));
        if let Err(why) = self.remember(ground, &outcome.result) {
            outcome.result.warnings.push(why);
        }
        harvest.warnings.extend(outcome.result.warnings.iter().cloned());
        match reports(&outcome) {
            Ok(reports) => harvest.reports = reports,
            Err((reports, why)) => {
                harvest.reports = reports;
                harvest.warnings.push(format!("the charts could not be drawn: {why}"));
            }
        }
        let verdict = outcome.result.verdict.clone();
        if let Some(listener) = &self.listener {
            listener.outcome.set(outcome).unwrap_or_default();
        }
        verdict
    }
}

/// What came of the times that a load was sent.
#[derive(Default)]
struct Repetitions {
    sent: Vec<Sent>,
    /// The condition that ended the last one early, and after how many seconds.
    aborted: Option<(String, u64)>,
    failed: Option<Failure>,
}

impl HttpLoad {
    async fn send_all(&self, ground: &Ground) -> Repetitions {
        let mut all = Repetitions::default();
        for _ in 0..self.repeat {
            if ground.stop.is_cancelled() || all.aborted.is_some() {
                break;
            }
            match self.send(ground).await {
                Ok((one, condition)) => {
                    all.sent.push(one);
                    all.aborted = condition;
                }
                Err(failure) => {
                    all.failed = Some(failure);
                    break;
                }
            }
        }
        all
    }

    /// Once; with the condition that ended it early, and after how many seconds.
    async fn send(&self, ground: &Ground) -> Result<(Sent, Option<(String, u64)>), Failure> {
        let stop = ground.stop.child_token();
        let live = watch::Sender::new(Snapshot::default());
        let mut watching = Watching {
            seconds: Vec::new(),
            vigils: self.abort_on.iter().cloned().map(Vigil::over).collect(),
            aborted: None,
        };
        let snapshots = live.subscribe();
        let done = CancellationToken::new();
        let sending = async {
            let tally = engine::run(self.program.clone(), &ground.clock, &stop, &live).await;
            done.cancel();
            tally
        };
        let (tally, ()) =
            tokio::join!(sending, watching.follow(snapshots, &done, &stop, self.listener.as_deref()));
        Ok((Sent { tally: tally?, overall_seconds: watching.seconds }, watching.aborted))
    }

    fn outcome(
        &self,
        ground: &Ground,
        sent: &[Sent],
        aborted: Option<(String, u64)>,
        monitor: Recording,
    ) -> Outcome {
        let is_closed = matches!(self.program.plan.pace, Pace::Closed { .. });
        let together = Together::of(sent, self.program.plan.goodput_within, is_closed);
        // With a number of requests, users idle while the last of them are answered.
        let is_timed = matches!(self.program.plan.pace, Pace::Closed { requests: None, .. });
        let is_busy = is_timed && self.program.plan.think_time.is_zero();
        let mut generator = together.generator;
        generator.littles_law = generator.littles_law.filter(|_| is_busy);
        let (comparison, trouble) = self.compared(ground, &together.endpoints);
        let url = format!("{}{}", self.program.plan.origin, self.path_to_check());
        let verdict = judge(
            &self.judging,
            &Facts {
                seen: Seen {
                    overall: &together.overall,
                    endpoints: &together.endpoints,
                    monitor: &|name| monitor.value(name).flatten(),
                },
                measured: together.measured,
                aborted: aborted.as_ref().map(|(condition, second)| (condition.as_str(), *second)),
                stopped: ground.stop.is_cancelled(),
                comparison: comparison.as_ref(),
                url: &url,
            },
        );
        let mut warnings = warnings(&together.overall, &generator, together.measured);
        warnings.extend(trouble);
        warnings.extend(memory::warnings(&monitor, self.target.is_some()));
        let spread = spread(&together.repetitions);
        let first = sent.first().map(|one| one.tally.started_at);
        Outcome {
            result: LoadResult {
                version: VERSION,
                probe: ground.name.to_string(),
                target: self.program.plan.origin.to_string(),
                started_at: first.unwrap_or_else(|| ground.clock.now()),
                measured_s: together.measured.as_secs_f64(),
                verdict,
                warnings,
                overall: together.overall,
                endpoints: together.endpoints,
                repetitions: together.repetitions,
                spread,
                connections: together.connections,
                generator,
                comparison,
                asked: self.asked.clone(),
            },
            monitor,
            target_is_watched: self.target.is_some(),
        }
    }

    /// A path without variables, if there is one.
    fn path_to_check(&self) -> &str {
        let mut paths = self.program.plan.endpoints.iter().filter(|endpoint| endpoint.method == "GET");
        paths.find(|endpoint| !endpoint.target.contains("{{")).map_or("/", |endpoint| &endpoint.target)
    }

    /// And why there is nothing to compare with, if there should be.
    fn compared(&self, ground: &Ground, endpoints: &[Statistics]) -> (Option<Comparison>, Option<String>) {
        match &self.against {
            None => (None, None),
            Some(Against::Earlier(earlier)) => (Some(comparison(earlier, endpoints)), None),
            Some(Against::Last) => match std::fs::read(last(&ground.folder)) {
                Ok(text) => match LoadResult::read(&text) {
                    Ok(earlier) => (Some(comparison(&earlier, endpoints)), None),
                    Err(why) => (None, Some(format!("the last result cannot be compared with: it {why}"))),
                },
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    (None, Some("there is no last result yet to compare with".to_owned()))
                }
                Err(error) => (None, Some(format!("the last result cannot be read: {error}"))),
            },
        }
    }

    /// Keeps a result for the next run, unless it is worse: else a regression would be told once only.
    fn remember(&self, ground: &Ground, result: &LoadResult) -> Result<(), String> {
        let is_worse =
            |comparison: &Comparison| comparison.endpoints.iter().any(|delta| !delta.regressions.is_empty());
        let is_usable = !matches!(result.verdict.ending, ProbeEnding::Failed { .. });
        let wanted = matches!(self.against, Some(Against::Last));
        if !wanted || !is_usable || result.comparison.as_ref().is_some_and(is_worse) {
            return Ok(());
        }
        let text = serde_json::to_vec(result).expect("plain values with text keys");
        let (path, beside) = (last(&ground.folder), ground.folder.join("last_result.json.new"));
        let written = std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, &path));
        written.map_err(|error| format!("the result cannot be kept for the next run: {error}"))
    }
}

fn last(folder: &Path) -> PathBuf {
    folder.join("last_result.json")
}

/// What is seen of a load while it is sent.
struct Watching {
    seconds: Vec<(u64, Spread)>,
    vigils: Vec<Vigil>,
    aborted: Option<(String, u64)>,
}

impl Watching {
    /// Until it is done; orders it to stop when a condition says so.
    async fn follow(
        &mut self,
        mut snapshots: watch::Receiver<Snapshot>,
        done: &CancellationToken,
        stop: &CancellationToken,
        listener: Option<&Listener>,
    ) {
        loop {
            let is_done = tokio::select! {
                biased;
                changed = snapshots.changed() => changed.is_err(),
                () = done.cancelled() => true,
            };
            let snapshot = snapshots.borrow_and_update().clone();
            if let Some(last) = &snapshot.last_second {
                self.second(u64::from(last.second), &last.account, stop);
            }
            if let Some(listener) = listener {
                listener.live.send_replace(snapshot);
            }
            if is_done {
                return;
            }
        }
    }

    /// Takes a second, once.
    fn second(&mut self, second: u64, account: &Account, stop: &CancellationToken) {
        if self.seconds.last().is_some_and(|(last, _)| *last >= second) {
            return;
        }
        self.seconds.push((second, Spread::of(&account.ok.latency)));
        if self.aborted.is_some() || self.vigils.is_empty() {
            return;
        }
        let statistics = Statistics::of("overall", account, Duration::from_secs(1), None);
        let seen = Seen { overall: &statistics, endpoints: &[], monitor: &|_| None };
        let fired = self.vigils.iter_mut().find_map(|vigil| {
            let fires = vigil.second(&seen);
            fires.then(|| vigil.asked.to_string())
        });
        if let Some(condition) = fired {
            self.aborted = Some((condition, second + 1));
            stop.cancel();
        }
    }
}
