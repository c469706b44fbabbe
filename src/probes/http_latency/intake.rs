//! Where an answer goes: counted, and kept only where somebody reads it.

use tokio::time::Instant;

use crate::transport::http::error::{ErrorClass, HttpError};
use crate::transport::http::sink::{Head, Sink};

#[derive(Debug)]
pub struct Intake {
    most_bytes: u64,
    keeps: bool,
    bytes: u64,
    body: Vec<u8>,
    location: Option<String>,
}

impl Intake {
    /// Of a body only the length is of interest.
    pub fn counting(most_bytes: u64) -> Self {
        Self { most_bytes, keeps: false, bytes: 0, body: Vec::new(), location: None }
    }

    /// The body is read afterwards.
    pub fn keeping(most_bytes: u64) -> Self {
        Self { keeps: true, ..Self::counting(most_bytes) }
    }

    /// Where a redirection leads.
    pub fn location(&self) -> Option<&str> {
        self.location.as_deref()
    }

    pub fn body(&self) -> &[u8] {
        &self.body
    }

    pub fn is_too_large(&self) -> bool {
        self.bytes > self.most_bytes
    }
}

impl Sink for Intake {
    fn head(&mut self, head: &Head<'_>, _at: Instant) {
        self.location = head.header("location").map(str::to_owned);
    }

    fn body(&mut self, piece: &[u8], _at: Instant) -> Result<(), HttpError> {
        self.bytes += piece.len() as u64;
        if self.is_too_large() {
            let message = format!("the body is longer than {} bytes", self.most_bytes);
            return Err(HttpError::new(ErrorClass::BodyMismatch, message));
        }
        if self.keeps {
            self.body.extend_from_slice(piece);
        }
        Ok(())
    }
}
