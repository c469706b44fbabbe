//! Every check fires where it should, and stays silent a step beside it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use lustrum::census::health::check::Check;
use lustrum::census::health::thresholds::Thresholds;

use crate::world::golden::assert_golden;
use crate::world::health_cases::case::{Case, patched, vm as one_vm};
use crate::world::health_cases::{host, shared, vm, zombie};
use crate::world::told_fleet::{Found, health};

fn cases() -> Vec<Case> {
    [host::cases(), vm::cases(), shared::cases(), zombie::cases()].into_iter().flatten().collect()
}

fn of_check(fleet: &Value, check: Check) -> Vec<Found> {
    let found = health(fleet, &Thresholds::default()).into_iter();
    found.filter(|finding| finding.check == check.word()).collect()
}

#[test]
fn every_check_fires_where_it_should() {
    for case in cases() {
        let found = of_check(&case.fires, case.check);
        let meant = found.iter().find(|finding| finding.name == case.name && finding.message == case.message);
        let meant = meant.unwrap_or_else(|| panic!("{} {}: {found:#?}", case.check.word(), case.message));
        assert_eq!(meant.message_type, case.check.message_type());
        assert_eq!(meant.severity, case.check.severity().word());
        assert!(meant.sdk_server.is_some());
    }
}

#[test]
fn every_check_is_silent_a_step_beside() {
    for case in cases() {
        for (why, patch) in &case.silent {
            let fleet = patched(case.fires.clone(), patch);
            assert_ne!(fleet, case.fires, "{}: {why} changes nothing", case.check.word());
            let found = of_check(&fleet, case.check);
            assert_eq!(found, [], "{}: {why}", case.check.word());
        }
    }
}

#[test]
fn every_check_has_both_tests() {
    let tested: BTreeSet<Check> =
        cases().iter().filter(|case| !case.silent.is_empty()).map(|case| case.check).collect();
    assert_eq!(tested, Check::ALL.iter().copied().collect());
}

#[test]
fn a_disabled_check_says_nothing_and_the_others_go_on() {
    for case in cases() {
        let all = health(&case.fires, &Thresholds::default());
        let without = Thresholds { disabled: BTreeSet::from([case.check]), ..Thresholds::default() };
        let rest: Vec<Found> = all.into_iter().filter(|finding| finding.check != case.check.word()).collect();
        assert_eq!(health(&case.fires, &without), rest);
    }
}

#[test]
fn messages_are_the_golden_ones() {
    let mut text = String::new();
    for case in cases() {
        let number = case.check.rvtools().map_or_else(|| "own".to_owned(), |number| format!("#{number}"));
        text.push_str(&format!(
            "{number}\t{}\t{}\t{}\n",
            case.check.word(),
            case.check.message_type(),
            case.message
        ));
    }
    assert_golden("tests/it/golden/health_messages.txt", &text);
}

#[test]
fn texts_that_rvtools_has_are_its_own() {
    let known = [
        ("CDROM", "VM has a CDROM device connected! IDE 1:0"),
        ("Floppy", "VM has a Floppy device connected!"),
        ("Snapshot", "VM has an active snapshot! before patch created on 2026/11/14 05:59:59"),
        ("Storage", "On datastore Volume1 is 9% disk space available! The threshold value is 10%"),
        ("Zombie", "Possibly a Zombie vmdk file! Please check."),
        ("Zombie", "Possibly a zombie vm! Please check."),
        ("Foldername", "Inconsistent Foldername! VMname = web01 Foldername = WEB-old"),
        ("NTP", "NTP Server value is null!"),
        ("NTPD", "NTPD service is not running!"),
        ("Performance tip", "In-Memory VM performance improvement possible! Please check documentation"),
    ];
    let said: BTreeSet<(String, String)> = cases()
        .iter()
        .flat_map(|case| of_check(&case.fires, case.check))
        .map(|finding| (finding.message_type, finding.message))
        .collect();
    for (message_type, message) in known {
        assert!(said.contains(&(message_type.to_owned(), message.to_owned())), "{message_type}: {message}");
    }
}

#[test]
fn of_rvtools_list_only_two_checks_are_absent() {
    let numbers: BTreeSet<u8> = Check::ALL.iter().filter_map(|check| check.rvtools()).collect();
    let absent: Vec<u8> = (1..=24).filter(|number| !numbers.contains(number)).collect();
    assert_eq!(absent, [5, 12], "guest disks and multipath have no source");
}

