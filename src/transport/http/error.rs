//! Why an exchange over HTTP came to nothing: a word to count by, and a sentence.

use std::io;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What went wrong, as it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// The name leads nowhere, or not in time.
    Dns,
    /// Nobody listens.
    Refused,
    /// No way to the address.
    Unreachable,
    /// No connection, or no TLS on it, in time.
    ConnectTimeout,
    /// TLS did not come up: an untrusted certificate, a wrong pin, an alert.
    Tls,
    /// The connection ended before the answer began.
    Reset,
    /// The answer did not begin, or did not go on, in time.
    ReadTimeout,
    /// Bytes that are no HTTP.
    Malformed,
    /// The connection ended within the answer.
    CutShort,
    /// The status is not an expected one.
    Status,
    /// The answer lacks what was to be in it.
    BodyMismatch,
    /// Our own side: no file descriptors or ports are left.
    Local,
}

impl ErrorClass {
    pub const ALL: [Self; 12] = [
        Self::Dns,
        Self::Refused,
        Self::Unreachable,
        Self::ConnectTimeout,
        Self::Tls,
        Self::Reset,
        Self::ReadTimeout,
        Self::Malformed,
        Self::CutShort,
        Self::Status,
        Self::BodyMismatch,
        Self::Local,
    ];

    /// The word as it stands in data.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::ConnectTimeout => "connect_timeout",
            Self::Tls => "tls",
            Self::Reset => "reset",
            Self::ReadTimeout => "read_timeout",
            Self::Malformed => "malformed",
            Self::CutShort => "cut_short",
            Self::Status => "status",
            Self::BodyMismatch => "body_mismatch",
            Self::Local => "local",
        }
    }

    /// No connection came about: nothing was asked.
    pub const fn is_before_any_request(self) -> bool {
        matches!(
            self,
            Self::Dns | Self::Refused | Self::Unreachable | Self::ConnectTimeout | Self::Tls | Self::Local
        )
    }
}

/// `message` is a lowercase fragment for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct HttpError {
    pub class: ErrorClass,
    pub message: String,
}

impl HttpError {
    pub fn new(class: ErrorClass, message: impl Into<String>) -> Self {
        Self { class, message: message.into() }
    }

    pub fn malformed(message: impl Into<String>) -> Self {
        Self::new(ErrorClass::Malformed, message)
    }

    /// Of the system: its kind tells the class, and `otherwise` where it tells nothing.
    pub fn of_io(doing: &str, error: &io::Error, otherwise: ErrorClass) -> Self {
        /// No descriptors left in the process, or in the system.
        const EMFILE: i32 = 24;
        const ENFILE: i32 = 23;
        let class = match error.kind() {
            _ if matches!(error.raw_os_error(), Some(EMFILE | ENFILE)) => ErrorClass::Local,
            io::ErrorKind::AddrNotAvailable | io::ErrorKind::AddrInUse => ErrorClass::Local,
            io::ErrorKind::ConnectionRefused => ErrorClass::Refused,
            io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => ErrorClass::Unreachable,
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::NotConnected => ErrorClass::Reset,
            _ if of_rustls(error).is_some() => ErrorClass::Tls,
            _ => otherwise,
        };
        Self::new(class, format!("{doing}: {error}"))
    }
}

/// What rustls says of a peer, if it is rustls that speaks.
pub fn of_rustls(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_counted_in_its_own_place() {
        for (index, class) in ErrorClass::ALL.into_iter().enumerate() {
            assert_eq!(class as usize, index);
            assert_eq!(serde_json::to_value(class).expect("a word"), class.word());
        }
    }
}
