//! The engine over real sockets: threads, counts, what is said when nothing can be measured.

use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use lustrum::model::failure::FailureKind;
use lustrum::model::target::Trust;
use lustrum::probes::http_load::engine;
use lustrum::probes::http_load::plan::{Body, EndpointPlan, HttpVersion, Leg, LoadPlan, Pace, Taken};
use lustrum::probes::http_load::program::Program;
use lustrum::probes::http_load::tally::{Ending, Phase, Snapshot};
use lustrum::simulator::tls::Authority;
use lustrum::time::clock::Clock;
use lustrum::transport::http::endpoint::{Endpoint, Origin};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::world::played_server::{endpoint, plan};
use crate::world::receiver::{Receiver, Reply};

fn requests(requests: u64) -> Pace {
    Pace::Closed { requests: Some(requests), duration: None }
}

fn asking(url: &str, pace: Pace, users: u32) -> LoadPlan {
    LoadPlan { origin: Endpoint::parse(url).unwrap().origin, threads: Some(2), ..plan(pace, users) }
}

async fn run(
    plan: LoadPlan,
    stop: &CancellationToken,
    told: &watch::Sender<Snapshot>,
) -> Result<lustrum::probes::http_load::tally::Tally, lustrum::model::failure::Failure> {
    engine::run(Program::of(plan).unwrap(), &Clock::system(), stop, told).await
}

#[tokio::test(flavor = "multi_thread")]
async fn as_many_requests_are_sent_as_were_asked_for_over_as_many_connections() {
    let receiver = Receiver::replying(&[Reply::Answer(200, &[], "fine")]).await;
    let mut two = asking(&format!("http://{}", receiver.address), requests(200), 7);
    two.endpoints = vec![endpoint("health", "/health"), endpoint("metrics", "/metrics")];
    let (told, seen) = watch::channel(Snapshot::default());
    let tally = run(two, &CancellationToken::new(), &told).await.unwrap();
    let whole = tally.whole();
    assert_eq!((whole.successes(), whole.failures(), whole.statuses()), (200, 0, vec![(200, 200)]));
    assert_eq!(receiver.received().len(), 200);
    assert_eq!((tally.connections.opened, tally.connections.failed), (7, 0));
    assert_eq!(tally.ending, Ending::Complete);
    assert_eq!(
        tally.endpoints.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(),
        ["health", "metrics"]
    );
    // Every second has all endpoints, and all seconds together are the whole.
    let of_seconds: u64 = tally.seconds.iter().map(|second| second.requests).sum();
    assert_eq!((of_seconds, tally.seconds.len() % 2), (200, 0));
    assert_eq!(tally.generator.threads.len(), 2);
    assert!(tally.rate_per_s().unwrap() > 0.0 && tally.little_check().unwrap() >= 0.9);
    assert!(whole.received_bytes > 200 * 4 && whole.sent_bytes > 200 * 16);
    let last = seen.borrow();
    assert_eq!((last.phase, last.successes, last.in_flight), (Phase::Done, 200, 0));
}

/// However busy the machine is: what was due is sent or dropped, and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn a_rate_is_kept_by_all_threads_together() {
    let receiver = Receiver::replying(&[Reply::Answer(200, &[], "")]).await;
    let leg = Leg { from_per_s: 250.0, to_per_s: 250.0, duration: Duration::from_secs(1) };
    let mut open = asking(&format!("http://{}", receiver.address), Pace::Open { legs: vec![leg] }, 8);
    open.warm_up = Duration::from_millis(200);
    let (told, _seen) = watch::channel(Snapshot::default());
    let tally = run(open, &CancellationToken::new(), &told).await.unwrap();
    let whole = tally.whole();
    assert_eq!((whole.successes() + tally.schedule.dropped, whole.failures()), (250, 0));
    assert!(receiver.received().len() as u64 >= whole.successes());
    assert_eq!(tally.measured, Duration::from_secs(1));
    assert!(whole.ok.latency.min_micros() >= whole.ok.service.min_micros());
}

