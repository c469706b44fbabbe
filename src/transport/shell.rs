//! The contract of a remote shell: one host, one connection, one logon, one command at a time.
//!
//! Every implementation passes the same contract suite against the simulator. The caller
//! drives it by pulling: `reach`, `logon`, `start`, `receive` until the exit code, `close`.
//! Any future may be dropped at any point (deadline, cancel); after that only `close` is
//! meaningful, and `close` still deletes what the host may hold open, over a new connection
//! if the old one was left in the middle of an exchange.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::model::credential::Credential;
use crate::model::failure::Failure;
use crate::model::target::Target;

/// What bounds a shell, beside the caller's deadline.
#[derive(Clone, Debug)]
pub struct ShellLimits {
    /// TCP and TLS.
    pub connect_timeout: Duration,
    /// How long the host may hold a Receive before it must answer "nothing yet".
    pub operation_timeout: Duration,
    /// How long one HTTP exchange may stay silent beyond `operation_timeout`.
    pub silence_timeout: Duration,
    /// Idle time after which the host itself deletes a shell that we lost.
    pub idle_timeout: Duration,
    /// How long `close` may take.
    pub close_timeout: Duration,
    /// stdout and stderr together, decoded; more is `FailureKind::OutputLimit`.
    pub output_bytes: u64,
    /// Tries of one request on connect-level and quota trouble, the first included.
    pub attempts: u32,
}

/// What the far end told about itself before any logon (DSP0226, `wsmid:Identify`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    pub vendor: Option<String>,
    /// `OS: 10.0.20348 SP: 0.0 Stack: 3.0` on Windows.
    pub product_version: Option<String>,
}

/// A program and its arguments, run without cmd.exe in between where the host finds the
/// program at the path given; else the program's bare name is looked for along PATH.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
    pub program: String,
    pub arguments: Vec<String>,
}

impl CommandLine {
    /// The program without its folder.
    pub fn bare_program(&self) -> &str {
        self.program.rsplit('\\').next().unwrap_or(&self.program)
    }
}

/// One answer of the running command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Received {
    pub stdout: Bytes,
    pub stderr: Bytes,
    /// Present once, when the command is done.
    pub exit_code: Option<i32>,
}

/// A way to one host.
pub trait Shell: Send + Sized {
    /// What the shells of one run have in common.
    type Shared: Default + Send + Sync;

    /// TCP (and TLS), then an Identify without credentials.
    fn reach(
        target: &Target,
        limits: &ShellLimits,
        shared: &Arc<Self::Shared>,
    ) -> impl Future<Output = Result<Self, Failure>> + Send;

    fn identity(&self) -> &Identity;

    /// One logon. `FailureKind::AuthFailed` means that the far end, or the KDC, refused
    /// the credential itself, and is never the result of a lost connection.
    fn logon(&mut self, credential: &Credential) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Opens the shell if there is none, starts the command, and feeds it `stdin` to its end.
    fn start(
        &mut self,
        command: &CommandLine,
        stdin: &[u8],
    ) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Waits for output or the end. An empty answer without exit code does not occur.
    fn receive(&mut self) -> impl Future<Output = Result<Received, Failure>> + Send;

    /// Ends the command, deletes the shell, drops the connection. Bounded by
    /// `close_timeout`; an error says that a shell may be left to the host's idle timeout.
    fn close(self) -> impl Future<Output = Result<(), Failure>> + Send;
}
