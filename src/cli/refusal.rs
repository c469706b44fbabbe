//! Why a command was not answered, and how that is told.

use std::io;

use crate::cli::config_check::problem_count;
use crate::cli::exit::Exit;
use crate::cli::terminal::Terminal;
use crate::config::problem::{Problem, Problems};
use crate::history::ledger::HistoryError;

/// Why a command was not answered.
pub enum Refusal {
    Configuration(Problems),
    Usage(String),
    /// What is stored, or a file that was asked for, cannot be read or written.
    Store(String),
    /// Standard output could not be written to.
    Output(io::Error),
}

/// How a command ends.
pub type Answer = Result<Exit, Refusal>;

impl Refusal {
    /// Tells everything that is wrong, one line each.
    pub fn tell(&self, terminal: &Terminal) -> Exit {
        match self {
            Self::Configuration(problems) => tell_problems(problems, terminal),
            Self::Usage(message) => {
                terminal.error(message);
                Exit::Usage
            }
            Self::Store(message) => {
                terminal.error(message);
                Exit::NotRecorded
            }
            Self::Output(error) => {
                terminal.error(&format!("cannot write to standard output: {error}"));
                Exit::NotRecorded
            }
        }
    }
}

pub fn tell_problems(problems: &Problems, terminal: &Terminal) -> Exit {
    terminal.error(&problem_count(problems));
    for problem in &problems.0 {
        terminal.note(&format!("  {problem}"));
    }
    Exit::Usage
}

impl From<Problems> for Refusal {
    fn from(problems: Problems) -> Self {
        Self::Configuration(problems)
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Configuration(Problems(vec![problem]))
    }
}

impl From<HistoryError> for Refusal {
    fn from(error: HistoryError) -> Self {
        match error {
            HistoryError::NotFound(message) => Self::Usage(message),
            other => Self::Store(other.to_string()),
        }
    }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}
