//! HTTP/2 by hyper: users as streams of shared connections.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::{self, SendRequest};
use hyper::header::HOST;
use hyper::{Method, Request, Uri};
use hyper_util::rt::TokioIo;
use tokio::sync::Mutex;
use tokio::task::spawn_local;
use tokio::time::{Instant, timeout_at};

use crate::probes::http_load::dial::{Dial, Http1, Talk};
use crate::time::clock::Clock;
use crate::transport::http::connection::{Exchange, Patience};
use crate::transport::http::connector::Dialling;
use crate::transport::http::error::{ErrorClass, HttpError};
use crate::transport::http::request::Rendered;
use crate::transport::http::sink::{Head, Sink};
use crate::transport::http::stream::Stream;

const MOST_HEADERS: usize = 128;

/// Gives each connection to `streams` users, and opens another one for the next.
pub struct Http2 {
    way: Http1,
    streams: u32,
    scheme: &'static str,
    /// Locked while one is opened, so that users who come together share it.
    open: Mutex<Vec<Shared>>,
}

#[derive(Clone)]
struct Shared {
    sender: SendRequest<Full<Bytes>>,
    users: Rc<Cell<u32>>,
}

/// One user's place on a connection.
pub struct StreamTalk {
    shared: Shared,
    scheme: &'static str,
    clock: Clock,
}

/// Runs what hyper needs to run on the thread of the users.
#[derive(Clone, Copy)]
struct OnThisThread;

impl<F: Future + 'static> hyper::rt::Executor<F> for OnThisThread {
    fn execute(&self, future: F) {
        spawn_local(async {
            future.await;
        });
    }
}

impl Http2 {
    pub fn new(way: Http1, streams: u32) -> Self {
        let scheme = if way.connector.origin().is_tls { "https" } else { "http" };
        Self { way, streams: streams.max(1), scheme, open: Mutex::default() }
    }

    fn talk(&self, shared: &Shared) -> StreamTalk {
        shared.users.set(shared.users.get() + 1);
        StreamTalk { shared: shared.clone(), scheme: self.scheme, clock: self.way.clock.clone() }
    }
}

/// Over TLS the server must have chosen HTTP/2.
pub fn check(stream: &Stream) -> Result<(), HttpError> {
    match stream {
        Stream::Tls(stream) if stream.get_ref().1.alpn_protocol() != Some(b"h2") => {
            Err(HttpError::new(ErrorClass::Tls, "the server did not choose HTTP/2 (ALPN h2)"))
        }
        _ => Ok(()),
    }
}

impl Dial for Http2 {
    type Talk = StreamTalk;

    async fn dial(&self) -> (Option<Dialling>, Result<Self::Talk, HttpError>) {
        let mut open = self.open.lock().await;
        open.retain(|shared| !shared.sender.is_closed());
        if let Some(shared) = open.iter().find(|shared| shared.users.get() < self.streams) {
            return (None, Ok(self.talk(shared)));
        }
        let (dialling, stream) = self.way.connector.connect_to(&self.way.addresses, &self.way.clock).await;
        let shared = match stream.and_then(|stream| check(&stream).map(|()| stream)) {
            Ok(stream) => {
                http2::handshake(OnThisThread, TokioIo::new(stream)).await.map_err(|error| lost(&error))
            }
            Err(error) => Err(error),
        };
        let shared = shared.map(|(sender, connection)| {
            spawn_local(async move {
                // Whoever waits for an answer is told through `sender`.
                connection.await.unwrap_or_default();
            });
            Shared { sender, users: Rc::default() }
        });
        let talk = shared.map(|shared| {
            open.push(shared.clone());
            self.talk(&shared)
        });
        (Some(dialling), talk)
    }
}

impl Drop for StreamTalk {
    fn drop(&mut self) {
        self.shared.users.set(self.shared.users.get() - 1);
    }
}

