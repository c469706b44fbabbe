//! `lustrum probe prometheus`: one check of metrics and dashboards by hand.

use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;

use crate::cli::args::Global;
use crate::cli::dispatch::json;
use crate::cli::probe::pick::pick;
use crate::cli::probe::prometheus_args::PrometheusArguments;
use crate::cli::probe::prometheus_text;
use crate::cli::probe::single::{Single, measure};
use crate::cli::refusal::{Answer, Refusal};
use crate::cli::terminal::Terminal;
use crate::cli::{dotenv, request, telemetry};
use crate::config::load::{self, Secrets};
use crate::model::probe::ProbeKind;
use crate::probes::catalogue::AnyProbe;

pub async fn probe(global: &Global, arguments: &PrometheusArguments, terminal: &Terminal) -> Answer {
    let request = request::of_prometheus(global, arguments, dotenv::read()?);
    let asked = load::ask(&request, Secrets::OfProbes)?;
    let log = telemetry::start(&asked.job.log, terminal);
    let _log = log.map_err(|error| Refusal::Usage(error.to_string()))?;
    let opening = load::opening(&asked.job, &request)?;
    let mut planned =
        pick(asked.probes, ProbeKind::Prometheus, arguments.name.as_deref()).map_err(Refusal::Usage)?;
    let heard = Arc::new(OnceLock::new());
    if let Some(AnyProbe::Prometheus(probe)) = Arc::get_mut(&mut planned.probe) {
        probe.heard = Some(heard.clone());
    }
    let (job, warnings) = (asked.job, asked.warnings);
    let quit = CancellationToken::new();
    let single = Single { job, planned, opening, warnings, quit, shows_progress: true };
    let measured = measure(single, terminal).await?;
    let Some(manifest) = measured.manifest else { return Ok(measured.exit) };
    let heard = heard.get().cloned().unwrap_or_default();
    let record = manifest.probes.values().next();
    let text = if arguments.json {
        json(&prometheus_text::document(&heard, record, &manifest))
    } else {
        prometheus_text::render(&heard, record, terminal.out)
    };
    terminal.print(&text)?;
    Ok(measured.exit)
}
