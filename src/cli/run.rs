//! `lustrum run`: from flags, files and environment to a survey.

use crate::cli::args::{Global, RunArguments};
use crate::cli::refusal::{Answer, Refusal};
use crate::cli::survey::{Survey, survey};
use crate::cli::terminal::Terminal;
use crate::cli::{dotenv, request, telemetry};
use crate::config::load;
use crate::engine::plan::Plan;
use crate::model::target::Platform;
use crate::providers::catalogue;

pub async fn run(global: &Global, arguments: &RunArguments, terminal: &Terminal) -> Answer {
    let asked = load::ask(&request::of_run(global, arguments, dotenv::read()?), true)?;
    let log = telemetry::start(&asked.job.log, terminal);
    let _log = log.map_err(|error| Refusal::Usage(error.to_string()))?;
    let (platform, shell) = (asked.job.platform, asked.job.limits.shell());
    let prepared = Survey {
        warnings: asked.warnings.clone(),
        root: asked.job.output.dir.clone(),
        json: arguments.json,
        by_collector: !arguments.fleet.only.is_empty(),
        zero_if_recorded: arguments.exit_zero_if_recorded,
        plan: Plan::of(asked, arguments.dry_run),
    };
    match platform {
        Platform::Hyperv => Ok(survey(prepared, catalogue::hyperv(shell), terminal).await?),
    }
}
