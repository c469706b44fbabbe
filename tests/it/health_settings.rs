//! What a job may say about health checks, and how people find their words.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use lustrum::census::health::check::Check;
use lustrum::census::health::thresholds::Thresholds;
use lustrum::config::fleet::Fleet;
use lustrum::config::health::Health;
use lustrum::config::job::Job;
use lustrum::config::load::{Asked, Loaded, Request, load};
use lustrum::config::problem::Problems;
use lustrum::engine::ground;
use lustrum::engine::plan::Plan;
use lustrum::model::event::{Coverage, Event, NamedVm, Verdict};
use lustrum::model::failure::{Failure, FailureKind};
use lustrum::model::manifest::Manifest;
use lustrum::model::outcome::{Outcome, Stage, StepName};
use lustrum::model::status::FinalStatus;
use lustrum::simulator::fleet::FleetSpec;
use lustrum::simulator::running::Simulator;

use crate::world::sample_rows::{header, host};

fn loaded(settings: &str) -> Result<Loaded, Problems> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("lustrum.toml"), settings).unwrap();
    load(&Request { directory: folder.path().to_owned(), ..Request::default() })
}

fn schema(line: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_lustrum")).arg("schema").args(line).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn what_nobody_sets_is_the_checks_own_default() {
    assert_eq!(loaded("").unwrap().job.health.thresholds(), Thresholds::default());
    let defaults = Thresholds::default();
    let known = (defaults.datastore_free_percent, defaults.vcpus_per_core, defaults.vms_per_datastore);
    assert_eq!(known, (10.0, 4.0, 30), "as RVTools has them");
    assert_eq!((defaults.certificate_days, defaults.checkpoint_days), (90, 7));
}

#[test]
fn every_setting_reaches_its_threshold() {
    let text = r#"
[health]
datastore-free-percent = 12.5
vcpus-per-core = 6
vms-per-datastore = 50
certificate-days = 30
checkpoint-days = 3
disk-tip-disks = 5
disk-tip-size = "2TiB"
memory-tip-vcpus = 16
disable = ["cdrom_connected", "winrm_http"]
"#;
    let expected = Thresholds {
        datastore_free_percent: 12.5,
        vcpus_per_core: 6.0,
        vms_per_datastore: 50,
        certificate_days: 30,
        checkpoint_days: 3,
        disk_tip_disks: 5,
        disk_tip_bytes: 2 << 40,
        memory_tip_vcpus: 16,
        disabled: [Check::CdromConnected, Check::WinrmHttp].into(),
    };
    assert_eq!(loaded(text).unwrap().job.health.thresholds(), expected);
}

#[test]
fn a_word_that_is_no_check_is_refused_with_the_one_that_was_meant() {
    let refused =
        loaded("health.disable = [\"winrm_http\", \"zombie_dsk\"]\nhealth.checkpoint-day = 3\n").unwrap_err();
    let told: Vec<(&str, bool)> = refused
        .0
        .iter()
        .map(|problem| {
            let hint = problem.message.contains("did you mean `zombie_disk`?")
                || problem.message.contains("did you mean `checkpoint-days`?");
            (problem.key.as_str(), hint)
        })
        .collect();
    assert_eq!(told.len(), 2, "{refused}");
    assert!(told.contains(&("health.disable[1]", true)), "{refused}");
    assert!(told.contains(&("health.checkpoint-day", true)), "{refused}");
}

#[test]
fn a_check_has_one_word_everywhere() {
    for check in Check::ALL {
        assert_eq!(serde_json::to_value(check).unwrap(), check.word());
        assert!(check.doc().trim().ends_with('.') && check.doc().len() > 20, "{}", check.word());
    }
    let mut words: Vec<&str> = Check::ALL.iter().map(|check| check.word()).collect();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), Check::ALL.len());
}

#[test]
fn every_threshold_of_the_job_belongs_to_a_check() {
    let settings = serde_json::to_value(Health::default()).unwrap();
    let mut keys: Vec<&str> = settings.as_object().unwrap().keys().map(String::as_str).collect();
    keys.retain(|key| *key != "disable");
    let mut used: Vec<&str> = Check::ALL.iter().flat_map(|check| check.settings()).copied().collect();
    keys.sort_unstable();
    used.sort_unstable();
    assert_eq!(used, keys);
}

#[test]
fn the_catalogue_is_printed_for_people_and_for_programs() {
    let text = schema(&["health"]);
    for check in Check::ALL {
        let line = text.lines().find(|line| line.split_whitespace().next() == Some(check.word()));
        let line = line.unwrap_or_else(|| panic!("{} in {text}", check.word()));
        assert!(line.contains(check.message_type()) && line.contains(check.severity().word()), "{line}");
    }
    assert!(text.contains("datastore-free-percent = 10"), "{text}");
    let json: serde_json::Value = serde_json::from_str(&schema(&["health", "--json"])).unwrap();
    assert_eq!(json.as_array().unwrap().len(), Check::ALL.len());
    let disk_tip = json.as_array().unwrap().iter().find(|view| view["check"] == "disk_tip").unwrap();
    assert_eq!(disk_tip["thresholds"]["disk-tip-size"], "750GiB");
    assert_eq!(disk_tip["rvtools"], 22);
}

