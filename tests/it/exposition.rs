//! Metrics as text: what is read of them, and what each wrong line is told for.

use lustrum::probes::exposition::dialect::Dialect;
use lustrum::probes::exposition::family::{Kind, Parsed, Sample};
use lustrum::probes::exposition::parse::{ERRORS, parse};
use proptest::prelude::*;

const TEXT: &str = include_str!("fixtures/exposition/text.prom");
const OPEN_METRICS: &str = include_str!("fixtures/exposition/openmetrics.prom");

fn told(text: &str, dialect: Dialect) -> Vec<String> {
    parse(text, dialect).errors.iter().map(ToString::to_string).collect()
}

fn only(parsed: &Parsed) -> &Sample {
    let samples: Vec<_> = parsed.samples().collect();
    assert_eq!(samples.len(), 1, "{parsed:#?}");
    samples[0]
}

#[test]
fn a_text_with_everything_that_may_stand_in_it_is_read() {
    let parsed = parse(TEXT, Dialect::Text);
    assert_eq!(parsed.errors, []);
    let kinds: Vec<_> = parsed.families.iter().map(|family| (family.name.as_str(), family.kind)).collect();
    let expected = [
        ("http_requests_total", Kind::Counter),
        ("http_request_duration_seconds", Kind::Histogram),
        ("rpc_duration_seconds", Kind::Summary),
        ("msdos_file_access_time_seconds", Kind::Unknown),
        ("metric_without_timestamp_and_labels", Kind::Unknown),
        ("something_weird", Kind::Unknown),
        ("hot.water", Kind::Gauge),
    ];
    assert_eq!(kinds, expected);
    let requests = &parsed.families[0];
    assert_eq!(requests.help.as_deref(), Some("All of them,\nalso \\ those \\\"quoted\\\"."));
    assert_eq!(requests.samples[0].labels, [("method".into(), "post".into()), ("code".into(), "200".into())]);
    assert_eq!(requests.samples[0].timestamp_seconds, Some(1_395_066_363.0));
    let path = parsed.named("msdos_file_access_time_seconds").next().unwrap();
    assert_eq!(path.label("path"), Some("C:\\DIR\\FILE.TXT"));
    assert_eq!(path.label("error"), Some("Cannot find file:\n\"FILE.TXT\""));
    assert!(parsed.named("something_weird").next().unwrap().value.is_infinite());
    assert!(parsed.named("rpc_duration_seconds").any(|sample| sample.value.is_nan()));
    assert_eq!(parsed.named("hot.water").next().unwrap().label("room.name"), Some("küche"));
    assert_eq!(parsed.named("http_request_duration_seconds_bucket").count(), 3);
}

#[test]
fn an_open_metrics_text_with_everything_that_may_stand_in_it_is_read() {
    let parsed = parse(OPEN_METRICS, Dialect::OpenMetrics);
    assert_eq!(parsed.errors, []);
    let kinds: Vec<_> = parsed.families.iter().map(|family| (family.name.as_str(), family.kind)).collect();
    let expected = [
        ("http_requests", Kind::Counter),
        ("http_request_duration_seconds", Kind::Histogram),
        ("queue_length", Kind::GaugeHistogram),
        ("build", Kind::Info),
        ("feature", Kind::StateSet),
        ("rpc_seconds", Kind::Summary),
        ("nobody_said", Kind::Unknown),
        ("cold.water", Kind::Gauge),
    ];
    assert_eq!(kinds, expected);
    let bucket = parsed.named("http_request_duration_seconds_bucket").next().unwrap();
    let exemplar = bucket.exemplar.as_ref().unwrap();
    assert_eq!(exemplar.labels, [("trace_id".to_owned(), "KOO5S4vxi0o".to_owned())]);
    assert_eq!((exemplar.value, exemplar.timestamp_seconds), (0.067, Some(1_520_879_607.789)));
    assert_eq!(parsed.families[1].unit.as_deref(), Some("seconds"));
    assert_eq!(parsed.families[0].help.as_deref(), Some("All \"of\" them."));
    let created = parsed.named("http_requests_created").next().unwrap();
    assert_eq!((created.value, created.timestamp_seconds), (1_520_872_607.123, None));
}

