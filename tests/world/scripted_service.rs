//! A service that answers as a scenario tells it, over real sockets, on a clock that only the
//! scenario moves: what takes 40 seconds takes none.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use lustrum::config::form;
use lustrum::time::clock::Clock;
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// What is answered below a path: one reply after the other, and the last one from then on.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Script {
    pub path: String,
    /// Only to a token that was given and has not ended; to others 401.
    #[serde(default)]
    pub guarded: bool,
    pub replies: Vec<Reply>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Reply {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    /// `{jwt}` stands for a token that ends in so many seconds, `{port}` for our port.
    pub body: String,
    pub jwt: i64,
    /// What passes before the first byte.
    #[serde(with = "form::some_duration")]
    pub after: Option<Duration>,
    /// The body comes in so many pieces, with this between them.
    pub pieces: usize,
    #[serde(with = "form::some_duration")]
    pub between: Option<Duration>,
    /// Of the body, what is sent before the connection ends.
    pub cut_after: Option<usize>,
    /// Says nothing, ever; this much passes.
    #[serde(with = "form::some_duration")]
    pub hangs: Option<Duration>,
}

impl Default for Reply {
    fn default() -> Self {
        Self {
            status: 200,
            headers: BTreeMap::new(),
            body: "{}".to_owned(),
            jwt: 3_600,
            after: None,
            pieces: 1,
            between: None,
            cut_after: None,
            hangs: None,
        }
    }
}

/// One request as it came.
#[derive(Clone, Debug)]
pub struct Heard {
    pub line: String,
    pub authorization: Option<String>,
    pub body: String,
}

pub struct ScriptedService {
    pub address: SocketAddr,
    book: Arc<Book>,
    _serving: JoinSet<()>,
}

struct Book {
    scripts: Vec<Script>,
    clock: Clock,
    port: u16,
    asked: Mutex<HashMap<String, usize>>,
    heard: Mutex<Vec<Heard>>,
    given: Mutex<HashMap<String, DateTime<Utc>>>,
}

impl ScriptedService {
    pub async fn start(scripts: Vec<Script>, tls: Option<TlsAcceptor>, clock: Clock) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (asked, heard, given) = (Mutex::default(), Mutex::default(), Mutex::default());
        let book = Arc::new(Book { scripts, clock, port: address.port(), asked, heard, given });
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, tls, book.clone()));
        Self { address, book, _serving: serving }
    }

    pub fn heard(&self) -> Vec<Heard> {
        self.book.heard.lock().unwrap().clone()
    }
}

async fn serve(listener: TcpListener, tls: Option<TlsAcceptor>, book: Arc<Book>) {
    let mut answering = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        stream.set_nodelay(true).unwrap();
        let (book, tls) = (book.clone(), tls.clone());
        answering.spawn(async move {
            match tls {
                Some(tls) => {
                    // A client that does not trust us goes away.
                    if let Ok(stream) = tls.accept(stream).await {
                        book.converse(stream).await;
                    }
                }
                None => book.converse(stream).await,
            }
        });
    }
}

impl Book {
    async fn converse(&self, mut stream: impl AsyncRead + AsyncWrite + Unpin) {
        while let Some(heard) = hear(&mut stream).await {
            let reply = self.reply(&heard);
            let is_head = heard.line.starts_with("HEAD ");
            self.heard.lock().unwrap().push(heard);
            if self.answer(&mut stream, &reply, is_head).await.is_none() {
                return;
            }
        }
    }

    fn reply(&self, heard: &Heard) -> Reply {
        let target = heard.line.split(' ').nth(1).unwrap();
        let path = target.split('?').next().unwrap();
        let Some(script) = self.scripts.iter().find(|script| path.starts_with(&script.path)) else {
            return Reply { status: 404, ..Reply::default() };
        };
        let token = heard.authorization.as_deref().and_then(|value| value.strip_prefix("Bearer "));
        let ends = token.and_then(|token| self.given.lock().unwrap().get(token).copied());
        if script.guarded && ends.is_none_or(|ends| ends <= self.clock.now()) {
            return Reply { status: 401, ..Reply::default() };
        }
        let mut asked = self.asked.lock().unwrap();
        let count = asked.entry(script.path.clone()).or_default();
        let reply = script.replies.get(*count).or(script.replies.last()).unwrap().clone();
        *count += 1;
        reply
    }

    /// Nothing when the conversation is over.
    async fn answer(
        &self,
        stream: &mut (impl AsyncWrite + AsyncRead + Unpin),
        reply: &Reply,
        is_head: bool,
    ) -> Option<()> {
        if let Some(hangs) = reply.hangs {
            pass(hangs).await;
            let _gone = stream.read(&mut [0; 64]).await;
            return None;
        }
        if let Some(after) = reply.after {
            pass(after).await;
        }
        let body = self.told(&reply.body, reply.jwt);
        let mut head = format!("HTTP/1.1 {} Told\r\nContent-Length: {}\r\n", reply.status, body.len());
        for (name, value) in &reply.headers {
            head.push_str(&format!("{name}: {}\r\n", self.told(value, 0)));
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes()).await.ok()?;
        let sent = if is_head { "" } else { &body[..reply.cut_after.unwrap_or(body.len())] };
        let length = sent.len().div_ceil(reply.pieces).max(1);
        for (index, piece) in sent.as_bytes().chunks(length).enumerate() {
            if index > 0
                && let Some(between) = reply.between
            {
                stream.flush().await.ok()?;
                pass(between).await;
            }
            stream.write_all(piece).await.ok()?;
        }
        stream.flush().await.ok()?;
        if reply.cut_after.is_some() {
            let _gone = stream.shutdown().await;
            return None;
        }
        Some(())
    }

    fn told(&self, text: &str, lives_seconds: i64) -> String {
        let text = text.replace("{port}", &self.port.to_string());
        if !text.contains("{jwt}") {
            return text;
        }
        let ends = self.clock.now() + chrono::Duration::seconds(lives_seconds);
        let mut given = self.given.lock().unwrap();
        let claims = format!("{{\"exp\":{},\"jti\":\"{}\"}}", ends.timestamp(), given.len());
        let token = format!("e30.{}.c2lnbmF0dXJl", URL_SAFE_NO_PAD.encode(claims));
        given.insert(token.clone(), ends);
        text.replace("{jwt}", &token)
    }
}

/// Moves the clock, once all that has been sent was read.
async fn pass(time: Duration) {
    for _ in 0..64 {
        tokio::task::yield_now().await;
    }
    tokio::time::advance(time).await;
}

async fn hear(stream: &mut (impl AsyncRead + Unpin)) -> Option<Heard> {
    let mut bytes = Vec::new();
    let end = loop {
        let mut piece = [0; 4_096];
        let length = stream.read(&mut piece).await.ok().filter(|length| *length > 0)?;
        bytes.extend_from_slice(&piece[..length]);
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    };
    let mut body = bytes[end + 4..].to_vec();
    let length: usize = header("content-length").map_or(0, |text| text.parse().unwrap());
    while body.len() < length {
        let mut piece = [0; 4_096];
        let read = stream.read(&mut piece).await.ok().filter(|length| *length > 0)?;
        body.extend_from_slice(&piece[..read]);
    }
    Some(Heard {
        line: head.lines().next().unwrap().to_owned(),
        authorization: header("authorization"),
        body: String::from_utf8(body).unwrap(),
    })
}
