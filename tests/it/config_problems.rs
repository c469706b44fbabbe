//! What is wrong with a configuration is told all at once, each with its place and what
//! was expected, and without a word of any secret.

use std::path::Path;

use lustrum::config::environment::Environment;
use lustrum::config::limits::Limits;
use lustrum::config::load::{Request, Secrets, ask, load};
use lustrum::config::problem::Problem;
use tempfile::TempDir;

const SENTINEL: &str = "sentinel-hunter2-5f3a";

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("schedules")).unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn request(folder: &TempDir, job: Option<&str>, variables: &[(&str, &str)]) -> Request {
    let environment: Environment =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let directory = folder.path().to_owned();
    Request { directory, job: job.map(str::to_owned), environment, ..Request::default() }
}

fn problems(request: &Request) -> Vec<Problem> {
    ask(request, Secrets::All).unwrap_err().0
}

fn find<'a>(problems: &'a [Problem], key: &str) -> &'a Problem {
    problems.iter().find(|problem| problem.key == key).unwrap_or_else(|| panic!("{key} in {problems:#?}"))
}

fn is_from(problem: &Problem, file: &str) -> bool {
    Path::new(&problem.origin).ends_with(file)
}

const BAD_SETTINGS: &str = r#"
concurrency = 3
[limits]
concurency = 12
attempts = 99
host-deadline = 300
[connection]
auth = "digest"
"#;

const BAD_JOB: &str = r#"
name = "Bad Name"
tables = ["vInf"]
[fleet]
hosts = ["../x", "a\nb", "hv01:5985", "fine"]
hosts-file = "missing.txt"
[credentials.default]
password = "sentinel-hunter2-5f3a"
passwrd = "sentinel-hunter2-5f3a"
[[group]]
hosts = ["fine"]
port = 0
"#;

#[test]
fn all_problems_are_told_at_once_from_every_layer() {
    let folder = folder(&[("lustrum.toml", BAD_SETTINGS), ("schedules/bad.toml", BAD_JOB)]);
    let variables = [("LUSTRUM__LIMITS__CONCURRENCY", "many"), ("LUSTRUM__AUDIT__COVERAGE_THRESHOLD", "1.5")];
    let found = problems(&request(&folder, Some("bad"), &variables));

    let expected = [
        ("concurrency", "lustrum.toml", "unknown key; did you mean `limits.concurrency`?"),
        ("limits.concurency", "lustrum.toml", "unknown key; did you mean `concurrency`?"),
        ("limits.attempts", "lustrum.toml", "expected an integer from 1 to 10"),
        ("limits.host-deadline", "lustrum.toml", "expected a duration such as"),
        (
            "connection.auth",
            "lustrum.toml",
            "expected one of `negotiate`, `ntlm`, `kerberos`, `basic`, `certificate`",
        ),
        ("name", "schedules/bad.toml", "expected 1 to 64 characters"),
        ("tables[0]", "schedules/bad.toml", "did you mean `vInfo`?"),
        ("fleet.hosts[0]", "schedules/bad.toml", "holds a path separator"),
        ("fleet.hosts[1]", "schedules/bad.toml", "holds white space or a control character"),
        ("fleet.hosts[2]", "schedules/bad.toml", "holds a port; give it with"),
        ("fleet.hosts-file", "schedules/bad.toml", "cannot be read: No such file"),
        ("credentials.default.password", "schedules/bad.toml", "expected a reference: \"env:NAME\""),
        ("credentials.default.passwrd", "schedules/bad.toml", "unknown key; did you mean `password`?"),
        ("group[0].port", "schedules/bad.toml", "expected an integer from 1 to 65535"),
    ];
    for (key, file, message) in expected {
        let problem = find(&found, key);
        assert!(is_from(problem, file), "{problem}");
        assert!(problem.message.contains(message), "{problem}");
    }
    let many = find(&found, "limits.concurrency");
    assert_eq!(many.origin, "environment LUSTRUM__LIMITS__CONCURRENCY");
    assert_eq!(many.value.as_deref(), Some("\"many\""));
    let threshold = find(&found, "audit.coverage-threshold");
    assert_eq!(threshold.message, "expected a number from 0.0 to 1.0");
    assert_eq!(found.len(), expected.len() + 2, "{found:#?}");
}

#[test]
fn a_line_names_file_key_value_and_what_was_expected() {
    let problem = Problem::new("lustrum.toml", "limits.attempts", "expected an integer from 1 to 10");
    let line = problem.with_value("99").to_string();
    assert_eq!(line, "lustrum.toml: limits.attempts = 99: expected an integer from 1 to 10");
}

#[test]
fn a_literal_password_is_refused_and_not_repeated() {
    let in_file = format!("[credentials.default]\npassword = \"{SENTINEL}\"\n");
    let typed_wrong =
        format!("[credentials.default]\npassword = [\"{SENTINEL}\"]\nkey = {{ a = \"{SENTINEL}\" }}\n");
    let broken_toml = format!("[credentials.default]\npassword = \"{SENTINEL}\nuser = 1\n");
    for text in [in_file, typed_wrong, broken_toml] {
        let folder = folder(&[("lustrum.toml", &text)]);
        let refused = load(&request(&folder, None, &[])).unwrap_err();
        assert!(!refused.to_string().contains(SENTINEL) && !format!("{refused:?}").contains(SENTINEL));
        assert!(!refused.is_empty());
    }
    let folder = folder(&[]);
    let variables = [("LUSTRUM__CREDENTIALS__DEFAULT__PASSWORD", SENTINEL)];
    let refused = load(&request(&folder, None, &variables)).unwrap_err();
    assert_eq!(refused.0[0].value.as_deref(), Some("***"));
    assert!(!refused.to_string().contains(SENTINEL));
}

