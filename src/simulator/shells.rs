//! The shells of one host and the commands in them.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::simulator::command::{Program, Step};
use crate::simulator::wsmanfault::{self, WsmanFault};

/// MaxShellsPerUser of a stock host since Windows Server 2012.
const MAX_SHELLS: usize = 30;
/// MaxConcurrentOperationsPerUser. A command of a text shell counts until its shell is
/// deleted: ending it does not give the operation back (MS-WSMV, appendix A).
const MAX_OPERATIONS: usize = 1500;
/// The exit code of a console program that Ctrl-C ended (STATUS_CONTROL_C_EXIT).
const CONTROL_C_EXIT: i32 = -1_073_741_510;
/// Noise is made in lines of this many bytes.
const NOISE_LINE: &[u8; 64] = b"VERBOSE: nothing here is part of an answer; any reader skips it.";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    Stdout,
    Stderr,
}

impl Stream {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

/// What one Receive brings.
#[derive(Debug, Default)]
pub struct Output {
    pub chunks: Vec<(Stream, Bytes)>,
    pub exit_code: Option<i32>,
}

impl Output {
    fn is_empty(&self) -> bool {
        self.chunks.is_empty() && self.exit_code.is_none()
    }
}

/// What a look at a command found.
pub enum Polled {
    Output(Output),
    /// Nothing before `at`, or before `news` is notified.
    Later {
        at: Option<Instant>,
        news: Arc<Notify>,
    },
}

/// How a new shell is to be.
#[derive(Clone, Debug)]
pub struct ShellOptions {
    pub idle_timeout: Duration,
    pub code_page: u32,
}

struct Command {
    program: Program,
    steps: VecDeque<Step>,
    /// The next step may be taken from here on.
    ready_at: Instant,
    stdin: Vec<u8>,
    terminated: bool,
    news: Arc<Notify>,
}

struct Shell {
    options: ShellOptions,
    commands: HashMap<String, Command>,
    /// When the shell is idle from: now, or the end of the wait under way.
    idle_from: Instant,
}

#[derive(Default)]
pub struct ShellTable {
    shells: HashMap<String, Shell>,
}

impl ShellTable {
    /// Shells that are open and have not idled out.
    pub fn open_at(&mut self, now: Instant) -> u64 {
        self.expire(now);
        self.shells.len() as u64
    }

    pub fn create(&mut self, id: String, options: ShellOptions, now: Instant) -> Result<(), WsmanFault> {
        self.expire(now);
        if self.shells.len() >= MAX_SHELLS {
            return Err(wsmanfault::SHELL_QUOTA);
        }
        if self.shells.contains_key(&id) {
            return Err(wsmanfault::ALREADY_EXISTS);
        }
        self.shells.insert(id, Shell { options, commands: HashMap::new(), idle_from: now });
        Ok(())
    }

    /// Deletes a shell; whoever waits for one of its commands is told.
    pub fn delete(&mut self, shell: &str, now: Instant) -> Result<(), WsmanFault> {
        self.shell(shell, now)?;
        if let Some(shell) = self.shells.remove(&key(shell)) {
            shell.commands.values().for_each(|command| command.news.notify_one());
        }
        Ok(())
    }

    /// The code page of a shell.
    pub fn code_page(&mut self, shell: &str, now: Instant) -> Result<u32, WsmanFault> {
        Ok(self.shell(shell, now)?.options.code_page)
    }

    pub fn start(
        &mut self,
        shell: &str,
        id: String,
        program: Program,
        now: Instant,
    ) -> Result<(), WsmanFault> {
        let operations: usize = self.shells.values().map(|shell| shell.commands.len()).sum();
        let shell = self.shell(shell, now)?;
        if operations >= MAX_OPERATIONS {
            return Err(wsmanfault::OPERATION_QUOTA);
        }
        let (program, steps) = match program {
            Program::Runs(steps) => (Program::Runs(VecDeque::new()), steps),
            reader => (reader, VecDeque::new()),
        };
        let news = Arc::new(Notify::new());
        let command = Command { program, steps, ready_at: now, stdin: Vec::new(), terminated: false, news };
        if shell.commands.contains_key(&id) {
            return Err(wsmanfault::ALREADY_EXISTS);
        }
        shell.commands.insert(id, command);
        Ok(())
    }

    /// Hands stdin to a command; with `end` its input is closed. Gives all of stdin once a
    /// program that reads it first has it: the caller says with `go_on` what follows.
    pub fn send(
        &mut self,
        shell: &str,
        command: &str,
        input: &[u8],
        end: bool,
        now: Instant,
    ) -> Result<Option<Vec<u8>>, WsmanFault> {
        let command = self.command(shell, command, now)?;
        match &command.program {
            Program::Runs(_) => {}
            Program::Copies => {
                if !input.is_empty() {
                    command.steps.push_back(Step::Stdout(Bytes::copy_from_slice(input)));
                }
                if end {
                    command.steps.push_back(Step::Exit(0));
                }
                command.news.notify_one();
            }
            Program::ReadsScript => {
                command.stdin.extend_from_slice(input);
                if end {
                    return Ok(Some(std::mem::take(&mut command.stdin)));
                }
            }
        }
        Ok(None)
    }

