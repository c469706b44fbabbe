//! Load on virtual time: what is measured is exactly what the server was told to do.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use lustrum::probes::http_load::account::Times;
use lustrum::probes::http_load::plan::{Body, Leg, Pace, Taken};
use lustrum::transport::http::error::{ErrorClass, HttpError};
use tokio_util::sync::CancellationToken;

use crate::world::played_server::{Asked, PlayedServer, endpoint, ok_after, plan, play};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

fn requests(requests: u64) -> Pace {
    Pace::Closed { requests: Some(requests), duration: None }
}

fn rate(per_s: f64, seconds: u64) -> Pace {
    let leg = Leg { from_per_s: per_s, to_per_s: per_s, duration: Duration::from_secs(seconds) };
    Pace::Open { legs: vec![leg] }
}

fn never() -> CancellationToken {
    CancellationToken::new()
}

/// Three digits, and a timer that is a millisecond coarse.
fn assert_ms(times: &Times, quantile: f64, expected_ms: f64) {
    let found = times.quantile_micros(quantile).unwrap() as f64 / 1_000.0;
    let off = (found - expected_ms).abs();
    assert!(off <= 1.5 + expected_ms * 0.01, "p{}: {found} ms, expected {expected_ms}", quantile * 100.0);
}

/// The server stands still from 2 s to 2.5 s and from 6 s to 6.5 s. Of 20,000 requests 2,000 are
/// due meanwhile, evenly: a twentieth of all waits longer than 250 ms, a hundredth longer than 450.
#[tokio::test(start_paused = true)]
async fn a_stop_of_the_server_is_in_the_latency_of_all_that_were_due_meanwhile() {
    let begin = lustrum::time::clock::Clock::system();
    let zero = begin.now();
    let stops = [(2_000, 2_500), (6_000, 6_500)];
    let server = PlayedServer::new(move |_| {
        let now = (begin.now() - zero).num_milliseconds();
        let stop = stops.iter().find(|(from, to)| (*from..*to).contains(&now));
        let delay = stop.map_or(0, |(_, to)| to - now);
        ok_after(Duration::from_millis(delay as u64), "ok")
    });
    let played = play(plan(rate(2_000.0, 10), 50), &server, &never()).await;
    let account = played.account(0);
    assert_eq!((account.successes(), account.failures()), (20_000, 0));
    assert_ms(&account.ok.latency, 0.95, 250.0);
    assert_ms(&account.ok.latency, 0.99, 450.0);
    assert_ms(&account.ok.latency, 0.5, 0.5);
    let mean = account.ok.latency.mean_micros().unwrap() / 1_000.0;
    assert!((mean - 25.5).abs() < 1.0, "{mean}");
    // What a closed loop would have said: the few that were on their way.
    assert_ms(&account.ok.service, 0.99, 0.5);
    let schedule = played.ledger.page().schedule;
    assert!((1_850..2_000).contains(&schedule.late) && schedule.dropped == 0, "{schedule:?}");
    // The first 50 of a stop were sent and had no user left behind them.
    assert!(schedule.max_lag.abs_diff(475 * MS) < 2 * MS, "{schedule:?}");
}

#[tokio::test(start_paused = true)]
async fn a_closed_loop_sends_as_many_as_it_is_told_one_at_a_time_for_each_user() {
    let server = PlayedServer::new(|_| ok_after(10 * MS, "hello"));
    let played = play(plan(requests(53), 5), &server, &never()).await;
    let account = played.account(0);
    assert_eq!((account.successes(), account.statuses()), (53, vec![(200, 53)]));
    assert_eq!((account.ok.latency.min_micros(), server.dials()), (Some(10_000), 5));
    // 53 of five at a time are eleven rounds.
    assert_eq!(played.took, 110 * MS);
    assert_eq!(account.ok.latency, account.ok.service);
    assert_eq!(played.ledger.page().schedule, Default::default());
}

