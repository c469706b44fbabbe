//! What goes wrong between us and a WS-Management service, with the service's own numbers.

use crate::model::failure::{Failure, FailureKind, Retry};

/// WSManFault and MSFT_WmiError numbers that change what we do (MS-WSMV, winerror.h).
pub mod number {
    /// The operation did not end within OperationTimeout: poll again.
    pub const OPERATION_TIMEOUT: u32 = 2_150_858_793;
    /// No further shell for this user (MaxShellsPerUser).
    pub const SHELL_QUOTA: u32 = 2_150_859_173;
    /// No further operation for this user (MaxConcurrentOperationsPerUser).
    pub const OPERATION_QUOTA: u32 = 2_150_859_174;
    /// The shell is gone.
    pub const SHELL_GONE: u32 = 2_150_858_843;
    pub const ACCESS_DENIED: u32 = 5;
    /// HRESULT of ERROR_FILE_NOT_FOUND: without cmd.exe nobody looks along the path.
    pub const FILE_NOT_FOUND: u32 = 2_147_942_402;
}

/// A SOAP fault as the service sent it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fault {
    /// `Code` of WSManFault, else `error_Code` of MSFT_WmiError.
    pub number: Option<u32>,
    /// `s:Subcode`, without its prefix: `TimedOut`, `InternalError`.
    pub subcode: Option<String>,
    /// The first text that says why, in the host's language.
    pub reason: String,
    /// Provider faults carry a number of their own.
    pub provider: Option<String>,
}

impl Fault {
    pub fn is(&self, number: u32) -> bool {
        self.number == Some(number)
    }

    /// Whether the host said "too many": asking again later can help.
    pub fn is_quota(&self) -> bool {
        self.is(number::SHELL_QUOTA) || self.is(number::OPERATION_QUOTA)
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.number, &self.subcode) {
            (Some(number), _) => write!(f, "WSManFault {number}")?,
            (None, Some(subcode)) => write!(f, "fault {subcode}")?,
            (None, None) => f.write_str("fault without a number")?,
        }
        if let Some(provider) = &self.provider {
            write!(f, " (provider {provider})")?;
        }
        let reason = self.reason.trim();
        if reason.is_empty() { Ok(()) } else { write!(f, ": {reason}") }
    }
}

/// Everything that can end an exchange.
#[derive(Debug, thiserror::Error)]
pub enum WsmanError {
    #[error("cannot connect to {address}: {cause}")]
    Connect { address: String, cause: String },
    #[error("tls with {address}: {cause}")]
    Tls { address: String, cause: String },
    #[error("connection lost: {0}")]
    Lost(String),
    #[error("no answer within {0} s")]
    Silent(u64),
    #[error("http {status}{}", hint(*status))]
    Http { status: u16 },
    #[error("{0}")]
    Fault(Fault),
    #[error("the answer is not WS-Management: {0}")]
    Protocol(String),
    #[error("logon refused: {0}")]
    Refused(String),
    /// The host does not offer what we are to log on with.
    #[error("{0}")]
    NotOffered(String),
    #[error("more than {0} bytes of output")]
    OutputLimit(u64),
    #[error("security library: {0}")]
    Security(#[from] sspi::Error),
}

impl WsmanError {
    /// Whether the same request may be sent again: it was not taken on.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Connect { .. } | Self::Http { status: 503 } => true,
            Self::Fault(fault) => fault.is_quota(),
            _ => false,
        }
    }
}

/// What an operator can make of a bare status.
fn hint(status: u16) -> &'static str {
    match status {
        401 => " (logon refused)",
        403 => " (forbidden: the account may not use WinRM)",
        404 => " (no WS-Management service at this path)",
        413 => " (envelope too large for the host)",
        500 => " without a fault (a stock host answers unsealed messages so)",
        503 => " (service unavailable)",
        _ => "",
    }
}

impl From<WsmanError> for Failure {
    fn from(error: WsmanError) -> Self {
        let kind = match &error {
            WsmanError::Connect { .. } => FailureKind::Unreachable,
            WsmanError::Tls { .. } => FailureKind::Tls,
            WsmanError::Lost(_) | WsmanError::Silent(_) | WsmanError::Http { .. } => FailureKind::NoAnswer,
            WsmanError::Fault(fault) if fault.is_quota() => FailureKind::Quota,
            WsmanError::Fault(fault) if fault.is(number::ACCESS_DENIED) => FailureKind::AuthFailed,
            WsmanError::Fault(_) => FailureKind::NoAnswer,
            WsmanError::Protocol(_) | WsmanError::NotOffered(_) => FailureKind::Protocol,
            WsmanError::Security(_) => FailureKind::Protocol,
            WsmanError::Refused(_) => FailureKind::AuthFailed,
            WsmanError::OutputLimit(_) => FailureKind::OutputLimit,
        };
        let failure = Failure::new(kind, error.to_string());
        if error.is_passing() { failure.with_retry(Retry::Later) } else { failure }
    }
}
