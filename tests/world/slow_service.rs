//! A service for processes: it answers at once, or holds a request until it is let go.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

pub struct SlowService {
    port: u16,
    gate: Arc<Gate>,
    answered: Arc<AtomicU64>,
    ended: Arc<AtomicBool>,
}

/// The next request waits here.
#[derive(Default)]
pub struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default, PartialEq, Eq)]
enum State {
    #[default]
    Open,
    Closed,
    /// A request waits.
    Waiting,
}

impl Gate {
    /// Until a request has come.
    pub fn wait(&self) {
        let state = self.state.lock().unwrap();
        let patience = Duration::from_secs(300);
        let waits = self.changed.wait_timeout_while(state, patience, |state| *state != State::Waiting);
        assert!(!waits.unwrap().1.timed_out(), "no request came");
    }

    pub fn let_go(&self) {
        *self.state.lock().unwrap() = State::Open;
        self.changed.notify_all();
    }

    fn pass(&self) {
        let mut state = self.state.lock().unwrap();
        if *state != State::Open {
            *state = State::Waiting;
            self.changed.notify_all();
            drop(self.changed.wait_while(state, |state| *state != State::Open).unwrap());
        }
    }
}

impl SlowService {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (gate, answered) = (Arc::<Gate>::default(), Arc::<AtomicU64>::default());
        let ended = Arc::<AtomicBool>::default();
        let service = Self { port, gate: gate.clone(), answered: answered.clone(), ended: ended.clone() };
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let (gate, answered) = (gate.clone(), answered.clone());
                std::thread::spawn(move || answer(stream, &gate, &answered));
            }
        });
        service
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Requests that were answered.
    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::SeqCst)
    }

    /// Closes the gate before the next request.
    pub fn hold(&self) -> Arc<Gate> {
        *self.gate.state.lock().unwrap() = State::Closed;
        self.gate.clone()
    }
}

impl Drop for SlowService {
    /// Nobody listens any more.
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        self.gate.let_go();
        drop(TcpStream::connect(("127.0.0.1", self.port)));
        // The thread has let go of the port when it is refused.
        while TcpStream::connect(("127.0.0.1", self.port)).is_ok() {}
    }
}

fn answer(stream: TcpStream, gate: &Gate, answered: &AtomicU64) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        if reader.read_line(&mut line).unwrap_or_default() == 0 {
            return;
        }
    }
    gate.pass();
    let mut stream = stream;
    answered.fetch_add(1, Ordering::SeqCst);
    drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"));
    drop(stream.shutdown(Shutdown::Write));
}
