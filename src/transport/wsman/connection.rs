//! One TCP connection, with or without TLS, that speaks HTTP/1.1 and is never shared.
//!
//! NTLM authenticates a connection, not a request, so a pool that hands a request to
//! another connection breaks the logon. Here there is nothing to hand over.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue, USER_AGENT, WWW_AUTHENTICATE};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use crate::model::credential::ClientCertificate;
use crate::model::target::{Scheme, Target};
use crate::transport::wsman::error::WsmanError;
use crate::transport::wsman::tls;

/// Bytes an answer's body may have: sealed and base64-coded, an envelope of 512,000 bytes
/// stays far below.
const ANSWER_BYTES: usize = 8 << 20;

/// An HTTP answer, read whole.
#[derive(Debug)]
pub struct HttpAnswer {
    pub status: u16,
    pub content_type: Option<String>,
    /// Every WWW-Authenticate header.
    pub challenges: Vec<String>,
    pub body: Vec<u8>,
}

pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    /// Drives the socket; gone when the connection is dropped.
    _driver: JoinSet<()>,
    host_header: HeaderValue,
    /// DER of the server's leaf, over TLS.
    pub server_certificate: Option<Vec<u8>>,
}

impl Connection {
    /// Connects within `timeout`, TLS included.
    pub async fn open(
        target: &Target,
        certificate: Option<&ClientCertificate>,
        timeout: Duration,
    ) -> Result<Self, WsmanError> {
        let address = authority(target);
        let opening = open(target, &address, certificate);
        tokio::time::timeout(timeout, opening).await.unwrap_or_else(|_| {
            let cause = format!("no connection within {:.1} s", timeout.as_secs_f64());
            Err(WsmanError::Connect { address, cause })
        })
    }

    /// Sends one request and reads its answer whole. `patience` bounds the wait for the
    /// answer to begin, and every pause inside it.
    pub async fn post(
        &mut self,
        headers: &[(HeaderName, HeaderValue)],
        content_type: &'static str,
        body: Bytes,
        patience: Duration,
    ) -> Result<HttpAnswer, WsmanError> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = hyper::Uri::from_static("/wsman");
        let fields = request.headers_mut();
        fields.insert(HOST, self.host_header.clone());
        fields.insert(USER_AGENT, HeaderValue::from_static(concat!("lustrum/", env!("CARGO_PKG_VERSION"))));
        fields.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        fields.extend(headers.iter().cloned());
        let lost = |error: hyper::Error| WsmanError::Lost(error.to_string());
        patient(patience, async { self.sender.ready().await.map_err(lost) }).await?;
        let answer =
            patient(patience, async { self.sender.send_request(request).await.map_err(lost) }).await?;
        let (head, mut incoming) = answer.into_parts();
        let mut body = Vec::new();
        while let Some(frame) =
            patient(patience, async { incoming.frame().await.transpose().map_err(lost) }).await?
        {
            body.extend_from_slice(&frame.into_data().unwrap_or_default());
            if body.len() > ANSWER_BYTES {
                return Err(WsmanError::Protocol(format!("an answer of more than {ANSWER_BYTES} bytes")));
            }
        }
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        Ok(HttpAnswer {
            status: head.status.as_u16(),
            content_type: head.headers.get(CONTENT_TYPE).map(text),
            challenges: head.headers.get_all(WWW_AUTHENTICATE).iter().map(text).collect(),
            body,
        })
    }
}

/// `host:port`, with brackets around an IPv6 address.
pub fn authority(target: &Target) -> String {
    let address = &target.address;
    if address.contains(':') && !address.starts_with('[') {
        format!("[{address}]:{}", target.port)
    } else {
        format!("{address}:{}", target.port)
    }
}

async fn open(
    target: &Target,
    address: &str,
    certificate: Option<&ClientCertificate>,
) -> Result<Connection, WsmanError> {
    let refused =
        |error: std::io::Error| WsmanError::Connect { address: address.to_owned(), cause: error.to_string() };
    let stream = TcpStream::connect(address).await.map_err(refused)?;
    stream.set_nodelay(true).map_err(refused)?;
    let no_tls = |cause: String| WsmanError::Tls { address: address.to_owned(), cause };
    let (sender, driver, server_certificate) = match target.scheme {
        Scheme::Http => {
            let (sender, driver) = speak_http(stream).await?;
            (sender, driver, None)
        }
        Scheme::Https => {
            let config = tls::config(&target.trust, certificate).map_err(no_tls)?;
            let bare = target.address.trim_matches(['[', ']']).to_owned();
            let name = ServerName::try_from(bare).map_err(|error| no_tls(error.to_string()))?;
            let stream = TlsConnector::from(Arc::clone(&config)).connect(name, stream).await;
            let stream = stream.map_err(|error| no_tls(error.to_string()))?;
            let leaf =
                stream.get_ref().1.peer_certificates().and_then(<[_]>::first).map(|leaf| leaf.to_vec());
            let (sender, driver) = speak_http(stream).await?;
            (sender, driver, leaf)
        }
    };
    let host_header =
        HeaderValue::from_str(address).map_err(|error| WsmanError::Protocol(error.to_string()))?;
    Ok(Connection { sender, _driver: driver, host_header, server_certificate })
}

async fn speak_http<S>(stream: S) -> Result<(SendRequest<Full<Bytes>>, JoinSet<()>), WsmanError>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
{
    let handshake = http1::handshake(TokioIo::new(stream)).await;
    let (sender, connection) = handshake.map_err(|error| WsmanError::Lost(error.to_string()))?;
    let mut driver = JoinSet::new();
    driver.spawn(async move {
        // Whoever waits for an answer is told by `sender`.
        let _ = connection.await;
    });
    Ok((sender, driver))
}

async fn patient<T>(
    patience: Duration,
    work: impl Future<Output = Result<T, WsmanError>>,
) -> Result<T, WsmanError> {
    tokio::time::timeout(patience, work).await.unwrap_or(Err(WsmanError::Silent(patience.as_secs())))
}
