//! The log of a run: each failure once, where it became an outcome.

use crate::engine::recorder::Listener;
use crate::model::event::Event;

/// Writes a run's events to the log, with the fields that log searches use.
pub struct NewsLog;

impl Listener for NewsLog {
    fn hear(&mut self, event: &Event) {
        match event {
            Event::RunStarted { header, hosts } => {
                tracing::info!(run.id = %header.run_id, job.name = %header.job, hosts = hosts.len(), "run started");
            }
            Event::StepEnded { host, stage, step, outcome, duration_ms, .. } => {
                let (stage, rows) = (stage.word(), outcome.rows());
                match outcome.failure() {
                    None => tracing::debug!(stage, %step, host.name = %host, duration_ms, rows, "step ended"),
                    Some(failure) => tracing::info!(
                        stage, %step, host.name = %host, duration_ms, rows, outcome = outcome.word(),
                        kind = failure.kind.word(), "{failure}"
                    ),
                }
            }
            Event::HostAudited { host, verdict, duration_ms } => {
                let reasons: Vec<_> = verdict.reasons.iter().map(|reason| reason.word()).collect();
                let reasons = reasons.join(",");
                tracing::info!(host.name = %host, duration_ms, reasons, "{}", verdict.status.spoken());
            }
            Event::VmMoved { vm_id, vm_name, kept, .. } => {
                tracing::info!(vm_id, vm_name, host.name = %kept, "the VM moved during the run");
            }
            Event::Warning { host: Some(host), message } => tracing::warn!(host.name = %host, "{message}"),
            Event::Warning { host: None, message } => tracing::warn!("{message}"),
            Event::CancelRequested { cause, .. } => tracing::warn!(?cause, "the run was told to stop"),
            Event::ArtifactWritten { artifact } => {
                tracing::debug!(path = artifact.path, rows = artifact.rows, bytes = artifact.bytes, "staged");
            }
            Event::RunEnded { .. } => tracing::info!("run ended"),
            Event::StepStarted { .. } => {}
        }
    }
}
