//! One TCP connection with HTTP/1.1 on it: every exchange of a logon belongs to the same one.

use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_LENGTH, HOST, HeaderMap, HeaderValue, USER_AGENT};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::model::credential::ClientCertificate;
use crate::model::failure::Failure;
use crate::model::target::Scheme;
use crate::transport::tls::config;
use crate::transport::wsman::channel_binding;
use crate::transport::wsman::exchange::HttpAnswer;
use crate::transport::wsman::route::{Route, no_answer, tls_failed, unreachable};

use crate::transport::wsman::words::MAX_ENVELOPE_BYTES;

/// An answer may be as large as we allowed, and sealed; a host that sends four times that
/// does not speak the protocol.
const BODY_LIMIT_BYTES: usize = 4 * MAX_ENVELOPE_BYTES;

pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    host_header: HeaderValue,
    /// SEC_CHANNEL_BINDINGS of the server's certificate, over TLS.
    channel_bindings: Option<Vec<u8>>,
    /// Drives the socket; dropping it closes the connection.
    _driver: JoinSet<()>,
}

/// One HTTP answer with its headers.
#[derive(Debug)]
pub struct Answered {
    pub headers: HeaderMap,
    pub http: HttpAnswer,
}

/// Why an HTTP exchange brought nothing.
#[derive(Debug)]
pub enum Lost {
    /// The connection had ended before the request went out: it may go out again.
    Unsent,
    /// The connection ended, or fell silent, after it.
    Sent(Failure),
}

impl From<Lost> for Failure {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::Unsent => no_answer("connection lost before the request"),
            Lost::Sent(failure) => failure,
        }
    }
}

impl Connection {
    /// Dials, and over HTTPS shakes hands, with our own certificate if we have one.
    pub async fn open(
        route: &Route,
        own: Option<&ClientCertificate>,
        connect_timeout: Duration,
    ) -> Result<Self, Failure> {
        let within = format!("within {} ms", connect_timeout.as_millis());
        let stream = timeout(connect_timeout, TcpStream::connect((route.address.as_str(), route.port)))
            .await
            .map_err(|_| unreachable(format!("connect to {}: no connection {within}", route.authority())))?
            .map_err(|error| unreachable(format!("connect to {}: {error}", route.authority())))?;
        stream.set_nodelay(true).map_err(|error| unreachable(error.to_string()))?;
        match route.scheme {
            Scheme::Http => Self::over(stream, route, None).await,
            Scheme::Https => {
                let connector = TlsConnector::from(config::client(&route.trust, own)?);
                let name = ServerName::try_from(route.host.clone())
                    .or_else(|_| ServerName::try_from(route.address.clone()))
                    .map_err(|_| tls_failed(format!("{:?} is no name a certificate can bear", route.host)))?;
                let stream = timeout(connect_timeout, connector.connect(name, stream))
                    .await
                    .map_err(|_| no_answer(format!("tls handshake: not done {within}")))?
                    .map_err(|error| handshake_failed(&error))?;
                let leaf = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
                let bindings = leaf.map(|leaf| channel_binding::bindings(leaf));
                Self::over(stream, route, bindings).await
            }
        }
    }

    async fn over<S>(stream: S, route: &Route, channel_bindings: Option<Vec<u8>>) -> Result<Self, Failure>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| no_answer(format!("http: {error}")))?;
        let mut driver = JoinSet::new();
        driver.spawn(async move {
            // Whoever waits for an answer is told through `sender`.
            if let Err(error) = connection.await {
                tracing::trace!(%error, "connection ended");
            }
        });
        let host_header = HeaderValue::try_from(route.authority())
            .map_err(|_| unreachable(format!("{:?} is no address", route.address)))?;
        Ok(Self { sender, host_header, channel_bindings, _driver: driver })
    }

    pub fn channel_bindings(&self) -> Option<&[u8]> {
        self.channel_bindings.as_deref()
    }

    /// Posts a body to the service. The answer must begin within `patience`, and go on
    /// without a pause longer than `silence`. The future owns all it needs.
    pub fn post(
        &mut self,
        headers: HeaderMap,
        body: Bytes,
        patience: Duration,
        silence: Duration,
    ) -> impl Future<Output = Result<Answered, Lost>> + Send + use<> {
        // hyper leaves it out where there is no body, and HTTP.sys then answers 411.
        let length = HeaderValue::from(body.len());
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = hyper::Uri::from_static("/wsman");
        *request.headers_mut() = headers;
        request.headers_mut().insert(HOST, self.host_header.clone());
        request.headers_mut().insert(CONTENT_LENGTH, length);
        request.headers_mut().insert(USER_AGENT, HeaderValue::from_static("lustrum"));
        let answer = self.sender.try_send_request(request);
        async move {
            let response = timeout(patience, answer).await.map_err(|_| {
                Lost::Sent(no_answer(format!("no answer within {} s", patience.as_secs_f32())))
            })?;
            let response = response.map_err(|mut error| match error.take_message() {
                Some(_) => Lost::Unsent,
                None => Lost::Sent(no_answer(format!("connection lost: {}", describe(error.error())))),
            })?;
            collect(response, silence).await.map_err(Lost::Sent)
        }
    }

    /// Waits until the connection can take a request; an error is a connection that ended.
    pub async fn ready(&mut self) -> Result<(), Lost> {
        self.sender.ready().await.map_err(|_| Lost::Unsent)
    }
}

async fn collect(response: Response<Incoming>, silence: Duration) -> Result<Answered, Failure> {
    let (parts, mut incoming) = response.into_parts();
    let status = parts.status.as_u16();
    let mut body = BytesMut::new();
    loop {
        let frame = timeout(silence, incoming.frame())
            .await
            .map_err(|_| no_answer(format!("http {status}: the answer stopped half-way")))?;
        match frame {
            None => break,
            Some(Ok(frame)) => {
                let Ok(data) = frame.into_data() else { continue };
                if body.len() + data.len() > BODY_LIMIT_BYTES {
                    let message = format!("http {status}: answer is larger than {BODY_LIMIT_BYTES} bytes");
                    return Err(Failure::new(crate::model::failure::FailureKind::Protocol, message));
                }
                body.extend_from_slice(&data);
            }
            Some(Err(error)) => {
                return Err(no_answer(format!("http {status}: connection lost: {}", describe(&error))));
            }
        }
    }
    Ok(Answered { headers: parts.headers, http: HttpAnswer { status, body: body.freeze() } })
}

/// hyper says what it was doing; its source says what happened.
fn describe(error: &hyper::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// rustls's own errors are about trust; the others are a connection that ended.
fn handshake_failed(error: &io::Error) -> Failure {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(rustls::CertificateError::ApplicationVerificationFailure)) => {
            tls_failed("certificate is not the pinned one")
        }
        Some(error) => tls_failed(error.to_string()),
        None => no_answer(format!("tls handshake: {error}")),
    }
}
