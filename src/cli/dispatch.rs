//! From a typed command to the room that answers it; every command ends in an exit code.

use std::io;

use clap::{CommandFactory, Parser};
use serde::Serialize;

use crate::cli::args::{
    Arguments, Command, ConfigCheckArguments, ConfigCommand, ConfigShowArguments, Global, PlanArguments,
    ScheduleCommand, ScheduleNextArguments, SchemaArguments,
};
use crate::cli::coming::Coming;
use crate::cli::config_check;
use crate::cli::demo::demo;
use crate::cli::exit::Exit;
use crate::cli::probe::command::ProbeCommand;
use crate::cli::probe::{http_latency, http_load, prometheus};
use crate::cli::refusal::{Answer, Refusal, tell_problems};
use crate::cli::simulate::simulate;
use crate::cli::terminal::Terminal;
use crate::cli::{diff, dotenv, finalize, plan_text, request, run, runs, schema, serve};
use crate::config::load::{self, Secrets};
use crate::engine::plan::Plan;
use crate::time::clock::Clock;

/// Parses, runs, and says how it ended.
pub fn run() -> Exit {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // `--help` and `--version` come this way too, to standard output and with 0.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Ok };
        }
    };
    let terminal = Terminal::of_process();
    answer(arguments, &terminal).unwrap_or_else(|refusal| refusal.tell(&terminal))
}

fn answer(arguments: Arguments, terminal: &Terminal) -> Answer {
    let Arguments { global, command } = arguments;
    match command {
        Command::Plan(plan) => print_plan(&global, &plan, terminal),
        Command::Schema(asked) => print_schema(&asked, terminal),
        Command::Config(ConfigCommand::Check(asked)) => check_config(&global, asked, terminal),
        Command::Config(ConfigCommand::Show(asked)) => show_config(&global, asked, terminal),
        Command::Serve(asked) => on_runtime(serve::serve(&global, &asked, terminal)),
        Command::Schedule(ScheduleCommand::Next(asked)) => print_coming(&global, &asked, terminal),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "lustrum", &mut script);
            terminal.print(&String::from_utf8_lossy(&script))?;
            Ok(Exit::Ok)
        }
        Command::Simulate(asked) => Ok(on_runtime(simulate(&asked, terminal))?),
        Command::Run(asked) => on_runtime(run::run(&global, &asked, terminal)),
        Command::Finalize(asked) => on_runtime(finalize::finalize(&global, &asked, terminal)),
        Command::Runs(asked) => on_runtime(runs::runs(&global, &asked, terminal)),
        Command::Diff(asked) => on_runtime(diff::changes(&global, &asked, terminal)),
        Command::Probe(ProbeCommand::HttpLatency(asked)) => {
            on_runtime(http_latency::probe(&global, &asked, terminal))
        }
        Command::Probe(ProbeCommand::HttpLoad(asked)) => {
            on_runtime(http_load::probe(&global, &asked, terminal))
        }
        Command::Probe(ProbeCommand::Prometheus(asked)) => {
            on_runtime(prometheus::probe(&global, &asked, terminal))
        }
        Command::Demo(asked) => Ok(on_runtime(demo(&asked, terminal))?),
    }
}

/// Drives what talks to a network.
fn on_runtime<E: From<io::Error>>(work: impl Future<Output = Result<Exit, E>>) -> Result<Exit, E> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

fn print_plan(global: &Global, plan: &PlanArguments, terminal: &Terminal) -> Answer {
    let environment = dotenv::read()?;
    // A plan is read on any machine; only the run needs the secrets.
    let asked = load::ask(&request::of_plan(global, plan, environment), Secrets::None)?;
    for warning in &asked.warnings {
        terminal.warning(warning);
    }
    let meant = Plan::of(asked, false);
    let text = if plan.json { json(&meant.view()) } else { plan_text::render(&meant, terminal.out) };
    terminal.print(&text)?;
    Ok(Exit::Ok)
}

fn print_coming(global: &Global, asked: &ScheduleNextArguments, terminal: &Terminal) -> Answer {
    let environment = dotenv::read()?;
    let request = match &asked.job {
        Some(job) => request::of_job(global, Some(job.clone()), environment),
        None => request::of_cron_line(global, asked, environment),
    };
    let job = load::load(&request)?.job;
    let after = asked.after.unwrap_or_else(|| Clock::system().now());
    let coming = Coming::of(&job, after, asked.count as usize).map_err(Refusal::Usage)?;
    terminal.print(&if asked.json { json(&coming) } else { coming.text(terminal.out) })?;
    Ok(Exit::Ok)
}

fn print_schema(asked: &SchemaArguments, terminal: &Terminal) -> Answer {
    let text = schema::print(asked.subject.as_deref(), asked.json, terminal.out).map_err(Refusal::Usage)?;
    terminal.print(&text)?;
    Ok(Exit::Ok)
}

fn check_config(global: &Global, asked: ConfigCheckArguments, terminal: &Terminal) -> Answer {
    let environment = dotenv::read()?;
    let checked = config_check::check(&request::of_job(global, asked.job, environment), !asked.skip_secrets);
    let exit = if checked.problems.is_empty() { Exit::Ok } else { Exit::Usage };
    if asked.json {
        terminal.print(&json(&config_check::check_json(&checked)))?;
        return Ok(exit);
    }
    if exit == Exit::Usage {
        return Ok(tell_problems(&checked.problems, terminal));
    }
    for warning in &checked.warnings {
        terminal.warning(warning);
    }
    terminal.print(&checked.verdict)?;
    Ok(exit)
}

fn show_config(global: &Global, asked: ConfigShowArguments, terminal: &Terminal) -> Answer {
    let environment = dotenv::read()?;
    let loaded = load::load(&request::of_job(global, asked.job, environment))?;
    for warning in &loaded.warnings {
        terminal.warning(warning);
    }
    let text = match (asked.json, asked.origin) {
        (true, origin) => json(&config_check::show_json(&loaded, origin)),
        (false, true) => config_check::show_with_origin(&loaded, terminal.out),
        (false, false) => config_check::show(&loaded),
    };
    terminal.print(&text)?;
    Ok(Exit::Ok)
}

/// JSON for programs, indented because people read it too.
pub fn json(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).expect("plain values with text keys")
}
