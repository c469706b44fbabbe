//! A server for users on virtual time: no sockets, no threads, exactly the delays it is told.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use lustrum::probes::http_load::account::Account;
use lustrum::probes::http_load::dial::Dial;
use lustrum::probes::http_load::ledger::Ledger;
use lustrum::probes::http_load::pacer::Pacer;
use lustrum::probes::http_load::plan::{EndpointPlan, HttpVersion, LoadPlan, Pace};
use lustrum::probes::http_load::program::Program;
use lustrum::probes::http_load::shift::{Shift, Times};
use lustrum::probes::http_load::worker::{self, Worked};
use lustrum::time::clock::Clock;
use lustrum::transport::http::connection::Connection;
use lustrum::transport::http::connector::Dialling;
use lustrum::transport::http::endpoint::Origin;
use lustrum::transport::http::error::HttpError;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio_util::sync::CancellationToken;

/// What a request looked like, and when it came, since the first moment.
#[derive(Clone, Debug)]
pub struct Asked {
    pub at: Duration,
    /// `GET /path HTTP/1.1`.
    pub line: String,
    pub body: String,
}

/// Pieces of an answer, each so long after the one before. An answer without any hangs up.
pub type Pieces = Vec<(Duration, String)>;
type Answerer = Rc<dyn Fn(&Asked) -> Pieces>;

#[derive(Clone)]
pub struct PlayedServer {
    clock: Clock,
    answer: Answerer,
    /// Dials from here on fail with this.
    pub refusal: Rc<dyn Fn() -> Option<HttpError>>,
    dials: Rc<Cell<u64>>,
}

impl PlayedServer {
    pub fn new(answer: impl Fn(&Asked) -> Pieces + 'static) -> Self {
        let (clock, dials) = (Clock::system(), Rc::default());
        Self { clock, answer: Rc::new(answer), refusal: Rc::new(|| None), dials }
    }

    pub fn dials(&self) -> u64 {
        self.dials.get()
    }
}

impl Dial for PlayedServer {
    type Talk = Connection<DuplexStream>;

    async fn dial(&self) -> (Option<Dialling>, Result<Self::Talk, HttpError>) {
        self.dials.set(self.dials.get() + 1);
        if let Some(error) = (self.refusal)() {
            return (Some(Dialling::default()), Err(error));
        }
        let (near, far) = duplex(1 << 20);
        tokio::task::spawn_local(serve(far, self.answer.clone(), self.clock.clone()));
        (Some(Dialling::default()), Ok(Connection::over(near, self.clock.clone())))
    }
}

async fn serve(mut far: DuplexStream, answer: Answerer, clock: Clock) {
    let start = clock.now();
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match far.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => return,
            }
        }
        let head = String::from_utf8(head).unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        far.read_exact(&mut body).await.unwrap();
        let at = (clock.now() - start).to_std().unwrap();
        let line = head.lines().next().unwrap().to_owned();
        let pieces = answer(&Asked { at, line, body: String::from_utf8(body).unwrap() });
        if pieces.is_empty() {
            return;
        }
        for (delay, piece) in pieces {
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            if far.write_all(piece.as_bytes()).await.is_err() {
                return;
            }
        }
    }
}

/// `200` with a body, after a time.
pub fn ok_after(delay: Duration, body: &str) -> Pieces {
    let text = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    vec![(delay, text)]
}

/// A plan for one endpoint, to be changed as a test likes.
pub fn plan(pace: Pace, users: u32) -> LoadPlan {
    LoadPlan {
        origin: Origin { is_tls: false, host: "127.0.0.1".to_owned(), port: 80 },
        trust: Default::default(),
        endpoints: vec![endpoint("root", "/")],
        pace,
        users,
        threads: Some(1),
        version: HttpVersion::Http1,
        keep_alive: true,
        connect_timeout: Duration::from_secs(60),
        request_timeout: Duration::from_secs(60),
        warm_up: Duration::ZERO,
        think_time: Duration::ZERO,
        goodput_within: None,
        data: None,
    }
}

pub fn endpoint(name: &str, target: &str) -> EndpointPlan {
    EndpointPlan {
        name: name.to_owned(),
        method: "GET".to_owned(),
        target: target.to_owned(),
        headers: Vec::new(),
        body: None,
        weight: 1,
        expected: vec![200..=399],
        takes: Vec::new(),
        is_stream: false,
    }
}

/// One thread's work, on the clock of the test.
pub struct Played {
    pub worked: Worked,
    pub ledger: Ledger,
    /// From the beginning to the last user's end.
    pub took: Duration,
}

impl Played {
    pub fn account(&self, endpoint: usize) -> Account {
        self.ledger.page().accounts[endpoint].clone()
    }
}

pub async fn play(plan: LoadPlan, server: &PlayedServer, stop: &CancellationToken) -> Played {
    let clock = Clock::system();
    let begin = clock.instant();
    let measure = begin + plan.warm_up;
    let times = Times { begin, measure, end: plan.pace.duration().map(|duration| measure + duration) };
    let left = match plan.pace {
        Pace::Closed { requests, .. } => requests.map(|left| Arc::new(left.into())),
        Pace::Open { .. } => None,
    };
    let numbers = 1..=plan.users;
    let shift = Shift::new(Arc::new(Program::of(plan).unwrap()), clock, times, left, (0, 1));
    let ledger = shift.ledger.clone();
    let worked = worker::work(shift, Pacer::Coarse, server.clone(), numbers, stop.clone()).await;
    Played { worked, ledger, took: worked.ended - begin }
}
