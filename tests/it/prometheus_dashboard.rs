//! Dashboards as Grafana exports them: which queries they ask, where, and with what in their variables' place.

use std::collections::BTreeMap;
use std::path::Path;

use lustrum::probes::prometheus::dashboard::{Asked, Dashboard, Place, read};
use lustrum::probes::prometheus::promql;
use lustrum::probes::prometheus::question::Question;
use lustrum::probes::prometheus::substitution::substitute;
use lustrum::probes::prometheus::variable::{Known, Variable, Variables};
use serde_json::Value;

fn dashboard(name: &str) -> (Dashboard, Value) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dashboards").join(name);
    let text = std::fs::read_to_string(file).unwrap();
    (read(&text).unwrap(), serde_json::from_str(&text).unwrap())
}

fn titles(dashboard: &Dashboard, place: Place) -> Vec<&str> {
    let mut titles: Vec<_> = dashboard
        .asked
        .iter()
        .filter(|asked| asked.place == place)
        .map(|asked| asked.title.as_str())
        .collect();
    titles.dedup();
    titles
}

#[test]
fn every_pointer_leads_to_its_query() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dashboards");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let (dashboard, document) = dashboard(&name);
        for Asked { pointer, text, .. } in &dashboard.asked {
            let found = document.pointer(pointer).and_then(Value::as_str);
            assert!(
                found.is_some_and(|found| found.contains(text.as_str())),
                "{name}{pointer}: {found:?} {text}"
            );
            count += 1;
        }
    }
    assert_eq!(count, 206);
}

#[test]
fn rows_in_rows_annotations_and_variables_are_walked() {
    let (overview, _) = dashboard("overview.json");
    assert_eq!(overview.title, "Chat overview");
    let panels = ["Up", "Requests by code", "CPU", "Redis", "Mappings", "Entries per session", "Memory"];
    assert_eq!(titles(&overview, Place::Panel), panels);
    assert_eq!(titles(&overview, Place::Annotation), ["Restarts", "Deployments"]);
    assert_eq!(titles(&overview, Place::Variable), ["job", "instance", "path"]);
    let deep = overview.asked.iter().find(|asked| asked.title == "Entries per session").unwrap();
    assert_eq!(deep.pointer, "/panels/3/panels/2/panels/0/targets/0/expr");
    let (old, _) = dashboard("legacy-rows.json");
    assert_eq!(titles(&old, Place::Panel), ["Requests", "Errors", "Depth", "Jobs"]);
    assert_eq!(old.asked[2].pointer, "/rows/0/panels/1/targets/0/expr");
    let (api, _) = dashboard("resources.json");
    assert!(api.asked[0].pointer.starts_with("/dashboard/panels/0/"));
}

#[test]
fn the_second_form_is_walked() {
    let (second, _) = dashboard("second-form.json");
    assert_eq!(titles(&second, Place::Panel), ["Requests", "Workers", "Old kind", "Gone"]);
    assert_eq!(titles(&second, Place::Annotation), ["Restarts"]);
    assert_eq!(second.asked.iter().filter(|asked| asked.place == Place::Variable).count(), 1);
    assert_eq!(second.elsewhere, ["Shared"]);
    // The logs, and Grafana's own annotations.
    assert_eq!(second.skipped, 2);
    let known = Known::Values(vec!["/chat".to_owned(), "/health".to_owned()]);
    assert_eq!(second.variables["path"], Variable { name: "path".to_owned(), known, is_multi: true });
}

#[test]
fn other_data_sources_are_left_out_and_counted_and_library_panels_are_looked_up() {
    let (mixed, _) = dashboard("mixed.json");
    let panels = ["Both", "By input", "Workers", "Default source"];
    assert_eq!(titles(&mixed, Place::Panel), panels);
    // A panel, one of two targets, an expression, one by a variable, a variable, an annotation.
    assert_eq!((mixed.skipped, mixed.elsewhere.as_slice()), (6, &["Not in this file".to_owned()][..]));
    let library = mixed.asked.iter().find(|asked| asked.title == "Workers").unwrap();
    assert_eq!(library.pointer, "/__elements/lib-1/model/targets/0/expr");
}

#[test]
fn what_is_no_dashboard_is_told() {
    assert_eq!(
        read("{\"a\": 1}").unwrap_err(),
        "is no Grafana dashboard: it has neither panels nor rows nor elements"
    );
    assert!(read("nothing").unwrap_err().starts_with("is no JSON: expected"));
}

#[test]
fn a_variables_query_says_what_it_asks_for() {
    let of = |text: &str| Question::of_variable(text);
    let values = |metric: Option<&str>, label: &str| {
        Some(Question::LabelValues { metric: metric.map(str::to_owned), label: label.to_owned() })
    };
    assert_eq!(of("label_values(up, job)"), values(Some("up"), "job"));
    assert_eq!(
        of("label_values(up{a=\"b,c\", d=~\"e\"}, job)"),
        values(Some("up{a=\"b,c\", d=~\"e\"}"), "job")
    );
    assert_eq!(of("label_values(job)"), values(None, "job"));
    assert_eq!(of("metrics(redis_.*)"), Some(Question::Names { pattern: "redis_.*".to_owned() }));
    assert_eq!(of("query_result(topk(3, up))"), Some(Question::Result { query: "topk(3, up)".to_owned() }));
    assert_eq!(of("up{job=\"a\"}"), Some(Question::Query));
    assert_eq!((of("label_names()"), of(" ")), (None, None));
}

