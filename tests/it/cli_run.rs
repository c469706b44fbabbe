//! `lustrum run` as a user types it: flags, exit codes, signals, and output that cannot be written.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use lustrum::model::manifest::Manifest;
use lustrum::simulator::fault::Fault;
use lustrum::simulator::fleet::FleetSpec;
use lustrum::simulator::running::Simulator;
use lustrum::tables::catalogue::{DERIVED, INVENTORY};

/// The program, aimed at a fleet, in a folder of its own.
fn lustrum(fleet: &Simulator, folder: &Path, arguments: &[&str]) -> Command {
    let hosts: Vec<_> = fleet.hosts().iter().map(|host| host.address().ip().to_string()).collect();
    let port = fleet.hosts()[0].address().port().to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_lustrum"));
    command
        .current_dir(folder)
        .args(["run", "--hosts", &hosts.join(","), "--port", &port])
        .args(arguments)
        .env_clear()
        .env("HYPERV_USER", "census")
        .env("HYPERV_PASSWORD", "census")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

async fn finish(child: Child) -> Output {
    tokio::task::spawn_blocking(|| child.wait_with_output().unwrap()).await.unwrap()
}

async fn run(fleet: &Simulator, folder: &Path, arguments: &[&str]) -> Output {
    finish(lustrum(fleet, folder, arguments).spawn().unwrap()).await
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn manifest(folder: &Path) -> Option<Manifest> {
    let text = std::fs::read_to_string(folder.join("out/manifest.json")).ok()?;
    Some(serde_json::from_str(&text).unwrap())
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none())
}

fn silent(hosts: usize) -> FleetSpec {
    (0..hosts).fold(FleetSpec::new(hosts, 2, 7), |spec, host| spec.with_fault(host, Fault::Silent))
}

/// Waits until the fleet holds so many shells: the run is in the middle of it.
async fn shells_open(fleet: &Simulator, shells: u64) {
    tokio::time::timeout(std::time::Duration::from_secs(60), async {
        while fleet.tally().shells_open < shells {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    })
    .await
    .unwrap();
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_fleet_exits_0_and_every_artifact_is_as_the_manifest_says() {
    let fleet = Simulator::start(FleetSpec::new(2, 3, 7)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let output = run(&fleet, folder.path(), &[]).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let summary = text(&output.stdout);
    for piece in ["2  of 2 hosts", "Inventory OK       2", "duckdb -c"] {
        assert!(summary.contains(piece), "{summary}");
    }
    let manifest = manifest(folder.path()).unwrap();
    let tables = INVENTORY.len() + DERIVED.len();
    assert!(
        manifest.ended_at.is_some() && manifest.artifacts.len() == tables * 3 + 1 + 4,
        "{:?}",
        manifest.artifacts.keys()
    );
    for artifact in manifest.artifacts.values() {
        let body = std::fs::read(folder.path().join("out").join(&artifact.path)).unwrap();
        assert_eq!(body.len() as u64, artifact.bytes, "{}", artifact.path);
        let digest = <sha2::Sha256 as sha2::Digest>::digest(&body);
        assert_eq!(digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>(), artifact.sha256);
    }
    assert!(is_empty(&folder.path().join("out/spool")), "the spool stays behind");

    let again = run(&fleet, folder.path(), &[]).await;
    assert_eq!(again.status.code(), Some(0), "{}", text(&again.stderr));
    let top = std::fs::read_dir(folder.path().join("out")).unwrap();
    let names = top.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let workbooks: Vec<_> = names.filter(|name| name.ends_with(".xlsx")).collect();
    assert_eq!(workbooks, ["RVTools_export_all.xlsx"], "the newest, and only that");
    let manifest = self::manifest(folder.path()).unwrap();
    let newest = manifest.artifacts.values().find(|artifact| artifact.path.ends_with(".xlsx")).unwrap();
    let copy = std::fs::read(folder.path().join("out/RVTools_export_all.xlsx")).unwrap();
    assert_eq!(copy, std::fs::read(folder.path().join("out").join(&newest.path)).unwrap());
    assert!(text(&again.stdout).contains(&newest.path), "{}", text(&again.stdout));
}

#[tokio::test(flavor = "multi_thread")]
async fn json_on_standard_output_and_1_when_a_host_is_not_ok() {
    let spec = FleetSpec::new(3, 3, 7).with_fault(0, Fault::Refuse).with_fault(1, Fault::EmptyNode);
    let fleet = Simulator::start(spec).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let output = run(&fleet, folder.path(), &["--json"]).await;
    assert_eq!(output.status.code(), Some(1));
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["counts"]["inventory_error"], 1);
    assert_eq!(summary["counts"]["inventory_empty"], 1);
    let retry = || std::fs::read_to_string(folder.path().join("out/targets_retry_hosts.txt")).unwrap();
    assert_eq!(retry().lines().filter(|line| !line.starts_with('#')).count(), 2);

    let output = run(&fleet, folder.path(), &["--exit-zero-if-recorded", "--skip-confirmed-empty"]).await;
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(retry().lines().filter(|line| !line.starts_with('#')).count(), 1, "the empty one is left out");

    // The retry list is a hosts file, reasons and all.
    let mut again = Command::new(env!("CARGO_BIN_EXE_lustrum"));
    again.current_dir(folder.path()).args(["plan", "--json", "--hosts-file", "out/targets_retry_hosts.txt"]);
    let output = again.env_clear().output().unwrap();
    let plan: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(plan["targets"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_knocks_and_commits_nothing() {
    let fleet = Simulator::start(FleetSpec::new(3, 3, 7).with_fault(0, Fault::WrongPassword)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let output = run(&fleet, folder.path(), &["--dry-run"]).await;
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let tally = fleet.tally();
    assert_eq!((tally.shells_opened, tally.commands_started, tally.logons_refused), (0, 0, 1));
    assert!(is_empty(&folder.path().join("out/data")) && manifest(folder.path()).is_none());
    let report = std::fs::read_to_string(folder.path().join("out/dry_run_report.json")).unwrap();
    assert!(report.contains("auth_failed"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_some_tables_and_a_word_about_each() {
    let fleet = Simulator::start(FleetSpec::new(2, 3, 7)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let output = run(&fleet, folder.path(), &["--only", "vInfo,vCPU"]).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let mut tables: Vec<_> = std::fs::read_dir(folder.path().join("out/data"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    tables.sort();
    assert_eq!(tables, ["vcpu", "vinfo"]);
    let summary = text(&output.stdout);
    assert!(
        summary.contains("Collectors") && summary.contains("vcpu    2        0       0        0     6"),
        "{summary}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_ends_with_a_manifest_that_says_so() {
    let fleet = Simulator::start(silent(6)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let child = lustrum(&fleet, folder.path(), &["--concurrency", "2"]).spawn().unwrap();
    shells_open(&fleet, 2).await;
    signal(&child, "INT");
    let output = finish(child).await;
    assert_eq!(output.status.code(), Some(4), "{}", text(&output.stderr));
    let manifest = manifest(folder.path()).unwrap();
    assert!(manifest.cancelled.is_some());
    let reasons: Vec<_> =
        manifest.hosts.values().flat_map(|host| host.verdict.clone().unwrap().reasons).collect();
    let count = |word: &str| reasons.iter().filter(|reason| reason.word() == word).count();
    assert_eq!((count("cancelled"), count("not_run")), (2, 4));
    assert_eq!(fleet.tally().shells_open, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_commits_nothing_and_asks_to_be_run_again() {
    let fleet = Simulator::start(silent(4)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let child = lustrum(&fleet, folder.path(), &["--concurrency", "2"]).spawn().unwrap();
    shells_open(&fleet, 2).await;
    signal(&child, "TERM");
    let output = finish(child).await;
    assert_eq!(output.status.code(), Some(75), "{}", text(&output.stderr));
    assert!(manifest(folder.path()).is_none() && is_empty(&folder.path().join("out/data")));
    assert_eq!(fleet.tally().shells_open, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_output_folder_that_cannot_be_made_exits_3_before_any_host_is_asked() {
    let fleet = Simulator::start(FleetSpec::new(1, 1, 7)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "in the way").unwrap();
    let output = run(&fleet, folder.path(), &["--out-dir", "file/out"]).await;
    assert_eq!(output.status.code(), Some(3));
    let told = text(&output.stderr);
    assert!(told.contains("could not be recorded") && told.contains("file/out"), "{told}");
    assert_eq!(fleet.tally().connections, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_output_folder_that_vanishes_exits_3_and_leaves_nothing_that_looks_whole() {
    let fleet = Simulator::start(FleetSpec::new(2, 2, 7).with_fault(1, Fault::SlowMs(1_500))).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let child = lustrum(&fleet, folder.path(), &[]).spawn().unwrap();
    shells_open(&fleet, 1).await;
    std::fs::remove_dir_all(folder.path().join("out")).unwrap();
    // Something else takes its place: a file, so that it cannot be made anew.
    std::fs::write(folder.path().join("out"), "gone").unwrap();
    let output = finish(child).await;
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("could not be recorded"), "{}", text(&output.stderr));
    assert_eq!(std::fs::read_to_string(folder.path().join("out")).unwrap(), "gone");
    assert_eq!(fleet.tally().shells_open, 0);
}
