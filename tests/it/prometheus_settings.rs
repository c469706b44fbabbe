//! `[[probe]]` with `prometheus`, as it is written: what is wrong with it, all at once and before any request.

use lustrum::config::environment::Environment;
use lustrum::config::load::{self, Asked, Request, Secrets};
use lustrum::config::problem::Problems;
use lustrum::probes::probe::Probe;

fn asked(settings: &str) -> Result<Asked, Problems> {
    let folder = tempfile::tempdir().unwrap();
    let job = format!("[[probe]]\nname = \"m\"\n[probe.prometheus]\n{settings}");
    std::fs::write(folder.path().join("job.toml"), job).unwrap();
    std::fs::write(folder.path().join("board.json"), "{\"panels\": []}").unwrap();
    std::fs::write(folder.path().join("bad.json"), "{").unwrap();
    std::fs::write(folder.path().join("rules.toml"), "[[rule]]\nmetric = \"a\"\nmax = 3\n").unwrap();
    std::fs::write(folder.path().join("bad.toml"), "[[rule]]\nmetrics = \"a\"\n").unwrap();
    let directory = folder.path().to_owned();
    let environment: Environment = [("TOKEN".to_owned(), "t".to_owned())].into_iter().collect();
    load::ask(
        &Request { directory, job: Some("./job.toml".to_owned()), environment, ..Request::default() },
        Secrets::OfProbes,
    )
}

fn problems(settings: &str) -> Vec<String> {
    let found = asked(settings).unwrap_err().0;
    let plain = |problem: &lustrum::config::problem::Problem| {
        let value = problem.value.as_ref().map(|value| format!(" = {value}")).unwrap_or_default();
        format!("{}{value}: {}", problem.key.trim_start_matches("probe[0].prometheus."), problem.message)
    };
    found.iter().map(plain).collect()
}

#[test]
fn a_dashboard_that_is_none_is_one_clear_error() {
    let found = problems("metrics = \"http://localhost:1/metrics\"\ndashboards = [\"bad.json\"]");
    let expected = "dashboards[0] = \"bad.json\": is no JSON: EOF while parsing an object at line 1 column 1";
    assert_eq!(found, [expected]);
}

#[test]
fn everything_wrong_is_told_at_once() {
    let found = problems(
        "metrics = \"http://localhost/metrics\"\nserver = \"http://localhost\"\ndashboards = [\"board.json\", \"none.json\"]\n\
         rules = \"bad.toml\"\ntoken = \"env:TOKEN\"\nuser = \"u\"\n\
         rule = [{ max = 1 }, { metric = \"a\", min = 2, max = 1 }, { metric = \"b\", absent = true, equals = 1 }]",
    );
    let starts = [
        "token: stands alone",
        "probe[0].prometheus: expected `metrics` or `server`, one of them",
        "dashboards[1] = \"none.json\": cannot be read: ",
        "rules = \"bad.toml\": is no file of rules: unknown field `metrics`",
        "rule[0].metric: is missing",
        "rule[1]: contradicts itself",
        "rule[2]: contradicts itself",
    ];
    assert_eq!(found.len(), starts.len(), "{found:#?}");
    for (found, start) in found.iter().zip(starts) {
        assert!(found.starts_with(start), "{found} is not {start}");
    }
}

#[test]
fn values_are_checked_by_the_schema() {
    let found = problems(
        "metrics = \"localhost:9090\"\nfail-on = [\"missing\"]\ninterval = \"soon\"\nrules = \"default\"",
    );
    assert!(
        found[0].contains("fail-on[0]") || found.iter().any(|one| one.contains("fail-on[0]")),
        "{found:#?}"
    );
    assert!(
        found.iter().any(|one| one.contains("expected a URL that begins with https:// or http://")),
        "{found:#?}"
    );
    assert!(found.iter().any(|one| one.contains("interval = \"soon\": expected a duration")), "{found:#?}");
}

#[test]
fn a_probe_says_in_the_plan_what_it_means_to_do() {
    let asked = asked(
        "metrics = \"http://localhost:9/metrics\"\ndashboards = [\"board.json\"]\nrules = \"rules.toml\"\ntoken = \"env:TOKEN\"",
    )
    .unwrap();
    let view = asked.probes[0].probe.view();
    assert_eq!(view["against"]["metrics"], "http://localhost:9/metrics");
    assert_eq!(view["rules"][0], "a <= 3");
    assert_eq!(view["dashboards"][0]["file"], "board.json");
    assert_eq!(
        problems("metrics = \"http://localhost/\""),
        ["dashboards: asks nothing: expected a dashboard's file, or rules"]
    );
}

#[test]
fn the_shipped_job_is_right() {
    let directory = env!("CARGO_MANIFEST_DIR").into();
    let request = Request { directory, job: Some("chat-metrics".to_owned()), ..Request::default() };
    let asked = load::ask(&request, Secrets::All).unwrap();
    assert_eq!(asked.probes[0].probe.view()["rules"].as_array().unwrap().len(), 11);
}
