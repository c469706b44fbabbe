//! A written load: what it means, and everything that is wrong with it told at once.

use std::path::Path;
use std::time::Duration;

use lustrum::config::load::{self, Request, Secrets};
use lustrum::config::probe::data_file::{csv, json_lines, read};
use lustrum::probes::catalogue::AnyProbe;
use lustrum::probes::http_load::plan::{Leg, LoadPlan, Pace};
use lustrum::probes::probe::Probe;
use proptest::prelude::*;

const HEAD: &str = "[[probe]]\nname = \"api\"\n[probe.http-load]\n";
const ENDPOINT: &str = "[[probe.http-load.endpoint]]\nname = \"health\"\npath = \"/health\"\n";

fn ask(folder: &Path, job: &str) -> Result<load::Asked, Vec<String>> {
    let file = folder.join("api.toml");
    std::fs::write(&file, job).unwrap();
    let request = Request {
        directory: folder.to_owned(),
        job: Some(file.display().to_string()),
        environment: [("TOKEN".to_owned(), "sentinel-4711".to_owned())].into_iter().collect(),
        ..Request::default()
    };
    let short = |problem: &lustrum::config::problem::Problem| {
        let text = problem.to_string();
        // What is missing stands nowhere.
        let rest = text.split_once("api.toml: ").or(text.split_once("default: "));
        rest.map_or(text.clone(), |(_, rest)| rest.to_owned())
    };
    load::ask(&request, Secrets::OfProbes).map_err(|problems| problems.0.iter().map(short).collect())
}

fn plan(job: &str) -> LoadPlan {
    let folder = tempfile::tempdir().unwrap();
    let asked = ask(folder.path(), job).unwrap();
    match &*asked.probes[0].probe {
        AnyProbe::HttpLoad(probe) => probe.program.plan.clone(),
        _ => panic!("another kind"),
    }
}

fn problems(job: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("users.csv"), "name,mail\nAda,ada@example.com\n").unwrap();
    ask(folder.path(), job).unwrap_err()
}

fn with(settings: &str) -> String {
    format!("{HEAD}base-url = \"http://127.0.0.1:8000\"\n{settings}\n{ENDPOINT}")
}

#[test]
fn numbers_come_from_presets_and_what_is_set_wins() {
    let closed = |requests, millis: Option<u64>| Pace::Closed {
        requests,
        duration: millis.map(Duration::from_millis),
    };
    for (settings, users, pace) in [
        ("", 5, closed(Some(50), None)),
        ("preset = \"quick\"", 3, closed(Some(15), None)),
        ("preset = \"light\"", 5, closed(Some(50), None)),
        ("preset = \"medium\"", 15, closed(Some(200), None)),
        ("preset = \"heavy\"", 25, closed(Some(500), None)),
        ("preset = \"extreme\"", 50, closed(Some(1_000), None)),
        ("preset = \"heavy\"\nconcurrent = 7", 7, closed(Some(500), None)),
        ("preset = \"heavy\"\ntotal = 9", 9, closed(Some(9), None)),
        // A time replaces the preset's number of requests, but not one that is set.
        ("preset = \"light\"\nduration = \"2s\"", 5, closed(None, Some(2_000))),
        ("total = 40\nduration = \"2s\"", 5, closed(Some(40), Some(2_000))),
    ] {
        let plan = plan(&with(settings));
        assert_eq!((plan.users, &plan.pace), (users, &pace), "{settings}");
    }
}

#[test]
fn a_rate_becomes_legs_that_send_the_total() {
    let leg =
        |from_per_s, to_per_s, seconds| Leg { from_per_s, to_per_s, duration: Duration::from_secs(seconds) };
    for (settings, legs) in [
        ("rate = 10\nduration = \"30s\"", vec![leg(10.0, 10.0, 30)]),
        ("rate = 10\ntotal = 50", vec![leg(10.0, 10.0, 5)]),
        ("rate = 10\ntotal = 50\nduration = \"3s\"", vec![leg(10.0, 10.0, 3)]),
        ("rate = 10\nramp = \"4s\"\nduration = \"30s\"", vec![leg(0.0, 10.0, 4), leg(10.0, 10.0, 30)]),
        // The ramp has sent 20 of them.
        ("rate = 10\nramp = \"4s\"\ntotal = 50", vec![leg(0.0, 10.0, 4), leg(10.0, 10.0, 3)]),
    ] {
        assert_eq!(plan(&with(settings)).pace, Pace::Open { legs }, "{settings}");
    }
}