    /// What a program does now that it has read its input.
    pub fn go_on(
        &mut self,
        shell: &str,
        command: &str,
        steps: VecDeque<Step>,
        now: Instant,
    ) -> Result<(), WsmanFault> {
        let command = self.command(shell, command, now)?;
        command.steps = steps;
        command.ready_at = now;
        command.news.notify_one();
        Ok(())
    }

    /// Ctrl-C lets the program end by itself; anything else ends it there and then.
    pub fn signal(&mut self, shell: &str, command: &str, code: &str, now: Instant) -> Result<(), WsmanFault> {
        let command = self.command(shell, command, now)?;
        command.ready_at = now;
        command.steps.clear();
        if code.ends_with("/signal/ctrl_c") || code.ends_with("/signal/ctrl_break") {
            command.steps.push_back(Step::Exit(CONTROL_C_EXIT));
        } else {
            command.terminated = true;
        }
        command.news.notify_one();
        Ok(())
    }

    /// Takes what a command has put out, at most `budget` bytes. `until` is when the caller
    /// gives up waiting; the shell is not idle before.
    pub fn receive(
        &mut self,
        shell: &str,
        command: &str,
        budget: usize,
        now: Instant,
        until: Instant,
    ) -> Result<Polled, WsmanFault> {
        let command = self.command(shell, command, now)?;
        if command.terminated {
            return Err(wsmanfault::ABORTED);
        }
        let (output, at) = command.run(budget, now);
        let polled = if output.is_empty() {
            Polled::Later { at, news: command.news.clone() }
        } else {
            Polled::Output(output)
        };
        if matches!(polled, Polled::Later { .. }) {
            self.shell(shell, now)?.idle_from = until;
        }
        Ok(polled)
    }

    fn shell(&mut self, id: &str, now: Instant) -> Result<&mut Shell, WsmanFault> {
        self.expire(now);
        let shell = self.shells.get_mut(&key(id)).ok_or(wsmanfault::SHELL_NOT_FOUND)?;
        shell.idle_from = now;
        Ok(shell)
    }

    fn command(&mut self, shell: &str, id: &str, now: Instant) -> Result<&mut Command, WsmanFault> {
        self.shell(shell, now)?.commands.get_mut(&key(id)).ok_or(wsmanfault::COMMAND_NOT_FOUND)
    }

    fn expire(&mut self, now: Instant) {
        self.shells
            .retain(|_, shell| now.saturating_duration_since(shell.idle_from) <= shell.options.idle_timeout);
    }
}

/// Ids are GUIDs: their letters' case says nothing.
fn key(id: &str) -> String {
    id.to_ascii_uppercase()
}

impl Command {
    /// Takes steps until the budget is spent or time has to pass; gives the instant from
    /// which there may be more.
    fn run(&mut self, budget: usize, now: Instant) -> (Output, Option<Instant>) {
        let mut output = Output::default();
        let mut left = budget;
        while left > 0 {
            if self.ready_at > now {
                return (output, Some(self.ready_at));
            }
            match self.steps.pop_front() {
                Some(Step::Stdout(bytes)) => self.take(Stream::Stdout, bytes, &mut left, &mut output),
                Some(Step::Stderr(bytes)) => self.take(Stream::Stderr, bytes, &mut left, &mut output),
                Some(Step::Noise(bytes)) => self.make_noise(bytes, &mut left, &mut output),
                Some(Step::Wait(duration)) => self.ready_at += duration,
                Some(Step::Hold) => {
                    self.steps.push_front(Step::Hold);
                    break;
                }
                Some(Step::Exit(code)) => {
                    output.exit_code = Some(code);
                    break;
                }
                None => break,
            }
        }
        (output, None)
    }

    fn take(&mut self, stream: Stream, mut bytes: Bytes, left: &mut usize, output: &mut Output) {
        let rest = bytes.split_off(bytes.len().min(*left));
        *left -= bytes.len();
        output.chunks.push((stream, bytes));
        if !rest.is_empty() {
            self.steps.push_front(match stream {
                Stream::Stdout => Step::Stdout(rest),
                Stream::Stderr => Step::Stderr(rest),
            });
        }
    }

    fn make_noise(&mut self, bytes: u64, left: &mut usize, output: &mut Output) {
        let amount = bytes.min(*left as u64) as usize;
        let lines = NOISE_LINE.iter().chain(b"\r\n").cycle().take(amount);
        let mut noise: Vec<u8> = lines.copied().collect();
        let rest = bytes - amount as u64;
        if rest > 0 {
            self.steps.push_front(Step::Noise(rest));
        }
        // What follows starts on a line of its own.
        if rest == 0 && amount >= 2 {
            noise.truncate(amount - 2);
            noise.extend_from_slice(b"\r\n");
        }
        *left -= amount;
        output.chunks.push((Stream::Stdout, noise.into()));
    }
}
