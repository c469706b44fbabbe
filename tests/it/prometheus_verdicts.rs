//! What is said of queries over an endpoint's own metrics, and of rules.

use lustrum::model::probe::Finding;
use lustrum::probes::exposition::dialect::Dialect;
use lustrum::probes::exposition::parse::parse;
use lustrum::probes::prometheus::dashboard::{Asked, Place};
use lustrum::probes::prometheus::judge::Query;
use lustrum::probes::prometheus::question::Question;
use lustrum::probes::prometheus::rule::{Expectation, Rule, of_scrape, shipped};
use lustrum::probes::prometheus::scene::Scene;
use lustrum::probes::prometheus::variable::Variables;
use lustrum::probes::prometheus::verdict::Judged;

const METRICS: &str = r#"# TYPE requests_total counter
requests_total{code="200",path="/a"} 5
requests_total{code="500",path="/a"} 1
# TYPE depth gauge
depth{queue="mail"} 3
depth{queue="sync"} 4
# TYPE workers gauge
workers{queue="mail"} 2
workers{queue="sync"} 2
# TYPE build_info gauge
build_info{version="1.2"} 1
# TYPE took_seconds histogram
took_seconds_bucket{le="1"} 1
took_seconds_bucket{le="+Inf"} 2
took_seconds_sum 3
took_seconds_count 2
# TYPE never_total counter
last_run{job="nightly"} 1
"#;

fn judged(question: Question, query: &str) -> Judged {
    let (before, now) = (parse(METRICS, Dialect::Text), parse(METRICS, Dialect::Text));
    assert_eq!(now.errors, []);
    let scene = Scene::of_endpoint(&before, &now, &["pod".to_owned()], false);
    let (title, text) = (String::new(), query.to_owned());
    let asked = Asked { pointer: String::new(), place: Place::Panel, title, text, question };
    Query::of(&asked, &Variables::new()).judge_by_look(&asked.question, &scene)
}

fn verdict(query: &str) -> String {
    let judged = judged(Question::Query, query);
    let reason = judged.reason().map(|reason| format!(": {reason}")).unwrap_or_default();
    let meant = judged.suggestion().map(|name| format!(" ({name}?)")).unwrap_or_default();
    format!("{}{reason}{meant}", judged.verdict.word())
}

/// Every query and all that is said of it.
const SAID: &[(&str, &str)] = &[
    ("sum by (code) (rate(requests_total[5m]))", "ok"),
    ("max_over_time(sum(rate(requests_total[1m]))[1h:1m])", "ok"),
    ("requests_total{code=~\"2..\",path!=\"/b\"}", "ok"),
    ("histogram_quantile(0.9, sum by (le) (rate(took_seconds_bucket[5m])))", "ok"),
    // Target labels may have any value; a metric's own `job` makes way.
    ("depth{job=\"chat\",instance=~\".+:80\",pod=\"x\"}", "ok"),
    ("last_run{exported_job=\"nightly\",job=\"any\"}", "ok"),
    ("up{job=\"chat\"} == 1", "ok"),
    ("request_total", "missing_metric: metric `request_total` is not there (requests_total?)"),
    (
        "rate(requests_total{cod=\"200\"}[5m])",
        "missing_label: no series of metric `requests_total` has the label `cod` (code?)",
    ),
    (
        "requests_total{code=\"404\"}",
        "no_value: no series of metric `requests_total` has code=\"404\": there is \"200\", \"500\"",
    ),
    (
        "depth{queue=\"mial\"}",
        "no_value: no series of metric `depth` has queue=\"mial\": there is \"mail\", \"sync\" (mail?)",
    ),
    ("rate(never_total[5m])", "no_value: metric `never_total` is declared and has no sample yet"),
    ("{__name__=~\"req.*\",code=\"200\"}", "ok"),
    ("{__name__=~\"zzz.*\"}", "missing_metric: a metric with name=~\"zzz.*\" is not there"),
    // A missing label equals an empty one.
    ("depth{nope=\"\"}", "ok"),
    ("depth{nope!=\"x\"}", "ok"),
    // Sides.
    ("gone or vector(0)", "ok"),
    ("sum(rate(gone[5m])) or on() vector(0)", "ok"),
    ("depth or gone", "degraded: one side of `or` has no answer: metric `gone` is not there"),
    ("gone or gone2", "missing_metric: metric `gone` is not there"),
    ("depth unless gone", "ok"),
    ("gone unless depth", "missing_metric: metric `gone` is not there"),
    ("absent(gone)", "ok"),
    ("absent_over_time(gone[5m])", "ok"),
    ("topk(scalar(gone), depth)", "missing_metric: metric `gone` is not there"),
    // Labels that come together, and that do not.
    ("depth / workers", "ok"),
    (
        "sum by (queue) (depth) / workers",
        "no_value: no series of the two sides of `/` have the same labels: left queue; right instance, job, queue",
    ),
    ("sum by (queue) (depth) / on (queue) workers", "ok"),
    ("depth * on (instance) group_left (version) build_info", "ok"),
    (
        "depth * on (instance) build_info",
        "type_error: several series on one side of `*` have the labels that are matched",
    ),
    ("(depth > 3) * on (instance) build_info", "ok"),
    ("label_replace(build_info, \"queue\", \"mail\", \"version\", \".*\") + on (queue) depth", "ok"),
    ("depth / scalar(sum(depth))", "ok"),
    // Kinds.
    ("rate(depth[5m])", "degraded: rate() of the gauge `depth` says nothing"),
    ("delta(requests_total[5m])", "degraded: delta() of the counter `requests_total` says nothing"),
    ("rate(took_seconds_sum[5m]) / rate(took_seconds_count[5m])", "ok"),
    (
        "histogram_quantile(0.9, sum(rate(took_seconds_bucket[5m])))",
        "type_error: histogram_quantile() of series without the label `le`: it was aggregated away, or never there",
    ),
    // Of a server only.
    (
        "job:requests:rate5m",
        "unverifiable: `job:requests:rate5m` is a recording rule, which only a server has",
    ),
    ("ALERTS", "unverifiable: only a server has `ALERTS`"),
    ("depth{queue=\"$queue\"}", "degraded: the dashboard declares no variable `queue`"),
];

