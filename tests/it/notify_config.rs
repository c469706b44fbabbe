//! `[[notify]]` as it is written: what is wrong with it, and what a run does without its secrets.

use std::process::Command;

use lustrum::config::environment::Environment;
use lustrum::config::load::{self, Request, Secrets};
use lustrum::notify::courier::Way;
use lustrum::notify::notice::On;

fn request(folder: &tempfile::TempDir, settings: &str, job: &str) -> Request {
    std::fs::write(folder.path().join("lustrum.toml"), settings).unwrap();
    std::fs::write(folder.path().join("job.toml"), format!("fleet.hosts = [\"a\"]\n{job}")).unwrap();
    let variables = [("HYPERV_USER", "u"), ("HYPERV_PASSWORD", "p"), ("HOOK", "https://hooks.example/T0KEN")];
    let environment: Environment =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let directory = folder.path().to_owned();
    Request { directory, job: Some("./job.toml".to_owned()), environment, ..Request::default() }
}

fn problems(settings: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let found = load::load(&request(&folder, settings, "")).unwrap_err();
    let file = format!("{}/lustrum.toml: ", folder.path().display());
    let lines = found.0.iter().map(ToString::to_string);
    lines.map(|line| line.strip_prefix(&file).unwrap_or_else(|| panic!("{line}")).to_owned()).collect()
}

#[test]
fn an_unknown_variable_names_file_key_value_and_what_was_expected() {
    let found = problems(
        "[[notify]]\nwebhook = { url = \"env:HOOK\", template = '{\"text\": \"{{hots}} of {{job}}\"}' }\n\
         [[notify]]\n[notify.email]\nserver = \"mail\"\nfrom = \"a@example.com\"\nto = [\"b@example.com\"]\nsubject = \"{{titel}}\"",
    );
    assert_eq!(found.len(), 2, "{found:#?}");
    let start = "notify[0].webhook.template = \"{\\\"text\\\": \\\"{{hots}} of {{job}}\\\"}\": unknown variable `hots`; expected one of `occasion`, ";
    assert!(found[0].starts_with(start) && found[0].ends_with("did you mean `hosts`?"), "{}", found[0]);
    let start = "notify[1].email.subject = \"{{titel}}\": unknown variable `titel`; expected one of";
    assert!(found[1].starts_with(start) && found[1].ends_with("did you mean `title`?"), "{}", found[1]);
}

#[test]
fn everything_wrong_is_told_at_once() {
    let email =
        "from = \"a@example.com\"\nto = [\"ops@example.com\", \"\"]\nuser = \"u\"\nprotection = \"none\"";
    let found = problems(&format!(
        "[[notify]]\non = [\"failures\"]\nattempts = 0\nwebhook = {{ url = \"https://T0KEN\", template = \"{{{{\" }}\n\
         [[notify]]\non = []\n[[notify]]\n[notify.email]\n{email}\n\
         [[notify]]\nwebhook = {{ }}\n[[notify]]\n[notify.email]\nserver = \"m\"\nfrom = \"a@b.c\"\nto = [\"d@e.f\"]\nuser = \"u\"\npassword = \"env:P\"\nprotection = \"none\"\n[[notify]]\n[notify.email]\nfrom = \"census\""
    ));
    let expected = [
        "notify[0].on[0] = \"failures\": expected one of `failure`,",
        "notify[0].attempts = 0: expected an integer from 1 to 10",
        "notify[0].webhook.url = ***: expected a reference",
        "notify[0].webhook.template = \"{{\": not JSON: ",
        "notify[5].email.from = \"census\": expected an address such as",
        "notify[1].on: expected at least one word",
        "notify[1]: expected `webhook` or `email`, one of them",
        "notify[2].email.server: is missing",
        "notify[2].email.to: is missing",
        "notify[2].email.password: is missing: user and password go together",
        "notify[3].webhook.url: is missing",
        "notify[4].email.protection: sends the password in clear",
    ];
    for line in expected {
        assert!(found.iter().any(|told| told.starts_with(line)), "{line} in {found:#?}");
    }
    // What only echoes another problem is not told.
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    assert!(!found.concat().contains("T0KEN"));
}

#[test]
fn the_list_of_a_job_replaces_that_of_the_settings() {
    let settings =
        "[[notify]]\nwebhook = { url = \"env:HOOK\" }\n[[notify]]\nwebhook = { url = \"env:HOOK\" }\n";
    for (job, expected) in [
        ("", vec![vec![On::Failure, On::Recovery, On::Missed]; 2]),
        ("notify = []", vec![]),
        ("[[notify]]\non = [\"always\"]\nwebhook = { url = \"env:HOOK\" }", vec![vec![On::Always]]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let request = request(&folder, settings, job);
        let couriers = load::couriers(&load::load(&request).unwrap().job, &request);
        let found: Vec<_> = couriers.into_iter().map(|courier| courier.on).collect();
        assert_eq!(found, expected, "{job}");
    }
}

#[test]
fn a_secret_that_is_missing_is_a_problem_of_the_check_and_closes_its_way() {
    let settings = "[[notify]]\n[notify.webhook]\nurl = \"env:ABSENT\"\nca-bundle = \"nowhere.pem\"\n\
        headers = { \"X Y\" = \"plain:1\", Authorization = \"env:HOOK\" }\n[[notify]]\nwebhook = { url = \"plain:ftp://x\" }\n";
    let folder = tempfile::tempdir().unwrap();
    let request = request(&folder, settings, "");
    let found = load::notify_secrets(&request);
    let keys: Vec<_> =
        found.0.iter().map(|problem| format!("{}: {}", problem.key, problem.message)).collect();
    assert_eq!(
        keys,
        [
            "notify[0].webhook.url: ABSENT is not set",
            "notify[0].webhook.headers.X Y: is not the name of a header",
            "notify[0].webhook.ca-bundle: cannot be read: No such file or directory (os error 2)",
            "notify[1].webhook.url: is not a URL that begins with https:// or http://",
        ]
    );
    // The run itself goes on.
    let asked = load::ask(&request, Secrets::All).unwrap();
    let couriers = load::couriers(&asked.job, &request);
    assert!(
        couriers.iter().all(|courier| matches!(&courier.way, Way::Closed(why) if why.contains("webhook")))
    );

    let mut command = Command::new(env!("CARGO_BIN_EXE_lustrum"));
    command.current_dir(folder.path()).args(["config", "check", "./job.toml"]).env_clear();
    let output = command.env("HYPERV_USER", "u").env("HYPERV_PASSWORD", "p").output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(
        told.contains("lustrum.toml: notify[0].webhook.url = \"env:ABSENT\": ABSENT is not set"),
        "{told}"
    );
}

#[test]
fn settings_read_back_as_they_are_shown() {
    let settings = "[[notify]]\n[notify.webhook]\nurl = \"plain:https://hooks.example/T0KEN\"\nformat = \"teams\"\n\
        headers = { Authorization = \"plain:T0KEN\" }\n";
    let folder = tempfile::tempdir().unwrap();
    let loaded = load::load(&request(&folder, settings, "")).unwrap();
    let shown = toml::to_string(&loaded.job).unwrap();
    assert!(!shown.contains("T0KEN") && shown.contains("plain:***"), "{shown}");
    assert!(!format!("{loaded:?}").contains("T0KEN"));
}
