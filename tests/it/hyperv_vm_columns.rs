//! What RVTools' tabs of virtual machines need beside the plain properties: words that must
//! stand, labels that count, sums that are null when a part is unknown.

use std::collections::BTreeSet;

use lustrum::providers::hyperv::collector::Collector;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::hyperv_tables::{assert_columns, rows};
use crate::world::collected_rows::{OTHER_VM, VM, column, object, row};

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
