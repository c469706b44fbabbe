//! How well the latency probe tells its phases apart, `cargo bench --bench latency`: against a
//! server whose delays are known, the error of each phase.
//!
//! The server waits before the TLS handshake, before the first byte and within the body, and says
//! how long it really waited. A connect cannot be delayed by a server that is slow to accept: the
//! system shakes hands for it. So its queue of connections is filled, the first SYN is dropped, and
//! the connection comes about with the first retransmission, after the initial timeout of 1 s
//! (RFC 6298, 2.1). Names are resolved by the system and are not delayed here.

#![expect(clippy::disallowed_macros, clippy::unwrap_used, reason = "a bench prints, and may panic")]

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use lustrum::model::target::Trust;
use lustrum::probes::http_latency::intake::Intake;
use lustrum::probes::http_latency::lines::{Lines, Manners};
use lustrum::probes::http_latency::record::Phases;
use lustrum::simulator::tls::Authority;
use lustrum::time::clock::Clock;
use lustrum::transport::http::endpoint::Endpoint;
use lustrum::transport::http::request::Rendered;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket};
use tokio_rustls::TlsAcceptor;

const ROUNDS: usize = 30;
const DELAYS_MS: [u64; 4] = [0, 2, 20, 100];
const BODY_BYTES: usize = 200_000;
const FIRST_TIMEOUT: Duration = Duration::from_secs(1);

/// What the server waited for, by its own watch.
#[derive(Clone, Copy, Debug)]
struct Waited {
    tls: Duration,
    first_byte: Duration,
    body: Duration,
}

fn main() {
    let place = tempfile::tempdir().unwrap();
    let authority = Authority::new().unwrap();
    let bundle = place.path().join("ca.pem");
    std::fs::write(&bundle, authority.pem()).unwrap();
    let acceptor = authority.certify("bench", Ipv4Addr::LOCALHOST.into()).unwrap().acceptor().clone();
    let (tell_address, address) = channel();
    let (tell_delay, delays) = channel();
    let (tell_waited, waited) = channel();
    std::thread::spawn(move || serve(&acceptor, &tell_address, &delays, &tell_waited));
    let address = address.recv().unwrap();
    let trust = Trust { ca_bundle: Some(bundle.display().to_string()), ..Trust::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        println!("{:<11} {:>9} {:>12} {:>12} {:>12}", "phase", "delay", "error p50", "error p95", "worst");
        phases(address, &trust, &tell_delay, &waited).await;
        connects(&trust).await;
    });
}

/// Delays in turn, so that whatever else the machine does falls on all of them.
async fn phases(address: SocketAddr, trust: &Trust, tell: &Sender<Duration>, waited: &Receiver<Waited>) {
    let url = Endpoint::parse(&format!("https://{address}/")).unwrap();
    let mut errors = [const { [const { Vec::new() }; DELAYS_MS.len()] }; 3];
    for _ in 0..ROUNDS {
        for (at, delay) in DELAYS_MS.into_iter().enumerate() {
            tell.send(Duration::from_millis(delay)).unwrap();
            let phases = measured(&url, trust).await;
            let waited = waited.recv().unwrap();
            let pairs = [
                (phases.tls, waited.tls),
                (phases.first_byte, waited.first_byte),
                (phases.transfer, waited.body),
            ];
            for (phase, (measured, waited)) in pairs.into_iter().enumerate() {
                errors[phase][at].push(measured.unwrap().as_secs_f64() - waited.as_secs_f64());
            }
            let sum: Duration =
                [phases.connect, phases.tls, phases.first_byte, phases.transfer].into_iter().flatten().sum();
            assert!(sum <= phases.total, "{phases:?}");
        }
    }
    // What a handshake and 200 kB cost without any delay is theirs, and no error.
    for (phase, name) in ["tls", "first byte", "transfer"].into_iter().enumerate() {
        for (at, delay) in DELAYS_MS.into_iter().enumerate() {
            told(name, delay as f64, &mut errors[phase][at]);
        }
    }
}

async fn connects(trust: &Trust) {
    let mut errors = Vec::new();
    for _ in 0..3 {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        // One more than the queue is long.
        let fillers: Vec<_> = (0..2).map(|_| TcpStream::connect(address).unwrap()).collect();
        let url = Endpoint::parse(&format!("http://{address}/")).unwrap();
        let emptied = async {
            tokio::time::sleep(FIRST_TIMEOUT / 3).await;
            for _ in &fillers {
                drop(listener.accept().await.unwrap());
            }
            let (mut stream, _) = listener.accept().await.unwrap();
            let _request = stream.read(&mut [0; 4_096]).await.unwrap();
            stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").await.unwrap();
        };
        let (phases, ()) = tokio::join!(measured(&url, trust), emptied);
        errors.push(phases.connect.unwrap().as_secs_f64() - FIRST_TIMEOUT.as_secs_f64());
        assert!(
            phases.first_byte.unwrap() < FIRST_TIMEOUT / 2,
            "the delay is in the wrong phase: {phases:?}"
        );
    }
    told("connect", FIRST_TIMEOUT.as_secs_f64() * 1_000.0, &mut errors);
}

async fn measured(url: &Endpoint, trust: &Trust) -> Phases {
    let minute = Duration::from_secs(60);
    let clock = Clock::system();
    let manners =
        Manners { trust: trust.clone(), connect_timeout: minute, read_timeout: minute, keep_alive: false };
    let mut lines = Lines::new(manners, clock.clone());
    let request = Rendered::new("GET", url, &[], None).unwrap();
    let mut intake = Intake::counting(u64::MAX);
    let due = clock.instant() + minute;
    let hop = lines.exchange((0, "GET", url.to_string()), url, &request, &mut intake, due).await;
    assert!(hop.trouble.is_none(), "{hop:?}");
    hop.phases
}

fn told(phase: &str, delay_ms: f64, errors: &mut [f64]) {
    errors.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| errors[((errors.len() - 1) as f64 * share) as usize] * 1_000.0;
    println!("{phase:<11} {delay_ms:>6.0} ms {:>9.3} ms {:>9.3} ms {:>9.3} ms", at(0.5), at(0.95), at(1.0));
}

fn serve(
    acceptor: &TlsAcceptor,
    address: &Sender<SocketAddr>,
    delays: &Receiver<Duration>,
    tell: &Sender<Waited>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        address.send(listener.local_addr().unwrap()).unwrap();
        let body = vec![b'x'; BODY_BYTES];
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", BODY_BYTES + 1);
        while let Ok(delay) = delays.recv() {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let tls = wait(delay);
            let mut stream = acceptor.accept(stream).await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(stream.read_u8().await.unwrap());
            }
            let first_byte = wait(delay);
            stream.write_all(format!("{head}x").as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
            let within = wait(delay);
            stream.write_all(&body).await.unwrap();
            stream.shutdown().await.unwrap();
            tell.send(Waited { tls, first_byte, body: within }).unwrap();
        }
    });
}

/// Waits, and says for how long it was.
#[expect(clippy::disallowed_methods, reason = "a delay takes real time, and is measured by another watch")]
fn wait(delay: Duration) -> Duration {
    let began = Instant::now();
    if !delay.is_zero() {
        std::thread::sleep(delay);
    }
    began.elapsed()
}