#[test]
fn a_header_decides_how_a_text_is_read() {
    let of = Dialect::of_content_type;
    assert_eq!(
        of(Some("application/openmetrics-text; version=1.0.0; charset=utf-8")),
        Some(Dialect::OpenMetrics)
    );
    assert_eq!(of(Some("text/plain; version=0.0.4; charset=utf-8; escaping=values")), Some(Dialect::Text));
    assert_eq!(of(None), Some(Dialect::Text));
    assert_eq!(of(Some("application/vnd.google.protobuf; encoding=delimited")), None);
}

/// One wrong text, and everything that is told of it.
macro_rules! wrong {
    ($($name:ident: $dialect:ident, $text:expr, $told:expr;)*) => { $(
        #[test]
        fn $name() {
            let expected: &[&str] = &$told;
            assert_eq!(told($text, Dialect::$dialect), expected);
        }
    )* };
}

wrong! {
    a_number_is_missing: Text, "a{b=\"c\"}\n", ["line 1, column 9: expected a number, found the end of the line"];
    a_number_is_none: Text, "a 1\nb 12x\n", ["line 2, column 3: expected a number, found \"12x\""];
    a_windows_line_end: Text, "a 1\r\n", ["line 1, column 3: expected a number, found \"1\\r\""];
    a_name_begins_with_a_digit: Text, "1a 1\n", ["line 1, column 1: expected a metric's name, found \"1a\""];
    a_label_has_a_colon: Text, "a{b:c=\"d\"} 1\n", ["line 1, column 4: expected `=`, found \":c=\\\"d\\\"}\""];
    a_label_without_quotes: Text, "a{b=c} 1\n", ["line 1, column 5: expected `\"`, found \"c}\""];
    a_label_without_end: Text, "a{b=\"c} 1\n", ["line 1, column 5: a quoted text has no end"];
    an_escape_nobody_knows: Text, "a{b=\"\\x\"} 1\n", ["line 1, column 6: expected `\\\\`, `\\\"` or `\\n`"];
    a_label_twice: Text, "a{b=\"1\",b=\"2\"} 1\n", ["line 1, column 9: label `b` comes twice"];
    no_metric_at_all: Text, "{b=\"1\"} 1\n", ["line 1, column 1: a sample without a metric's name"];
    a_timestamp_is_none: Text, "a 1 soon\n", ["line 1, column 5: expected a timestamp in milliseconds, found \"soon\""];
    too_much_in_a_line: Text, "a 1 2 3\n", ["line 1, column 7: expected the end of the line, found \"3\""];
    a_type_nobody_knows: Text, "# TYPE a meter\n",
        ["line 1, column 10: expected counter, gauge, histogram, summary or untyped, found \"meter\""];
    a_type_behind_its_samples: Text, "a 1\n# TYPE a gauge\n", ["line 2, column 1: the TYPE of `a` comes after its samples"];
    a_second_type: Text, "# TYPE a gauge\n# TYPE a gauge\na 1\n", ["line 2, column 1: a second TYPE of `a`"];
    a_second_help: Text, "# HELP a b\n# HELP a b\na 1\n", ["line 2, column 1: a second HELP of `a`"];
    a_text_cut_off: Text, "a 1\nb 1", ["line 2, column 1: the last line has no line feed: the answer may be cut off"];
    one_series_twice: Text, "a{b=\"1\",c=\"2\"} 1\na{c=\"2\",b=\"1\"} 1\n",
        ["line 2, column 1: `a` with these labels stands in line 1 already"];
    a_family_in_two_places: Text, "a{b=\"1\"} 1\nc 1\na{b=\"2\"} 1\n",
        ["line 3, column 1: the lines of `a` do not stand together"];
    a_bucket_without_le: Text, "# TYPE a histogram\na_bucket 1\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 1\n",
        ["line 2, column 1: a bucket has the label `le`"];
    a_histogram_without_its_last_bucket: Text, "# TYPE a histogram\na_bucket{le=\"1\"} 1\na_sum 1\na_count 1\n",
        ["line 2, column 1: `a` has no bucket with le=\"+Inf\""];
    buckets_that_fall: Text, "# TYPE a histogram\na_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 1\n",
        ["line 3, column 1: buckets count what the ones below them count too: this one has less"];
    buckets_out_of_order: Text, "# TYPE a histogram\na_bucket{le=\"2\"} 1\na_bucket{le=\"1\"} 1\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 1\n",
        ["line 3, column 1: the buckets' `le` does not rise"];
    a_count_that_is_not_the_last_buckets: Text, "# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 2\n",
        ["line 4, column 1: the count is not that of the bucket with le=\"+Inf\""];
    a_histogram_without_count: Text, "# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_sum 1\n",
        ["line 2, column 1: `a_count` is missing"];
    a_histograms_bare_name: Text, "# TYPE a histogram\na 1\n", [
        "line 2, column 1: a histogram `a` has samples `a_bucket`, `a_sum`, `a_count`",
        "line 2, column 1: `a` has no bucket with le=\"+Inf\"",
    ];
    a_quantile_beyond_one: Text, "# TYPE a summary\na{quantile=\"50\"} 1\n",
        ["line 2, column 1: the label `quantile` is a number from 0 to 1"];
    no_end: OpenMetrics, "a 1\n", ["line 1, column 1: `# EOF` is missing: the answer may be cut off"];
    more_behind_the_end: OpenMetrics, "# EOF\na 1\nb 1\n", ["line 2, column 1: something follows `# EOF`"];
    an_empty_line: OpenMetrics, "a 1\n\n# EOF\n", ["line 2, column 1: a line is empty"];
    a_free_comment: OpenMetrics, "# so\n# EOF\n",
        ["line 1, column 1: expected `# HELP`, `# TYPE`, `# UNIT` or `# EOF`, found \"#\""];
    two_spaces: OpenMetrics, "a  1\n# EOF\n", ["line 1, column 3: expected a number, found a blank"];
    a_comma_too_many: OpenMetrics, "a{b=\"1\",} 1\n# EOF\n", ["line 1, column 9: expected a label, found \"}\""];
    a_counter_without_total: OpenMetrics, "# TYPE a counter\na 1\n# EOF\n",
        ["line 2, column 1: a counter `a` has samples `a_total`, `a_created`"];
    a_counter_below_zero: OpenMetrics, "# TYPE a counter\na_total -1\n# EOF\n",
        ["line 2, column 1: a counter is NaN or below zero"];
    a_unit_that_the_name_does_not_end_with: OpenMetrics, "# UNIT a_ms seconds\n# EOF\n",
        ["line 1, column 13: `a_ms` does not end with its unit `_seconds`"];
    a_help_behind_its_samples: OpenMetrics, "a 1\n# HELP a b\n# EOF\n",
        ["line 2, column 1: the HELP of `a` comes after its samples"];
    an_exemplar_of_a_gauge: OpenMetrics, "# TYPE a gauge\na 1 # {} 1\n# EOF\n",
        ["line 2, column 1: only buckets and totals have exemplars"];
    an_info_of_two: OpenMetrics, "# TYPE a info\na_info 2\n# EOF\n", ["line 2, column 1: the value of an info is 1"];
    a_state_of_two: OpenMetrics, "# TYPE a stateset\na{a=\"b\"} 2\na{c=\"d\"} 1\n# EOF\n",
        ["line 2, column 1: a state is 0 or 1", "line 3, column 1: a state has its name in the label `a`"];
    points_back_in_time: OpenMetrics, "a 1 2\na 2 3\na 3 3\n# EOF\n",
        ["line 3, column 1: `a` with these labels stands in line 2 already"];
}