/// The rows of vHealth that a run over a fleet publishes.
async fn published(fleet: &Simulator, disabled: &[String]) -> Vec<serde_json::Value> {
    let folder = tempfile::tempdir().unwrap();
    let hosts: Vec<_> = fleet.hosts().iter().map(|host| host.address().ip().to_string()).collect();
    let mut command = Command::new(env!("CARGO_BIN_EXE_lustrum"));
    command
        .current_dir(folder.path())
        .args(["run", "--hosts", &hosts.join(",")])
        .args(["--port", &fleet.hosts()[0].address().port().to_string()])
        .env_clear()
        .envs([("HYPERV_USER", "census"), ("HYPERV_PASSWORD", "census")])
        .env("LUSTRUM__HEALTH__DISABLE", disabled.join(","));
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let rows = std::fs::read_to_string(found_below(folder.path(), "vhealth.ndjson").unwrap()).unwrap();
    rows.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn found_below(folder: &Path, name: &str) -> Option<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).find_map(|path| {
        if path.is_dir() { found_below(&path, name) } else { path.ends_with(name).then_some(path) }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_publishes_its_findings_but_those_nobody_wants() {
    let fleet = Simulator::start(FleetSpec::new(2, 12, 7)).await.unwrap();
    let rows = published(&fleet, &[]).await;
    let words: BTreeSet<String> = rows.iter().map(|row| row["check"].as_str().unwrap().to_owned()).collect();
    assert!(words.len() > 1 && words.contains("checkpoint_active"), "{words:?}");
    for row in &rows {
        assert!(row["sdk_server"].is_string(), "{row}");
    }
    let of_vms = rows.iter().filter(|row| row["vm_id"].is_string());
    let order: Vec<_> = of_vms.map(|row| (row["host"].as_str(), row["vm_id"].as_str())).collect();
    assert!(order.is_sorted() && order.iter().all(|(host, _)| host.is_some()), "{order:?}");

    let unwanted: Vec<String> = words.into_iter().filter(|word| word != "checkpoint_active").collect();
    let rest = published(&fleet, &unwanted).await;
    assert!(!rest.is_empty() && rest.iter().all(|row| row["check"] == "checkpoint_active"), "{rest:?}");
}

#[test]
fn the_manifest_says_which_tables_count_and_which_failed() {
    let (header, here, there) = (header(1), host("hv01"), host("hv02"));
    let mut manifest = Manifest::open(header.clone(), [here.clone(), there.clone()]);
    let failed = |kind| Outcome::Failed { failure: Failure::new(kind, "no") };
    let partial = Outcome::Partial {
        rows: 1,
        failure: Failure::new(FailureKind::RemoteError, "one could not be read"),
    };
    let ends = [
        ("vinfo", Outcome::Ok { rows: 1 }),
        ("vdisk", partial),
        ("vhost", failed(FailureKind::TimedOut)),
        ("vswitch", failed(FailureKind::NotApplicable)),
    ];
    for (table, outcome) in ends {
        let (stage, step, at) = (Stage::Collect, StepName(table.to_owned()), header.started_at);
        manifest.apply(&Event::StepEnded { host: here.clone(), stage, step, outcome, duration_ms: 1, at });
    }
    let kept = there.clone();
    let seen_on = vec![here.clone(), there.clone()];
    manifest.apply(&Event::VmMoved { vm_id: "a1".to_owned(), vm_name: String::new(), seen_on, kept });
    let asked = Asked {
        job: Job::default(),
        fleet: Fleet::default(),
        credentials: [].into(),
        probes: Vec::new(),
        warnings: Vec::new(),
    };
    let plan = Plan::of(asked, false);
    let mut audited = |missing: Vec<NamedVm>, status| {
        let coverage = Coverage { seen: 1, missing, unexpected: Vec::new(), share: Some(0.95) };
        let coverage = [(StepName("vinfo".to_owned()), coverage)].into();
        let (reachable, reasons, baseline_vms) = (true, Vec::new(), Some(1));
        let verdict = Verdict { status, reachable, reasons, baseline_vms, coverage };
        manifest.apply(&Event::HostAudited { host: here.clone(), verdict, duration_ms: 1 });
        ground::of(&plan, &header, &manifest, std::collections::HashMap::new())
    };
    let whole = audited(Vec::new(), FinalStatus::InventoryPartial);
    let standing = &whole.hosts[&here];
    let words = |tables: &BTreeSet<lustrum::tables::table::TableId>| -> Vec<&str> {
        tables.iter().map(|table| table.as_str()).collect()
    };
    assert_eq!((words(&standing.told), words(&standing.failed)), (vec!["vinfo"], vec!["vdisk", "vhost"]));
    assert_eq!(whole.moved, [(here.clone(), there.clone())].into());
    assert_eq!(whole.health, Thresholds::default());
    assert!(standing.all_vms_seen && !whole.hosts[&there].all_vms_seen);
    let unseen = NamedVm { vm_id: "a9".to_owned(), vm_name: "web09".to_owned() };
    assert!(!audited(vec![unseen], FinalStatus::InventoryOk).hosts[&here].all_vms_seen);
    assert!(!audited(Vec::new(), FinalStatus::InventoryError).hosts[&here].all_vms_seen);
}