#[test]
fn an_endpoint_is_sent_as_it_is_written() {
    let job = format!(
        "{HEAD}base-url = \"http://127.0.0.1:8000/api/\"\n[[probe.http-load.endpoint]]\nname = \"chat\"\n\
         method = \"post\"\npath = \"/chat?x=1\"\njson = '{{\"session\": \"{{{{session}}}}\"}}'\nstream = true\n\
         weight = 3\nexpect = [\"200-204\", \"404\", \"5xx\"]\nheaders = {{ X-Trace = \"a{{{{count}}}}\" }}\n\
         secret-headers = {{ Authorization = \"env:TOKEN\" }}\n\
         [[probe.http-load.endpoint]]\nname = \"login\"\npath = \"/login\"\ntake = {{ session = \"/id\" }}\n"
    );
    let folder = tempfile::tempdir().unwrap();
    let asked = ask(folder.path(), &job).unwrap();
    let AnyProbe::HttpLoad(probe) = &*asked.probes[0].probe else { panic!("another kind") };
    let chat = &probe.program.plan.endpoints[0];
    assert_eq!((chat.method.as_str(), chat.target.as_str(), chat.weight), ("POST", "/api/chat?x=1", 3));
    assert_eq!(chat.expected, [200..=204, 404..=404, 500..=599]);
    assert!(chat.is_stream);
    assert_eq!(chat.headers[1].1.reveal(), "sentinel-4711");
    // A plan is shown and stored, and holds no secret.
    let view = probe.view().to_string();
    assert!(view.contains("env:TOKEN") && !view.contains("sentinel"), "{view}");
}

#[test]
fn everything_that_is_wrong_is_told_at_once_with_its_place() {
    let job = format!(
        "{HEAD}base-url = \"127.0.0.1:8000\"\nrate = 5\nthink-time = \"1s\"\ndata-file = \"nowhere.csv\"\n\
         thresholds = [\"p95 < 2s\", \"heath.p95 < 1s\"]\nabort-on = [\"health.p95 > 1s\"]\n\
         compare-with = \"nowhere.json\"\n{ENDPOINT}[[probe.http-load.endpoint]]\nname = \"success\"\npath = \"x\"\n\
         expect = [\"2yy\"]\nheaders = {{ Cookie = \"a\" }}\n"
    );
    let expected = [
        "probe[0].http-load.base-url: \"127.0.0.1:8000\" has no scheme",
        "probe[0].http-load.endpoint[1].name = \"success\": is a word of conditions",
        "probe[0].http-load.endpoint[1].path = \"x\": expected a path that begins with /",
        "probe[0].http-load.endpoint[1].headers.Cookie: may hold a secret",
        "probe[0].http-load.endpoint[1].expect = \"2yy\": expected a status",
        "probe[0].http-load.think-time: cannot be kept with a `rate`",
        "probe[0].http-load.data-file = \"nowhere.csv\": cannot be read",
        "probe[0].http-load.thresholds[1] = \"heath.p95 < 1s\": column 1: unknown word `heath.p95`; did you mean",
        "probe[0].http-load.abort-on[0] = \"health.p95 > 1s\": column 1: unknown word",
        "probe[0].http-load.compare-with = \"nowhere.json\": cannot be read",
    ];
    let found = problems(&job);
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}\n{expected}");
    }
    assert_eq!(found.len(), expected.len(), "{found:#?}");
}

