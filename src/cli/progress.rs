//! A run while it goes on: a bar on a terminal, a line a host otherwise.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::columns::{count, counted, duration, visible};
use crate::cli::terminal::{Paint, Terminal};
use crate::engine::recorder::Listener;
use crate::model::event::{Event, Verdict};
use crate::model::outcome::Stage;
use crate::model::probe::{ProbeEnding, ProbeName, ProbeRecord};
use crate::model::status::FinalStatus;
use crate::model::target::HostName;

/// A listener of a run's events that shows how far it is.
pub struct Progress {
    terminal: Terminal,
    bar: Option<ProgressBar>,
    /// Nothing is shown where standard error is a log for programs.
    silent: bool,
    /// A dry run is done with a host once it is logged on.
    dry_run: bool,
    hosts: u64,
    done: u64,
    not_ok: u64,
}

impl Listener for Progress {
    fn hear(&mut self, event: &Event) {
        if self.silent {
            return;
        }
        match event {
            Event::RunStarted { hosts, .. } => self.begin(hosts.len() as u64),
            Event::HostsTakenUp { hosts } => self.take_up(*hosts),
            Event::StepEnded { host, stage: Stage::Preflight, step, outcome, duration_ms, .. }
                if self.dry_run && step.0 == "logon" && outcome.is_ok() =>
            {
                self.end_host(host, "logged on", Paint::Good, "", *duration_ms);
            }
            Event::StepStarted { host, stage, step, .. } => {
                if let Some(bar) = &self.bar {
                    bar.set_message(format!("{host} {} {step}", stage.word()));
                }
            }
            Event::ProbeStarted { probe, kind, .. } => match &self.bar {
                Some(bar) => bar.set_message(format!("{probe} {}", kind.spoken())),
                None => self.terminal.note(&format!("probe {probe}  {}", kind.spoken())),
            },
            Event::ProbeEnded { probe, record } => self.measured(probe, record),
            Event::HostAudited { host, verdict, duration_ms } => self.audited(host, verdict, *duration_ms),
            Event::ArtifactWritten { artifact } => {
                if let Some(bar) = &self.bar {
                    bar.set_message(format!("writing {}", artifact.path));
                }
            }
            Event::CancelRequested { .. } => {
                self.terminal.note("stopping: waiting for open shells to close (Ctrl-C again: at once)");
            }
            Event::RunEnded { .. } => self.finish(),
            _ => {}
        }
    }
}

impl Progress {
    /// A terminal whose standard error carries a JSON log gets no lines for people.
    pub fn new(terminal: Terminal, dry_run: bool, silent: bool) -> Self {
        let silent = silent || terminal.err_is_log();
        Self { terminal, bar: None, silent, dry_run, hosts: 0, done: 0, not_ok: 0 }
    }

    /// Takes the bar off the screen; also when the run ended without saying so.
    pub fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
            // What follows is set off from the lines that stay.
            self.terminal.note("");
        }
    }

    fn begin(&mut self, hosts: u64) {
        self.hosts = hosts;
        if !self.terminal.animated {
            return;
        }
        let bar =
            self.terminal.bars().add(ProgressBar::new(hosts).with_style(style(self.terminal.err.colors)));
        bar.enable_steady_tick(Duration::from_millis(200));
        self.bar = Some(bar);
    }

    fn take_up(&mut self, hosts: u64) {
        self.done += hosts;
        if let Some(bar) = &self.bar {
            bar.set_position(self.done);
        }
        let left = self.hosts.saturating_sub(self.done);
        self.terminal.note(&format!(
            "resumed: {} finished before the interruption, {} to ask",
            counted(hosts, "host", "hosts"),
            count(left)
        ));
    }

    fn audited(&mut self, host: &HostName, verdict: &Verdict, duration_ms: u64) {
        let paint = paint_of(verdict.status);
        let vms = verdict.baseline_vms.map(|vms| counted(vms, "VM", "VMs")).unwrap_or_default();
        let reasons: Vec<&str> = verdict.reasons.iter().map(|reason| reason.word()).collect();
        let facts: Vec<String> =
            [vms, reasons.join(", ")].into_iter().filter(|fact| !fact.is_empty()).collect();
        if !matches!(verdict.status, FinalStatus::InventoryOk | FinalStatus::InventoryEmpty) {
            self.not_ok += 1;
        }
        self.end_host(host, verdict.status.spoken(), paint, &facts.join("  "), duration_ms);
    }

    fn measured(&self, probe: &ProbeName, record: &ProbeRecord) {
        let ending = &record.verdict.ending;
        let word = format!("{:<18}", ending.spoken());
        let word = self.terminal.err.paint(paint_of_probe(ending), &word);
        let (taken, headline) = (duration(record.duration_ms), visible(&record.verdict.headline));
        self.terminal.note(format!("{word} {probe}  {taken}  {headline}").trim_end());
    }

    /// With a bar, only what is not well is worth a line that stays.
    fn end_host(&mut self, host: &HostName, word: &str, paint: Paint, facts: &str, duration_ms: u64) {
        self.done += 1;
        let word = self.terminal.err.paint(paint, &format!("{word:<18}"));
        if let Some(bar) = &self.bar {
            bar.set_position(self.done);
            if self.not_ok > 0 {
                bar.set_prefix(format!("{} not OK  ", count(self.not_ok)));
            }
            if paint == Paint::Good {
                return;
            }
        }
        let digits = count(self.hosts).len();
        let line = format!(
            "[{:>digits$}/{}] {word} {host}  {}  {}",
            count(self.done),
            count(self.hosts),
            duration(duration_ms),
            visible(facts)
        );
        self.terminal.note(line.trim_end());
    }
}

fn style(colors: bool) -> ProgressStyle {
    let template = if colors {
        "  {bar:32.green/dim} {pos}/{len} hosts  {elapsed}  {prefix:.yellow}{wide_msg:.dim}"
    } else {
        "  {bar:32} {pos}/{len} hosts  {elapsed}  {prefix}{wide_msg}"
    };
    ProgressStyle::with_template(template).expect("a template that a test reads").progress_chars("━╸─")
}

/// The colour of a final status.
pub const fn paint_of(status: FinalStatus) -> Paint {
    match status {
        FinalStatus::InventoryOk | FinalStatus::InventoryEmpty => Paint::Good,
        FinalStatus::InventoryPartial => Paint::Warn,
        FinalStatus::InventoryError => Paint::Bad,
    }
}

pub const fn paint_of_probe(ending: &ProbeEnding) -> Paint {
    match ending {
        ProbeEnding::Passed => Paint::Good,
        ProbeEnding::ThresholdFailed => Paint::Warn,
        ProbeEnding::Failed { .. } | ProbeEnding::NotRun { .. } => Paint::Bad,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn both_templates_are_templates() {
        super::style(true);
        super::style(false);
    }
}
