//! A receiver of webhooks: a hyper server that answers as it is told, and remembers.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::HeaderMap;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

#[derive(Clone, Debug)]
pub enum Reply {
    /// With these headers and this body.
    Answer(u16, &'static [(&'static str, &'static str)], &'static str),
    /// Takes the request and closes the connection.
    Lost,
}

#[derive(Clone, Debug)]
pub struct Received {
    pub method: String,
    pub path: String,
    pub headers: HeaderMap,
    pub body: String,
}

pub struct Receiver {
    pub address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    heard: watch::Receiver<usize>,
    /// Ends with the receiver.
    _serving: JoinSet<()>,
}

impl Receiver {
    /// Gives these replies one after the other, and the last one from then on.
    pub async fn replying(replies: &[Reply]) -> Self {
        Self::start(replies, None).await
    }

    pub async fn over_tls(acceptor: TlsAcceptor) -> Self {
        Self::start(&[Reply::Answer(200, &[], "")], Some(acceptor)).await
    }

    async fn start(replies: &[Reply], tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let received = Arc::new(Mutex::new(Vec::new()));
        let (tell, heard) = watch::channel(0);
        let book = Arc::new(Book { replies: replies.to_vec(), received: received.clone(), tell });
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut answering = JoinSet::new();
            while let Ok((connection, _)) = listener.accept().await {
                let (book, tls) = (book.clone(), tls.clone());
                answering.spawn(async move {
                    let service = service_fn(|request| answer(book.clone(), request));
                    // A client that goes away, or a reply that is none, ends the connection.
                    let _ended = match tls {
                        Some(tls) => {
                            let Ok(connection) = tls.accept(connection).await else { return };
                            http1::Builder::new().serve_connection(TokioIo::new(connection), service).await
                        }
                        None => {
                            http1::Builder::new().serve_connection(TokioIo::new(connection), service).await
                        }
                    };
                });
            }
        });
        Self { address, received, heard, _serving: serving }
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook/T0KEN-of-the-url", self.address)
    }

    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// Waits for so many requests.
    pub async fn until(&self, requests: usize) -> Vec<Received> {
        let mut heard = self.heard.clone();
        let waiting = heard.wait_for(|heard| *heard >= requests);
        tokio::time::timeout(std::time::Duration::from_secs(120), waiting).await.unwrap().unwrap();
        self.received()
    }
}

struct Book {
    replies: Vec<Reply>,
    received: Arc<Mutex<Vec<Received>>>,
    tell: watch::Sender<usize>,
}

async fn answer(book: Arc<Book>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Gone> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let reply = {
        let mut received = book.received.lock().unwrap();
        let reply = book.replies.get(received.len()).or(book.replies.last()).unwrap().clone();
        received.push(Received {
            method: head.method.to_string(),
            path: head.uri.path().to_owned(),
            headers: head.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        });
        reply
    };
    book.tell.send_modify(|heard| *heard += 1);
    let Reply::Answer(status, headers, body) = reply else { return Err(Gone) };
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    Ok(response.body(Full::new(Bytes::from_static(body.as_bytes()))).unwrap())
}

#[derive(Debug)]
struct Gone;

impl std::fmt::Display for Gone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("gone")
    }
}

impl std::error::Error for Gone {}

impl From<Infallible> for Gone {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}
