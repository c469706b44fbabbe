//! The one shape in which the face says no.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::daemon::errand::Declined;
use crate::history::ledger::HistoryError;

/// What every error answer holds.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct TroubleBody {
    /// A word that programs can branch on.
    pub error: &'static str,
    /// A sentence for people.
    pub message: String,
    /// What belongs to the word; often empty.
    pub details: Map<String, Value>,
}

/// An answer that is none.
#[derive(Clone, Debug, PartialEq)]
pub struct Trouble {
    pub status: StatusCode,
    pub body: TroubleBody,
}

impl Trouble {
    pub fn new(status: StatusCode, error: &'static str, message: impl Into<String>) -> Self {
        let body = TroubleBody { error, message: message.into(), details: Map::new() };
        Self { status, body }
    }

    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.body.details.insert(key.to_owned(), value.into());
        self
    }

    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    pub fn conflict(error: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, error, message)
    }

    pub fn no_such_job(job: &str) -> Self {
        Self::not_found(format!("the daemon holds no job `{job}`")).with("job", job)
    }

    pub fn shutting_down() -> Self {
        let message = "the daemon is shutting down and begins nothing new";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "shutting_down", message)
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self.body).expect("plain values with text keys");
        (self.status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
    }
}

impl From<HistoryError> for Trouble {
    fn from(error: HistoryError) -> Self {
        let message = error.to_string();
        match error {
            HistoryError::NotFound(_) => Self::not_found(message),
            HistoryError::Store(_) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "store_unavailable", message)
            }
            HistoryError::Manifest { path, .. } | HistoryError::Rows { path, .. } => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "unreadable", message).with("path", path)
            }
        }
    }
}

impl Trouble {
    /// Why the loop did not do what was asked of it.
    pub fn declined(declined: Declined, job: &str) -> Self {
        let word = match declined {
            Declined::NoSuchJob => return Self::no_such_job(job),
            Declined::Known => "already_asked",
            Declined::TooMany => "too_many_waiting",
            Declined::PausedByFile => "paused_by_file",
            Declined::NotKept => {
                let status = StatusCode::SERVICE_UNAVAILABLE;
                return Self::new(status, "not_kept", declined.to_string()).with("job", job);
            }
        };
        Self::conflict(word, declined.to_string()).with("job", job)
    }
}
