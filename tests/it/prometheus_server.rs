//! Queries held against a server's answers: the reason when one is empty, and servers that do not answer as they should.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use lustrum::model::credential::Secret;
use lustrum::model::failure::FailureKind;
use lustrum::model::probe::{ProbeEnding, ProbeName, ProbeVerdict};
use lustrum::probes::probe::{Ground, Harvest, Probe};
use lustrum::probes::prometheus::api::Api;
use lustrum::probes::prometheus::dashboard::{Asked, Dashboard, Place};
use lustrum::probes::prometheus::measure::{Against, Heard as Found, PrometheusProbe, Sheet};
use lustrum::probes::prometheus::question::Question;
use lustrum::probes::prometheus::rule::shipped;
use lustrum::probes::prometheus::server::Server;
use lustrum::probes::prometheus::verdict::Verdict;
use lustrum::probes::web::{Identity, Limits, Web};
use lustrum::time::clock::Clock;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::world::scripted_prometheus::{Heard, ScriptedPrometheus};

const SERIES: [(&str, &str, &str); 3] =
    [("requests_total", "code", "200"), ("depth", "queue", "mail"), ("stale_total", "code", "200")];

fn success(data: Value) -> (u16, String) {
    (200, json!({ "status": "success", "data": data }).to_string())
}

fn refusal(status: u16, kind: &str, error: &str) -> (u16, String) {
    (status, json!({ "status": "error", "errorType": kind, "error": error }).to_string())
}

/// A server with three metrics, one of which stopped some minutes ago.
fn usual(heard: &Heard) -> (u16, String) {
    let vector = |count: usize| {
        let one = json!({ "metric": { "__name__": "x" }, "value": [0, "1"] });
        success(json!({ "resultType": "vector", "result": vec![one; count] }))
    };
    match heard.path.as_str() {
        "label/__name__/values" => success(json!(SERIES.map(|(name, _, _)| name))),
        "labels" => success(json!(["__name__", "code", "queue", "job", "instance"])),
        "metadata" => success(json!({
            "requests": [{ "type": "counter", "help": "", "unit": "" }],
            "declared": [{ "type": "counter", "help": "", "unit": "" }],
        })),
        "series" => {
            let asked: Vec<_> = heard.fields.iter().filter(|(name, _)| name == "match[]").collect();
            let is_asked = |name: &str| asked.iter().any(|(_, selector)| selector.contains(name));
            let found = SERIES.iter().filter(|(name, _, _)| is_asked(name));
            let labels = |(name, label, value): &(&str, &str, &str)| json!({ "__name__": name, *label: value, "job": "a", "instance": "b" });
            success(found.map(labels).collect())
        }
        "format_query" if heard.field("query").contains("future(") => success(json!("…")),
        "format_query" if heard.field("query").contains("refused") => refusal(400, "bad_data", "not today"),
        "format_query" => success(json!("…")),
        "query" => match heard.field("query") {
            "slow" => refusal(503, "timeout", "query timed out in expression evaluation"),
            "requests_total * on (job) depth" => refusal(422, "execution", "many-to-many"),
            query if ["stale", "gone", "depht"].iter().any(|name| query.contains(name)) => vector(0),
            query if query.contains("418") || query.contains("{cod=") || query.contains("declared") => {
                vector(0)
            }
            query if query.contains(" / ") || query.contains("> 5") => vector(0),
            _ => vector(2),
        },
        path => panic!("nobody asks for {path}"),
    }
}

fn probe(url: &str, identity: Identity, answer_bytes: u64, queries: &[&str]) -> PrometheusProbe {
    let web = Web::new(identity, None, Limits { timeout: Duration::from_secs(60), answer_bytes }).unwrap();
    let asked = |query: &&str| Asked {
        pointer: String::new(),
        place: Place::Panel,
        title: "panel".to_owned(),
        text: (*query).to_owned(),
        question: Question::Query,
    };
    let dashboard = Dashboard {
        title: "board".to_owned(),
        asked: queries.iter().map(asked).collect(),
        ..Dashboard::default()
    };
    PrometheusProbe {
        against: Against::Server(Server {
            api: Api { web, base: url.parse().unwrap() },
            lookback: Duration::from_secs(3600),
        }),
        sheets: vec![Sheet { file: "board.json".to_owned(), dashboard }],
        rules: Vec::new(),
        failing: BTreeSet::from([Verdict::MissingMetric]),
        is_strict: false,
        heard: Some(Default::default()),
    }
}

