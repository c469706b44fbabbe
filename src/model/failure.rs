//! Why a step did not end well, told the same way by every room.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What went wrong, in one word a program can branch on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// No TCP connection: name not resolved, refused, no route, connect timeout.
    Unreachable,
    /// A connection, but no usable answer: silence, a reset, an HTTP error that stayed.
    NoAnswer,
    /// TLS did not come up: untrusted certificate, wrong pin, handshake alert.
    Tls,
    /// The far end looked at the credential and said no.
    AuthFailed,
    /// We held the logon back: this credential has failed too often in this run.
    CredentialBlocked,
    /// Kerberos gave no ticket for the host, and not for the credential's fault: no KDC answered,
    /// the service is unknown, the clocks differ.
    NoTicket,
    /// An answer that is not what the protocol allows: broken XML, wrong RelatesTo.
    Protocol,
    /// The host's own limits (shells or operations per user) stayed exhausted.
    Quota,
    /// Our deadline for the step or for the run passed.
    TimedOut,
    /// The answer grew past the byte limit before it was complete.
    OutputLimit,
    /// A record ended early or its checksum does not fit.
    Corrupt,
    /// The remote script ran and reported an error of its own.
    RemoteError,
    /// The independent list of VM ids could not be had.
    BaselineError,
    /// The role or cmdlet this collector reads is not installed there.
    NotApplicable,
    /// The operator, or the run's deadline, stopped the step.
    Cancelled,
    /// An object could not be written or read back.
    Store,
    /// Another process is at the same work: it may be done when we ask again.
    Busy,
    /// A panic or a broken assumption of ours.
    Bug,
}

/// Whether asking again can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// The same question will get the same answer.
    Never,
    /// Worth asking again inside this run, after a pause.
    Later,
    /// Worth asking again in the next run.
    NextRun,
}

/// One failure: a word, whether to ask again, a sentence, and what was being done.
///
/// `message` is a lowercase fragment for people and carries the protocol's own number
/// where there is one (`WSManFault 2150859173`). It never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    pub kind: FailureKind,
    pub retry: Retry,
    pub message: String,
    /// What was being done, outermost first: `logon`, `receive`, `collector vm`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<String>,
}

impl Failure {
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, retry: kind.usual_retry(), message: message.into(), context: Vec::new() }
    }

    /// Puts what was being done in front of the context told so far, once.
    #[must_use]
    pub fn during(mut self, doing: impl Into<String>) -> Self {
        let doing = doing.into();
        if self.context.first() != Some(&doing) {
            self.context.insert(0, doing);
        }
        self
    }

    #[must_use]
    pub fn with_retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for doing in &self.context {
            write!(f, "{doing}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl FailureKind {
    /// The word as it stands in data.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::NoAnswer => "no_answer",
            Self::Tls => "tls",
            Self::AuthFailed => "auth_failed",
            Self::CredentialBlocked => "credential_blocked",
            Self::NoTicket => "no_ticket",
            Self::Protocol => "protocol",
            Self::Quota => "quota",
            Self::TimedOut => "timed_out",
            Self::OutputLimit => "output_limit",
            Self::Corrupt => "corrupt",
            Self::RemoteError => "remote_error",
            Self::BaselineError => "baseline_error",
            Self::NotApplicable => "not_applicable",
            Self::Cancelled => "cancelled",
            Self::Store => "store",
            Self::Busy => "busy",
            Self::Bug => "bug",
        }
    }

    const fn usual_retry(self) -> Retry {
        match self {
            Self::AuthFailed | Self::Tls | Self::NotApplicable | Self::Bug => Retry::Never,
            Self::Quota | Self::Unreachable => Retry::Later,
            _ => Retry::NextRun,
        }
    }
}
