//! The monitor at work: this machine, and a target that answers, refuses, or keeps silent.

use std::time::Duration;

use lustrum::model::target::Trust;
use lustrum::probes::http_load::monitor::local::Proc;
use lustrum::probes::http_load::monitor::metrics::Names;
use lustrum::probes::http_load::monitor::recording::Recording;
use lustrum::probes::http_load::monitor::target::Target;
use lustrum::probes::http_load::monitor::watch::{Latest, Monitor};
use lustrum::time::clock::Clock;
use lustrum::transport::tls::config;
use reqwest::header::HeaderMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

fn target(port: u16) -> Target {
    let url = format!("http://127.0.0.1:{port}/metrics").parse().unwrap();
    let tls = config::client(&Trust::default(), None).unwrap();
    Target::new(url, HeaderMap::new(), (*tls).clone(), Names::default()).unwrap()
}

/// Watches until `enough`, against a server that gives one answer to every connection.
async fn watched(answer: Option<&'static str>, enough: impl Fn(&Latest, usize) -> bool) -> Recording {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = async {
        let mut open = Vec::new();
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4_096];
            assert!(stream.read(&mut request).await.unwrap() > 0);
            if let Some(answer) = answer {
                stream.write_all(answer.as_bytes()).await.unwrap();
            } else {
                open.push(stream);
            }
        }
    };
    let clock = Clock::system();
    let monitor = Monitor::new(clock.clone(), Proc::of_system(), Some(target(port)));
    let (latest, mut seen) = watch::channel(Latest::default());
    let done = CancellationToken::new();
    let stopping = async {
        let mut looks = 0;
        while !enough(&seen.borrow_and_update(), looks) {
            seen.changed().await.unwrap();
            looks += 1;
        }
        done.cancel();
    };
    let all = async {
        tokio::select! {
            never = serving => never,
            (recording, ()) = async { tokio::join!(monitor.watch(clock.instant(), &done, &latest), stopping) } => recording,
        }
    };
    tokio::time::timeout(Duration::from_secs(120), all).await.unwrap()
}

#[tokio::test]
async fn both_machines_are_seen() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n\
        process_cpu_seconds_total 12.5\nprocess_resident_memory_bytes 1048576\n";
    let recording = watched(Some(answer), |latest, _| {
        latest.target.as_ref().is_some_and(|target| target.cpu_percent.is_some())
    })
    .await;
    assert_eq!(recording.value("target.cpu.max"), Some(Some(0.0)), "a counter that stands");
    assert_eq!(recording.value("target.memory.max"), Some(Some(1_048_576.0)));
    assert!(recording.value("sys.memory.max").unwrap() > Some(1e6));
    let times: Vec<u64> = recording.local.iter().map(|sample| sample.elapsed_ms).collect();
    assert!(times.is_sorted() && times.len() > 2, "{times:?}");
    assert!(recording.target.iter().all(|sample| sample.error.is_none()));
}

#[tokio::test]
async fn a_silent_target_holds_nobody_up() {
    let recording = watched(None, |_, looks| looks >= 4).await;
    assert!(recording.local.len() >= 4 && recording.target.is_empty());
}

#[tokio::test]
async fn a_target_that_refuses_is_unknown_with_the_reason() {
    let refused = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let recording = watched(Some(refused), |latest, _| latest.target.is_some()).await;
    assert_eq!(recording.target[0].error.as_deref(), Some("http 503"));
    assert_eq!(recording.value("target.memory.max"), Some(None));

    let foreign = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nup 1\n";
    let recording = watched(Some(foreign), |latest, _| latest.target.is_some()).await;
    let error = recording.target[0].error.clone().unwrap();
    assert!(error.starts_with("it exposes none of system_cpu_usage_percent"), "{error}");
}
