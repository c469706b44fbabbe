//! `lustrum run`: from flags, files and environment to a survey.

use std::path::PathBuf;

use tokio_util::sync::CancellationToken;

use crate::cli::aftermath::Aftermath;
use crate::cli::args::{Global, RunArguments};
use crate::cli::exit::Exit;
use crate::cli::refusal::{Answer, Refusal};
use crate::cli::slot::Told;
use crate::cli::survey::{Survey, survey};
use crate::cli::terminal::Terminal;
use crate::cli::{dotenv, lineage, request, shard, slot, telemetry, textfile};
use crate::config::job::Job;
use crate::config::load::{self, Secrets};
use crate::config::problem::Problem;
use crate::engine::plan::Plan;
use crate::engine::share::Share;
use crate::model::run::Scope;
use crate::model::target::Platform;
use crate::providers::catalogue;
use crate::time::clock::Clock;

pub async fn run(global: &Global, arguments: &RunArguments, terminal: &Terminal) -> Answer {
    if lineage::is_empty_list(arguments) {
        return nothing_to_retry(arguments, terminal);
    }
    let environment = dotenv::read()?;
    let told = slot::told(arguments, &environment, Clock::system().now()).map_err(Refusal::Usage)?;
    let shard = shard::told(arguments, &environment, &told).map_err(Refusal::Usage)?;
    let request = request::of_run(global, arguments, environment);
    let asked = load::ask(&request, Secrets::All)?;
    let log = telemetry::start(&asked.job.log, terminal);
    let _log = log.map_err(|error| Refusal::Usage(error.to_string()))?;
    let textfile = textfile_of(&asked.job)?;
    let (platform, shell, delta) = (asked.job.platform, asked.job.limits.shell(), asked.job.output.delta);
    let (mut warnings, opening) = (asked.warnings.clone(), load::opening(&asked.job, &request)?);
    let job = asked.job.clone();
    let mut plan = Plan::of(asked, arguments.dry_run);
    let (lineage, warning) = lineage::of(arguments, &mut plan, &opening).await?;
    // What was picked by hand, and what is asked again, are hosts.
    if lineage.scope != Scope::Full {
        plan.probes.clear();
    }
    if plan.targets.is_empty() && plan.probes.is_empty() {
        return nothing_to_retry(arguments, terminal);
    }
    warnings.extend(warning);
    plan.share = shard.map_or(Share::Whole, Share::Shard);
    let slot = match told {
        Told::Slot(slot) => Some(slot),
        Told::HandMade(name) => {
            terminal.note(&format!("the name of the Job {name} tells no slot: the run stands for its start"));
            None
        }
        Told::Nothing => None,
    };
    // Whoever picks hosts or tables by hand looks at what comes of it.
    let is_watched = plan.dry_run || lineage.scope == Scope::Part;
    let aftermath = if is_watched {
        Aftermath::of(&job, Vec::new(), None)
    } else {
        Aftermath::of(&job, load::couriers(&job, &request), textfile)
    };
    let prepared = Survey {
        warnings,
        opening,
        delta,
        lineage,
        slot,
        json: arguments.json,
        by_collector: !arguments.fleet.only.is_empty(),
        zero_if_recorded: arguments.exit_zero_if_recorded,
        quit: CancellationToken::new(),
        shows_progress: true,
        plan,
    };
    match platform {
        Platform::Hyperv => Ok(survey(prepared, &aftermath, catalogue::hyperv(shell), terminal).await?),
    }
}

/// Where metrics are left, if they are.
pub fn textfile_of(job: &Job) -> Result<Option<PathBuf>, Problem> {
    let Some(asked) = &job.metrics.textfile else { return Ok(None) };
    let refused = |why| Problem::new("settings", "metrics.textfile", why).with_value(format!("{asked:?}"));
    textfile::file(asked.as_ref(), &job.name).map(Some).map_err(refused)
}

fn nothing_to_retry(arguments: &RunArguments, terminal: &Terminal) -> Answer {
    let message = "nothing to retry: no host is left that was not collected; nothing was committed";
    if arguments.json {
        terminal.note(message)
    } else {
        terminal.print(message)?
    }
    Ok(Exit::Ok)
}
