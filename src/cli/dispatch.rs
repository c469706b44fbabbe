//! From a typed command to the room that answers it; every command ends in an exit code.

use std::io;

use clap::{CommandFactory, Parser};
use serde::Serialize;

use crate::cli::args::{
    Arguments, Command, ConfigCheckArguments, ConfigCommand, ConfigShowArguments, Global, PlanArguments,
    SchemaArguments,
};
use crate::cli::config_check::{self, problem_count};
use crate::cli::exit::Exit;
use crate::cli::terminal::Terminal;
use crate::cli::{dotenv, plan_text, request, schema};
use crate::config::load;
use crate::config::problem::Problems;
use crate::engine::plan::Plan;

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
    answer(arguments, &terminal).unwrap_or_else(|error| {
        terminal.error(&format!("cannot write to standard output: {error}"));
        Exit::NotRecorded
    })
}

fn answer(arguments: Arguments, terminal: &Terminal) -> io::Result<Exit> {
    let Arguments { global, command } = arguments;
    match command {
        Command::Plan(plan) => print_plan(&global, &plan, terminal),
        Command::Schema(asked) => print_schema(&asked, terminal),
        Command::Config(ConfigCommand::Check(asked)) => check_config(&global, asked, terminal),
        Command::Config(ConfigCommand::Show(asked)) => show_config(&global, asked, terminal),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "lustrum", &mut script);
            terminal.print(&String::from_utf8_lossy(&script))?;
            Ok(Exit::Ok)
        }
        Command::Run(_) | Command::Demo(_) | Command::Simulate(_) => {
            terminal.error("not wired");
            Ok(Exit::Usage)
        }
    }
}

/// Tells everything that is wrong, one line each.
pub fn refuse(problems: &Problems, terminal: &Terminal) -> Exit {
    terminal.error(&problem_count(problems));
    for problem in &problems.0 {
        terminal.note(&format!("  {problem}"));
    }
    Exit::Usage
}

fn print_plan(global: &Global, plan: &PlanArguments, terminal: &Terminal) -> io::Result<Exit> {
    let environment = match dotenv::read() {
        Ok(environment) => environment,
        Err(problem) => return Ok(refuse(&Problems(vec![problem]), terminal)),
    };
    // A plan is read on any machine; only the run needs the secrets.
    let asked = match load::ask(&request::of_plan(global, plan, environment), false) {
        Ok(asked) => asked,
        Err(problems) => return Ok(refuse(&problems, terminal)),
    };
    for warning in &asked.warnings {
        terminal.warning(warning);
    }
    let meant = Plan::of(asked, false);
    let text = if plan.json { json(&meant.view()) } else { plan_text::render(&meant, terminal.out) };
    terminal.print(&text)?;
    Ok(Exit::Ok)
}

fn print_schema(asked: &SchemaArguments, terminal: &Terminal) -> io::Result<Exit> {
    match schema::print(asked.subject.as_deref(), asked.json, terminal.out) {
        Ok(text) => terminal.print(&text).map(|()| Exit::Ok),
        Err(message) => {
            terminal.error(&message);
            Ok(Exit::Usage)
        }
    }
}

fn check_config(global: &Global, asked: ConfigCheckArguments, terminal: &Terminal) -> io::Result<Exit> {
    let environment = match dotenv::read() {
        Ok(environment) => environment,
        Err(problem) => return Ok(refuse(&Problems(vec![problem]), terminal)),
    };
    let checked = config_check::check(&request::of_job(global, asked.job, environment), !asked.skip_secrets);
    let exit = if checked.problems.is_empty() { Exit::Ok } else { Exit::Usage };
    if asked.json {
        terminal.print(&json(&config_check::check_json(&checked)))?;
        return Ok(exit);
    }
    if exit == Exit::Usage {
        return Ok(refuse(&checked.problems, terminal));
    }
    for warning in &checked.warnings {
        terminal.warning(warning);
    }
    terminal.print(&checked.verdict)?;
    Ok(exit)
}

fn show_config(global: &Global, asked: ConfigShowArguments, terminal: &Terminal) -> io::Result<Exit> {
    let environment = match dotenv::read() {
        Ok(environment) => environment,
        Err(problem) => return Ok(refuse(&Problems(vec![problem]), terminal)),
    };
    let loaded = match load::load(&request::of_job(global, asked.job, environment)) {
        Ok(loaded) => loaded,
        Err(problems) => return Ok(refuse(&problems, terminal)),
    };
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
