//! How a connection comes about: the name, TCP, TLS, each with its time.

use std::net::SocketAddr;
use std::time::Duration;

use rustls::CertificateError;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use crate::model::target::Trust;
use crate::time::clock::Clock;
use crate::transport::http::endpoint::Origin;
use crate::transport::http::error::{ErrorClass, HttpError, of_rustls};
use crate::transport::http::stream::Stream;
use crate::transport::tls::config;

/// Dials one origin.
#[derive(Clone)]
pub struct Connector {
    origin: Origin,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    timeout: Duration,
}

/// How far it came, and how long each phase took. A phase that was not needed, or not
/// reached, is absent; the one that failed is there with the time it took to fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dialling {
    /// Absent where the host is an address.
    pub dns: Option<Duration>,
    /// TCP, over all addresses that were tried.
    pub connect: Option<Duration>,
    pub tls: Option<Duration>,
    /// The last one that was tried.
    pub address: Option<SocketAddr>,
}

/// Where a name leads.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// At least one.
    pub addresses: Vec<SocketAddr>,
    /// Absent where there was nothing to look up.
    pub took: Option<Duration>,
}

impl Connector {
    /// Reads the trust settings: a CA bundle or pin that cannot be used is an error here, before
    /// anything is sent. `protocols` are offered by ALPN; `timeout` is for name, TCP and TLS together.
    pub fn new(
        origin: Origin,
        trust: &Trust,
        protocols: &[&[u8]],
        timeout: Duration,
    ) -> Result<Self, HttpError> {
        let tls = if origin.is_tls { Some(handshaker(&origin, trust, protocols)?) } else { None };
        Ok(Self { origin, tls, timeout })
    }

    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Looks the name up, once.
    pub async fn resolve(&self, clock: &Clock) -> Result<Resolved, HttpError> {
        self.resolve_by(clock, clock.instant() + self.timeout).await
    }

    /// The whole way.
    pub async fn connect(&self, clock: &Clock) -> (Dialling, Result<Stream, HttpError>) {
        let mut dialling = Dialling::default();
        let began = clock.instant();
        let stream = match self.resolve_by(clock, began + self.timeout).await {
            Ok(resolved) => {
                dialling.dns = resolved.took;
                self.dial(&resolved.addresses, clock, began + self.timeout, &mut dialling).await
            }
            Err(error) => {
                dialling.dns = Some(clock.instant() - began);
                Err(error)
            }
        };
        (dialling, stream)
    }

    /// To addresses that were looked up before.
    pub async fn connect_to(
        &self,
        addresses: &[SocketAddr],
        clock: &Clock,
    ) -> (Dialling, Result<Stream, HttpError>) {
        let mut dialling = Dialling::default();
        let stream = self.dial(addresses, clock, clock.instant() + self.timeout, &mut dialling).await;
        (dialling, stream)
    }

    async fn resolve_by(&self, clock: &Clock, due: Instant) -> Result<Resolved, HttpError> {
        let Origin { host, port, .. } = &self.origin;
        if let Ok(address) = host.parse() {
            return Ok(Resolved { addresses: vec![SocketAddr::new(address, *port)], took: None });
        }
        let began = clock.instant();
        let failed = |why: String| HttpError::new(ErrorClass::Dns, format!("{host}: {why}"));
        let found = timeout_at(due, tokio::net::lookup_host((host.as_str(), *port)))
            .await
            .map_err(|_| failed(format!("name not resolved within {:?}", self.timeout)))?
            .map_err(|error| failed(format!("name not resolved: {error}")))?;
        let addresses: Vec<_> = found.collect();
        if addresses.is_empty() {
            return Err(failed("the name has no address".to_owned()));
        }
        Ok(Resolved { addresses, took: Some(clock.instant() - began) })
    }

    async fn dial(
        &self,
        addresses: &[SocketAddr],
        clock: &Clock,
        due: Instant,
        dialling: &mut Dialling,
    ) -> Result<Stream, HttpError> {
        let began = clock.instant();
        let stream = self.tcp(addresses, clock, due, dialling).await;
        let connected = clock.instant();
        dialling.connect = Some(connected - began);
        let stream = stream?;
        let Some((connector, name)) = &self.tls else { return Ok(Stream::Plain(stream)) };
        let shaken = timeout_at(due, connector.connect(name.clone(), stream)).await;
        dialling.tls = Some(clock.instant() - connected);
        match shaken {
            Ok(Ok(stream)) => Ok(Stream::Tls(Box::new(stream))),
            Ok(Err(error)) => Err(match of_rustls(&error) {
                Some(rustls::Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure)) => {
                    HttpError::new(ErrorClass::Tls, "certificate is not the pinned one")
                }
                Some(error) => HttpError::new(ErrorClass::Tls, format!("tls: {error}")),
                None => HttpError::of_io("tls handshake", &error, ErrorClass::Tls),
            }),
            Err(_) => Err(HttpError::new(
                ErrorClass::ConnectTimeout,
                format!("{}: tls handshake not done within {:?}", self.origin, self.timeout),
            )),
        }
    }

    /// Every address in its order, each with its share of the time that is left.
    async fn tcp(
        &self,
        addresses: &[SocketAddr],
        clock: &Clock,
        due: Instant,
        dialling: &mut Dialling,
    ) -> Result<TcpStream, HttpError> {
        let mut failed = None;
        for (index, address) in addresses.iter().enumerate() {
            dialling.address = Some(*address);
            let now = clock.instant();
            let share =
                due.saturating_duration_since(now) / u32::try_from(addresses.len() - index).unwrap_or(1);
            failed = Some(match timeout_at(now + share, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    return match stream.set_nodelay(true) {
                        Ok(()) => Ok(stream),
                        Err(error) => Err(HttpError::of_io("connect", &error, ErrorClass::Reset)),
                    };
                }
                Ok(Err(error)) => {
                    HttpError::of_io(&format!("connect to {address}"), &error, ErrorClass::Unreachable)
                }
                Err(_) => HttpError::new(
                    ErrorClass::ConnectTimeout,
                    format!("connect to {address}: no connection within {share:?}"),
                ),
            });
        }
        Err(failed.unwrap_or_else(|| HttpError::new(ErrorClass::Dns, "the name has no address")))
    }
}

fn handshaker(
    origin: &Origin,
    trust: &Trust,
    protocols: &[&[u8]],
) -> Result<(TlsConnector, ServerName<'static>), HttpError> {
    let shared =
        config::client(trust, None).map_err(|failure| HttpError::new(ErrorClass::Tls, failure.message))?;
    let mut own = rustls::ClientConfig::clone(&shared);
    own.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    // A resumed session would make the handshakes after the first one look cheap.
    own.resumption = rustls::client::Resumption::disabled();
    let name = ServerName::try_from(origin.host.clone()).map_err(|_| {
        HttpError::new(ErrorClass::Tls, format!("{:?} is no name a certificate can bear", origin.host))
    })?;
    Ok((TlsConnector::from(std::sync::Arc::new(own)), name))
}
