//! A small chat backend on loopback: what the shipped load asks for, and troubles on demand.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::stream;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Events of one answer of the chat.
pub const EVENTS: u64 = 5;

/// Serves on a thread of its own until it is dropped.
pub struct ChatBackend {
    pub address: SocketAddr,
    book: Arc<Mutex<Book>>,
    stop: CancellationToken,
    serving: Option<std::thread::JoinHandle<()>>,
}

#[derive(Default)]
struct Book {
    /// Requests by path, the session left out.
    requests: BTreeMap<String, u64>,
    sessions: BTreeSet<String>,
    strangers: u64,
    /// Of so many requests one is answered with 503.
    one_fails_of: Option<u64>,
    delay: Duration,
}

impl ChatBackend {
    pub fn start() -> Self {
        let book = Arc::new(Mutex::new(Book::default()));
        let stop = CancellationToken::new();
        let (tell, told) = std::sync::mpsc::channel();
        let (own_book, own_stop) = (book.clone(), stop.clone());
        let serving = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                let _ = own_stop.run_until_cancelled(serve(listener, own_book)).await;
            });
        });
        Self { address: told.recv().unwrap(), book, stop, serving: Some(serving) }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// From now on, every n-th request is answered with 503; none with `None`.
    pub fn fail(&self, one_of: Option<u64>) {
        self.book.lock().unwrap().one_fails_of = one_of;
    }

    /// From now on every answer waits so long.
    pub fn delay(&self, by: Duration) {
        self.book.lock().unwrap().delay = by;
    }

    /// Requests by path so far.
    pub fn requests(&self) -> BTreeMap<String, u64> {
        self.book.lock().unwrap().requests.clone()
    }

    pub fn all_requests(&self) -> u64 {
        self.requests().values().sum()
    }

    /// Those that were begun, sorted.
    pub fn sessions(&self) -> Vec<String> {
        self.book.lock().unwrap().sessions.iter().cloned().collect()
    }

    /// Requests for sessions that nobody has begun.
    pub fn strangers(&self) -> u64 {
        self.book.lock().unwrap().strangers
    }
}

impl Drop for ChatBackend {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(serving) = self.serving.take() {
            serving.join().unwrap();
        }
    }
}

async fn serve(listener: TcpListener, book: Arc<Mutex<Book>>) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let book = book.clone();
        connections.spawn(async move {
            let service = service_fn(move |request| answer(request, book.clone()));
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

type Body = BoxBody<Bytes, Infallible>;

async fn answer(request: Request<Incoming>, book: Arc<Mutex<Book>>) -> Result<Response<Body>, Infallible> {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let session = path.strip_prefix("/anonymize/session/").and_then(|rest| rest.split('/').next());
    let kind = session.map_or(path.clone(), |session| path.replace(session, "{id}"));
    let (fails, delay) = {
        let mut book = book.lock().unwrap();
        *book.requests.entry(kind).or_default() += 1;
        let all: u64 = book.requests.values().sum();
        (book.one_fails_of.is_some_and(|one_of| all.is_multiple_of(one_of)), book.delay)
    };
    tokio::time::sleep(delay).await;
    if fails {
        return Ok(told(503, &json!({ "error": "busy" })));
    }
    let session = session.map(str::to_owned);
    let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = |key: &str| body[key].as_str().map(str::to_owned);
    let is_known = |session: &str| {
        let mut book = book.lock().unwrap();
        let is_known = book.sessions.contains(session);
        book.strangers += u64::from(!is_known);
        is_known
    };
    Ok(match (method, path.as_str(), session) {
        (Method::GET, "/health", _) => told(200, &json!({ "status": "ok" })),
        (Method::GET, "/metrics", _) => plain("text/plain; version=0.0.4", "chat_requests_total 1\n"),
        (Method::POST, "/anonymize", _) => match (text("text"), text("session_id")) {
            (Some(_), Some(session)) => {
                book.lock().unwrap().sessions.insert(session.clone());
                told(200, &json!({ "session_id": session, "text": "<NAME> writes from <MAIL>" }))
            }
            _ => told(422, &json!({ "error": "expected text and session_id" })),
        },
        (Method::POST, "/chat/streaming", _) => match (text("message"), text("session_id")) {
            (Some(_), Some(session)) if is_known(&session) => events(),
            (Some(_), Some(_)) => told(404, &json!({ "error": "no such session" })),
            _ => told(422, &json!({ "error": "expected message and session_id" })),
        },
        (Method::GET, _, Some(session)) if is_known(&session) => {
            told(200, &json!({ "anonymized_request": "<NAME>" }))
        }
        _ => told(404, &json!({ "error": "nothing here" })),
    })
}

fn told(status: u16, body: &Value) -> Response<Body> {
    let mut response = plain("application/json", &body.to_string());
    *response.status_mut() = status.try_into().unwrap();
    response
}

fn plain(content_type: &str, body: &str) -> Response<Body> {
    let body = Full::new(Bytes::from(body.to_owned())).boxed();
    Response::builder().header("content-type", content_type).body(body).unwrap()
}

fn events() -> Response<Body> {
    let event = |number: u64| {
        let event = Bytes::from(format!("data: {{\"token\": {number}}}\n\n"));
        async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            Some((Ok::<_, Infallible>(Frame::data(event)), number + 1))
        }
    };
    let body =
        stream::unfold(
            0,
            move |number| async move { if number < EVENTS { event(number).await } else { None } },
        );
    let body = BodyExt::boxed(StreamBody::new(Box::pin(body)));
    Response::builder().header("content-type", "text/event-stream").body(body).unwrap()
}