#[test]
fn an_exemplar_has_not_too_many_characters() {
    let text =
        |length: usize| format!("# TYPE a counter\na_total 1 # {{b=\"{}\"}} 1\n# EOF\n", "x".repeat(length));
    assert!(told(&text(127), Dialect::OpenMetrics).is_empty());
    let expected = ["line 2, column 13: an exemplar's labels have 129 characters of 128"];
    assert_eq!(told(&text(128), Dialect::OpenMetrics), expected);
}

#[test]
fn wrong_lines_cost_only_themselves_and_are_told_up_to_a_limit() {
    let text: String = (0..250).map(|n| format!("good_{n} 1\nbad_{n} x\n")).collect();
    let parsed = parse(&text, Dialect::Text);
    assert_eq!((parsed.samples().count(), parsed.errors.len(), parsed.errors_left_out), (250, ERRORS, 150));
    assert_eq!(parsed.errors[99].line, 200);
}

#[test]
fn blanks_may_stand_where_the_text_format_lets_them() {
    let parsed = parse("\t a  { b = \"c\" , }\t1  2 \n", Dialect::Text);
    assert_eq!(parsed.errors, []);
    assert_eq!(only(&parsed).labels, [("b".to_owned(), "c".to_owned())]);
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![any::<f64>(), Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY), Just(-0.0)]
}

