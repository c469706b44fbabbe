//! What every probe by hand begins with: its job is read, the log begun, the probe picked.

use crate::cli::probe::pick::pick;
use crate::cli::refusal::Refusal;
use crate::cli::telemetry::{self, LogGuard};
use crate::cli::terminal::Terminal;
use crate::config::job::Job;
use crate::config::load::{self, Request, Secrets};
use crate::config::problem::Problems;
use crate::config::store::Opening;
use crate::model::probe::ProbeKind;
use crate::probes::catalogue::PlannedProbe;

pub struct Prepared {
    pub job: Job,
    pub planned: PlannedProbe,
    pub opening: Opening,
    /// Not told yet.
    pub warnings: Vec<String>,
    pub log: LogGuard,
}

/// `adjust`: what a command puts over the settings before they are looked at.
pub fn prepare(
    request: &Request,
    kind: ProbeKind,
    name: Option<&str>,
    adjust: impl FnOnce(&mut Job) -> Problems,
    terminal: &Terminal,
) -> Result<Prepared, Refusal> {
    let asked = load::ask_with(request, Secrets::OfProbes, adjust)?;
    let log = telemetry::start(&asked.job.log, terminal);
    let log = log.map_err(|error| Refusal::Usage(error.to_string()))?;
    let opening = load::opening(&asked.job, request)?;
    let planned = pick(asked.probes, kind, name).map_err(Refusal::Usage)?;
    Ok(Prepared { job: asked.job, planned, opening, warnings: asked.warnings, log })
}
