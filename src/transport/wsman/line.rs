//! Envelopes over HTTP to one host: connected, logged on, sealed, and brought back if lost.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, WWW_AUTHENTICATE};

use crate::model::credential::{ClientCertificate, Credential};
use crate::model::failure::{Failure, FailureKind};
use crate::model::target::AuthMethod;
use crate::time::backoff::Backoff;
use crate::transport::shell::{Identity, ShellLimits};
use crate::transport::wsman::connection::{Answered, Connection, Lost};
use crate::transport::wsman::exchange::{Exchange, HttpAnswer};
use crate::transport::wsman::identify;
use crate::transport::wsman::logon::{self, Entry, Refusal, Visitor};
use crate::transport::wsman::route::{Route, no_answer};
use crate::transport::wsman::sealing;
use crate::transport::wsman::tickets::Tickets;

const SOAP_CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/soap+xml;charset=UTF-8");

type InFlight = Pin<Box<dyn Future<Output = Result<Answered, Lost>> + Send>>;

/// The one line to a host. It is reopened, with the logon, when it was lost between two
/// exchanges or left in the middle of one; an exchange that was under way is not repeated.
pub struct Line {
    route: Route,
    method: AuthMethod,
    tickets: Arc<Tickets>,
    connect_timeout: Duration,
    silence_timeout: Duration,
    attempts: u32,
    backoff: Backoff,
    connection: Option<Connection>,
    credential: Option<Credential>,
    entry: Option<Entry>,
    /// Kept here and not in the future of the caller, who may drop that.
    in_flight: Option<InFlight>,
}

impl Line {
    pub fn new(route: Route, method: AuthMethod, limits: &ShellLimits, tickets: Arc<Tickets>) -> Self {
        Self {
            backoff: Backoff::for_name(&route.host),
            route,
            method,
            tickets,
            connect_timeout: limits.connect_timeout,
            silence_timeout: limits.silence_timeout,
            attempts: limits.attempts.max(1),
            connection: None,
            credential: None,
            entry: None,
            in_flight: None,
        }
    }

    /// Connects and asks who is there, without a credential.
    pub async fn identify(&mut self) -> Result<Identity, Failure> {
        let mut tries = 1;
        loop {
            match self.identify_once().await {
                Err(failure) if tries < self.attempts && may_pass(&failure) => {
                    self.hang_up();
                    self.pause(tries, &failure).await;
                    tries += 1;
                }
                settled => return settled,
            }
        }
    }

    async fn identify_once(&mut self) -> Result<Identity, Failure> {
        let mut headers = HeaderMap::new();
        headers
            .insert(HeaderName::from_static("wsmanidentify"), HeaderValue::from_static(identify::HEADER.1));
        headers.insert(CONTENT_TYPE, SOAP_CONTENT_TYPE);
        let silence = self.silence_timeout;
        let connection = self.connected().await?;
        let body = Bytes::from(identify::envelope());
        let answered = connection.post(headers, body, silence, silence).await?;
        let HttpAnswer { status, body } = &answered.http;
        let offers_logon = answered.headers.contains_key(WWW_AUTHENTICATE);
        identify::read(*status, offers_logon, body).ok_or_else(|| match status {
            503 => no_answer("http 503: the service is unavailable"),
            200 => Failure::new(FailureKind::Protocol, "http 200: what answers is no WS-Management service"),
            _ => no_answer(format!("http {status}: what answers is no WS-Management service")),
        })
    }

    /// Logs on, and remembers the credential for when the line has to be reopened.
    pub async fn log_on(&mut self, credential: &Credential) -> Result<(), Failure> {
        logon::check(self.method, self.route.scheme, credential)?;
        self.entry = None;
        if self.method == AuthMethod::Certificate {
            // TLS has to be asked again, with our certificate.
            self.connection = None;
        }
        self.credential = Some(credential.clone());
        let entered = self.enter().await;
        if entered.is_err() {
            self.credential = None;
        }
        entered
    }

    /// A connection that is logged on.
    async fn enter(&mut self) -> Result<(), Failure> {
        let mut tries = 1;
        loop {
            match self.enter_once().await {
                Ok(()) => return Ok(()),
                Err(Refusal::Again(failure)) if tries < self.attempts => {
                    self.hang_up();
                    self.pause(tries, &failure).await;
                    tries += 1;
                }
                Err(Refusal::Again(failure) | Refusal::Final(failure)) => {
                    self.hang_up();
                    return Err(failure);
                }
            }
        }
    }

    async fn enter_once(&mut self) -> Result<(), Refusal> {
        let (method, silence) = (self.method, self.silence_timeout);
        let Some(credential) = self.credential.clone() else {
            return Err(Refusal::Final(Failure::new(FailureKind::Bug, "no credential to log on with")));
        };
        let (route, tickets, connect_timeout) =
            (self.route.clone(), self.tickets.clone(), self.connect_timeout);
        let connection = self.connected().await.map_err(|failure| {
            if may_pass(&failure) { Refusal::Again(failure) } else { Refusal::Final(failure) }
        })?;
        let visitor =
            Visitor { method, route: &route, credential: &credential, tickets: &tickets, connect_timeout };
        self.entry = Some(logon::log_on(connection, &visitor, silence).await?);
        Ok(())
    }

