//! Defaults < lustrum.toml < job file < environment < flags, for every key and any mix.

use lustrum::cli::args::Arguments;
use lustrum::cli::args::Command;
use lustrum::cli::request;
use lustrum::config::environment::Environment;
use lustrum::config::job::Job;
use lustrum::config::layer::{Layer, Origin};
use lustrum::config::load::{Request, Secrets, ask, load};
use proptest::prelude::*;

/// Values of one key by layer, weakest first; `None` where a layer is silent.
fn loaded_concurrency(by_layer: [Option<u32>; 4]) -> (u32, String) {
    let folder = tempfile::tempdir().unwrap();
    let setting =
        |value: Option<u32>| value.map(|n| format!("[limits]\nconcurrency = {n}\n")).unwrap_or_default();
    let [settings, job, variable, flag] = by_layer;
    std::fs::create_dir(folder.path().join("schedules")).unwrap();
    std::fs::write(folder.path().join("lustrum.toml"), setting(settings)).unwrap();
    std::fs::write(folder.path().join("schedules/x.toml"), setting(job)).unwrap();
    let request = Request {
        directory: folder.path().to_owned(),
        job: Some("x".to_owned()),
        environment: variable
            .map(|n| ("LUSTRUM__LIMITS__CONCURRENCY".to_owned(), n.to_string()))
            .into_iter()
            .collect(),
        flags: flag
            .map(|n| Layer::one(Origin::Flag("--concurrency".to_owned()), "limits.concurrency", n))
            .into_iter()
            .collect(),
        ..Request::default()
    };
    let loaded = load(&request).unwrap();
    (loaded.job.limits.concurrency, loaded.origins.of("limits.concurrency"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_strongest_layer_that_speaks_wins(by_layer in prop::array::uniform4(prop::option::of(1_u32..=4096))) {
        let (value, origin) = loaded_concurrency(by_layer);
        let strongest = by_layer.iter().rposition(Option::is_some);
        let expected = strongest.and_then(|layer| by_layer[layer]).unwrap_or(Job::default().limits.concurrency);
        prop_assert_eq!(value, expected);
        let ending = match strongest {
            None => "default",
            Some(0) => "lustrum.toml",
            Some(1) => "schedules/x.toml",
            Some(2) => "environment LUSTRUM__LIMITS__CONCURRENCY",
            Some(_) => "flag --concurrency",
        };
        prop_assert!(origin.ends_with(ending), "{} is not {}", origin, ending);
    }
}

fn arguments(line: &[&str]) -> Arguments {
    use clap::Parser;
    Arguments::try_parse_from([&["lustrum"], line].concat()).unwrap()
}

fn run_request(line: &[&str], environment: Environment) -> Request {
    let Arguments { global, command } = arguments(line);
    let Command::Run(run) = command else { panic!("not a run") };
    request::of_run(&global, &run, environment)
}

#[test]
fn every_flag_reaches_its_setting() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ca.pem"), "").unwrap();
    let pin = "AB:".repeat(31) + "AB";
    let line = [
        "run",
        "--hosts",
        "hv01, HV02,",
        "--only",
        "vinfo",
        "--concurrency",
        "7",
        "--user",
        "DOM\\me",
        "--https",
        "--port",
        "6000",
        "--address",
        "127.0.0.1",
        "--auth",
        "basic",
        "--ca-bundle",
        "ca.pem",
        "--pin-sha256",
        &pin,
        "--danger-accept-invalid-certs",
        "--coverage-threshold",
        "0.5",
        "--allow-partial-ok",
        "--skip-confirmed-empty",
        "--out-dir",
        "there",
        "--log-level",
        "debug",
        "--log-format",
        "json",
        "--log-dir",
        "logs",
    ];
    let secrets = [("HYPERV_PASSWORD".to_owned(), "x".to_owned())];
    let mut request = run_request(&line, secrets.into_iter().collect());
    request.directory = folder.path().to_owned();
    let asked = ask(&request, Secrets::All).unwrap();

    let job = &asked.job;
    assert_eq!((job.limits.concurrency, job.output.dir.as_str()), (7, "there"));
    assert_eq!((job.log.level.as_str(), job.log.dir.as_deref()), ("debug", Some("logs")));
    assert_eq!(job.audit.coverage_threshold, 0.5);
    assert!(job.audit.allow_partial_ok && job.audit.skip_confirmed_empty);
    assert_eq!(job.tables, ["vinfo"]);
    let target = &asked.fleet.targets[1];
    assert_eq!((target.host.as_str(), target.address.as_str(), target.port), ("hv02", "127.0.0.1", 6000));
    assert_eq!(target.trust.pin_sha256.as_deref(), Some("ab".repeat(32).as_str()));
    assert!(target.trust.ca_bundle.as_deref().unwrap().ends_with("ca.pem"));
    assert!(target.trust.danger_accept_invalid_certs);
    assert_eq!(asked.credentials[&target.credential].user, "DOM\\me");
}

#[test]
fn hosts_on_the_command_line_stand_for_the_whole_fleet() {
    let folder = tempfile::tempdir().unwrap();
    let job = "[fleet]\nhosts = [\"a\", \"b\"]\nhosts-file = \"more.txt\"\n[[group]]\nhosts = [\"b\"]\nport = 7000\n";
    std::fs::write(folder.path().join("job.toml"), job).unwrap();
    std::fs::write(folder.path().join("more.txt"), "c\n").unwrap();
    std::fs::write(folder.path().join("retry.txt"), "b\n").unwrap();
    let hosts = |line: &[&str]| {
        let mut request = run_request(line, Environment::default());
        request.directory = folder.path().to_owned();
        let targets = ask(&request, Secrets::None).unwrap().fleet.targets;
        targets.iter().map(|target| format!("{}:{}", target.host, target.port)).collect::<Vec<_>>()
    };
    assert_eq!(hosts(&["run", "./job.toml"]), ["a:5985", "b:7000", "c:5985"]);
    assert_eq!(hosts(&["run", "./job.toml", "--hosts", "b"]), ["b:7000"]);
    assert_eq!(hosts(&["run", "./job.toml", "--hosts-file", "retry.txt"]), ["b:7000"]);
    assert_eq!(
        hosts(&["run", "./job.toml", "--hosts", "z", "--hosts-file", "retry.txt"]),
        ["z:5985", "b:7000"]
    );
}

#[test]
fn the_environment_gives_texts_and_the_schema_gives_them_a_type() {
    let variables = [
        ("LUSTRUM__FLEET__HOSTS", "hv01, hv02"),
        ("LUSTRUM__LIMITS__HOST_DEADLINE", "2m"),
        ("LUSTRUM__OUTPUT__CSV_FORMULA_GUARD", "false"),
        ("LUSTRUM__OUTPUT__FORMATS", "csv"),
        ("LUSTRUM__CREDENTIALS__DEFAULT__USER", "0815"),
        ("LUSTRUM__CONNECTION__TRUST__DANGER_ACCEPT_INVALID_CERTS", "true"),
    ];
    let environment =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let loaded = load(&Request { environment, ..Request::default() }).unwrap();
    let job = loaded.job;
    assert_eq!(job.fleet.hosts.len(), 2);
    assert_eq!(job.limits.host_deadline.as_secs(), 120);
    assert!(!job.output.csv_formula_guard && job.connection.trust.danger_accept_invalid_certs);
    assert_eq!(job.output.formats, [lustrum::config::job::TableFormat::Csv]);
    assert_eq!(job.credentials["default"].user.as_deref(), Some("0815"));
}

#[test]
fn a_job_is_called_as_its_file_unless_it_says_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("nightly.toml"), "").unwrap();
    std::fs::write(folder.path().join("other.toml"), "name = \"own\"").unwrap();
    let name = |job: &str| {
        let request =
            Request { directory: folder.path().to_owned(), job: Some(job.to_owned()), ..Request::default() };
        load(&request).unwrap().job.name.to_string()
    };
    assert_eq!(name("./nightly.toml"), "nightly");
    assert_eq!(name("./other.toml"), "own");
    assert_eq!(load(&Request::default()).unwrap().job.name.as_str(), "adhoc");
}