#[test]
fn every_query_has_its_verdict_and_its_reason() {
    for (query, said) in SAID {
        assert_eq!(verdict(query), *said, "{query}");
    }
    assert!(verdict("rate(depth)").starts_with("type_error: column 1: "), "{}", verdict("rate(depth)"));
}

#[test]
fn a_counter_that_stands_still_is_remarked_and_no_fault() {
    let judged = judged(Question::Query, "rate(requests_total[5m]) + on () group_left depth");
    assert_eq!(judged.remarks, ["`requests_total` did not move between the scrapes"]);
}

#[test]
fn values_of_labels_and_names_are_looked_for() {
    let values = |metric: Option<&str>, label: &str| {
        let question = Question::LabelValues { metric: metric.map(str::to_owned), label: label.to_owned() };
        judged(question, metric.unwrap_or("label_values(…)")).verdict.word()
    };
    assert_eq!(values(Some("depth"), "queue"), "ok");
    assert_eq!(values(Some("depth"), "code"), "missing_label");
    assert_eq!(values(Some("gone"), "code"), "missing_metric");
    assert_eq!(values(Some("depth"), "job"), "ok");
    assert_eq!((values(None, "code"), values(None, "zone")), ("ok", "missing_label"));
    let names =
        |pattern: &str| judged(Question::Names { pattern: pattern.to_owned() }, pattern).verdict.word();
    assert_eq!((names("^req"), names("redis_.*"), names("(")), ("ok", "missing_metric", "type_error"));
}

#[test]
fn the_shipped_rules_are_those_of_the_issue() {
    let rules: Vec<String> = shipped().iter().map(ToString::to_string).collect();
    let expected = [
        "system_cpu_usage_percent in 0..100",
        "system_memory_usage_bytes is there",
        "redis_connection_status = 1",
        "http_requests_total is there",
        "http_request_duration_seconds is there",
        "pii_detection_errors_total = 0",
        "deanonymization_failures_total is there",
        "redis_mapping_sessions_total is there",
        "redis_mapping_entries_total is there",
        "redis_memory_usage_bytes is there",
        "node_* is not there",
    ];
    assert_eq!(rules, expected);
}

#[test]
fn a_rule_holds_of_every_series_or_says_which_value_breaks_it() {
    let text = "# TYPE a gauge\na{b=\"1\"} 1\na{b=\"2\"} 7\nnan NaN\nnode_load1 1\n# TYPE c_total counter\n\
                # TYPE d histogram\nd_bucket{le=\"+Inf\"} 0\nd_sum 0\nd_count 0\n";
    let scrape = parse(text, Dialect::Text);
    let said = |metric: &str, expects: Expectation| {
        let ruled = of_scrape(&Rule { metric: metric.to_owned(), expects }, &scrape);
        (ruled.finding, ruled.value, ruled.shown)
    };
    let within = |min, max| Expectation::Within { min, max };
    let (held, broken) = (Finding::Held, Finding::Broken);
    assert_eq!(said("a", within(Some(0.0), Some(7.0))), (held, Some(1.0), "1 in 2 series".to_owned()));
    assert_eq!(said("a", within(None, Some(6.9))), (broken, Some(7.0), "7 in one of 2 series".to_owned()));
    assert_eq!(said("nan", within(None, None)).0, broken);
    assert_eq!(said("gone", within(None, Some(1.0))), (broken, None, "not there".to_owned()));
    assert_eq!(
        said("c_total", within(Some(0.0), Some(0.0))),
        (held, None, "declared, no sample yet".to_owned())
    );
    assert_eq!(said("c_total", within(Some(1.0), None)).0, broken);
    assert_eq!(said("d", Expectation::Present), (held, None, "3 series".to_owned()));
    assert_eq!(said("b", Expectation::Present).0, broken);
    let told = (broken, None, "1 series, the first is `node_load1`".to_owned());
    assert_eq!(said("node_*", Expectation::Absent), told);
    assert_eq!(said("no*de_*", Expectation::Absent).0, broken);
    assert_eq!(said("x_*", Expectation::Absent), (held, None, "not there".to_owned()));
}
