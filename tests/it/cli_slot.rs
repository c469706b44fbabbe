//! `lustrum run --slot` and the slot in a Job's name: the same slot is one run, whoever
//! executes it and however often.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use chrono::{DateTime, TimeDelta, Utc};
use lustrum::cli::slot::{JOB_NAME_VARIABLE, of_job_name, parse};
use lustrum::history::ledger::{Ledger, RunRef};
use lustrum::model::manifest::Manifest;
use lustrum::model::run::{JobName, Slot};
use lustrum::output::store::Store;
use lustrum::simulator::fault::Fault;
use lustrum::simulator::fleet::FleetSpec;
use lustrum::simulator::running::Simulator;

/// The program beside a job file `census` that surveys the fleet.
fn lustrum(fleet: &Simulator, folder: &Path, arguments: &[&str]) -> Command {
    let hosts: Vec<_> = fleet.hosts().iter().map(|host| format!("\"{}\"", host.address().ip())).collect();
    let job = format!(
        "tables = [\"vInfo\"]\nfleet.hosts = [{}]\nconnection.port = {}\noutput.formats = [\"parquet\"]\n",
        hosts.join(", "),
        fleet.hosts()[0].address().port()
    );
    std::fs::create_dir_all(folder.join("schedules")).unwrap();
    std::fs::write(folder.join("schedules/census.toml"), job).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_lustrum"));
    command
        .current_dir(folder)
        .args(["run", "census"])
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

async fn run_in_job(fleet: &Simulator, folder: &Path, name: &str, arguments: &[&str]) -> Output {
    finish(lustrum(fleet, folder, arguments).env(JOB_NAME_VARIABLE, name).spawn().unwrap()).await
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

async fn committed(folder: &Path) -> Vec<Manifest> {
    let ledger = Ledger::of(&Store::open(&folder.join("out").display().to_string()).unwrap());
    let mut manifests = Vec::new();
    for run in ledger.slots(None).await.unwrap() {
        manifests.extend(ledger.manifest(&run).await.unwrap());
    }
    manifests
}

fn data_files(folder: &Path) -> Vec<String> {
    let days = std::fs::read_dir(folder.join("out/data/vinfo/v1")).unwrap();
    let files = days.flat_map(|day| std::fs::read_dir(day.unwrap().path()).unwrap());
    files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
}

fn now() -> DateTime<Utc> {
    lustrum::time::clock::Clock::system().now()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_committed_slot_is_not_run_again_and_returns_its_code() {
    let fleet = Simulator::start(FleetSpec::new(2, 2, 7).with_fault(1, Fault::Refuse)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let slot = ["--slot", "20261120T060000Z"];
    let first = run(&fleet, folder.path(), &slot).await;
    assert_eq!(first.status.code(), Some(1), "{}", told(&first));
    let before = committed(folder.path()).await;
    assert_eq!(before[0].run_id.as_str(), "census-20261120T060000.000Z");
    let asked = fleet.tally().connections;

    // The same instant in another spelling, and as a program asks.
    let again = run(&fleet, folder.path(), &["--slot", "2026-11-20T07:00:00+01:00", "--json"]).await;
    assert_eq!(again.status.code(), Some(1), "{}", told(&again));
    assert!(told(&again).contains("20261120T060000.000Z of census is committed"), "{}", told(&again));
    let summary: serde_json::Value = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!(summary["attempt"], before[0].attempt.as_str());
    assert_eq!(fleet.tally().connections, asked, "no host is asked again");
    assert_eq!(committed(folder.path()).await, before);

    let forgiven = run(&fleet, folder.path(), &[&slot[..], &["--exit-zero-if-recorded"]].concat()).await;
    assert_eq!(forgiven.status.code(), Some(0), "{}", told(&forgiven));
    // A dry run commits nothing, so nothing keeps it from knocking.
    let dry = run(&fleet, folder.path(), &[&slot[..], &["--dry-run"]].concat()).await;
    assert!(dry.status.code() == Some(1) && fleet.tally().connections > asked, "{}", told(&dry));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retried_pod_writes_the_slot_of_its_job() {
    let fleet = Simulator::start(FleetSpec::new(1, 2, 7)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let minutes = now().timestamp() / 60 - 3;
    let slot = Slot::at(DateTime::from_timestamp(minutes * 60, 0).unwrap());
    let name = format!("lustrum-hyperv-daily-{minutes}");
    let first = run_in_job(&fleet, folder.path(), &name, &[]).await;
    assert_eq!(first.status.code(), Some(0), "{}", told(&first));
    let again = run_in_job(&fleet, folder.path(), &name, &[]).await;
    assert_eq!(again.status.code(), Some(0), "{}", told(&again));
    assert!(told(&again).contains("is committed by attempt"), "{}", told(&again));
    let slots: Vec<_> = committed(folder.path()).await.into_iter().map(|manifest| manifest.slot).collect();
    assert_eq!(slots, [slot]);

    // Who looks at one host from inside the pod does not mean the slot.
    let address = fleet.hosts()[0].address().ip().to_string();
    let debug = run_in_job(&fleet, folder.path(), &name, &["--hosts", &address]).await;
    assert!(!told(&debug).contains("is committed by attempt"), "{}", told(&debug));
    // `kubectl create job --from` with a name that a person made up.
    let by_hand = run_in_job(&fleet, folder.path(), "census-20261121", &[]).await;
    assert!(told(&by_hand).contains("tells no slot"), "{}", told(&by_hand));
    assert_eq!(committed(folder.path()).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_at_once_exactly_one_is_recorded_and_the_other_is_to_try_again() {
    let spec = FleetSpec::new(2, 2, 7).with_fault(0, Fault::SlowMs(1_000)).with_fault(1, Fault::Refuse);
    let fleet = Simulator::start(spec).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let slot = ["--slot", "20261120T060000Z"];
    let twins = [(); 2].map(|()| lustrum(&fleet, folder.path(), &slot).spawn().unwrap());
    let ended = futures::future::join_all(twins.map(finish)).await;
    let mut codes: Vec<_> = ended.iter().map(|output| output.status.code()).collect();
    codes.sort();
    // The twin found the slot held, or, had it come later, committed.
    assert!(codes == [Some(1), Some(75)] || codes == [Some(1), Some(1)], "{codes:?}");
    let is_twin = |output: &&Output| {
        told(output).contains("is committed by attempt")
            || told(output).contains("another process is at work")
    };
    assert_eq!(ended.iter().filter(is_twin).count(), 1);
    let again = run(&fleet, folder.path(), &slot).await;
    assert_eq!(again.status.code(), Some(1), "the recorded code: {}", told(&again));
    let manifests = committed(folder.path()).await;
    assert_eq!(manifests.len(), 1);
    let files = data_files(folder.path());
    assert!(files.len() == 1 && files[0].contains(manifests[0].attempt.as_str()), "{files:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_that_cannot_be_read_is_not_run_over() {
    let fleet = Simulator::start(FleetSpec::new(1, 1, 7)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let run_ref = RunRef { slot: parse("20261120T060000Z").unwrap(), job: JobName::parse("census").unwrap() };
    let place = folder.path().join(format!("out/runs/census/{}", run_ref.slot));
    std::fs::create_dir_all(&place).unwrap();
    std::fs::write(place.join("manifest.json"), "{").unwrap();
    let output = run(&fleet, folder.path(), &["--slot", "20261120T060000Z"]).await;
    assert_eq!(output.status.code(), Some(3), "{}", told(&output));
    assert_eq!(fleet.tally().connections, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_that_cannot_be_meant_is_refused() {
    let fleet = Simulator::start(FleetSpec::new(1, 1, 7)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let wrong: [&[&str]; 4] = [
        &["--slot", "yesterday"],
        &["--slot", "29990101T000000Z"],
        &["--slot", "20261120T060000Z", "--only", "vInfo"],
        &["--slot", "20261120T060000Z", "--retry", "latest"],
    ];
    for arguments in wrong {
        let output = run(&fleet, folder.path(), arguments).await;
        assert_eq!(output.status.code(), Some(2), "{arguments:?} {}", told(&output));
    }
    assert_eq!(fleet.tally().connections, 0);
}

#[test]
fn a_job_name_tells_its_slot_only_if_a_controller_made_it() {
    let now = parse("20261121T060200Z").unwrap().instant();
    let six = parse("20261121T060000Z").unwrap();
    let minutes = six.instant().timestamp() / 60;
    assert_eq!(of_job_name(&format!("census-{minutes}"), now), Some(six));
    assert_eq!(of_job_name(&format!("a-b-{minutes}"), now + TimeDelta::days(30)), Some(six));
    // A clock that is a little behind the controller's.
    assert_eq!(of_job_name(&format!("census-{minutes}"), now - TimeDelta::minutes(4)), Some(six));
    for other in ["census", "census-", "census-1", "census-20261121", "census-+29920680", "census-1795240800"]
    {
        assert_eq!(of_job_name(other, now), None, "{other}");
    }
    for digits in ["9".repeat(18), "9".repeat(30)] {
        assert_eq!(of_job_name(&format!("census-{digits}"), now), None);
    }
    assert_eq!(of_job_name(&format!("census-{minutes}"), now + TimeDelta::days(40)), None);
    assert_eq!(of_job_name(&format!("census-{minutes}"), now - TimeDelta::minutes(10)), None);
}

#[test]
fn a_slot_is_written_as_keys_spell_it_or_in_rfc_3339() {
    let six = parse("20261121T060000.000Z").unwrap();
    for same in ["20261121T060000Z", "2026-11-21T06:00:00Z", "2026-11-21T07:00:00+01:00"] {
        assert_eq!(parse(same), Ok(six), "{same}");
    }
    assert_eq!(six.to_string(), "20261121T060000.000Z");
    for wrong in ["", "20261121", "2026-11-21", "2026-11-21T06:00:00", "19691231T235959Z"] {
        assert!(parse(wrong).is_err(), "{wrong}");
    }
}
