//! The load engine against a server.
//!
//! `cargo bench --bench load -- client URL SECONDS [USERS] [THREADS]`: as many requests as it can; prints one
//! line of `name=value`. `tests/bench/load_peers.sh` runs it beside wrk and oha.
//!
//! `cargo bench --bench load -- omission`: 2,000 requests a second to a server that stands still
//! twice for half a second in ten; fails where p95 is more than a tenth off the 250 ms that a
//! client would have waited.

#![expect(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a bench prints, sleeps, and may panic"
)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use lustrum::model::target::Trust;
use lustrum::probes::http_load::engine;
use lustrum::probes::http_load::plan::{EndpointPlan, HttpVersion, Leg, LoadPlan, Pace};
use lustrum::probes::http_load::program::Program;
use lustrum::probes::http_load::tally::{Snapshot, Tally};
use lustrum::time::clock::Clock;
use lustrum::transport::http::endpoint::Endpoint;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

const IDEAL_P95_MS: f64 = 250.0;
const MOST_OFF: f64 = 0.1;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let number = |index: usize, usual: u32| {
        arguments.get(index).map_or(usual, |argument| argument.parse().expect("a number"))
    };
    match arguments.first().map(String::as_str) {
        Some("client") => client(&arguments[1], number(2, 10), number(3, 50), number(4, 1)),
        _ => omission(),
    }
}

fn client(url: &str, seconds: u32, users: u32, threads: u32) {
    let pace = Pace::Closed { requests: None, duration: Some(Duration::from_secs(seconds.into())) };
    let tally = run(plan(url, pace, users, threads));
    let (whole, status) = (tally.whole(), std::fs::read_to_string("/proc/self/status").unwrap());
    let kib = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().to_owned()
    };
    let ms = |quantile| whole.ok.latency.quantile_micros(quantile).unwrap_or_default() as f64 / 1_000.0;
    println!(
        "rps={:.0} failures={} p50_ms={} p99_ms={} cpu_share={:.2} cpu_us_per_request={:.2} little_check={:.3} peak_rss_kib={}",
        tally.rate_per_s().unwrap(),
        whole.failures(),
        ms(0.5),
        ms(0.99),
        tally.generator.cpu_share().unwrap_or_default(),
        tally.generator.threads.iter().filter_map(|thread| thread.cpu_share).sum::<f64>() * 1e6
            / tally.rate_per_s().unwrap(),
        tally.little_check().unwrap(),
        kib("VmHWM"),
    );
}

fn omission() {
    let standing = Arc::new(RwLock::new(()));
    let address = serve(standing.clone());
    std::thread::spawn(move || {
        let begin = Instant::now();
        for second in [2, 6] {
            std::thread::sleep(Duration::from_secs(second).saturating_sub(begin.elapsed()));
            let _still = standing.write().unwrap();
            std::thread::sleep(Duration::from_millis(500));
        }
    });
    let leg = Leg { from_per_s: 2_000.0, to_per_s: 2_000.0, duration: Duration::from_secs(10) };
    let tally = run(plan(&format!("http://{address}/"), Pace::Open { legs: vec![leg] }, 50, 1));
    let whole = tally.whole();
    let ms = |times: &lustrum::probes::http_load::account::Times, quantile| {
        times.quantile_micros(quantile).unwrap() as f64 / 1_000.0
    };
    for (name, times) in [("latency", &whole.ok.latency), ("service", &whole.ok.service)] {
        let [p50, p95, p99] = [0.5, 0.95, 0.99].map(|quantile| ms(times, quantile));
        println!("{name}: p50 {p50:.2} ms, p95 {p95:.1} ms, p99 {p99:.1} ms");
    }
    println!("{} requests, {:?}", whole.requests(), tally.schedule);
    let off = (ms(&whole.ok.latency, 0.95) / IDEAL_P95_MS - 1.0).abs();
    println!("p95 is {:.1} % off the ideal {IDEAL_P95_MS} ms", off * 100.0);
    assert!(off < MOST_OFF, "more than {MOST_OFF}");
}

fn plan(url: &str, pace: Pace, users: u32, threads: u32) -> LoadPlan {
    let Endpoint { origin, target } = Endpoint::parse(url).unwrap();
    let endpoint = EndpointPlan {
        name: "it".to_owned(),
        method: "GET".to_owned(),
        target,
        headers: Vec::new(),
        body: None,
        weight: 1,
        expected: vec![200..=299],
        takes: Vec::new(),
        is_stream: false,
    };
    LoadPlan {
        origin,
        trust: Trust::default(),
        endpoints: vec![endpoint],
        pace,
        users,
        threads: Some(threads),
        version: HttpVersion::Http1,
        keep_alive: true,
        connect_timeout: Duration::from_secs(5),
        request_timeout: Duration::from_secs(10),
        warm_up: Duration::ZERO,
        think_time: Duration::ZERO,
        goodput_within: None,
        data: None,
    }
}

fn run(plan: LoadPlan) -> Tally {
    let program = Program::of(plan).unwrap();
    let (told, _seen) = watch::channel(Snapshot::default());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(engine::run(program, &Clock::system(), &CancellationToken::new(), &told)).unwrap()
}

/// A thread for every connection; whoever holds the lock for writing stops them all.
fn serve(standing: Arc<RwLock<()>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let standing = standing.clone();
            std::thread::spawn(move || answer(stream.unwrap(), &standing));
        }
    });
    address
}

fn answer(mut stream: TcpStream, standing: &RwLock<()>) {
    stream.set_nodelay(true).unwrap();
    let mut buffer = [0; 4096];
    // A request comes in one piece here, and one at a time.
    while stream.read(&mut buffer).is_ok_and(|length| length > 0) {
        drop(standing.read().unwrap());
        if stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").is_err() {
            return;
        }
    }
}