type Drawn = (String, Vec<(String, String)>, f64, Option<i64>);

/// Names of every kind that a format can say, distinct by an appended number.
fn drawn() -> impl Strategy<Value = Vec<Drawn>> {
    let name = prop_oneof!["[a-zA-Z_:][a-zA-Z0-9_:]{0,8}", "\\PC{1,8}", "[a. \"\\\\\n]{1,6}"];
    let label = prop_oneof!["[a-zA-Z_][a-zA-Z0-9_]{0,8}", "\\PC{1,8}"];
    let labels = proptest::collection::btree_map(label, "(\\PC|[\\\\\"\n]){0,12}", 0..4);
    let time = proptest::option::of(-4_000_000_000_000_i64..4_000_000_000_000);
    proptest::collection::vec((name, labels, value(), time), 0..12).prop_map(|all| {
        let numbered = |(index, (name, labels, value, time)): (usize, (String, _, _, _))| {
            let labels: std::collections::BTreeMap<_, _> = labels;
            (format!("{name}{index}"), labels.into_iter().collect(), value, time)
        };
        all.into_iter().enumerate().map(numbered).collect()
    })
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

fn render(all: &[Drawn], dialect: Dialect) -> String {
    let plain = |name: &str, colon: bool| {
        let is_of_it = |c: char| c == '_' || c.is_ascii_alphanumeric() || (colon && c == ':');
        !name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(is_of_it)
    };
    let mut text = String::new();
    for (name, labels, value, time) in all {
        let mut inner: Vec<String> = Vec::new();
        if plain(name, true) {
            text.push_str(name);
        } else {
            inner.push(quoted(name));
        }
        inner.extend(labels.iter().map(|(name, value)| {
            let name = if plain(name, false) { name.clone() } else { quoted(name) };
            format!("{name}={}", quoted(value))
        }));
        if !inner.is_empty() {
            text += &format!("{{{}}}", inner.join(","));
        }
        text += &format!(" {value}");
        match (time, dialect) {
            (Some(ms), Dialect::Text) => text += &format!(" {ms}"),
            (Some(ms), Dialect::OpenMetrics) => text += &format!(" {}", *ms as f64 / 1000.0),
            (None, _) => {}
        }
        text.push('\n');
    }
    if dialect == Dialect::OpenMetrics {
        text += "# EOF\n";
    }
    text
}

proptest! {
    #[test]
    fn what_is_written_is_what_is_read(all in drawn(), is_text: bool) {
        let dialect = if is_text { Dialect::Text } else { Dialect::OpenMetrics };
        let text = render(&all, dialect);
        let parsed = parse(&text, dialect);
        prop_assert_eq!(&parsed.errors, &[]);
        let read: Vec<_> = parsed.samples().collect();
        prop_assert_eq!(read.len(), all.len());
        for (sample, (name, labels, value, time)) in read.iter().zip(&all) {
            prop_assert_eq!(&sample.name, name);
            prop_assert_eq!(&sample.labels, labels);
            prop_assert!(sample.value.to_bits() == value.to_bits() || (sample.value.is_nan() && value.is_nan()));
            prop_assert_eq!(sample.timestamp_seconds, time.map(|ms| ms as f64 / 1000.0));
        }
    }

    #[test]
    fn nothing_that_is_sent_breaks_the_reader(text in "(\\PC|[\n\t{}=\"\\\\#, ]|# TYPE |# HELP |_bucket){0,80}", is_text: bool) {
        let dialect = if is_text { Dialect::Text } else { Dialect::OpenMetrics };
        let parsed = parse(&text, dialect);
        let lines = text.split('\n').count();
        prop_assert!(parsed.errors.iter().all(|error| (1..=lines).contains(&error.line)));
    }
}
