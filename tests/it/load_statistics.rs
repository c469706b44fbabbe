//! What the numbers of a load come to: counts, percentiles and words agree with the requests.

use std::time::Duration;

use chrono::{DateTime, Utc};
use lustrum::probes::http_load::account::Account;
use lustrum::probes::http_load::distribution::Distribution;
use lustrum::probes::http_load::result::{Seen, Sent, Together, spread};
use lustrum::probes::http_load::statistics::Statistics;
use lustrum::probes::http_load::tally::{
    ConnectionTally, Ending, EndpointTally, GeneratorTally, ScheduleTally, SecondTally, Spread, Tally,
    ThreadTally,
};
use lustrum::probes::http_load::verdict::warnings;
use lustrum::probes::http_load::words::of_a_run;
use lustrum::probes::threshold::expression::Expression;
use lustrum::probes::threshold::judgement::check;
use lustrum::transport::http::error::ErrorClass;
use proptest::prelude::*;

const SECOND: Duration = Duration::from_secs(1);

fn ok(account: &mut Account, millis: u64) {
    account.ok.latency.record(Duration::from_millis(millis));
    account.ok.service.record(Duration::from_millis(millis));
    account.count_status(200);
    account.good += u64::from(millis <= 500);
}

fn failed(account: &mut Account, millis: u64, class: ErrorClass, status: Option<u16>) {
    account.failed.latency.record(Duration::from_millis(millis));
    account.failed.service.record(Duration::from_millis(millis));
    account.count_error(class);
    status.into_iter().for_each(|status| account.count_status(status));
}

/// Eight answers well, one 503, one that never came.
fn account() -> Account {
    let mut account = Account::default();
    (1..=8).for_each(|tenth| ok(&mut account, tenth * 100));
    failed(&mut account, 50, ErrorClass::Status, Some(503));
    failed(&mut account, 2_000, ErrorClass::ReadTimeout, None);
    account.received_bytes = 4_096;
    account
}

fn value(statistics: &Statistics, word: &str) -> Option<f64> {
    statistics.value(word)
}

#[test]
fn every_word_has_the_value_of_what_came_of_the_requests() {
    let statistics = Statistics::of("chat", &account(), 2 * SECOND, Some(Duration::from_millis(500)));
    for (word, expected) in [
        ("requests", 10.0),
        ("success", 80.0),
        ("errors", 2.0),
        ("err.timeout", 1.0),
        ("err.read_timeout", 1.0),
        ("err.connect_timeout", 0.0),
        ("err.connection", 0.0),
        ("err.status", 1.0),
        ("unanswered", 10.0),
        // Nine were answered, in two seconds.
        ("rps", 4.5),
        ("goodput", 50.0),
        ("status.503", 1.0),
        ("status.5xx", 1.0),
        ("status.2xx", 8.0),
        ("status.404", 0.0),
        ("bytes", 4_096.0),
    ] {
        assert_eq!(value(&statistics, word), Some(expected), "{word}");
    }
    for (word, expected) in [
        // Failed ones count: the timeout is the slowest of ten.
        ("max", 2_000.0),
        ("p95", 2_000.0),
        ("p90", 800.0),
        ("min", 50.0),
        ("ok.max", 800.0),
        ("ok.p50", 400.0),
        ("ok.mean", 450.0),
        ("failed.min", 50.0),
        ("failed.max", 2_000.0),
        ("service.p50", 400.0),
    ] {
        let found = value(&statistics, word).unwrap();
        assert!((found - expected).abs() <= expected / 1_000.0, "{word}: {found}");
    }
    for word in ["first_event.p50", "event_gap.max", "late", "dropped", "nonsense"] {
        assert_eq!(value(&statistics, word), None, "{word}");
    }
    let without_slo = Statistics::of("chat", &account(), SECOND, None);
    assert_eq!(value(&without_slo, "goodput"), None);
}

