//! `lustrum run`: from flags, files and environment to a survey.

use std::io;

use crate::cli::args::{Global, RunArguments};
use crate::cli::dispatch::refuse;
use crate::cli::exit::Exit;
use crate::cli::survey::{Survey, survey};
use crate::cli::terminal::Terminal;
use crate::cli::{dotenv, request, telemetry};
use crate::config::load;
use crate::config::problem::Problems;
use crate::engine::plan::Plan;
use crate::model::target::Platform;
use crate::providers::catalogue;

pub async fn run(global: &Global, arguments: &RunArguments, terminal: &Terminal) -> io::Result<Exit> {
    let environment = match dotenv::read() {
        Ok(environment) => environment,
        Err(problem) => return Ok(refuse(&Problems(vec![problem]), terminal)),
    };
    let asked = match load::ask(&request::of_run(global, arguments, environment), true) {
        Ok(asked) => asked,
        Err(problems) => return Ok(refuse(&problems, terminal)),
    };
    let _log = match telemetry::start(&asked.job.log, terminal) {
        Ok(guard) => guard,
        Err(error) => {
            terminal.error(&error.to_string());
            return Ok(Exit::Usage);
        }
    };
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
        Platform::Hyperv => survey(prepared, catalogue::hyperv(shell), terminal).await,
    }
}