impl Talk for StreamTalk {
    /// Bytes are of bodies alone: what HPACK makes of the heads is not told.
    async fn exchange<K: Sink>(
        &mut self,
        request: &Rendered,
        sink: &mut K,
        began: Instant,
        patience: Patience,
    ) -> Exchange {
        let mut exchange = Exchange::beginning(began);
        exchange.outcome = match self.translate(request.bytes()) {
            Ok(request) => {
                exchange.sent_bytes = request.body().size();
                self.converse(request, sink, began + patience.whole, patience.whole, &mut exchange).await
            }
            Err(error) => Err(error),
        };
        exchange.ended = self.clock.instant();
        exchange.received_bytes = exchange.body_bytes;
        exchange
    }

    fn is_usable(&mut self) -> bool {
        !self.is_spent()
    }

    fn is_spent(&self) -> bool {
        self.shared.sender.is_closed()
    }
}

trait Size {
    fn size(&self) -> u64;
}

impl Size for Full<Bytes> {
    fn size(&self) -> u64 {
        hyper::body::Body::size_hint(self).exact().unwrap_or_default()
    }
}

impl StreamTalk {
    /// The same request as it is rendered for HTTP/1.1, as hyper wants it.
    fn translate(&self, bytes: &[u8]) -> Result<Request<Full<Bytes>>, HttpError> {
        let mut room = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut head = httparse::Request::new(&mut room);
        let wrong = |what: String| HttpError::malformed(format!("request: {what}"));
        let parsed = head.parse(bytes).map_err(|error| wrong(error.to_string()))?;
        let httparse::Status::Complete(length) = parsed else {
            return Err(wrong("it has no end".to_owned()));
        };
        let named = |name: &str| head.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
        let uri = Uri::builder()
            .scheme(self.scheme)
            .authority(named(HOST.as_str()).map_or(&b""[..], |host| host.value))
            .path_and_query(head.path.unwrap_or("/"))
            .build();
        let method = Method::from_bytes(head.method.unwrap_or_default().as_bytes());
        let mut request = Request::builder()
            .method(method.map_err(|error| wrong(error.to_string()))?)
            .uri(uri.map_err(|error| wrong(error.to_string()))?);
        for header in head.headers.iter() {
            // RFC 9113 §8.2.2: what speaks of the connection has no place in a stream.
            if !["host", "connection"].contains(&header.name.to_ascii_lowercase().as_str()) {
                request = request.header(header.name, header.value);
            }
        }
        let body = Full::new(Bytes::copy_from_slice(&bytes[length..]));
        request.body(body).map_err(|error| wrong(error.to_string()))
    }

    async fn converse<K: Sink>(
        &mut self,
        request: Request<Full<Bytes>>,
        sink: &mut K,
        due: Instant,
        whole: Duration,
        exchange: &mut Exchange,
    ) -> Result<(), HttpError> {
        let late = |_| HttpError::new(ErrorClass::ReadTimeout, format!("no whole answer within {whole:?}"));
        let sent = self.shared.sender.send_request(request);
        let response = timeout_at(due, sent).await.map_err(late)?.map_err(|error| lost(&error))?;
        let at = self.clock.instant();
        let status = response.status().as_u16();
        exchange.first_byte = Some(at);
        exchange.status = Some(status);
        let headers: Vec<_> = response
            .headers()
            .iter()
            .map(|(name, value)| httparse::Header { name: name.as_str(), value: value.as_bytes() })
            .collect();
        sink.head(&Head { status, headers: &headers }, at);
        let mut body = response.into_body();
        while let Some(frame) = timeout_at(due, body.frame()).await.map_err(late)? {
            let frame = frame.map_err(|error| {
                HttpError::new(ErrorClass::CutShort, format!("stream lost within the answer: {error}"))
            })?;
            if let Ok(data) = frame.into_data() {
                exchange.body_bytes += data.len() as u64;
                sink.body(&data, self.clock.instant())?;
            }
        }
        Ok(())
    }
}

/// hyper says what it was doing; its source says what happened.
fn lost(error: &hyper::Error) -> HttpError {
    let message = match std::error::Error::source(error) {
        Some(source) => format!("connection lost before the answer: {error}: {source}"),
        None => format!("connection lost before the answer: {error}"),
    };
    HttpError::new(ErrorClass::Reset, message)
}