#[tokio::test(flavor = "multi_thread")]
async fn it_goes_over_tls() {
    let authority = Authority::new().unwrap();
    let certificates = authority.certify("web", std::net::Ipv4Addr::LOCALHOST.into()).unwrap();
    let receiver = Receiver::over_tls(certificates.acceptor().clone()).await;
    let url = format!("https://{}", receiver.address);
    let (told, _seen) = watch::channel(Snapshot::default());
    let error = run(asking(&url, requests(20), 2), &CancellationToken::new(), &told).await.unwrap_err();
    assert!(error.kind == FailureKind::Tls && receiver.received().is_empty(), "{error}");
    let mut trusting = asking(&url, requests(20), 2);
    trusting.trust = Trust { danger_accept_invalid_certs: true, ..Trust::default() };
    let tally = run(trusting, &CancellationToken::new(), &told).await.unwrap();
    assert_eq!(tally.whole().successes(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_refused_is_told_how_to_look() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let (told, _seen) = watch::channel(Snapshot::default());
    let error = run(asking(&url, requests(20), 2), &CancellationToken::new(), &told).await.unwrap_err();
    assert_eq!(error.kind, FailureKind::Unreachable);
    assert!(
        error.message.contains("is the service up") && error.message.contains(&format!("curl -v {url}/")),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_stopped_keeps_what_it_measured() {
    let receiver = Receiver::replying(&[Reply::Answer(200, &[], "")]).await;
    let pace = Pace::Closed { requests: None, duration: Some(Duration::from_secs(3_600)) };
    let plan = asking(&format!("http://{}", receiver.address), pace, 3);
    let (stop, (told, mut seen)) = (CancellationToken::new(), watch::channel(Snapshot::default()));
    let (tally, ()) = tokio::join!(run(plan, &stop, &told), async {
        seen.wait_for(|snapshot| snapshot.successes > 10).await.unwrap();
        stop.cancel();
    });
    let tally = tally.unwrap();
    assert!(matches!(tally.ending, Ending::Stopped { given_up: 0..=3 }), "{:?}", tally.ending);
    assert!(tally.whole().successes() > 10 && tally.measured < Duration::from_secs(3_600));
    let name = Origin { is_tls: false, host: "name.invalid".to_owned(), port: 1 };
    let unknown = LoadPlan { origin: name, ..asking("http://a", requests(1), 1) };
    let error = run(unknown, &CancellationToken::new(), &told).await.unwrap_err();
    assert!(error.message.contains("name.invalid: name not resolved"), "{error}");
}

/// A server of HTTP/2 alone, without TLS.
async fn http2_server() -> (String, JoinSet<()>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        let mut open = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            open.spawn(async move {
                let service = service_fn(|request: Request<Incoming>| async move {
                    let uri = request.uri().to_string();
                    let body = request.into_body().collect().await.unwrap().to_bytes();
                    let answer = serde_json::json!({ "uri": uri, "id": format!("{}-id", body.len()) });
                    Ok::<_, std::convert::Infallible>(Response::new(Full::new(Bytes::from(
                        answer.to_string(),
                    ))))
                });
                // The first look at whether somebody listens never speaks.
                let _ended = http2::Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    (url, serving)
}

#[tokio::test(flavor = "multi_thread")]
async fn over_http2_users_share_connections() {
    let (url, _serving) = http2_server().await;
    let mut shared = asking(&url, requests(60), 10);
    shared.version = HttpVersion::Http2 { streams: 5 };
    shared.endpoints = vec![
        EndpointPlan {
            method: "POST".to_owned(),
            body: Some(Body::Raw("12345".to_owned())),
            takes: vec![Taken { variable: "id".to_owned(), pointer: "/id".to_owned() }],
            ..endpoint("write", "/write")
        },
        endpoint("read", "/read/{{id}}"),
    ];
    let (told, _seen) = watch::channel(Snapshot::default());
    let tally = run(shared, &CancellationToken::new(), &told).await.unwrap();
    let whole = tally.whole();
    assert_eq!((whole.successes(), whole.failures()), (60, 0), "{:?}", whole.errors().collect::<Vec<_>>());
    // Two threads of five users each.
    assert_eq!(tally.connections.opened, 2);
    assert!(whole.sent_bytes >= 5 * 25 && whole.received_bytes > 0);
}

/// One that speaks HTTP/1.1 alone is no server for it, and says so with the first request.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_http2_is_told() {
    let authority = Authority::new().unwrap();
    let certificates = authority.certify("web", std::net::Ipv4Addr::LOCALHOST.into()).unwrap();
    let receiver = Receiver::over_tls(certificates.acceptor().clone()).await;
    let mut plan = asking(&format!("https://{}", receiver.address), requests(1), 1);
    plan.trust = Trust { danger_accept_invalid_certs: true, ..Trust::default() };
    plan.version = HttpVersion::Http2 { streams: 1 };
    let (told, _seen) = watch::channel(Snapshot::default());
    let error = run(plan, &CancellationToken::new(), &told).await.unwrap_err();
    assert!(error.kind == FailureKind::Tls && error.message.contains("ALPN h2"), "{error}");
}