#[test]
fn broken_toml_is_told_by_its_line() {
    let folder = folder(&[("schedules/x.toml", "name = \"x\"\n\n[fleet\n")]);
    let found = problems(&request(&folder, Some("x"), &[]));
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].origin.ends_with("schedules/x.toml:3"), "{}", found[0]);
    assert!(found[0].message.starts_with("not TOML: "), "{}", found[0]);
}

#[test]
fn a_missing_job_is_told_with_the_one_that_was_meant() {
    let folder = folder(&[("schedules/hyperv-daily.toml", "")]);
    let found = problems(&request(&folder, Some("hyperv-dayly"), &[]));
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0].message, "no such job file; did you mean `hyperv-daily`?");
}

#[test]
fn a_missing_settings_file_is_a_problem_only_when_asked_for() {
    let folder = folder(&[]);
    let mut request = request(&folder, None, &[]);
    assert!(load(&request).is_ok());
    request.config = Some("other.toml".into());
    let refused = load(&request).unwrap_err();
    assert!(
        refused.0[0].origin.ends_with("other.toml") && refused.0[0].message.starts_with("cannot be read")
    );
}

#[test]
fn an_empty_fleet_is_refused() {
    let folder = folder(&[
        ("hosts.txt", "# nobody yet\n\n"),
        ("schedules/x.toml", "[fleet]\nhosts-file = \"hosts.txt\""),
    ]);
    let found = problems(&request(&folder, Some("x"), &[]));
    assert_eq!(find(&found, "fleet.hosts-file").message, "holds no host");
    let found = problems(&request(&folder, None, &[]));
    assert!(find(&found, "fleet.hosts").message.starts_with("no hosts: "));
}

#[test]
fn variables_with_one_underscore_are_not_passed_over_in_silence() {
    let folder = folder(&[]);
    let loaded = load(&request(&folder, None, &[("LUSTRUM_CONCURRENCY", "3")])).unwrap();
    assert!(loaded.warnings[0].starts_with("LUSTRUM_CONCURRENCY is not read"), "{:?}", loaded.warnings);
}

#[test]
fn a_deadline_that_another_one_ends_is_worth_a_word() {
    let folder = folder(&[("lustrum.toml", "limits.host-deadline = \"1m\"\n")]);
    let warnings = load(&request(&folder, None, &[])).unwrap().warnings;
    assert_eq!(warnings, ["limits.collector-deadline is longer than limits.host-deadline, which ends it"]);
    assert!(Limits::default().uneven().is_empty());
}

#[test]
fn every_key_of_the_schema_is_refused_when_its_value_is_of_another_kind() {
    // One mechanism checks all keys; walk them all rather than a few.
    let schema = lustrum::config::job::schema().to_value();
    let mut keys = Vec::new();
    let properties = schema["properties"].as_object().unwrap();
    for (section, value) in properties {
        let definition =
            value["$ref"].as_str().map(|path| &schema["$defs"][path.rsplit('/').next().unwrap()]);
        match definition.and_then(|definition| definition["properties"].as_object()) {
            Some(inner) => keys.extend(inner.keys().map(|key| format!("{section}.{key}"))),
            None => keys.push(section.clone()),
        }
    }
    assert!(keys.len() > 30, "{keys:?}");
    // No key takes a date.
    let text: String = keys.iter().map(|key| format!("{key} = 2026-11-21\n")).collect();
    let folder = folder(&[("lustrum.toml", &text)]);
    let refused = load(&request(&folder, None, &[])).unwrap_err();
    let told: Vec<&str> = refused.0.iter().map(|problem| problem.key.as_str()).collect();
    for key in &keys {
        // To the parser a date is a small table, so a table refuses what is in it.
        let inside = format!("{key}.");
        assert!(
            told.iter().any(|told| told == key || told.starts_with(&inside)),
            "{key} took a date; told: {told:?}"
        );
    }
}

#[test]
fn a_delta_log_needs_parquet_files_to_list() {
    let folder = folder(&[("schedules/daily.toml", "fleet.hosts = [\"hv01\"]\n[output]\ndelta = true\n")]);
    let secrets = [("HYPERV_USER", "u"), ("HYPERV_PASSWORD", "p")];
    assert!(ask(&request(&folder, Some("daily"), &secrets), Secrets::All).unwrap().job.output.delta);
    let without = [secrets[0], secrets[1], ("LUSTRUM__OUTPUT__FORMATS", "csv,xlsx")];
    let found = problems(&request(&folder, Some("daily"), &without));
    let problem = find(&found, "output.delta");
    assert!(is_from(problem, "daily.toml") && problem.message.contains("no \"parquet\""), "{problem:?}");
}