#[test]
fn of_no_request_nothing_is_known() {
    let nothing = Statistics::of("chat", &Account::default(), SECOND, Some(SECOND));
    for word in ["success", "p95", "mean", "err.timeout", "errors", "status.5xx", "unanswered", "goodput"] {
        assert_eq!(value(&nothing, word), None, "{word}");
    }
    assert_eq!((value(&nothing, "requests"), value(&nothing, "rps")), (Some(0.0), Some(0.0)));
    assert_eq!(Statistics::of("chat", &Account::default(), Duration::ZERO, None).rps, None);
}

fn second(second: u32, endpoint: u32, account: &Account) -> SecondTally {
    SecondTally::of(second, endpoint, account)
}

/// Two endpoints over 2.5 seconds: `health` always well, `chat` as above.
fn tally() -> Tally {
    let mut health = Account::default();
    (0..30).for_each(|_| ok(&mut health, 10));
    let chat = account();
    let seconds = (0..3).flat_map(|at| [second(at, 0, &health), second(at, 1, &chat)]).collect();
    let all = |one: &Account| {
        let mut all = Account::default();
        (0..3).for_each(|_| all.merge(one));
        all
    };
    Tally {
        started_at: DateTime::<Utc>::UNIX_EPOCH,
        measured: Duration::from_millis(2_500),
        endpoints: vec![
            EndpointTally { name: "health".to_owned(), account: all(&health) },
            EndpointTally { name: "chat".to_owned(), account: all(&chat) },
        ],
        seconds,
        connections: ConnectionTally { opened: 4, ..ConnectionTally::default() },
        schedule: ScheduleTally { late: 3, dropped: 2, max_lag: Duration::from_millis(7) },
        generator: GeneratorTally {
            users: 4,
            threads: vec![
                ThreadTally { cpu_share: Some(0.5), max_loop_lag: Duration::from_millis(2) },
                ThreadTally { cpu_share: Some(0.93), max_loop_lag: Duration::from_millis(1) },
            ],
        },
        ending: Ending::Complete,
    }
}

fn sent() -> Sent {
    let mut all = Account::default();
    all.merge(&account());
    Sent { tally: tally(), overall_seconds: vec![(1, Spread::of(&all.ok.latency))] }
}

#[test]
fn repetitions_are_taken_together_and_told_apart() {
    let together = Together::of(&[sent(), sent()], None, true);
    assert_eq!((together.overall.requests, together.measured), (240, Duration::from_secs(5)));
    assert_eq!(together.endpoints.iter().map(|one| one.requests).collect::<Vec<_>>(), [180, 60]);
    assert_eq!(together.repetitions.len(), 2);
    let figures = &together.repetitions[1].figures;
    let names: Vec<_> = figures.iter().map(|one| (one.name.as_str(), one.requests)).collect();
    assert_eq!(names, [("overall", 120), ("health", 90), ("chat", 30)]);
    // Equal repetitions have no spread.
    let spread = spread(&together.repetitions);
    let p95 = spread.iter().find(|one| one.name == "chat" && one.figure == "p95_ms").unwrap();
    assert_eq!((p95.stdev, p95.min), (0.0, p95.max));
    assert!(lustrum::probes::http_load::result::spread(&together.repetitions[..1]).is_empty());
}

#[test]
fn seconds_are_kept_with_what_is_known_of_them() {
    let together = Together::of(&[sent()], None, true);
    let chat = &together.endpoints[1];
    assert_eq!(chat.seconds.len(), 3);
    assert_eq!((chat.seconds[2].requests, chat.seconds[2].succeeded), (10, 8));
    assert!((chat.seconds[0].p50_ms.unwrap() - 400.0).abs() < 1.0);
    // The third second is half a one, and no sample of the rate; the two whole ones are equal.
    assert_eq!(chat.rps_stdev, Some(0.0));
    // Of all endpoints together only the second that was watched has percentiles.
    let known: Vec<_> = together.overall.seconds.iter().map(|second| second.p95_ms.is_some()).collect();
    assert_eq!(known, [false, true, false]);
    assert_eq!(together.overall.seconds[0].requests, 40);
}

