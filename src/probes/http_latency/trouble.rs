//! What may go wrong with a request, in one word and a sentence.

use std::fmt;

use crate::transport::http::error::{ErrorClass, HttpError};

/// The words of the column `error_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TroubleKind {
    /// The exchange itself came to nothing.
    Http(ErrorClass),
    /// The attempt took longer than `attempt-deadline` in all.
    Deadline,
    /// The body grew past `body-bytes`.
    TooLarge,
    /// Too many redirections, or one that leads nowhere.
    Redirect,
    /// There was no token to send the request with.
    NoToken,
    /// The login was answered with a refusal.
    LoginRefused,
    /// The answer to the login has no token where one was expected.
    LoginAnswer,
    /// Somebody ended the probe.
    Cancelled,
}

/// `message` is a lowercase fragment on one line, without any secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    pub kind: TroubleKind,
    pub message: String,
}

impl TroubleKind {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Http(class) => class.word(),
            Self::Deadline => "deadline",
            Self::TooLarge => "too_large",
            Self::Redirect => "redirect",
            Self::NoToken => "no_token",
            Self::LoginRefused => "login_refused",
            Self::LoginAnswer => "login_answer",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether somebody waited in vain.
    pub const fn is_timeout(self) -> bool {
        matches!(self, Self::Deadline) || self.is_tried_again()
    }

    /// Whether the request is sent once more. An attempt that lasted for the whole
    /// `attempt-deadline` is not: that would hold up the cycle for as long again.
    pub const fn is_tried_again(self) -> bool {
        matches!(self, Self::Http(ErrorClass::ConnectTimeout | ErrorClass::ReadTimeout))
    }
}

impl From<HttpError> for Trouble {
    fn from(error: HttpError) -> Self {
        Self { kind: TroubleKind::Http(error.class), message: error.message }
    }
}

impl Trouble {
    pub fn new(kind: TroubleKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
