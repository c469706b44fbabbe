//! What RVTools' tabs of virtual machines need beside the plain properties: words that must
//! stand, labels that count, sums that are null when a part is unknown.

use std::collections::BTreeSet;

use lustrum::providers::hyperv::collector::Collector;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::hyperv_tables::{assert_columns, rows};

const VM: &str = "0f0f0f0f-0000-4000-8000-00000000000a";
const OTHER_VM: &str = "0f0f0f0f-0000-4000-8000-00000000000b";

/// One object of the VM with these properties.
fn object(properties: Value) -> Value {
    let mut object = Map::from_iter([("VMId".to_owned(), json!(VM))]);
    object.extend(properties.as_object().unwrap().clone());
    Value::Object(object)
}

/// The one row of one object.
fn row(collector: Collector, properties: Value) -> Value {
    rows(collector, &object(properties)).remove(0)
}

/// A column of several rows.
fn column(collector: Collector, objects: Value, name: &str) -> Vec<Value> {
    let objects = objects.as_array().unwrap().iter().cloned().map(object).collect();
    rows(collector, &Value::Array(objects)).into_iter().map(|mut row| row[name].take()).collect()
}

#[test]
fn a_tab_always_has_a_power_state() {
    let cases = [
        (json!("Running"), json!(3), "poweredOn", json!("poweredOn")),
        (json!("OffCritical"), Value::Null, "poweredOff", json!("poweredOff")),
        (json!("FastSaved"), json!(2), "suspended", json!("suspended")),
        (json!("32785"), json!(3), "poweredOff", Value::Null),
        (json!("Other"), json!(2), "suspended", Value::Null),
        (json!("Other"), Value::Null, "suspended", Value::Null),
        (Value::Null, json!(3), "poweredOff", Value::Null),
        (Value::Null, Value::Null, "suspended", Value::Null),
    ];
    for (state, enabled, shown, known) in cases {
        let row = row(
            Collector::Vm,
            json!({"State": state, "EnabledState": enabled, "PrimaryOperationalStatus": "Ok"}),
        );
        assert_eq!(
            (&row["power_state_shown"], &row["power_state"]),
            (&json!(shown), &known),
            "{state} {enabled}"
        );
        let colour = if known.is_null() { "yellow" } else { row["config_status"].as_str().unwrap() };
        assert_eq!(row["config_status"], colour, "{state} {enabled}");
    }
}

#[test]
fn a_name_that_is_no_name_is_the_id() {
    for name in [Value::Null, json!(""), json!("  \t")] {
        assert_eq!(row(Collector::Vm, json!({"Name": name}))["vm_name"], VM, "{name:?}");
        for collector in Collector::ALL.iter().filter(|it| !matches!(it.word(), "host" | "vm" | "switch")) {
            let row = rows(*collector, &object(json!({"VMName": name}))).remove(0);
            let of_a_vm = row.get("vm_id").is_some_and(Value::is_string) && row.get("vm_name").is_some();
            assert!(!of_a_vm || row["vm_name"] == VM, "{name:?} in {}", collector.table());
        }
    }
    assert_eq!(row(Collector::Vm, json!({"Name": " padded "}))["vm_name"], " padded ");
}

#[test]
fn a_tab_always_has_a_firmware() {
    for (generation, secure_boot, shown, known) in [
        (json!(1), Value::Null, "bios", json!("bios")),
        (json!(2), json!("Off"), "efi", json!("efi")),
        (Value::Null, json!("On"), "efi", Value::Null),
        (Value::Null, Value::Null, "bios", Value::Null),
        (json!(3), Value::Null, "bios", Value::Null),
    ] {
        let row = row(Collector::Vm, json!({"Generation": generation, "SecureBoot": secure_boot}));
        assert_eq!(
            (&row["firmware_shown"], &row["firmware"]),
            (&json!(shown), &known),
            "{generation} {secure_boot}"
        );
    }
}