#[test]
fn hosts_come_first_then_vms_in_their_order_then_files_then_what_is_shared() {
    let fleet = json!({ "hv01": {
        "vhost": [{ "w32time_running": false, "winrm_http_listener": true }],
        "vinfo": [
            { "vm_id": "a1", "vm_name": "z", "generation": 2, "secure_boot_enabled": false },
            { "vm_id": "a2", "vm_name": "b", "consolidation_needed": true },
        ],
        "vcd": [
            { "vm_id": "a1", "drive_kind": "Dvd", "device_node": "SCSI 0:1", "connected": true },
            { "vm_id": "a1", "drive_kind": "Dvd", "device_node": "SCSI 0:2", "connected": true },
            { "vm_id": "a2", "drive_kind": "Dvd", "connected": true },
        ],
        "vdatastore": [{ "kind": "local", "path": "D:\\", "datastore_name": "D:", "accessible": false }],
        "vfile": [{ "path": "D:\\x.vhdx" }],
    } });
    let told: Vec<(String, String)> = health(&fleet, &Thresholds::default())
        .into_iter()
        .map(|finding| (finding.name, format!("{} {}", finding.check, finding.message)))
        .collect();
    let told: Vec<String> = told
        .into_iter()
        .map(|(name, what)| format!("{name}: {}", what.split_whitespace().next().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            "hv01: ntp_service",
            "hv01: winrm_http",
            "z: cdrom_connected",
            "z: cdrom_connected",
            "z: secure_boot_off",
            "b: cdrom_connected",
            "b: consolidation",
            "D:\\x.vhdx: zombie_disk",
            "D:: datastore_config",
        ]
    );
}

#[test]
fn a_shared_volume_is_told_once_and_a_local_one_by_its_host() {
    let node = |name: &str, free: i64| {
        json!({
            "vcluster": [{ "cluster_name": "CL1", "node_names": ["HV01", "HV02"] }],
            "vhost": [{ "computer_name": name }],
            "vdatastore": [
                { "kind": "csv", "volume_id": "V1", "path": "C:\\ClusterStorage\\Volume1", "datastore_name": "Volume1",
                  "owner_node": "HV02", "capacity_bytes": 1000, "free_bytes": free },
                { "kind": "local", "path": "C:\\", "datastore_name": "C:", "capacity_bytes": 1000, "free_bytes": 1 },
            ],
        })
    };
    let fleet = json!({ "hv01": node("HV01", 50), "hv02": node("HV02", 30) });
    let found = of_check(&fleet, Check::DatastoreFree);
    let told: Vec<_> =
        found.iter().map(|finding| (finding.host.as_deref(), finding.message.as_str())).collect();
    assert_eq!(
        told,
        [
            (None, "On datastore Volume1 is 3% disk space available! The threshold value is 10%"),
            (Some("hv01"), "On datastore C: is 0% disk space available! The threshold value is 10%"),
            (Some("hv02"), "On datastore C: is 0% disk space available! The threshold value is 10%"),
        ],
        "its owner knows best"
    );
}

#[test]
fn a_host_that_was_not_collected_says_nothing_by_its_silence() {
    let fleet = json!({ "hv01": {
        "_told": [],
        "_failed": ["vinfo", "vhost", "vfile", "vdatastore", "vsnapshot"],
        "_status": "inventory_error",
    } });
    assert_eq!(health(&fleet, &Thresholds::default()), []);
}

#[test]
fn a_vm_without_a_name_goes_by_its_id() {
    let found =
        of_check(&one_vm(json!({ "vm_name": null, "consolidation_needed": true })), Check::Consolidation);
    assert_eq!((found[0].name.as_str(), found[0].vm_id.as_deref()), ("a1", Some("a1")));
}

#[test]
fn thresholds_move_with_their_settings() {
    let strict = Thresholds {
        datastore_free_percent: 99.5,
        vcpus_per_core: 0.5,
        vms_per_datastore: 0,
        certificate_days: 36_500,
        checkpoint_days: 0,
        disk_tip_disks: 0,
        disk_tip_bytes: 1,
        memory_tip_vcpus: 1,
        ..Thresholds::default()
    };
    let fleet = json!({ "hv01": {
        "vhost": [{ "cores": 1, "certificate_expires_at": "@2040-01-01T00:00:00Z" }],
        "vinfo": [{ "vm_id": "a1", "power_state": "poweredOn", "vcpus": 1, "dynamic_memory_enabled": true }],
        "vdisk": [{ "vm_id": "a1", "path": "D:\\a.vhdx", "controller_type": "SCSI", "controller_number": 0,
                    "capacity_bytes": 2 }],
        "vsnapshot": [{ "vm_id": "a1", "checkpoint_type": "Standard", "created_at": "@2026-11-21T05:59:59Z" }],
        "vdatastore": [{ "kind": "local", "path": "D:\\", "capacity_bytes": 1000, "free_bytes": 990 }],
    } });
    let words = |thresholds: &Thresholds| -> BTreeSet<String> {
        health(&fleet, thresholds).into_iter().map(|finding| finding.check).collect()
    };
    assert_eq!(words(&Thresholds::default()), BTreeSet::from(["checkpoint_active".to_owned()]));
    let moved = [
        "certificate",
        "checkpoint_active",
        "checkpoint_old",
        "datastore_free",
        "disk_tip",
        "memory_tip",
        "vcpus_per_core",
        "vms_per_datastore",
    ];
    assert_eq!(words(&strict), moved.map(str::to_owned).into());
}