#[tokio::test(start_paused = true)]
async fn the_warm_up_is_sent_and_not_counted_and_answers_after_the_end_are_waited_for() {
    let server = PlayedServer::new(|_| ok_after(40 * MS, ""));
    let pace = Pace::Closed { requests: None, duration: Some(SECOND) };
    let mut warm = plan(pace, 2);
    warm.warm_up = SECOND;
    let played = play(warm, &server, &never()).await;
    assert_eq!(played.account(0).successes(), 50);
    assert_eq!(played.ledger.page().uncounted, 50);
    assert_eq!(played.took, 2 * SECOND);

    let mut open = plan(rate(100.0, 1), 10);
    open.warm_up = SECOND / 2;
    let played = play(open, &server, &never()).await;
    assert_eq!((played.account(0).successes(), played.ledger.page().uncounted), (100, 50));
    assert!(played.took > 1_500 * MS, "{:?}", played.took);
}

#[tokio::test(start_paused = true)]
async fn a_user_thinks_between_an_answer_and_the_next_request() {
    let server = PlayedServer::new(|_| ok_after(10 * MS, ""));
    let mut thinking = plan(requests(4), 1);
    thinking.think_time = 90 * MS;
    let played = play(thinking, &server, &never()).await;
    assert_eq!(played.took, 400 * MS);
    assert_eq!(played.account(0).ok.latency.max_micros(), Some(10_007));
}

#[tokio::test(start_paused = true)]
async fn what_a_slow_server_cannot_take_is_late_and_then_dropped() {
    let server = PlayedServer::new(|_| ok_after(100 * MS, ""));
    // 20 a second are possible and 100 are asked for.
    let mut patient = plan(rate(100.0, 10), 2);
    patient.request_timeout = SECOND;
    let played = play(patient, &server, &never()).await;
    let (account, schedule) = (played.account(0), played.ledger.page().schedule);
    assert_eq!(account.successes() + schedule.dropped, 1_000);
    assert!((195..=205).contains(&account.successes()) && schedule.late >= 190, "{schedule:?}");
    // None waited longer than a client would have.
    assert!(account.ok.latency.max_micros().unwrap() <= 1_110_000);
    assert!(schedule.max_lag >= SECOND);
}