async fn measured(probe: &PrometheusProbe) -> (ProbeVerdict, Found) {
    let ground = Ground {
        name: ProbeName::parse("p").unwrap(),
        clock: Clock::system(),
        stop: CancellationToken::new(),
        hosts: Vec::new(),
        folder: PathBuf::new(),
    };
    let verdict = probe.measure(&ground, &mut Harvest::default()).await;
    (verdict, probe.heard.as_ref().unwrap().get().unwrap().clone())
}

/// Every query and what is said of it.
const SAID: [(&str, &str); 14] = [
    ("requests_total", "ok"),
    ("depth > 5", "ok; no answer now: a condition, an offset or `absent()` decides"),
    ("depht", "missing_metric: metric `depht` is not there (depth?)"),
    ("gone", "missing_metric: metric `gone` is not there"),
    ("rate(declared_total[5m])", "no_value: metric `declared_total` is declared and has no sample yet"),
    (
        "requests_total{cod=\"200\"}",
        "missing_label: no series of metric `requests_total` has the label `cod` (code?)",
    ),
    (
        "requests_total{code=\"418\"}",
        "no_value: no series of metric `requests_total` has code=\"418\": there is \"200\"",
    ),
    ("rate(stale_total[5m])", "no_value: `stale_total` was there within the last 1h and is there no more"),
    ("scalar(gone_too) + scalar(depth)", "missing_metric: metric `gone_too` is not there"),
    ("rate(requests_total[5m])", "ok"),
    ("requests_total * on (job) depth", "type_error: many-to-many"),
    ("refused", "type_error: the server refuses it: not today"),
    ("future(depth)", "ok"),
    (
        "depth / requests_total",
        "no_value: no series of the two sides of `/` have the same labels: left instance, job, queue; right code, instance, job",
    ),
];

#[tokio::test]
async fn an_empty_answer_is_told_with_its_reason() {
    let server = ScriptedPrometheus::answering(usual).await;
    let queries: Vec<&str> = SAID.iter().map(|(query, _)| *query).collect();
    let (verdict, found) = measured(&probe(&server.url, Identity::Nobody, 1 << 20, &queries)).await;
    for (row, (query, said)) in found.queries.iter().zip(SAID) {
        let reason = row.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        let meant = row.suggestion.as_ref().map(|name| format!(" ({name}?)")).unwrap_or_default();
        let remarks: String = row.remarks.iter().map(|remark| format!("; {remark}")).collect();
        assert_eq!(format!("{}{reason}{meant}{remarks}", row.verdict), said, "{query}");
    }
    assert_eq!(verdict.ending, ProbeEnding::ThresholdFailed);
    assert_eq!(verdict.checks.len(), 3, "{:#?}", verdict.checks);
    assert_eq!(verdict.checks[0].shown, "missing_metric: metric `depht` is not there");
    assert_eq!(found.queries[0].series, Some(2));
}

#[tokio::test]
async fn a_query_that_takes_too_long_says_nothing_of_the_metrics() {
    let server = ScriptedPrometheus::answering(usual).await;
    let (_, found) = measured(&probe(&server.url, Identity::Nobody, 1 << 20, &["slow"])).await;
    assert_eq!(found.queries[0].verdict, "unverifiable");
}

#[tokio::test]
async fn an_old_server_cannot_be_asked_what_it_thinks_and_is_not() {
    let old = |heard: &Heard| {
        if heard.path == "format_query" { (404, "404 page not found".to_owned()) } else { usual(heard) }
    };
    let server = ScriptedPrometheus::answering(old).await;
    let (_, found) =
        measured(&probe(&server.url, Identity::Nobody, 1 << 20, &["depth", "rate(depth)"])).await;
    assert_eq!(found.queries[0].verdict, "ok");
    assert_eq!(found.queries[1].verdict, "type_error");
    assert_eq!(server.count_by_path()["format_query"], 1);
}

