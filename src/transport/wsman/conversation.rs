//! Requests and answers in pairs: message ids, RelatesTo, faults, quota retried.

use std::time::Duration;

use uuid::Uuid;

use crate::model::failure::{Failure, FailureKind};
use crate::time::backoff::Backoff;
use crate::transport::wsman::answer::Answer;
use crate::transport::wsman::envelope::{Request, Sender};
use crate::transport::wsman::exchange::{Exchange, HttpAnswer};
use crate::transport::wsman::fault::{Fault, Meaning};

/// How patient a conversation is.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// How long the host may hold a request before it must answer.
    pub operation_timeout: Duration,
    /// How long beyond that.
    pub silence_timeout: Duration,
    /// Tries of a request while the host's quota is full, the first included.
    pub attempts: u32,
}

/// A SOAP conversation with one host.
pub struct Conversation<E> {
    pub(super) exchange: E,
    sender: Sender,
    patience: Patience,
    backoff: Backoff,
    /// The id of a request that was sent and whose answer we did not stay for.
    unanswered: Option<String>,
}

/// Why a request has no answer to use.
#[derive(Debug)]
pub enum Trouble {
    /// The host said no, in the protocol's words.
    Fault {
        fault: Fault,
        http_status: u16,
    },
    Failure(Failure),
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Fault { fault, http_status } => fault.into_failure(http_status),
            Trouble::Failure(failure) => failure,
        }
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl<E: Exchange> Conversation<E> {
    /// `endpoint` is the URL of the service, `host` gives the pauses their jitter.
    pub fn new(exchange: E, endpoint: String, host: &str, patience: Patience) -> Self {
        let session_id = uuid();
        let sender = Sender { endpoint, session_id, operation_timeout: patience.operation_timeout };
        Self { exchange, sender, patience, backoff: Backoff::for_name(host), unanswered: None }
    }

    /// Sends a request; while a quota is full, again after a pause.
    pub async fn call(&mut self, request: &Request) -> Result<Answer, Trouble> {
        let mut tries = 1;
        loop {
            match self.call_once(request).await {
                Err(Trouble::Fault { fault, .. })
                    if fault.meaning() == Meaning::Quota && tries < self.patience.attempts =>
                {
                    tracing::debug!(%fault, tries, "quota is full");
                    tokio::time::sleep(self.backoff.pause(tries)).await;
                    tries += 1;
                }
                settled => return settled,
            }
        }
    }

    async fn call_once(&mut self, request: &Request) -> Result<Answer, Trouble> {
        let message_id = uuid();
        let envelope = request.envelope(&self.sender, &message_id);
        self.unanswered = Some(message_id.clone());
        let longest = self.patience.operation_timeout + self.patience.silence_timeout;
        let http = self.exchange.exchange(&envelope, longest).await;
        self.unanswered = None;
        judge(http?, &message_id)
    }

    /// The answer to a request whose future was dropped; `None` when nothing is on its way.
    pub(super) async fn resume(&mut self) -> Result<Option<Answer>, Trouble> {
        let Some(message_id) = self.unanswered.take() else { return Ok(None) };
        match self.exchange.resume().await? {
            Some(http) => judge(http, &message_id).map(Some),
            None => Ok(None),
        }
    }

    /// Nothing is on its way: the connection is where we think it is.
    pub(super) fn is_settled(&self) -> bool {
        self.unanswered.is_none()
    }
}

/// Makes sense of an HTTP answer to the request `message_id`.
fn judge(http: HttpAnswer, message_id: &str) -> Result<Answer, Trouble> {
    let status = http.status;
    if http.body.is_empty() && status != 200 {
        return Err(without_envelope(status).into());
    }
    let answer = Answer::read(&http.body).map_err(|failure| match status {
        200 | 500 => Failure { message: format!("{} (http {status})", failure.message), ..failure },
        _ => without_envelope(status),
    })?;
    let fault = answer.fault();
    match &answer.relates_to {
        Some(id) if id.eq_ignore_ascii_case(message_id) => {}
        // A host that could not read the header faults without knowing the id.
        None if fault.is_some() => {}
        _ => {
            let message = format!("answer relates to another request (http {status})");
            return Err(Failure::new(FailureKind::Protocol, message).into());
        }
    }
    match fault {
        Some(fault) => Err(Trouble::Fault { fault, http_status: status }),
        None if status == 200 => Ok(answer),
        None => Err(without_envelope(status).into()),
    }
}

fn without_envelope(status: u16) -> Failure {
    let (kind, why) = match status {
        400 => (FailureKind::Protocol, "the host could not read our request"),
        401 => (FailureKind::NoAnswer, "the host forgot our logon"),
        403 => (FailureKind::NoAnswer, "the host forbids the request"),
        404 => (FailureKind::NoAnswer, "no WS-Management service at this address"),
        413 => (FailureKind::Protocol, "our request is larger than the host takes"),
        500 => (FailureKind::NoAnswer, "the host failed without a word"),
        503 => (FailureKind::NoAnswer, "the service is unavailable"),
        _ => (FailureKind::NoAnswer, "no envelope"),
    };
    Failure::new(kind, format!("http {status}: {why}"))
}

fn uuid() -> String {
    format!("uuid:{}", Uuid::new_v4().as_hyphenated().to_string().to_uppercase())
}