#[tokio::test(start_paused = true)]
async fn each_loss_is_counted_by_its_class_and_none_ends_the_run() {
    let asked = RefCell::new(0);
    let server = PlayedServer::new(move |_| {
        *asked.borrow_mut() += 1;
        match *asked.borrow() {
            1 => ok_after(Duration::ZERO, "x"),
            2 => ok_after(10 * SECOND, "late"),
            3 => vec![],
            4 => vec![(MS, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nx".to_owned()), (MS, String::new())],
            5 => vec![(MS, "nonsense\r\n\r\n".to_owned())],
            6 => vec![(MS, "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n".to_owned())],
            _ => ok_after(300 * MS, ""),
        }
    });
    let mut hurried = plan(requests(8), 1);
    hurried.request_timeout = SECOND;
    hurried.goodput_within = Some(200 * MS);
    let account = play(hurried, &server, &never()).await.account(0);
    assert_eq!((account.successes(), account.failures(), account.good), (3, 5, 1));
    for class in [ErrorClass::Reset, ErrorClass::Malformed, ErrorClass::Status] {
        assert_eq!(account.errors_of(class), 1, "{class:?}");
    }
    // The late one, and the one that was never finished: its far end goes on listening.
    assert_eq!(account.errors_of(ErrorClass::ReadTimeout), 2);
    assert_eq!(account.statuses(), [(200, 4), (503, 1)]);
    assert_eq!(account.failed.service.max_micros().map(|micros| micros / 1_000), Some(1_000));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_gone_is_asked_with_growing_pauses() {
    let mut server = PlayedServer::new(|_| ok_after(MS, ""));
    server.refusal = Rc::new(|| Some(HttpError::new(ErrorClass::Refused, "connection refused")));
    let pace = Pace::Closed { requests: None, duration: Some(60 * SECOND) };
    let played = play(plan(pace, 10), &server, &never()).await;
    let refused = played.account(0).errors_of(ErrorClass::Refused);
    // Ten users, each once a second or so.
    assert!((600..=1_300).contains(&refused), "{refused}");
    assert_eq!((played.account(0).failures(), played.ledger.page().failed_to_open), (refused, refused));

    // A proxy that takes connections for a service that is not there.
    let server = PlayedServer::new(|_| vec![]);
    let pace = Pace::Closed { requests: None, duration: Some(60 * SECOND) };
    let played = play(plan(pace, 10), &server, &never()).await;
    let resets = played.account(0).errors_of(ErrorClass::Reset);
    assert!((600..=1_300).contains(&resets), "{resets}");
}

#[tokio::test(start_paused = true)]
async fn the_token_ends_it_at_once_and_what_was_measured_stays() {
    let server = PlayedServer::new(|asked: &Asked| {
        ok_after(if asked.at < SECOND { 100 * MS } else { 600 * SECOND }, "")
    });
    let stop = never();
    let mut long = plan(Pace::Closed { requests: None, duration: Some(3_600 * SECOND) }, 3);
    long.request_timeout = 3_600 * SECOND;
    let (played, ()) = tokio::join!(play(long, &server, &stop), async {
        tokio::time::sleep(5 * SECOND).await;
        stop.cancel();
    });
    assert_eq!((played.took, played.worked.given_up, played.worked.was_stopped), (5 * SECOND, 3, true));
    assert_eq!(played.account(0).successes(), 30);
}

#[tokio::test(start_paused = true)]
async fn without_keep_alive_every_request_has_a_connection_of_its_own() {
    let server = PlayedServer::new(|_| {
        vec![(MS, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".to_owned())]
    });
    let mut closing = plan(requests(7), 2);
    closing.keep_alive = false;
    let played = play(closing, &server, &never()).await;
    assert_eq!((played.account(0).successes(), server.dials(), played.ledger.page().opened), (7, 7, 7));
}

#[tokio::test(start_paused = true)]
async fn events_of_a_stream_are_timed_one_by_one() {
    let server = PlayedServer::new(|_| {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
        let chunk = |text: &str| format!("{:x}\r\n{text}\r\n", text.len());
        vec![
            (10 * MS, head.to_owned()),
            (40 * MS, chunk(": a comment\n\ndata: on")),
            (10 * MS, chunk("e\n\n")),
            (200 * MS, chunk("event: token\r\ndata: two\r\n\r\n")),
            (300 * MS, chunk("data: three\n\ndata: four\n\n")),
            (5 * MS, "0\r\n\r\n".to_owned()),
        ]
    });
    let mut streaming = plan(requests(2), 1);
    streaming.endpoints[0].is_stream = true;
    let account = play(streaming, &server, &never()).await.account(0);
    assert_eq!((account.successes(), account.streams.events), (2, 8));
    assert_ms(&account.streams.first_event, 0.5, 60.0);
    assert_eq!(account.streams.first_event.count(), 2);
    // 200, 300 and, of two that came together, nothing.
    assert_eq!(account.streams.gap.count(), 6);
    assert_ms(&account.streams.gap, 1.0, 300.0);
    assert_ms(&account.streams.gap, 0.6, 200.0);
    assert_ms(&account.ok.latency, 1.0, 565.0);
}

#[tokio::test(start_paused = true)]
async fn a_stream_without_an_event_is_no_success() {
    let server = PlayedServer::new(|_| ok_after(MS, "data: never ended"));
    let mut streaming = plan(requests(1), 1);
    streaming.endpoints[0].is_stream = true;
    let account = play(streaming, &server, &never()).await.account(0);
    assert_eq!((account.successes(), account.errors_of(ErrorClass::BodyMismatch)), (0, 1));
}

/// POST gives the id that GET uses, for each user its own.
#[tokio::test(start_paused = true)]
async fn a_value_of_one_answer_goes_into_the_next_request_of_the_same_user() {
    let heard = Rc::new(RefCell::new(Vec::new()));
    let book = heard.clone();
    let server = PlayedServer::new(move |asked: &Asked| {
        book.borrow_mut().push((asked.line.clone(), asked.body.clone()));
        if asked.line.starts_with("POST") {
            let user: serde_json::Value = serde_json::from_str(&asked.body).unwrap();
            let id = format!("{}/{}", user["user"].as_str().unwrap(), user["nth"]);
            ok_after(MS, &serde_json::json!({ "session": { "id": id } }).to_string())
        } else {
            ok_after(MS, "{}")
        }
    });
    let mut chained = plan(requests(8), 2);
    chained.endpoints = vec![
        endpoint("read", "/session/{{id}}?q={{word}}"),
        lustrum::probes::http_load::plan::EndpointPlan {
            method: "POST".to_owned(),
            body: Some(Body::Json(r#"{"user":"{{user}}","nth":{{count}},"text":"{{word}}"}"#.to_owned())),
            takes: vec![Taken { variable: "id".to_owned(), pointer: "/session/id".to_owned() }],
            ..endpoint("write", "/session")
        },
    ];
    chained.data = Some(lustrum::probes::http_load::plan::DataTable {
        columns: vec!["word".to_owned()],
        rows: vec![vec!["say \"hi\"\n".to_owned()], vec!["a&b".to_owned()]],
    });
    let played = play(chained, &server, &never()).await;
    let of = |user: &str| -> Vec<(String, String)> {
        let is_own = |(line, body): &&(String, String)| {
            line.contains(&format!("/{user}%2F")) || body.contains(&format!(r#""user":"{user}""#))
        };
        heard.borrow().iter().filter(is_own).cloned().collect()
    };
    let one: Vec<_> = of("1").into_iter().map(|(line, _)| line).collect();
    // Its first turn is the reader's, which lacks an id: the writer goes in its place.
    assert_eq!(
        one,
        [
            "POST /session HTTP/1.1",
            "POST /session HTTP/1.1",
            "GET /session/1%2F2?q=say%20%22hi%22%0A HTTP/1.1",
            "POST /session HTTP/1.1",
        ]
    );
    let (_, body) = &of("1")[0];
    assert_eq!(body, r#"{"user":"1","nth":1,"text":"say \"hi\"\n"}"#);
    assert!(of("2").iter().any(|(line, _)| line == "GET /session/2%2F1?q=a%26b HTTP/1.1"), "{:?}", of("2"));
    assert_eq!((played.account(0).deferred, played.account(0).successes()), (1, 3));
    assert_eq!(played.account(1).successes(), 5);
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_the_value_is_a_failure_and_what_needs_it_is_not_sent() {
    let server = PlayedServer::new(|asked: &Asked| {
        assert!(asked.line.starts_with("GET /give"), "{}", asked.line);
        ok_after(MS, r#"{"id":null}"#)
    });
    let mut chained = plan(requests(6), 1);
    chained.endpoints = vec![endpoint("give", "/give"), endpoint("take", "/take/{{id}}")];
    chained.endpoints[0].takes = vec![Taken { variable: "id".to_owned(), pointer: "/id".to_owned() }];
    let played = play(chained, &server, &never()).await;
    assert_eq!(played.account(0).errors_of(ErrorClass::BodyMismatch), 6);
    assert_eq!((played.account(1).requests(), played.account(1).deferred), (0, 3));
}

#[tokio::test(start_paused = true)]
async fn turns_go_by_weight() {
    let server = PlayedServer::new(|_| ok_after(MS, ""));
    let mut weighted = plan(requests(400), 3);
    weighted.endpoints = vec![endpoint("often", "/often"), endpoint("rare", "/rare")];
    weighted.endpoints[0].weight = 3;
    let played = play(weighted, &server, &never()).await;
    let (often, rare) = (played.account(0).successes(), played.account(1).successes());
    assert!(often + rare == 400 && rare.abs_diff(100) <= 3, "{often} {rare}");
}
