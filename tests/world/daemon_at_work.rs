//! A daemon in this process, its HTTP face on a free port, and a client that sends what it
//! is told to.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use futures::FutureExt;
use lustrum::config::load::Request;
use lustrum::daemon::face::archives::Archives;
use lustrum::daemon::face::gate::Gate;
use lustrum::daemon::face::server::Server;
use lustrum::daemon::face::visitor::Visitor;
use lustrum::daemon::library::Library;
use lustrum::daemon::scheduler::Width;
use lustrum::daemon::state::State;
use lustrum::daemon::watch::{Closed, Daemon, Order, Surroundings};
use lustrum::output::store::Store;
use lustrum::simulator::fleet::FleetSpec;
use lustrum::simulator::running::Simulator;
use lustrum::time::clock::Clock;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::LocalSet;

/// The longest a test waits for the daemon.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(120);

pub struct AtWork {
    pub address: SocketAddr,
    pub store: Store,
    pub orders: mpsc::Sender<Order>,
    pub folder: PathBuf,
    turns: watch::Receiver<u64>,
}

/// An answer as it came.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// A header's value; names in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// Runs a daemon with the job `census` over a simulated fleet, `more` in its file, until the
/// test has had its look; then drains it.
pub async fn with_daemon<F: Future<Output = ()>>(
    spec: FleetSpec,
    more: &str,
    gate: Gate,
    look: impl FnOnce(Arc<AtWork>) -> F,
) -> Closed {
    let fleet = Simulator::start(spec).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let hosts: Vec<_> = fleet.hosts().iter().map(|host| format!("\"{}\"", host.address().ip())).collect();
    let job = format!(
        "tables = [\"vInfo\"]\nfleet.hosts = [{}]\nconnection.port = {}\noutput.formats = [\"parquet\"]\noutput.dir = \"{}\"\n\
         credentials.default = {{ user = \"census\", password = \"plain:census\" }}\n{more}\n",
        hosts.join(", "),
        fleet.hosts()[0].address().port(),
        out.display(),
    );
    std::fs::create_dir_all(folder.path().join("schedules")).unwrap();
    std::fs::write(folder.path().join("schedules/census.toml"), job).unwrap();

    let clock = Clock::system();
    let state = State::new(&clock);
    let (orders, received) = mpsc::channel(16);
    let visitor = Visitor {
        state: state.clone(),
        clock: clock.clone(),
        orders: orders.clone(),
        archives: Archives::over(state.stores().clone()),
        gate,
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Server::start(listener, &Arc::new(visitor)).unwrap();
    let (turn, turns) = watch::channel(0);
    let nonces = std::cell::Cell::new(0);
    let surroundings = Surroundings {
        clock,
        runner: Box::new(|execution| execution.run().boxed_local()),
        nonce: Box::new(move || nonces.replace(nonces.get() + 1)),
        listeners: Box::new(Vec::new),
        alive: Box::new(move || turn.send_modify(|turns| *turns += 1)),
        state,
    };
    let request = Request { directory: folder.path().to_owned(), ..Request::default() };
    let daemon = Daemon::new(Library::new(folder.path().join("schedules"), request), Width(4), surroundings);
    let at_work = Arc::new(AtWork {
        address: server.address(),
        store: Store::open(out.to_str().unwrap()).unwrap(),
        orders: orders.clone(),
        folder: folder.path().to_owned(),
        turns,
    });
    let looked = async {
        // The probes tell it without a token.
        at_work.until("/readyz", |ready| ready["jobs"] == 1).await;
        look(at_work.clone()).await;
        // A test may have drained the daemon itself.
        let _ = orders.send(Order::Drain).await;
    };
    let (closed, ()) =
        LocalSet::new().run_until(async { tokio::join!(daemon.serve(received), looked) }).await;
    server.end().await;
    closed
}

impl AtWork {
    pub async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], "").await
    }

    pub async fn post(&self, path: &str, body: &str) -> Answer {
        self.ask("POST", path, &[("Content-Type", "application/json")], body).await
    }

    pub async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut head =
            format!("{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
        if headers.iter().all(|(name, _)| *name != "Host") {
            head.push_str(&format!("Host: {}\r\n", self.address));
        }
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let asking = async {
            let mut stream = TcpStream::connect(self.address).await.unwrap();
            stream.write_all(format!("{head}\r\n{body}").as_bytes()).await.unwrap();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await.unwrap();
            String::from_utf8(answer).unwrap()
        };
        let answer = tokio::time::timeout(PATIENCE, asking).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// Asks again whenever the daemon's loop has turned, until the answer is the right one.
    pub async fn until(&self, path: &str, is_right: impl Fn(&Value) -> bool) -> Value {
        let mut turns = self.turns.clone();
        let waiting = async {
            loop {
                turns.borrow_and_update();
                let answer = self.get(path).await.json();
                if is_right(&answer) {
                    return answer;
                }
                turns.changed().await.unwrap();
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.unwrap()
    }
}