#[test]
fn one_mistake_is_one_error() {
    for (job, expected) in [
        (with("preset = \"lihgt\""), "probe[0].http-load.preset = \"lihgt\": expected one of"),
        (with("grades = \"three\""), "probe[0].http-load.grades = \"three\": expected one of"),
        (with("ramp = \"1s\""), "probe[0].http-load.ramp: needs a `rate`"),
        (with("fail-on-regression = true"), "probe[0].http-load.fail-on-regression: needs `compare-with`"),
        (with("thresholds = [\"goodput > 90%\"]"), "probe[0].http-load.thresholds = \"goodput > 90%\""),
        (
            with("trust.danger-accept-invalid-certs = true"),
            "probe[0].http-load.trust.danger-accept-invalid-certs: has no effect",
        ),
        (format!("{HEAD}{ENDPOINT}"), "probe[0].http-load.base-url: is missing"),
        (format!("{HEAD}base-url = \"http://x\"\n"), "probe[0].http-load.endpoint: expected at least one"),
        (
            format!("{HEAD}base-url = \"http://u:hunter2@x\"\n{ENDPOINT}"),
            "probe[0].http-load.base-url: URL of \"x\" holds a user or password",
        ),
        (
            format!("{HEAD}base-url = \"https://x\"\ntrust.ca-bundle = \"nowhere.pem\"\n{ENDPOINT}"),
            "probe[0].http-load.trust.ca-bundle: read ca bundle",
        ),
        (
            format!("{}headers = {{ X = \"{{{{sesion}}}}\" }}\n", with("")),
            "probe[0].http-load.endpoint[0].headers: nothing gives {{sesion}}",
        ),
        (
            format!("{}json = '{{{{nmae}}}}'\n", with("data-file = \"users.csv\"")),
            "probe[0].http-load.endpoint[0].json: nothing gives {{nmae}}: expected one of name, mail",
        ),
        (format!("{}{ENDPOINT}", with("")), "probe[0].http-load.endpoint: two of them bear the same name"),
        (format!("{}json = '1'\nbody = '1'\n", with("")), "probe[0].http-load.endpoint[0].body: expected"),
    ] {
        let found = problems(&job);
        assert_eq!(found.len(), 1, "{job}: {found:#?}");
        assert!(found[0].starts_with(expected), "{}\n{expected}", found[0]);
        assert!(!found[0].contains("hunter2"), "{}", found[0]);
    }
}

#[test]
fn data_files_are_csv_or_json_lines() {
    let table = csv("\u{feff}name,note\r\nAda,\"a, \"\"b\"\"\nc\"\r\n\r\nBob,\n").unwrap();
    assert_eq!(table.columns, ["name", "note"]);
    assert_eq!(table.rows, [["Ada", "a, \"b\"\nc"], ["Bob", ""]]);
    let table = json_lines("{\"a\": \"x\", \"b\": 1}\n\n{\"b\": true, \"a\": \"\"}\n").unwrap();
    assert_eq!(
        (table.columns, table.rows),
        (
            vec!["a".into(), "b".into()],
            vec![vec!["x".to_owned(), "1".to_owned()], vec![String::new(), "true".to_owned()],]
        )
    );
    for (text, why) in [
        ("", "is empty"),
        ("a,a\n1,2\n", "names the column \"a\" twice"),
        ("a,b\n1\n", "line 2 has 1 cells, the header 2"),
        ("a,b\n\"1,2\n", "the quote of line 2 has no end"),
        ("a,b\n\"1\"x,2\n", "line 2 has text behind a quote"),
    ] {
        assert!(csv(text).unwrap_err().starts_with(why), "{text}");
    }
    for (text, why) in [
        ("[1]\n", "line 1 is no JSON object"),
        ("{\"a\": null}\n", "line 1: \"a\" is no text, number or boolean"),
        ("{\"a\": 1}\n{\"b\": 1}\n", "line 2 has the key \"b\""),
        ("{\"a\": 1}\n{}\n", "line 2 has no \"a\""),
    ] {
        assert!(json_lines(text).unwrap_err().starts_with(why), "{text}");
    }
    let folder = tempfile::tempdir().unwrap();
    let written = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).unwrap();
        read(&folder.path().join(name))
    };
    assert_eq!(written("a.csv", "a\n").unwrap_err(), "holds no row");
    assert!(written("a.txt", "a\n1\n").unwrap_err().contains(".csv"));
    assert_eq!(written("a.NDJSON", "{\"a\": 1}\n").unwrap().rows.len(), 1);
}

proptest! {
    /// Whatever is written by the RFC is read as it was.
    #[test]
    fn a_csv_is_read_as_it_was_written(
        rows in prop::collection::vec(prop::collection::vec("[a,\"\n\r é]{0,5}", 3), 1..6), crlf in any::<bool>(),
    ) {
        let end = if crlf { "\r\n" } else { "\n" };
        let cell = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
        let line = |row: &Vec<String>| row.iter().map(cell).collect::<Vec<_>>().join(",");
        let text: String = rows.iter().map(|row| format!("{}{end}", line(row))).collect();
        prop_assert_eq!(csv(&format!("x,y,z{end}{text}")).unwrap().rows, rows);
    }

    #[test]
    fn no_data_is_too_odd_to_be_refused(text in "[a,\"\n\r{}:1]{0,40}") {
        let _ = (csv(&text), json_lines(&text));
    }
}
