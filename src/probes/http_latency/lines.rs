//! The way to the servers: a fresh connection for every exchange, or one that is kept to each
//! origin.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use crate::model::target::Trust;
use crate::probes::http_latency::intake::Intake;
use crate::probes::http_latency::record::{Hop, Phases};
use crate::probes::http_latency::trouble::{Trouble, TroubleKind};
use crate::probes::http_latency::validity;
use crate::time::clock::Clock;
use crate::transport::http::connection::{Connection, Exchange, Patience};
use crate::transport::http::connector::{Connector, Dialling};
use crate::transport::http::endpoint::{Endpoint, Origin};
use crate::transport::http::error::{ErrorClass, HttpError};
use crate::transport::http::request::Rendered;
use crate::transport::http::stream::Stream;

/// How servers are met.
#[derive(Clone, Debug)]
pub struct Manners {
    pub trust: Trust,
    /// Name, TCP and TLS together.
    pub connect_timeout: Duration,
    /// Between two reads that bring something, the first byte included.
    pub read_timeout: Duration,
    /// Whether a connection is kept for the next exchange with its origin.
    pub keep_alive: bool,
}

pub struct Lines {
    clock: Clock,
    manners: Manners,
    connectors: BTreeMap<Origin, Connector>,
    open: BTreeMap<Origin, Line>,
}

/// An open connection and what was seen when it came about.
struct Line {
    connection: Connection<Stream>,
    seen: Seen,
}

#[derive(Clone, Debug, Default)]
struct Seen {
    remote: Option<String>,
    tls_version: Option<String>,
    certificate_expires_at: Option<DateTime<Utc>>,
}

impl Lines {
    pub fn new(manners: Manners, clock: Clock) -> Self {
        Self { clock, manners, connectors: BTreeMap::new(), open: BTreeMap::new() }
    }

    /// One exchange, connected for it or not; `shown` is the URL as it may be told, `due` the
    /// end of the attempt that it belongs to.
    pub async fn exchange(
        &mut self,
        (number, method, shown): (u32, &'static str, String),
        url: &Endpoint,
        request: &Rendered,
        intake: &mut Intake,
        due: Instant,
    ) -> Hop {
        let began = self.clock.instant();
        let mut hop = Hop {
            number,
            method,
            url: shown,
            started_at: self.clock.now(),
            status: None,
            phases: Phases::default(),
            body_bytes: None,
            reused: None,
            remote: None,
            tls_version: None,
            certificate_expires_at: None,
            trouble: None,
        };
        let ended = self.on_a_line(&mut hop, url, request, intake, due).await;
        hop.phases.total = self.clock.instant() - began;
        hop.trouble = ended.err().map(|error| match error.class {
            _ if intake.is_too_large() => Trouble::new(TroubleKind::TooLarge, error.message),
            ErrorClass::ReadTimeout if self.clock.instant() >= due => {
                Trouble::new(TroubleKind::Deadline, "the answer was not whole within the attempt's deadline")
            }
            _ => error.into(),
        });
        hop
    }

    async fn on_a_line(
        &mut self,
        hop: &mut Hop,
        url: &Endpoint,
        request: &Rendered,
        intake: &mut Intake,
        due: Instant,
    ) -> Result<(), HttpError> {
        if let Some(mut line) = self.kept(&url.origin) {
            line.seen.show(hop, true);
            let exchange = self.over(&mut line, request, intake, due).await;
            // The server may have closed it in the very moment in which it was asked: nothing was
            // answered, and what is asked for changes nothing.
            let is_stale = matches!(&exchange.outcome, Err(error) if error.class == ErrorClass::Reset);
            if !is_stale || hop.method == "POST" {
                return self.settle(hop, url, line, exchange);
            }
        }
        let connector = self.connector(&url.origin)?;
        let (dialling, stream) = connector.connect(&self.clock).await;
        let Dialling { dns, connect, tls, address } = dialling;
        hop.phases = Phases { dns, connect, tls, ..Phases::default() };
        let remote = address.map(|address| address.to_string());
        Seen { remote: remote.clone(), ..Seen::default() }.show(hop, false);
        let stream = stream?;
        let seen = Seen { remote, ..Seen::of(&stream) };
        seen.show(hop, false);
        let mut line = Line { connection: Connection::over(stream, self.clock.clone()), seen };
        let exchange = self.over(&mut line, request, intake, due).await;
        self.settle(hop, url, line, exchange)
    }

    async fn over(&self, line: &mut Line, request: &Rendered, intake: &mut Intake, due: Instant) -> Exchange {
        let began = self.clock.instant();
        let patience =
            Patience { whole: due.saturating_duration_since(began), silence: self.manners.read_timeout };
        line.connection.exchange(request, intake, began, patience).await
    }

    /// What came of it, and whether the line is kept.
    fn settle(
        &mut self,
        hop: &mut Hop,
        url: &Endpoint,
        line: Line,
        exchange: Exchange,
    ) -> Result<(), HttpError> {
        hop.status = exchange.status;
        hop.phases.first_byte = exchange.first_byte.map(|first_byte| first_byte - exchange.began);
        hop.phases.transfer = exchange.first_byte.map(|first_byte| exchange.ended - first_byte);
        hop.body_bytes = exchange.status.map(|_| exchange.body_bytes);
        if self.manners.keep_alive && !line.connection.is_spent() {
            self.open.insert(url.origin.clone(), line);
        }
        exchange.outcome
    }

    /// Taken out, so that an exchange that is broken off takes its line with it.
    fn kept(&mut self, origin: &Origin) -> Option<Line> {
        let mut line = self.open.remove(origin)?;
        line.connection.is_usable().then_some(line)
    }

    fn connector(&mut self, origin: &Origin) -> Result<Connector, HttpError> {
        if let Some(connector) = self.connectors.get(origin) {
            return Ok(connector.clone());
        }
        let Manners { trust, connect_timeout, .. } = &self.manners;
        let connector = Connector::new(origin.clone(), trust, &[b"http/1.1"], *connect_timeout)?;
        self.connectors.insert(origin.clone(), connector.clone());
        Ok(connector)
    }
}

impl Seen {
    fn of(stream: &Stream) -> Self {
        let Stream::Tls(stream) = stream else { return Self::default() };
        let (_, session) = stream.get_ref();
        let version = session.protocol_version().and_then(|version| version.as_str());
        let leaf = session.peer_certificates().and_then(<[_]>::first);
        Self {
            remote: None,
            // As the version is written: `TLSv1.3`.
            tls_version: version.map(|name| name.replacen('_', ".", 1)),
            certificate_expires_at: leaf.and_then(|leaf| validity::not_after(leaf)),
        }
    }

    fn show(&self, hop: &mut Hop, reused: bool) {
        let Self { remote, tls_version, certificate_expires_at } = self.clone();
        hop.reused = Some(reused);
        (hop.remote, hop.tls_version) = (remote, tls_version);
        hop.certificate_expires_at = certificate_expires_at;
    }
}
