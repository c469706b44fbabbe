//! A password is nowhere but in the logon: not in logs, artifacts, output or arguments.

use std::path::Path;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lustrum::model::credential::Secret;
use lustrum::model::target::Scheme;
use lustrum::simulator::fault::Fault;
use lustrum::simulator::fleet::FleetSpec;
use lustrum::simulator::running::Simulator;

use crate::world::scripted_kdc::ScriptedKdc;

const SENTINEL: &str = "Sentinel-9f27-Passw0rd";
const USER: &str = "census";

/// The password as it might slip out: plain, UTF-16, in Basic's base64, in base64 alone.
fn disguises() -> Vec<Vec<u8>> {
    let utf16: Vec<u8> = SENTINEL.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let basic = STANDARD.encode(format!("{USER}:{SENTINEL}"));
    let base64 = STANDARD.encode(SENTINEL);
    let base64 = base64.trim_end_matches('=');
    vec![SENTINEL.into(), utf16, basic.into(), base64[..base64.len() - 1].into()]
}

fn assert_clean(what: &str, bytes: &[u8]) {
    for disguise in disguises() {
        let found = bytes.windows(disguise.len()).any(|window| window == disguise);
        assert!(!found, "the password is in {what}");
    }
}

/// Looks into every file below a folder; gives their number.
fn assert_folder_clean(folder: &Path) -> usize {
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files += assert_folder_clean(&path);
        } else {
            assert_clean(&path.display().to_string(), &std::fs::read(&path).unwrap());
            files += 1;
        }
    }
    files
}

async fn survey(scheme: Scheme, auth: &str, password: &str) {
    let mut spec =
        FleetSpec::new(3, 3, 7).with_fault(1, Fault::WrongPassword).with_fault(2, Fault::GarbageXml);
    spec.scheme = scheme;
    spec.password = Secret::new(SENTINEL.to_owned());
    let fleet = Simulator::start(spec).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let hosts: Vec<_> = fleet.hosts().iter().map(|host| host.address().ip().to_string()).collect();
    let mut command = Command::new(env!("CARGO_BIN_EXE_lustrum"));
    command
        .current_dir(folder.path())
        .args(["run", "--hosts", &hosts.join(","), "--user", USER, "--auth", auth])
        .args(["--port", &fleet.hosts()[0].address().port().to_string()])
        .args(["-vv", "--log-format", "json", "--log-dir", "log", "--out-dir", "out"])
        .env_clear()
        .env("HYPERV_PASSWORD", password)
        .env("RUST_BACKTRACE", "full")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if scheme == Scheme::Https {
        command.args(["--https", "--danger-accept-invalid-certs"]);
    }
    let child = command.spawn().unwrap();
    let arguments = std::fs::read(format!("/proc/{}/cmdline", child.id())).unwrap_or_default();
    let output = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap()).await.unwrap();
    assert_clean("the process arguments", &arguments);
    assert_clean("standard output", &output.stdout);
    assert_clean("standard error", &output.stderr);
    let files = assert_folder_clean(folder.path());
    assert!(files > 10, "the run left only {files} files: {}", String::from_utf8_lossy(&output.stderr));
    assert!(fleet.tally().logons_attempted > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_trace_of_the_password_over_sealed_http() {
    survey(Scheme::Http, "negotiate", SENTINEL).await;
    survey(Scheme::Http, "ntlm", SENTINEL).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_trace_of_the_password_over_https() {
    survey(Scheme::Https, "basic", SENTINEL).await;
    survey(Scheme::Https, "negotiate", SENTINEL).await;
}

/// Surveys four hosts by Kerberos, with a KDC that refuses by this code; gives the reasons of
/// the hosts in order, and how often the KDC was asked.
async fn refused_by_the_kdc(code: u8) -> (Vec<String>, usize) {
    let fleet = Simulator::start(FleetSpec::new(4, 1, 7)).await.unwrap();
    let kdc = ScriptedKdc::refusing(code).await;
    let folder = tempfile::tempdir().unwrap();
    let hosts: Vec<_> = fleet.hosts().iter().map(|host| host.address().ip().to_string()).collect();
    let job = format!(
        "[connection]\nauth = \"kerberos\"\nport = {}\n[credentials.default]\n\
         user = \"{USER}@CENSUS.TEST\"\nkdc = \"tcp://{}\"\n",
        fleet.hosts()[0].address().port(),
        kdc.address
    );
    std::fs::write(folder.path().join("lustrum.toml"), job).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_lustrum"));
    command
        .current_dir(folder.path())
        .args(["run", "--hosts", &hosts.join(","), "--only", "vInfo", "--log-format", "json"])
        .args([
            "--log-level",
            "lustrum=trace,sspi=trace,picky_krb=trace",
            "--log-dir",
            "log",
            "--out-dir",
            "out",
        ])
        .env_clear()
        .env("HYPERV_PASSWORD", SENTINEL);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert_clean("standard output", &output.stdout);
    assert_clean("standard error", &output.stderr);
    assert_folder_clean(folder.path());
    for question in kdc.questions() {
        assert_clean("a question to the kdc", &question);
    }
    assert_eq!(fleet.tally().logons_attempted, 0, "a host was shown a token without a ticket");
    let manifest = std::fs::read(folder.path().join("out/manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let hosts = manifest["hosts"].as_object().unwrap().values();
    let mut reasons: Vec<String> =
        hosts.map(|host| host["verdict"]["reasons"][0].as_str().unwrap().to_owned()).collect();
    reasons.sort();
    (reasons, kdc.questions().len())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_trace_of_the_password_that_a_kdc_refused_once_for_the_whole_run() {
    // Two questions: what is to be shown, and showing it.
    let refused = ["auth_failed", "auth_failed", "auth_failed", "credential_blocked"];
    assert_eq!(refused_by_the_kdc(24).await, (refused.map(str::to_owned).to_vec(), 2));
    // The clocks differ: nobody is held to have a wrong password.
    assert_eq!(refused_by_the_kdc(37).await, (vec!["no_ticket".to_owned(); 4], 2));
}

#[test]
fn the_search_itself_can_find_something() {
    let found = std::panic::catch_unwind(|| assert_clean("a test", format!("x{SENTINEL}x").as_bytes()));
    assert!(found.is_err());
}