#[test]
fn a_schedule_is_told_of_a_rate_only_and_littles_law_of_a_closed_loop_only() {
    let closed = Together::of(&[sent()], None, true);
    assert_eq!((closed.overall.late, closed.generator.littles_law.is_some()), (None, true));
    let open = Together::of(&[sent(), sent()], None, false);
    assert_eq!((open.overall.late, open.overall.dropped), (Some(6), Some(4)));
    assert_eq!((open.generator.littles_law, open.generator.max_send_lag_ms), (None, 7.0));
    assert_eq!(open.overall.value("dropped"), Some(4.0));
}

#[test]
fn a_generator_that_measures_itself_is_warned_of() {
    let together = Together::of(&[sent()], None, true);
    let told = warnings(&together.overall, &together.generator, together.measured);
    assert!(told[0].contains("took 93 % of a core"), "{told:?}");
    // 120 requests of 132 ms in 2.5 s keep 6.2 of 4 users busy: nobody waited.
    assert_eq!(told.len(), 1, "{told:?}");
    let mut idle = together.generator.clone();
    (idle.thread_cpu_percent, idle.littles_law) = (Some(90.0), Some(4.0));
    let told = warnings(&together.overall, &idle, together.measured);
    assert!(told.len() == 1 && told[0].contains("only 1 of 4 users"), "{told:?}");
    // Too short for such a word.
    assert!(warnings(&together.overall, &idle, SECOND / 2).is_empty());
    let open = Together::of(&[sent()], None, false);
    let told = warnings(&open.overall, &open.generator, open.measured);
    assert!(told.iter().any(|told| told.starts_with("2 intended requests were never sent")), "{told:?}");
}

#[test]
fn conditions_find_endpoints_all_of_them_and_the_monitor() {
    let together = Together::of(&[sent()], None, true);
    let seen = Seen {
        overall: &together.overall,
        endpoints: &together.endpoints,
        monitor: &|name| (name == "sys.cpu.p95").then_some(42.0),
    };
    let vocabulary = of_a_run(vec!["health".to_owned(), "chat".to_owned()]);
    let shown = |text: &str| check(&Expression::parse(text, &vocabulary).unwrap(), &seen).shown;
    assert_eq!(shown("success >= 95%"), "95 %");
    assert_eq!(shown("health.success == 100%"), "100 %");
    assert_eq!(shown("chat.success > 90%"), "80 %");
    assert_eq!(shown("sys.cpu.p95 < 80"), "42 %");
    assert_eq!(shown("target.cpu.p95 < 80"), "not measured");
    assert_eq!(shown("chat.first_event.p95 < 1s"), "not measured");
}

proptest! {
    /// Whoever has only the document can compute every percentile again.
    #[test]
    fn a_distribution_is_its_histogram(mut micros in prop::collection::vec(1_u64..50_000_000, 1..300)) {
        let mut account = Account::default();
        micros.iter().for_each(|micros| account.ok.latency.record(Duration::from_micros(*micros)));
        let of = Distribution::of(account.ok.latency.histogram()).unwrap();
        let text = serde_json::to_string(&of).unwrap();
        let read: Distribution = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(Distribution::of_steps(read.histogram_us).unwrap(), of.clone());
        micros.sort_unstable();
        prop_assert_eq!(of.count, micros.len() as u64);
        for percent in [1.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 99.99, 100.0] {
            let rank = (micros.len() as f64 * percent / 100.0 - 1e-9).ceil().max(1.0) as usize - 1;
            let (exact, found) = (micros[rank] as f64 / 1_000.0, of.percentile_ms(percent).unwrap());
            prop_assert!((found - exact).abs() <= exact / 1_000.0 + 0.001, "p{} {} for {}", percent, found, exact);
        }
        prop_assert!(of.min_ms <= of.mean_ms + 1e-9 && of.mean_ms <= of.max_ms + 1e-9);
        prop_assert_eq!(of.within(of.max_ms), of.count);
    }
}
