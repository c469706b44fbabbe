//! A run's events as log lines, for log files and for programs that read standard error.

use crate::cli::telemetry::EVENTS;
use crate::engine::recorder::Listener;
use crate::model::event::{Event, RunHeader};
use crate::model::probe::{ProbeEnding, ProbeRecord};
use crate::model::status::FinalStatus;

/// A listener of a run's events that logs each once, where it becomes an outcome.
#[derive(Debug, Default)]
pub struct Journal {
    job: String,
    run: String,
}

impl Listener for Journal {
    fn hear(&mut self, event: &Event) {
        match event {
            Event::RunStarted { header, hosts } => self.begin(header, hosts.len()),
            Event::HostsTakenUp { hosts } => {
                tracing::info!(target: EVENTS, { run.id = self.run, hosts }, "finished hosts taken up");
            }
            Event::StepStarted { host, stage, step, .. } => {
                tracing::debug!(target: EVENTS, { run.id = self.run, host.name = %host, stage = stage.word(), step = %step }, "step started");
            }
            Event::StepEnded { host, stage, step, outcome, duration_ms, .. } => {
                let rows = outcome.rows();
                match outcome.failure() {
                    None => {
                        tracing::debug!(target: EVENTS, { run.id = self.run, host.name = %host, stage = stage.word(), step = %step,
                        duration_ms, rows }, "step ended")
                    }
                    Some(failure) => {
                        tracing::warn!(target: EVENTS, { run.id = self.run, host.name = %host, stage = stage.word(), step = %step,
                        duration_ms, rows, ended = outcome.word(), kind = failure.kind.word() }, "{failure}")
                    }
                }
            }
            Event::HostAudited { host, verdict, duration_ms } => {
                let reasons: Vec<&str> = verdict.reasons.iter().map(|reason| reason.word()).collect();
                let (status, reasons) = (verdict.status.word(), reasons.join(","));
                match verdict.status {
                    FinalStatus::InventoryOk | FinalStatus::InventoryEmpty => {
                        tracing::info!(target: EVENTS, { run.id = self.run, host.name = %host, status, reasons, duration_ms,
                        vms = verdict.baseline_vms }, "host audited")
                    }
                    _ => {
                        tracing::warn!(target: EVENTS, { run.id = self.run, host.name = %host, status, reasons, duration_ms,
                        vms = verdict.baseline_vms }, "host audited")
                    }
                }
            }
            Event::VmMoved { vm_id, kept, seen_on, .. } => {
                let hosts = seen_on.len();
                tracing::info!(target: EVENTS, { run.id = self.run, vm_id, kept = %kept, hosts }, "VM moved during the run");
            }
            Event::ProbeStarted { probe, kind, .. } => {
                tracing::debug!(target: EVENTS, { run.id = self.run, probe.name = %probe, kind = kind.word() }, "probe started");
            }
            Event::ProbeEnded { probe, record: ProbeRecord { kind, verdict, rows, duration_ms, .. } } => {
                let (kind, ended) = (kind.word(), verdict.ending.word());
                if verdict.ending == ProbeEnding::Passed {
                    tracing::info!(target: EVENTS, { run.id = self.run, probe.name = %probe, kind, ended, rows, duration_ms }, "probe ended");
                } else {
                    tracing::warn!(target: EVENTS, { run.id = self.run, probe.name = %probe, kind, ended, rows, duration_ms }, "{}", verdict.headline);
                }
            }
            Event::ArtifactWritten { artifact } => {
                let (path, rows, bytes) = (artifact.path.as_str(), artifact.rows, artifact.bytes);
                tracing::info!(target: EVENTS, { run.id = self.run, path, rows, bytes }, "artifact written");
            }
            Event::Warning { host, message } => {
                let host = host.as_ref().map(|host| host.as_str());
                tracing::warn!(target: EVENTS, { run.id = self.run, host.name = host }, "{message}");
            }
            Event::CancelRequested { cause, .. } => {
                tracing::warn!(target: EVENTS, { run.id = self.run, ?cause }, "cancel requested");
            }
            Event::RunEnded { .. } => {
                tracing::info!(target: EVENTS, { run.id = self.run, job.name = self.job }, "run ended");
            }
        }
    }
}

impl Journal {
    fn begin(&mut self, header: &RunHeader, hosts: usize) {
        self.job = header.job.to_string();
        self.run = header.run_id.to_string();
        let attempt = header.attempt.as_str();
        tracing::info!(target: EVENTS, { run.id = self.run, job.name = self.job, attempt, hosts }, "run started");
    }
}
