//! `lustrum probe prometheus`: one check of metrics and dashboards by hand.

use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;

use crate::cli::args::Global;
use crate::cli::dispatch::json;
use crate::cli::probe::prepared::{Prepared, prepare};
use crate::cli::probe::prometheus_args::PrometheusArguments;
use crate::cli::probe::prometheus_text;
use crate::cli::probe::single::{Single, measure};
use crate::cli::refusal::Answer;
use crate::cli::terminal::Terminal;
use crate::cli::{dotenv, request};
use crate::config::problem::Problems;
use crate::model::probe::ProbeKind;
use crate::probes::catalogue::AnyProbe;

pub async fn probe(global: &Global, arguments: &PrometheusArguments, terminal: &Terminal) -> Answer {
    let request = request::of_prometheus(global, arguments, dotenv::read()?);
    let name = arguments.name.as_deref();
    let prepared = prepare(&request, ProbeKind::Prometheus, name, |_| Problems::default(), terminal)?;
    let Prepared { job, mut planned, opening, warnings, log: _log } = prepared;
    let heard = Arc::new(OnceLock::new());
    if let Some(AnyProbe::Prometheus(probe)) = Arc::get_mut(&mut planned.probe) {
        probe.heard = Some(heard.clone());
    }
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
