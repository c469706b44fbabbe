//! The contract below the SOAP: one envelope out, one envelope back.

use std::time::Duration;

use bytes::Bytes;

use crate::model::failure::Failure;

/// What came back, opened if it was sealed.
#[derive(Clone, Debug)]
pub struct HttpAnswer {
    pub status: u16,
    pub body: Bytes,
}

/// Carries envelopes to one host, in order, over whatever needs to be opened for that.
///
/// Dropping the future of `exchange` leaves an answer on its way; `resume` may fetch it, and
/// the next `exchange` gives it up and starts on a new connection.
pub trait Exchange: Send {
    /// Sends an envelope and waits for its answer, for `patience` at most until it begins.
    fn exchange(
        &mut self,
        envelope: &str,
        patience: Duration,
    ) -> impl Future<Output = Result<HttpAnswer, Failure>> + Send;

    /// Waits for the answer that a dropped `exchange` left on its way; `None` without one.
    fn resume(&mut self) -> impl Future<Output = Result<Option<HttpAnswer>, Failure>> + Send;
}