    /// The open connection, or a new one.
    async fn connected(&mut self) -> Result<&mut Connection, Failure> {
        let usable = match &mut self.connection {
            Some(connection) if self.in_flight.is_none() => connection.ready().await.is_ok(),
            _ => false,
        };
        if !usable {
            self.hang_up();
            let opened = Connection::open(&self.route, self.own_certificate(), self.connect_timeout).await?;
            self.connection = Some(opened);
        }
        self.connection.as_mut().ok_or_else(|| Failure::new(FailureKind::Bug, "a connection was just opened"))
    }

    fn own_certificate(&self) -> Option<&ClientCertificate> {
        let credential = self.credential.as_ref().filter(|_| self.method == AuthMethod::Certificate)?;
        credential.certificate.as_ref()
    }

    /// Drops the connection with all that hangs on it.
    fn hang_up(&mut self) {
        self.in_flight = None;
        self.entry = None;
        self.connection = None;
    }

    /// The wait before the next try; made here and awaited by the caller.
    fn pause(&self, tries: u32, failure: &Failure) -> tokio::time::Sleep {
        tracing::debug!(host.name = self.route.host, %failure, tries, "trying again");
        tokio::time::sleep(self.backoff.pause(tries))
    }

    /// Seals an envelope and puts it on its way.
    fn launch(&mut self, envelope: &str, patience: Duration) -> Result<(), Failure> {
        let (Some(connection), Some(entry)) = (&mut self.connection, &mut self.entry) else {
            return Err(Failure::new(FailureKind::Bug, "an envelope before the logon"));
        };
        let mut headers = HeaderMap::new();
        let body = match entry {
            Entry::Sealed(context) => {
                headers.extend(sealing::content_type(context.protocol()).map(|kind| (CONTENT_TYPE, kind)));
                sealing::seal(context, envelope)?
            }
            Entry::Connection => {
                headers.insert(CONTENT_TYPE, SOAP_CONTENT_TYPE);
                Bytes::copy_from_slice(envelope.as_bytes())
            }
            Entry::Header(value) => {
                headers.insert(CONTENT_TYPE, SOAP_CONTENT_TYPE);
                headers.insert(AUTHORIZATION, value.clone());
                Bytes::copy_from_slice(envelope.as_bytes())
            }
        };
        self.in_flight = Some(Box::pin(connection.post(headers, body, patience, self.silence_timeout)));
        Ok(())
    }

    /// Waits for what is on its way; the future may be dropped and asked for again.
    async fn land(&mut self) -> Result<HttpAnswer, Lost> {
        let Some(in_flight) = &mut self.in_flight else { return Err(Lost::Unsent) };
        let landed = in_flight.await;
        self.in_flight = None;
        let Answered { headers, http } = match landed {
            Ok(answered) => answered,
            Err(lost) => {
                self.hang_up();
                return Err(lost);
            }
        };
        match &mut self.entry {
            Some(Entry::Sealed(context)) if !http.body.is_empty() => {
                let sealed =
                    headers.get(CONTENT_TYPE).is_some_and(|kind| sealing::is_sealed(kind.as_bytes()));
                if sealed {
                    let body = sealing::open(context, &http.body).map_err(Lost::Sent)?;
                    return Ok(HttpAnswer { status: http.status, body });
                }
                // HTTP.sys explains some errors in HTML; nothing of it is to be believed.
                if http.status == 200 {
                    let message = "answer came in clear to a sealed request";
                    return Err(Lost::Sent(Failure::new(FailureKind::Protocol, message)));
                }
                Ok(HttpAnswer { status: http.status, body: Bytes::new() })
            }
            _ => Ok(http),
        }
    }
}

impl Exchange for Line {
    async fn exchange(&mut self, envelope: &str, patience: Duration) -> Result<HttpAnswer, Failure> {
        let mut tries = 1;
        loop {
            self.connected().await?;
            if self.entry.is_none() {
                self.enter().await?;
            }
            self.launch(envelope, patience)?;
            let failure = match self.land().await {
                // It was turned away before anything happened; the security context has
                // counted it and the host's has not, so the line starts afresh.
                Ok(HttpAnswer { status: 503, .. }) => {
                    self.hang_up();
                    no_answer("http 503: the service is unavailable")
                }
                Ok(answer) => return Ok(answer),
                Err(Lost::Unsent) => Lost::Unsent.into(),
                Err(Lost::Sent(failure)) => return Err(failure),
            };
            if tries >= self.attempts {
                return Err(failure);
            }
            self.pause(tries, &failure).await;
            tries += 1;
        }
    }

    async fn resume(&mut self) -> Result<Option<HttpAnswer>, Failure> {
        if self.in_flight.is_none() {
            return Ok(None);
        }
        Ok(Some(self.land().await?))
    }
}

/// Trouble of the way there, not of who we are or what is there.
fn may_pass(failure: &Failure) -> bool {
    matches!(failure.kind, FailureKind::Unreachable | FailureKind::NoAnswer)
}
