//! What a command line does on a simulated host: a small honest set of programs.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use crate::simulator::host::Host;
use crate::simulator::powershell;

/// One thing a running program does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Stdout(Bytes),
    Stderr(Bytes),
    /// So many bytes of output nobody asked for, made when they are fetched.
    Noise(u64),
    Wait(Duration),
    /// Waits until it is ended.
    Hold,
    Exit(i32),
}

/// A program: what it does at once, or what it does when stdin has ended.
#[derive(Clone, Debug)]
pub enum Program {
    Runs(VecDeque<Step>),
    /// Copies stdin to stdout.
    Copies,
    /// PowerShell that runs a script from stdin.
    ReadsScript,
}

/// How the far end asked for it (MS-WSMV 2.2.4.22, 3.1.4.11).
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// WINRS_CODEPAGE of the shell.
    pub code_page: u32,
    /// WINRS_SKIP_CMD_SHELL of the command.
    pub skip_cmd_shell: bool,
}

/// The longest line cmd.exe takes.
const CMD_LINE_CHARS: usize = 8191;

/// What `line` does on `host`.
pub fn program(line: &str, surroundings: &Surroundings, host: &Host) -> Program {
    if !surroundings.skip_cmd_shell && line.chars().count() > CMD_LINE_CHARS {
        return runs([stderr("The command line is too long.\r\n"), Step::Exit(1)]);
    }
    let (name, rest) = split_program(line);
    match name.as_str() {
        "cmd" => program(without_switches(rest), surroundings, host),
        "powershell" => powershell::program(rest, surroundings.code_page, host),
        "more" | "sort" | "findstr" => Program::Copies,
        _ => chain(line, host),
    }
}

/// Commands joined by `&&`: the first failure ends the chain.
fn chain(line: &str, host: &Host) -> Program {
    let mut steps = VecDeque::new();
    let mut exit = 0;
    for part in line.split("&&") {
        exit = simple(part.trim_start(), host, &mut steps);
        if exit != 0 {
            break;
        }
    }
    steps.push_back(Step::Exit(exit));
    Program::Runs(steps)
}

/// One command of cmd.exe, or a program without arguments that matter. Gives its exit code.
fn simple(line: &str, host: &Host, steps: &mut VecDeque<Step>) -> i32 {
    let (name, rest) = split_program(line);
    match name.as_str() {
        "hostname" => steps.push_back(stdout(&format!("{}\r\n", host.computer_name()))),
        "whoami" => steps.push_back(stdout(&format!("{}\r\n", host.account_name().to_lowercase()))),
        "ver" => {
            steps.push_back(stdout(&format!(
                "\r\nMicrosoft Windows [Version {}]\r\n",
                host.windows_version()
            )));
        }
        "echo" => match rest.strip_suffix(">&2 ").or(rest.strip_suffix(">&2")) {
            Some(text) => steps.push_back(stderr(&format!("{text} \r\n"))),
            None => steps.push_back(stdout(&format!("{rest}\r\n"))),
        },
        "exit" => return rest.trim_start_matches("/b").trim().parse().unwrap_or(0),
        "simulator-emit" => {
            let bytes = rest.trim().parse().unwrap_or(0);
            steps.push_back(Step::Noise(bytes));
        }
        "simulator-sleep" => {
            let duration_ms = rest.trim().parse().unwrap_or(0);
            steps.push_back(Step::Wait(Duration::from_millis(duration_ms)));
        }
        "simulator-hold" => steps.push_back(Step::Hold),
        _ => {
            steps.push_back(stderr(&format!(
                "'{name}' is not recognized as an internal or external command,\r\n\
                 operable program or batch file.\r\n"
            )));
            return 1;
        }
    }
    0
}

/// The program's bare name in lower case, and the rest of the line.
pub fn split_program(line: &str) -> (String, &str) {
    let line = line.trim_start();
    let (program, rest) = match line.strip_prefix('"').and_then(|quoted| quoted.split_once('"')) {
        Some(split) => split,
        None => line.split_once(' ').unwrap_or((line, "")),
    };
    let name = program.rsplit('\\').next().unwrap_or(program).to_lowercase();
    let bare = [".exe", ".com"].iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(&name);
    (bare.to_owned(), rest.strip_prefix(' ').unwrap_or(rest))
}

fn without_switches(line: &str) -> &str {
    let mut rest = line.trim_start();
    while let Some(switch) = rest.strip_prefix('/') {
        rest = switch.split_once(' ').map_or("", |(_, rest)| rest.trim_start());
    }
    rest
}

fn runs(steps: impl IntoIterator<Item = Step>) -> Program {
    Program::Runs(steps.into_iter().collect())
}

fn stdout(text: &str) -> Step {
    Step::Stdout(Bytes::copy_from_slice(text.as_bytes()))
}

fn stderr(text: &str) -> Step {
    Step::Stderr(Bytes::copy_from_slice(text.as_bytes()))
}