#[test]
fn a_difference_without_a_checkpoint_is_left_over() {
    for (status, differences, checkpoint, needed) in [
        (json!(["Ok"]), json!(0), Value::Null, json!(false)),
        (json!(["Ok"]), json!(2), json!("before the update"), json!(false)),
        (json!(["Ok"]), json!(1), Value::Null, json!(true)),
        (json!(["InService", "MergingDisks"]), json!(0), Value::Null, json!(true)),
        (json!(["Ok"]), Value::Null, Value::Null, json!(false)),
        (Value::Null, json!(1), json!(""), json!(true)),
        (Value::Null, json!(0), Value::Null, Value::Null),
    ] {
        let properties = json!({"OperationalStatus": status, "DifferencingDriveCount": differences, "ParentSnapshotName": checkpoint});
        assert_eq!(row(Collector::Vm, properties.clone())["consolidation_needed"], needed, "{properties}");
    }
}

#[test]
fn what_starts_with_the_host_must_boot() {
    for (action, required) in [
        (json!("Nothing"), json!(false)),
        (json!("StartIfRunning"), json!(true)),
        (json!(4), json!(true)),
        (Value::Null, Value::Null),
    ] {
        assert_eq!(
            row(Collector::Vm, json!({"AutomaticStartAction": action}))["boot_required"],
            required,
            "{action}"
        );
    }
}

