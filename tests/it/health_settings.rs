//! What a job may say about health checks, and how people find their words.

use std::process::Command;

use lustrum::census::health::check::Check;
use lustrum::census::health::thresholds::Thresholds;
use lustrum::config::health::Health;
use lustrum::config::load::{Loaded, Request, load};
use lustrum::config::problem::Problems;

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
