//! Parse, run, exit.

use std::process::ExitCode;

fn main() -> ExitCode {
    lustrum::cli::dispatch::run().into()
}
