//! Secrets come by reference and show themselves nowhere.

use std::collections::BTreeMap;

use lustrum::config::environment::Environment;
use lustrum::config::load::{Asked, Request, Secrets, ask, load};
use lustrum::config::secret::SecretReference;

const SENTINEL: &str = "sentinel-hunter2-5f3a";

fn environment(variables: &[(&str, &str)]) -> Environment {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn resolve(reference: &str, environment: &Environment) -> Result<String, String> {
    SecretReference::parse(reference).unwrap().resolve(environment).map(|secret| secret.reveal().to_owned())
}

#[test]
fn each_reference_finds_its_secret() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("password");
    std::fs::write(&path, format!("{SENTINEL}\r\n")).unwrap();
    let directory = folder.path().to_str().unwrap();
    let environment = environment(&[("NAME", SENTINEL), ("CREDENTIALS_DIRECTORY", directory)]);
    let file = format!("file:{}", path.display());
    let plain = format!("plain:{SENTINEL}");
    for reference in ["env:NAME", "credential:password", &file, &plain] {
        assert_eq!(resolve(reference, &environment).as_deref(), Ok(SENTINEL), "{reference}");
    }
}

#[test]
fn a_trailing_line_end_is_no_part_of_a_secret_but_spaces_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("password");
    std::fs::write(&path, " two  \n\n").unwrap();
    let file = format!("file:{}", path.display());
    assert_eq!(resolve(&file, &Environment::default()).as_deref(), Ok(" two  \n"));
}

#[test]
fn what_cannot_be_found_is_told_without_a_guess() {
    let none = Environment::default();
    assert_eq!(resolve("env:NAME", &none), Err("NAME is not set".to_owned()));
    assert!(
        resolve("file:/nowhere/password", &none).unwrap_err().starts_with("cannot read /nowhere/password: ")
    );
    assert!(resolve("credential:x", &none).unwrap_err().starts_with("CREDENTIALS_DIRECTORY is not set"));
    assert_eq!(resolve("env:NAME", &environment(&[("NAME", "")])), Err("is empty".to_owned()));
}

#[test]
fn only_known_prefixes_are_references() {
    for text in
        [SENTINEL, "", "env:", "file:", "credential:../../etc/shadow", "credential:..", "vault:x", "PLAIN:x"]
    {
        assert_eq!(SecretReference::parse(text), None, "{text}");
    }
}

fn asked(job: &str, variables: &[(&str, &str)]) -> Asked {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("job.toml"), job).unwrap();
    let request = Request {
        directory: folder.path().to_owned(),
        job: Some("./job.toml".to_owned()),
        environment: environment(variables),
        ..Request::default()
    };
    ask(&request, Secrets::All).unwrap()
}

#[test]
fn the_default_credential_is_hyperv_user_and_password() {
    let asked = asked("fleet.hosts = [\"a\"]", &[("HYPERV_USER", "DOM\\svc"), ("HYPERV_PASSWORD", SENTINEL)]);
    let (name, credential) = asked.credentials.first_key_value().unwrap();
    assert_eq!((name.0.as_str(), credential.user.as_str()), ("default", "DOM\\svc"));
    assert_eq!(credential.password.reveal(), SENTINEL);
}

#[test]
fn only_credentials_that_hosts_use_are_fetched() {
    let job = "fleet.hosts = [\"a\"]\nconnection.credential = \"x\"\n[credentials.x]\nuser = \"me\"\npassword = \"env:P\"\n[credentials.y]\npassword = \"env:MISSING\"\n";
    let names: Vec<String> = asked(job, &[("P", "p")]).credentials.into_keys().map(|name| name.0).collect();
    assert_eq!(names, ["x"]);
}

#[test]
fn no_debug_and_no_listing_shows_a_secret() {
    let job = format!(
        "fleet.hosts = [\"a\"]\n[credentials.default]\nuser = \"me\"\npassword = \"plain:{SENTINEL}\"\n"
    );
    let asked = asked(&job, &[("OTHER", SENTINEL)]);
    let shown = [
        format!("{asked:?}"),
        format!("{:?}", asked.credentials),
        format!("{:?}", environment(&[("OTHER", SENTINEL)])),
        toml::to_string(&asked.job).unwrap(),
        serde_json::to_string(&asked.job).unwrap(),
    ];
    for text in shown {
        assert!(!text.contains(SENTINEL), "{text}");
    }
    assert!(toml::to_string(&asked.job).unwrap().contains("plain:***"));
}

#[test]
fn missing_halves_of_a_credential_are_told_with_their_origin() {
    let folder = tempfile::tempdir().unwrap();
    let job = "fleet.hosts = [\"a\"]\n[credentials.x]\n[connection]\ncredential = \"x\"\n";
    std::fs::write(folder.path().join("job.toml"), job).unwrap();
    let request = Request {
        directory: folder.path().to_owned(),
        job: Some("./job.toml".to_owned()),
        ..Request::default()
    };
    let refused = ask(&request, Secrets::All).unwrap_err();
    let told: BTreeMap<&str, &str> =
        refused.0.iter().map(|problem| (problem.key.as_str(), problem.message.as_str())).collect();
    assert_eq!(
        told,
        BTreeMap::from([("credentials.x.password", "is missing"), ("credentials.x.user", "is missing")])
    );
    assert!(load(&request).is_ok(), "settings alone need no secrets");
}
