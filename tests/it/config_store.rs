//! The way into an S3 store: from a job, from the environment, and what is wrong with it.

use lustrum::config::environment::Environment;
use lustrum::config::load::{Request, Secrets, ask, load, opening};
use lustrum::config::store::{Opening, Writers};

const SENTINEL: &str = "sentinel-hunter2-5f3a";

fn request(folder: &tempfile::TempDir, job: &str, variables: &[(&str, &str)]) -> Request {
    std::fs::write(folder.path().join("job.toml"), format!("fleet.hosts = [\"a\"]\n{job}")).unwrap();
    let mut environment: Environment =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    environment.add_default("HYPERV_USER".to_owned(), "u".to_owned());
    environment.add_default("HYPERV_PASSWORD".to_owned(), "p".to_owned());
    Request {
        directory: folder.path().to_owned(),
        job: Some("./job.toml".to_owned()),
        environment,
        ..Request::default()
    }
}

fn opened(job: &str, variables: &[(&str, &str)]) -> Opening {
    let folder = tempfile::tempdir().unwrap();
    let request = request(&folder, job, variables);
    let asked = ask(&request, Secrets::All).unwrap();
    opening(&asked.job, &request).unwrap()
}

fn problems(job: &str, variables: &[(&str, &str)]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let found = ask(&request(&folder, job, variables), Secrets::All).unwrap_err();
    found.0.iter().map(|problem| format!("{}: {}", problem.key, problem.message)).collect()
}

const S3: &str = "output.dir = \"s3://census/prod\"\n";

#[test]
fn keys_come_by_reference() {
    let job = format!(
        "{S3}[store]\nendpoint = \"https://minio.example:9000/\"\nregion = \"eu-central-1\"\n\
         access-key = \"env:KEY\"\nsecret-key = \"env:SECRET\"\nwriters = \"one\""
    );
    let opening = opened(&job, &[("KEY", "AKID"), ("SECRET", SENTINEL), ("AWS_REGION", "us-west-2")]);
    assert_eq!((opening.root.as_str(), opening.writers), ("s3://census/prod", Writers::One));
    let keys = opening.access.keys.as_ref().unwrap();
    assert_eq!((keys.access_key.reveal(), keys.secret_key.reveal()), ("AKID", SENTINEL));
    assert_eq!(opening.access.endpoint.as_deref(), Some("https://minio.example:9000"));
    assert_eq!(opening.access.region.as_deref(), Some("eu-central-1"));
    assert!(!format!("{opening:?}").contains(SENTINEL));
}

#[test]
fn without_keys_the_usual_variables_hold() {
    let opening = opened(
        S3,
        &[
            ("AWS_ACCESS_KEY_ID", "AKID"),
            ("AWS_SECRET_ACCESS_KEY", SENTINEL),
            ("AWS_DEFAULT_REGION", "eu-north-1"),
            ("AWS_ENDPOINT_URL", "http://minio:9000"),
            ("AWS_SKIP_SIGNATURE", "true"),
        ],
    );
    assert!(opening.access.keys.is_none());
    let names: Vec<_> = opening.access.variables.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]);
    assert_eq!(opening.access.region.as_deref(), Some("eu-north-1"));
    assert_eq!(opening.access.endpoint.as_deref(), Some("http://minio:9000"));
    assert!(!format!("{opening:?}").contains(SENTINEL));
}

#[test]
fn everything_wrong_is_told_at_once_and_no_secret_with_it() {
    let job = format!(
        "{S3}[store]\nendpoint = \"minio:9000\"\naccess-key = \"env:NOT_SET\"\nca-bundle = \"nowhere.pem\"\n\
         proxy = \"http://me:{SENTINEL}@proxy:3128\""
    );
    let told = problems(&job, &[]);
    assert!(!told.concat().contains(SENTINEL));
    let keys: Vec<_> = told.iter().map(|problem| problem.split(": ").next().unwrap()).collect();
    let expected =
        ["store.endpoint", "store.proxy", "store.access-key", "store.secret-key", "store.ca-bundle"];
    assert_eq!(keys, expected, "{told:#?}");
    assert!(told.contains(&"store.access-key: NOT_SET is not set".to_owned()), "{told:#?}");
    assert!(told.contains(&"store.secret-key: is missing".to_owned()), "{told:#?}");
}

#[test]
fn a_lease_outlives_two_heartbeats_that_did_not_come() {
    let opening = opened("[store]\nlease-ttl = \"5m\"\nlease-heartbeat = \"100s\"", &[]);
    let seconds = (opening.lease.ttl.as_secs(), opening.lease.heartbeat.as_secs());
    assert_eq!(seconds, (300, 100));
    assert_eq!(
        problems("[store]\nlease-ttl = \"1m\"\nlease-heartbeat = \"21s\"", &[]),
        ["store.lease-heartbeat: expected 20s at most, a third of store.lease-ttl"]
    );
    for ttl in ["9s", "2h"] {
        let told = problems(&format!("[store]\nlease-ttl = \"{ttl}\""), &[]);
        assert_eq!(told, ["store.lease-ttl: expected 10s to 1h"]);
    }
}

#[test]
fn a_folder_needs_none_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let request = request(&folder, "[store]\nsecret-key = \"env:NOT_SET\"", &[]);
    assert!(ask(&request, Secrets::All).is_ok());
    let job = load(&request).unwrap().job;
    assert_eq!(opening(&job, &request).unwrap().root, "out");
}