#[tokio::test]
async fn selectors_are_asked_for_together_and_each_once() {
    let server = ScriptedPrometheus::answering(usual).await;
    let queries: Vec<String> = (0..45).map(|n| format!("depth{{queue!=\"{n}\"}} + depth")).collect();
    let queries: Vec<&str> = queries.iter().map(String::as_str).collect();
    measured(&probe(&server.url, Identity::Nobody, 1 << 20, &queries)).await;
    let series: Vec<_> = server.heard().into_iter().filter(|heard| heard.path == "series").collect();
    let asked = |heard: &Heard| heard.fields.iter().filter(|(name, _)| name == "match[]").count();
    assert_eq!(series.iter().map(asked).collect::<Vec<_>>(), [20, 20, 6]);
}

#[tokio::test]
async fn a_selector_that_the_server_refuses_costs_only_itself() {
    let picky = |heard: &Heard| {
        let is_odd = |(_, selector): &(String, String)| selector.contains("odd");
        match heard.path.as_str() {
            "series" if heard.fields.iter().any(is_odd) => refusal(400, "bad_data", "not this one"),
            _ => usual(heard),
        }
    };
    let server = ScriptedPrometheus::answering(picky).await;
    let queries = ["depth", "odd_gone", "{\"requests_total\",code=\"200\"}"];
    let (_, found) = measured(&probe(&server.url, Identity::Nobody, 1 << 20, &queries)).await;
    let verdicts: Vec<_> = found.queries.iter().map(|row| row.verdict.as_str()).collect();
    assert_eq!(verdicts, ["ok", "missing_metric", "ok"]);
}

#[tokio::test]
async fn a_token_is_sent_and_nowhere_told() {
    let server = ScriptedPrometheus::answering(usual).await;
    let probe =
        probe(&server.url, Identity::Bearer(Secret::new("t0p-s3cret".to_owned())), 1 << 20, &["depth"]);
    measured(&probe).await;
    let heard = server.heard();
    assert!(
        heard.iter().all(|heard| heard.authorization.as_deref() == Some("Bearer t0p-s3cret")),
        "{heard:?}"
    );
    assert!(!format!("{probe:?} {}", probe.view()).contains("s3cret"));
}

#[tokio::test]
async fn a_server_that_cannot_be_asked_is_a_failure_and_no_verdict() {
    let body = |status: u16, body: &'static str| move |_: &Heard| (status, body.to_owned());
    let cases: [(u16, &'static str, FailureKind); 4] = [
        (401, "who are you", FailureKind::AuthFailed),
        (200, "<html>login</html>", FailureKind::Protocol),
        (200, "{\"status\": \"success\", \"data\": 5}", FailureKind::Protocol),
        (
            200,
            "{\"status\": \"success\", \"data\": [\"a name that is longer than what is read\"]}",
            FailureKind::OutputLimit,
        ),
    ];
    for (status, said, kind) in cases {
        let server = ScriptedPrometheus::answering(body(status, said)).await;
        let (verdict, found) = measured(&probe(&server.url, Identity::Nobody, 60, &["depth"])).await;
        assert_eq!(verdict.ending.failure().map(|failure| failure.kind), Some(kind), "{said}");
        assert!(found.queries.is_empty());
    }
    let (verdict, _) = measured(&probe("http://127.0.0.1:1/", Identity::Nobody, 60, &["depth"])).await;
    assert_eq!(verdict.ending.failure().map(|failure| failure.kind), Some(FailureKind::Unreachable));
}

#[tokio::test]
async fn rules_are_held_against_what_a_server_has_now() {
    let answer = |heard: &Heard| {
        let query = heard.field("query");
        let is_there = query.contains("redis_connection_status") || query.contains("node_");
        let one = json!({ "metric": { "__name__": "redis_connection_status" }, "value": [0, "0"] });
        match heard.path.as_str() {
            "query" if is_there => success(json!({ "resultType": "vector", "result": [one] })),
            "query" => success(json!({ "resultType": "vector", "result": [] })),
            _ => usual(heard),
        }
    };
    let server = ScriptedPrometheus::answering(answer).await;
    let mut probe = probe(&server.url, Identity::Nobody, 1 << 20, &[]);
    probe.rules = shipped();
    let (verdict, found) = measured(&probe).await;
    let broken: Vec<_> = found.rules.iter().map(|rule| format!("{} {}", rule.finding, rule.shown)).collect();
    assert_eq!(broken[2], "broken 0 in one of 1 series");
    assert_eq!(broken[3], "broken not there");
    assert_eq!(broken[10], "broken 1 series, the first is `redis_connection_status`");
    assert_eq!(verdict.headline, "11 rules: 0 held, 11 broken");
}