#[test]
fn a_configuration_file_is_named_by_the_id() {
    let file = |location: &str, version: Value| {
        row(Collector::Vm, json!({"ConfigurationLocation": location, "Version": version}))["configuration_file"].clone()
    };
    let id = VM.to_uppercase();
    assert_eq!(file(r"D:\vms\web", json!("9.0")), json!(format!(r"D:\vms\web\Virtual Machines\{id}.vmcx")));
    assert_eq!(file(r"D:\vms\web\", json!("5.0")), json!(format!(r"D:\vms\web\Virtual Machines\{id}.xml")));
    assert_eq!(file(r"D:\vms\web", Value::Null), Value::Null);
    assert_eq!(file("", json!("9.0")), Value::Null);
}

/// The census knows them, one host does not.
#[test]
fn what_only_the_whole_tells_is_left_open() {
    let vm = row(
        Collector::Vm,
        json!({"State": "Running", "GuestOSName": "Debian", "SecureBootTemplate": "MicrosoftWindows"}),
    );
    for name in [
        "site",
        "cluster",
        "os_configured",
        "os_source",
        "total_disk_bytes",
        "provisioned_bytes",
        "provisioned_source",
        "provisioned_shown_bytes",
        "in_use_shown_bytes",
        "in_use_bytes",
        "in_use_source",
        "unshared_bytes",
        "change_tracking_enabled",
        "primary_ip",
        "networks",
        "network_1",
        "network_8",
        "ha_restart_priority",
        "ha_vm_monitoring",
        "ha_isolation_response",
        "cluster_rules",
        "cluster_rule_names",
        "sdk_server",
        "sdk_uuid",
        "sdk_server_type",
        "sdk_api_version",
        "hw_upgrade_status",
        "video_monitors",
        "video_ram_kib",
    ] {
        assert_eq!(vm.get(name), Some(&Value::Null), "{name}");
    }
    assert_columns(
        &row(Collector::Processor, json!({"Count": 4, "Maximum": 100, "Reserve": 10})),
        json!({"max_mhz": null, "overall_mhz": null, "reservation_mhz": null, "limit_mhz": null, "hot_add": false, "hot_remove": false}),
    );
}

#[test]
fn memory_without_a_limit_has_minus_one() {
    let memory = |dynamic: Value, version: Value| {
        row(
            Collector::Memory,
            json!({"DynamicMemoryEnabled": dynamic, "Startup": 1_073_741_824, "Maximum": 8_589_934_592_i64, "Version": version}),
        )
    };
    assert_columns(&memory(json!(true), json!("9.0")), json!({"limit_mib": 8192, "hot_add": true}));
    assert_columns(&memory(json!(false), json!("5.0")), json!({"limit_mib": -1, "hot_add": false}));
    assert_columns(&memory(json!(false), json!("254.0")), json!({"limit_mib": -1, "hot_add": true}));
    assert_columns(&memory(Value::Null, Value::Null), json!({"limit_mib": null, "hot_add": null}));
}

#[test]
fn disks_are_counted_in_controller_order() {
    let disks = json!([
        {"ControllerType": "SCSI", "ControllerNumber": 0, "ControllerLocation": 11, "Path": "d"},
        {"ControllerType": "SCSI", "ControllerNumber": 0, "ControllerLocation": 2, "Path": "c"},
        {"ControllerType": "IDE", "ControllerNumber": 1, "ControllerLocation": 0, "Path": "b"},
        {"ControllerType": "IDE", "ControllerNumber": 0, "ControllerLocation": 1, "Path": "a"},
        {"VMId": OTHER_VM, "ControllerType": "SCSI", "ControllerNumber": 3, "ControllerLocation": 0, "Path": "e"}
    ]);
    assert_eq!(column(Collector::Disk, disks.clone(), "path"), ["a", "b", "c", "d", "e"]);
    assert_eq!(
        column(Collector::Disk, disks.clone(), "disk_label"),
        ["Hard disk 1", "Hard disk 2", "Hard disk 3", "Hard disk 4", "Hard disk 1"]
    );
    assert_eq!(
        column(Collector::Disk, disks.clone(), "controller"),
        [
            "IDE controller 0",
            "IDE controller 1",
            "SCSI controller 0",
            "SCSI controller 0",
            "SCSI controller 3"
        ]
    );
    assert_eq!(
        column(Collector::Disk, disks, "scsi_unit"),
        [Value::Null, Value::Null, json!(2), json!(11), json!(0)]
    );
}

#[test]
fn a_chain_is_summed_as_far_as_it_was_read() {
    let leaf = json!({
        "Path": r"D:\leaf.avhdx", "Size": 42_949_672_960_i64, "FileSize": 100, "ParentPath": r"D:\golden.vhdx",
        "ChainFileSize": 1_100, "OwnFileSize": 0, "BasePath": r"D:\golden.vhdx"
    });
    assert_columns(
        &row(Collector::Disk, leaf),
        json!({
            "chain_file_bytes": 1_100, "own_file_bytes": 0, "base_path": r"D:\golden.vhdx", "file_size_bytes": 100,
            "disk_mode": "persistent", "raw_lun_id": null
        }),
    );
    let orphan = json!({"Path": r"D:\leaf.avhdx", "Size": 42_949_672_960_i64, "FileSize": 100, "ParentPath": r"D:\gone.vhdx"});
    assert_columns(
        &row(Collector::Disk, orphan),
        json!({"capacity_bytes": 42_949_672_960_i64, "file_size_bytes": 100, "chain_file_bytes": null, "own_file_bytes": null, "base_path": null}),
    );
}

#[test]
fn a_disk_that_does_not_open_keeps_its_row() {
    let busy = json!({
        "Path": r"\\fs01\vms\busy.vhdx", "ControllerType": "SCSI", "ControllerNumber": 0, "ControllerLocation": 0,
        "VhdError": "ObjectInUse,Microsoft.Vhd.PowerShell.Cmdlets.GetVHD", "Size": null, "ChainFileSize": null
    });
    assert_columns(
        &row(Collector::Disk, busy),
        json!({
            "capacity_bytes": null, "chain_file_bytes": null, "own_file_bytes": null, "base_path": null,
            "change_tracking_enabled": null, "disk_label": "Hard disk 1", "disk_mode": "persistent",
            "vhd_error": "ObjectInUse,Microsoft.Vhd.PowerShell.Cmdlets.GetVHD"
        }),
    );
}

#[test]
fn a_physical_disk_is_told_by_the_host() {
    let raw = json!({"Path": "Disk 4 500.00 GB Bus 0 Lun 4 Target 0", "DiskNumber": 4, "UniqueId": "600A0B80", "Size": 536_870_912_000_i64});
    assert_columns(
        &row(Collector::Disk, raw),
        json!({"raw_lun_id": "600A0B80", "is_passthrough": true, "capacity_bytes": 536_870_912_000_i64, "chain_file_bytes": null}),
    );
    assert_eq!(
        row(Collector::Disk, json!({"UniqueId": "600A0B80", "Path": "a.vhdx"}))["raw_lun_id"],
        Value::Null
    );
}

#[test]
fn change_tracking_is_told_or_unknown() {
    let cases = [
        (json!({"ChangeTrackingId": "rctX:1", "ChangeTrackingFile": false}), json!(true)),
        (json!({"ChangeTrackingId": "rctX:1"}), json!(true)),
        (json!({"ChangeTrackingId": null, "ChangeTrackingFile": true}), json!(true)),
        (json!({"ChangeTrackingId": "", "ChangeTrackingFile": false}), json!(false)),
        (json!({}), Value::Null),
    ];
    for (signs, tracked) in cases {
        assert_eq!(row(Collector::Disk, signs.clone())["change_tracking_enabled"], tracked, "{signs}");
    }
}

#[test]
fn bounds_on_iops_are_custom() {
    let bounded =
        |least: Value, most: Value| row(Collector::Disk, json!({"MinimumIOPS": least, "MaximumIOPS": most}));
    assert_columns(&bounded(json!(0), json!(0)), json!({"level": "normal", "iops_limit": -1}));
    assert_columns(&bounded(json!(0), json!(500)), json!({"level": "custom", "iops_limit": 500}));
    assert_columns(&bounded(json!(100), json!(0)), json!({"level": "custom", "iops_limit": -1}));
    assert_columns(&bounded(Value::Null, Value::Null), json!({"level": null, "iops_limit": null}));
}

#[test]
fn a_vlan_is_always_a_number() {
    let vlan = |mode: Value| {
        row(
            Collector::Nic,
            json!({
                "SwitchName": "LAN", "VlanOperationMode": mode, "AccessVlanId": 42, "NativeVlanId": 7, "PrimaryVlanId": 100,
                "AllowedVlanIdList": ["1-4094"]
            }),
        )
    };
    assert_columns(&vlan(json!("Untagged")), json!({"vlan_id": 0, "network_name": "LAN"}));
    assert_columns(&vlan(json!("Access")), json!({"vlan_id": 42, "network_name": "LAN:vlan42"}));
    assert_columns(&vlan(json!("Trunk")), json!({"vlan_id": 4095, "network_name": "LAN"}));
    assert_columns(&vlan(json!(3)), json!({"vlan_id": 100, "network_name": "LAN:vlan100", "network": "LAN"}));
    assert_columns(&vlan(Value::Null), json!({"vlan_id": null, "network_name": "LAN"}));
    assert_eq!(
        row(Collector::Nic, json!({"VlanOperationMode": "Access", "AccessVlanId": 42}))["network_name"],
        Value::Null
    );
}

#[test]
fn addresses_are_one_text() {
    let addressed = |addresses: Value| row(Collector::Nic, json!({"IPAddresses": addresses}));
    assert_columns(
        &addressed(json!(["10.0.0.5", "fe80::1", "10.0.0.6", "2001:db8::1"])),
        json!({"ipv4_text": "10.0.0.5, 10.0.0.6", "ipv6_text": "fe80::1, 2001:db8::1"}),
    );
    assert_columns(
        &addressed(json!([])),
        json!({"ipv4_text": null, "ipv6_text": null, "ipv4_addresses": []}),
    );
    assert_columns(
        &addressed(Value::Null),
        json!({"ipv4_text": null, "ipv6_text": null, "ipv4_addresses": null}),
    );
}

#[test]
fn frames_pass_the_switch_by_only_in_use() {
    for (weight, usage, direct) in [
        (json!(0), json!(0), json!(false)),
        (json!(0), Value::Null, json!(false)),
        (json!(100), json!(1), json!(true)),
        (json!(100), json!(0), json!(false)),
        (json!(100), Value::Null, Value::Null),
        (Value::Null, json!(1), Value::Null),
    ] {
        let nic = row(Collector::Nic, json!({"IovWeight": weight, "IovUsage": usage}));
        assert_eq!(nic["direct_path_io"], direct, "{weight} {usage}");
    }
}

#[test]
fn a_name_that_comes_again_is_numbered() {
    let nics = json!([
        {"Id": "a", "Name": "Network Adapter"}, {"Id": "b", "Name": "Network Adapter"}, {"Id": "c", "Name": "Backup"},
        {"Id": "d", "Name": "Network Adapter (2)"}, {"Id": "e", "Name": null}, {"VMId": OTHER_VM, "Id": "f", "Name": "Network Adapter"}
    ]);
    assert_eq!(
        column(Collector::Nic, nics, "nic_label"),
        [
            json!("Network Adapter"),
            json!("Network Adapter (2)"),
            json!("Backup"),
            json!("Network Adapter (2) (2)"),
            Value::Null,
            json!("Network Adapter")
        ]
    );
}

proptest! {
    /// Whatever adapters and disks are called and wherever they sit: a label names one of them.
    #[test]
    fn labels_are_unique_within_a_vm(names in prop::collection::vec("[ab]( \\([23]\\))?", 0..9), slots in prop::collection::vec((0..2_u8, 0..4_u8), 0..9)) {
        let nics = names.iter().map(|name| json!({"Name": name})).collect::<Vec<_>>();
        let labels = column(Collector::Nic, nics.into(), "nic_label");
        let labels: BTreeSet<_> = labels.iter().map(|label| label.as_str().unwrap()).collect();
        prop_assert_eq!(labels.len(), names.len());
        let disks = slots.iter().map(|(number, location)| json!({"ControllerType": "SCSI", "ControllerNumber": number, "ControllerLocation": location}));
        let labels = column(Collector::Disk, disks.collect::<Vec<_>>().into(), "disk_label");
        let expected: Vec<_> = (1..=slots.len()).map(|number| json!(format!("Hard disk {number}"))).collect();
        prop_assert_eq!(labels, expected);
    }
}

fn checkpoint_id(number: u8) -> String {
    format!("aaaaaaaa-0000-4000-8000-0000000000{number:02}")
}

#[test]
fn a_checkpoint_tells_what_it_stands_on() {
    let one = |number: u8, parent: Option<u8>, kind: &str| {
        json!({
            "Id": checkpoint_id(number), "Name": format!("c{number}"), "ParentSnapshotId": parent.map(checkpoint_id),
            "ParentSnapshotName": parent.map(|parent| format!("c{parent}")), "SnapshotType": kind
        })
    };
    let states =
        |checkpoints: Vec<Value>| column(Collector::Checkpoint, checkpoints.into(), "snapshot_state");
    assert_eq!(
        states(vec![
            one(1, None, "Standard"),
            one(2, Some(1), "Standard"),
            one(3, Some(2), "Recovery"),
            one(4, None, "Replica")
        ]),
        [Value::Null, json!("c1"), json!("Recovery: c1 > c2"), json!("Replica")]
    );
    // The parent itself was not told.
    assert_eq!(states(vec![one(2, Some(1), "Standard")]), [json!("c1")]);
    assert_eq!(
        states(vec![one(2, Some(1), "Standard"), one(3, Some(2), "Standard")]),
        [json!("c1"), json!("c1 > c2")]
    );
}

#[test]
fn checkpoints_that_stand_on_each_other_come_to_an_end() {
    let ring = json!([
        {"Id": checkpoint_id(1), "Name": "a", "ParentSnapshotId": checkpoint_id(2), "ParentSnapshotName": "b"},
        {"Id": checkpoint_id(2), "Name": "b", "ParentSnapshotId": checkpoint_id(1), "ParentSnapshotName": "a"}
    ]);
    assert!(column(Collector::Checkpoint, ring, "snapshot_state").iter().all(Value::is_string));
}

#[test]
fn a_checkpoint_is_as_large_as_all_its_files() {
    for (disks, memory, shown, total) in [
        (json!(1000), json!(24), json!(24), json!(1024)),
        (json!(0), json!(24), json!(24), json!(24)),
        (json!(1000), json!(0), json!(0), json!(1000)),
        (json!(1000), Value::Null, Value::Null, Value::Null),
        (Value::Null, json!(24), json!(24), Value::Null),
    ] {
        let row = row(Collector::Checkpoint, json!({"DiskFileSize": disks, "MemoryFileSize": memory}));
        assert_columns(&row, json!({"memory_file_bytes": shown, "total_bytes": total}));
    }
}

#[test]
fn drives_hold_an_image_a_host_drive_or_nothing() {
    let drive = |properties: Value| row(Collector::Dvd, properties);
    assert_columns(
        &drive(json!({
            "VMName": "web", "Id": "Microsoft:1", "Kind": "Dvd", "Path": r"D:\iso\install.iso", "MediaType": "ISO",
            "ControllerType": "IDE", "ControllerNumber": 1, "ControllerLocation": 0
        })),
        json!({
            "vm_name": "web", "drive_id": "Microsoft:1", "drive_kind": "Dvd", "device_node": "IDE 1:0", "connected": true, "starts_connected": true,
            "device_type": r"D:\iso\install.iso", "path": r"D:\iso\install.iso", "media_type": "ISO", "controller_type": "IDE"
        }),
    );
    assert_columns(
        &drive(
            json!({"Kind": "Dvd", "Path": "D:", "MediaType": "PassThrough", "ControllerType": 1, "ControllerNumber": 0, "ControllerLocation": 1}),
        ),
        json!({"device_node": "SCSI 0:1", "connected": true, "device_type": "Host drive", "path": "D:"}),
    );
    assert_columns(
        &drive(json!({"Kind": "Dvd", "Path": "", "MediaType": "None"})),
        json!({"connected": false, "starts_connected": false, "device_type": null, "path": null, "device_node": null}),
    );
    assert_columns(
        &drive(
            json!({"Kind": "Floppy", "Path": r"D:\drivers.vfd", "ControllerNumber": 0, "ControllerLocation": 0}),
        ),
        json!({"drive_kind": "Floppy", "device_node": "Floppy 0:0", "connected": true, "device_type": r"D:\drivers.vfd", "media_type": null}),
    );
    assert_columns(
        &drive(json!({})),
        json!({"connected": null, "device_node": null, "device_type": null, "drive_kind": null}),
    );
}

#[test]
fn the_tools_are_what_their_signs_say() {
    let cases = [
        (
            "well",
            json!({"State": "Running", "Heartbeat": "OkApplicationsHealthy", "KvpStatus": "Ok", "IntegrationServicesVersion": "10.0.20348"}),
            "toolsOk",
        ),
        ("enums as numbers", json!({"State": "2", "HeartbeatStatus": 2, "KvpStatus": 2}), "toolsOk"),
        (
            "no exchange wanted",
            json!({"State": "Running", "Heartbeat": "OkApplicationsUnknown", "KvpExchange": false, "KvpStatus": "NoContact"}),
            "toolsOk",
        ),
        (
            "no heartbeat wanted",
            json!({"State": "Running", "Heartbeat": "Disabled", "KvpStatus": "Ok"}),
            "toolsOk",
        ),
        (
            "a kernel without a daemon",
            json!({"State": "Running", "Heartbeat": "OkApplicationsUnknown", "KvpExchange": true, "KvpStatus": "NoContact"}),
            "toolsNotRunning",
        ),
        (
            "old",
            json!({"State": "Running", "Heartbeat": "OkApplicationsUnknown", "KvpStatus": "Ok", "IntegrationServicesState": "Update required"}),
            "toolsOld",
        ),
        (
            "lost",
            json!({"State": "Running", "Heartbeat": "LostCommunication", "KvpStatus": "LostCommunication"}),
            "toolsNotRunning",
        ),
        (
            "silent, but known",
            json!({"State": "Running", "Heartbeat": "NoContact", "KvpStatus": "NoContact", "IntegrationServicesVersion": "6.3.9600"}),
            "toolsNotRunning",
        ),
        (
            "never heard of",
            json!({"State": "Running", "Heartbeat": "NoContact", "KvpStatus": "NoContact", "IntegrationServicesVersion": "0.0"}),
            "toolsNotInstalled",
        ),
        (
            "silent heart, talking exchange",
            json!({"State": "Running", "Heartbeat": "NoContact", "KvpStatus": "Ok"}),
            "toolsNotRunning",
        ),
        ("off", json!({"State": "Off", "IntegrationServicesState": "Update required"}), "toolsNotRunning"),
        ("saved", json!({"State": "Saved"}), "toolsNotRunning"),
    ];
    for (case, signs, status) in cases {
        let tools = row(Collector::Service, signs);
        let expected = (&json!(status), &json!(status == "toolsOld"));
        assert_eq!((&tools["tools_status"], &tools["upgradeable"]), expected, "{case}");
    }
    for signs in [
        json!({"State": "Running"}),
        json!({"State": "Other", "Heartbeat": "OkApplicationsHealthy"}),
        json!({}),
    ] {
        assert_columns(&row(Collector::Service, signs), json!({"tools_status": null, "upgradeable": null}));
    }
}

#[test]
fn each_service_has_its_column() {
    let services = json!({
        "VMName": "web", "State": "Running", "Heartbeat": "OkApplicationsCritical", "Version": "10.0",
        "IntegrationServicesState": "Up to date", "IntegrationServicesVersion": {"Major": 10, "Minor": 0, "Build": 20348, "Revision": -1},
        "TimeSynchronization": true, "KvpExchange": true, "Shutdown": true, "Backup": false, "GuestService": false,
        "HeartbeatService": true, "KvpStatus": "Ok", "HeartbeatStatus": 12
    });
    assert_columns(
        &row(Collector::Service, services),
        json!({
            "vm_name": "web", "sync_time": true, "kvp_enabled": true, "shutdown_enabled": true, "backup_enabled": false,
            "guest_service_enabled": false, "heartbeat_enabled": true, "tools_version": "10.0.20348", "required_version": null,
            "configuration_version": "10.0", "kvp_status": "Ok", "heartbeat_service_status": "NoContact",
            "services_state": "Up to date", "app_status": "red", "heartbeat_status": "yellow"
        }),
    );
    assert_columns(
        &row(Collector::Service, json!({"State": "Off", "Heartbeat": "OkApplicationsHealthy"})),
        json!({"sync_time": null, "guest_service_enabled": null, "app_status": "gray", "heartbeat_status": "gray", "tools_version": null}),
    );
}

/// A service's name is in the host's language; its component's GUID is not.
#[test]
fn services_are_picked_by_guid() {
    let script = Collector::Service.script();
    let picked: Vec<_> = script
        .match_indices("$services[\"Microsoft:$id\\")
        .map(|(at, found)| &script[at + found.len()..][..36])
        .collect();
    let unique: BTreeSet<_> = picked.iter().map(|guid| guid.parse::<uuid::Uuid>().unwrap()).collect();
    assert_eq!((picked.len(), unique.len()), (6, 6));
    assert!(!script.contains("$service.Name"), "a name is in the host's language");
}