fn variables() -> Variables {
    let known = |values: &[&str]| Known::Values(values.iter().map(|value| (*value).to_owned()).collect());
    let all = [
        ("one", known(&["a.b"]), false),
        ("guarded", known(&["a.b"]), true),
        ("many", known(&["a", "b.c"]), true),
        ("all", Known::Regex("x|y".to_owned()), true),
        ("none", Known::Nothing, false),
        ("span", known(&["15m"]), false),
        ("quote", known(&["say \"so\""]), false),
    ];
    let variable = |(name, known, is_multi): (&str, Known, bool)| {
        (name.to_owned(), Variable { name: name.to_owned(), known, is_multi })
    };
    all.into_iter().map(variable).collect()
}

/// Query, what becomes of it.
const SUBSTITUTED: &[(&str, &str)] = &[
    // Compared with a value that is known, and only one.
    (r#"m{l="$one"}"#, r#"m{l="a.b"}"#),
    (r#"m{l!="${one}x"}"#, r#"m{l!="a.bx"}"#),
    (r#"m{l="$quote"}"#, r#"m{l="say \"so\""}"#),
    // Widened: `=` is not enough for several, or for any.
    (r#"m{l="$many"}"#, r#"m{l=~"(a|b\\.c)"}"#),
    (r#"m{l!="$many"}"#, r#"m{l!~"(a|b\\.c)"}"#),
    (r#"m{l = "v.$none"}"#, r#"m{l =~"v\\..+"}"#),
    (r#"m{l!="$none"}"#, r#"m{l!~"no-such-value"}"#),
    (r#"m{l="$all"}"#, r#"m{l=~"x|y"}"#),
    // Regular expressions.
    (r#"m{l=~"$one"}"#, r#"m{l=~"a.b"}"#),
    (r#"m{l=~"$guarded"}"#, r#"m{l=~"a\\.b"}"#),
    (r#"m{l=~"^[[many]]$"}"#, r#"m{l=~"^(a|b\\.c)$"}"#),
    (r#"m{l=~"${many:pipe}"}"#, r#"m{l=~"a|b.c"}"#),
    (r#"m{l=~"${one:regex}"}"#, r#"m{l=~"a\\.b"}"#),
    (r#"m{l=~`${one:regex}`}"#, r#"m{l=~`a\.b`}"#),
    (r#"m{l=~"$none"}"#, r#"m{l=~".+"}"#),
    (r#"m{l!~"$none"}"#, r#"m{l!~"no-such-value"}"#),
    // Durations and numbers.
    ("rate(m[$span])", "rate(m[15m])"),
    ("rate(m[[[span]]])", "rate(m[15m])"),
    ("rate(m[$none])", "rate(m[5m])"),
    ("rate(m[$__rate_interval])", "rate(m[5m])"),
    ("rate(m[${__range_s}s])", "rate(m[3600s])"),
    ("m offset $none", "m offset 5m"),
    ("topk($none, m)", "topk(1, m)"),
    ("m / $__interval_ms", "m / 60000"),
    // Names of labels.
    ("sum by ($many) (m)", "sum by (a,b.c) (m)"),
    ("sum without($none) (m)", "sum without(unknown) (m)"),
    // What is no variable, or one of label_replace's own.
    (r#"label_replace(m, "a", "$1-$one", "b", "(.*)$")"#, r#"label_replace(m, "a", "$1-a.b", "b", "(.*)$")"#),
    ("m # of $none\n+ 1", "m \n+ 1"),
    (r##"m{l="#$one"}"##, r##"m{l="#a.b"}"##),
];

#[test]
fn variables_are_replaced_by_where_they_stand() {
    for (query, expected) in SUBSTITUTED {
        let done = substitute(query, &variables());
        assert_eq!(done.text, *expected, "{query}");
        assert!(done.undeclared.is_empty() && done.guessed.is_empty(), "{query}: {done:?}");
    }
}

#[test]
fn what_nobody_knows_is_told() {
    let undeclared = substitute(r#"m{l="$nobody"} + m{k="$nobody"}"#, &variables());
    assert_eq!(undeclared.undeclared, ["nobody"]);
    for query in ["rate($none[5m])", "m_$none", "${none}_total", "$none{a=\"b\"}"] {
        assert_eq!(substitute(query, &variables()).guessed, ["none"], "{query}");
    }
}

#[test]
fn a_query_that_is_none_is_told_with_its_column() {
    let columns = BTreeMap::from([
        ("rate(m)", 1),
        ("1 + rate(m)", 5),
        ("sum(m) + max(rate(x[5m]) + av_over_time(m[5m]))", 28),
        ("sum(rate(m[5m])", 4),
        ("m{l=\"a}", 5),
        ("m)", 2),
        ("foo bar", 5),
        ("sum by (a) (m{b=~\"(\"})", 13),
        ("", 1),
    ]);
    for (query, column) in columns {
        let refused = promql::read(query).unwrap_err();
        assert_eq!(refused.column, column, "{query}: {}", refused.message);
    }
}
