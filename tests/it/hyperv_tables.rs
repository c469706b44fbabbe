//! What payloads become: every odd spelling of a value, and what the rows make of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{ArrayRef, RecordBatch};
use arrow_json::writer::{JsonArray, WriterBuilder};
use lustrum::providers::hyperv::collector::Collector;
use lustrum::providers::hyperv::object::{Reading, Stamp};
use serde_json::{Value, json};

fn stamp() -> Stamp {
    Stamp { host: "hv01.example".into(), collected_at: "2026-11-21T06:00:20Z".parse().unwrap() }
}

fn read(collector: Collector, payload: &[u8]) -> (Reading, Vec<Value>) {
    let reading = collector.read(payload, &stamp(), &mut BTreeSet::new());
    let rows = reading.batch.as_ref().map(|batch| as_json(&batch.columns)).unwrap_or_default();
    (reading, rows)
}

/// Rows as JSON, nulls told. Arrow prints instants of a zone by offset only, so the zone
/// `UTC` is told as `+00:00`.
fn as_json(rows: &RecordBatch) -> Vec<Value> {
    let schema = rows.schema();
    let columns = schema.fields().iter().zip(rows.columns()).map(|(field, column)| {
        let instants = column.as_primitive_opt::<TimestampMicrosecondType>();
        let column: ArrayRef = match instants {
            Some(instants) => Arc::new(instants.clone().with_timezone("+00:00")),
            None => column.clone(),
        };
        (field.name(), column, true)
    });
    let rows = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let mut writer = WriterBuilder::new().with_explicit_nulls(true).build::<_, JsonArray>(Vec::new());
    writer.write(&rows).unwrap();
    writer.finish().unwrap();
    serde_json::from_slice(&writer.into_inner()).unwrap()
}

pub fn rows(collector: Collector, payload: &Value) -> Vec<Value> {
    read(collector, payload.to_string().as_bytes()).1
}

fn fixture(collector: Collector, name: &str) -> (Reading, Vec<Value>) {
    let path = format!("{}/tests/it/fixtures/hyperv/{name}", env!("CARGO_MANIFEST_DIR"));
    read(collector, &std::fs::read(path).unwrap())
}

/// Some columns of a row, so that a test states only what it is about.
pub fn assert_columns(row: &Value, expected: Value) {
    for (name, value) in expected.as_object().unwrap() {
        assert!(row.get(name).is_some(), "no column {name}");
        assert_eq!(&row[name], value, "{name} of {}", row["vm_id"]);
    }
}

#[test]
fn zero_one_and_many() {
    let count = |payload: &str| read(Collector::Vm, payload.as_bytes()).1.len();
    assert_eq!(count("[]"), 0);
    assert_eq!(count("null"), 0);
    assert_eq!(count("[null]"), 0);
    let vm = json!({"VMId": "0f0f0f0f-0000-4000-8000-000000000001"});
    assert_eq!(count(&vm.to_string()), 1);
    assert_eq!(count(&json!([vm]).to_string()), 1);
    let other = json!({"VMId": "0f0f0f0f-0000-4000-8000-000000000002"});
    assert_eq!(count(&json!([vm, null, other]).to_string()), 2);
}

#[test]
fn what_is_no_payload_is_unreadable() {
    for payload in ["", "{", "[{]", "\"VirtualMachine\"", "[1]"] {
        let (reading, rows) = read(Collector::Vm, payload.as_bytes());
        assert_eq!((reading.unreadable, rows.len()), (1, 0), "{payload}");
    }
}

#[test]
fn a_single_vm_in_every_old_spelling() {
    let (reading, rows) = fixture(Collector::Vm, "vm_single_object.json");
    assert_eq!((reading.objects, reading.unreadable, rows.len()), (1, 0, 1));
    assert_columns(
        &rows[0],
        json!({
            "host": "hv01.example",
            "vm_id": "9a8b7c6d-0001-4000-8000-000000000001",
            "power_state": "poweredOn",
            "native_state": "Running",
            "vcpus": 4,
            "created_at": "2024-07-14T01:13:02.928Z",
            "uptime_seconds": 3600,
            "powered_on_at": "2026-11-21T05:00:00Z",
            "automatic_start_action": "StartIfRunning",
            "automatic_stop_action": "Save",
            "operational_status": ["2"],
            "memory_maximum_bytes": 1_099_511_627_776_i64,
            "integration_services_version": "10.0.20348.1",
            // Its numbers differ between module versions, so none is given a name.
            "replication_state": "4",
        }),
    );
}

#[test]
fn awkward_vms() {
    let (reading, rows) = fixture(Collector::Vm, "vm_awkward.json");
    assert_eq!((reading.objects, reading.unreadable, reading.repeated), (8, 2, 1));
    let ids: Vec<_> = rows.iter().map(|row| row["vm_id"].as_str().unwrap()).collect();
    assert!(ids.is_sorted() && ids.len() == 4, "{ids:?}");
    let [twin, critical, unknown, off] = &rows[..] else { panic!("{rows:#?}") };

    assert_columns(
        off,
        json!({
            "vm_name": "ファイルサーバー",
            "power_state": "poweredOff",
            "native_state": "Off",
            "config_status": "green",
            "connection_state": "connected",
            "guest_state": "notRunning",
            "heartbeat": "gray",
            "native_heartbeat": null,
            "memory_startup_bytes": 2_147_483_648_i64,
            "memory_minimum_bytes": null,
            "memory_maximum_bytes": null,
            "memory_assigned_bytes": null,
            "memory_demand_bytes": null,
            "cpu_usage_percent": null,
            "uptime_seconds": null,
            "powered_on_at": null,
            "integration_services_state": null,
            "integration_services_version": null,
            "firmware": "bios",
            "nics": 1,
            "disks": 0,
            "dvd_drives": null,
            "notes": "line one\r\nline two \u{7} & '\"",
            "smbios_uuid": "a1b2c3d4-0000-4000-8000-0000000000ff",
            "consolidation_needed": false,
        }),
    );
    assert_columns(
        twin,
        json!({
            "vm_name": "twin",
            "config_status": "yellow",
            "guest_state": "running",
            "heartbeat": "green",
            "consolidation_needed": true,
            "memory_minimum_bytes": 1_073_741_824_i64,
            "memory_assigned_bytes": 9_663_676_416_i64,
            "cpu_usage_percent": 17.0,
            "uptime_seconds": 93_784,
            // 93,784 s before 06:00:20, to the minute.
            "powered_on_at": "2026-11-20T03:57:00Z",
            "created_at": "2024-07-14T01:13:02.928Z",
            "firmware": "efi",
            "secure_boot_enabled": true,
            "secure_boot_template": "MicrosoftWindows",
        }),
    );
    assert_columns(
        critical,
        json!({
            "vm_name": "twin",
            "power_state": "suspended",
            "native_state": "SavedCritical",
            "config_status": "red",
            "connection_state": "inaccessible",
            "path": null,
            "configuration_version": null,
            "firmware": null,
            "operational_status": null,
            "consolidation_needed": null,
        }),
    );
    assert_columns(
        unknown,
        json!({"power_state": null, "native_state": "32785", "config_status": "yellow", "guest_state": "unknown"}),
    );
}

#[test]
fn every_native_state_has_its_word() {
    let states = [
        ("Running", "poweredOn"),
        ("Starting", "poweredOn"),
        ("Stopping", "poweredOn"),
        ("Saving", "poweredOn"),
        ("Pausing", "poweredOn"),
        ("Resuming", "poweredOn"),
        ("Reset", "poweredOn"),
        ("FastSaving", "poweredOn"),
        ("ForceShutdown", "poweredOn"),
        ("ForceReboot", "poweredOn"),
        ("RunningCritical", "poweredOn"),
        ("Off", "poweredOff"),
        ("OffCritical", "poweredOff"),
        ("Saved", "suspended"),
        ("FastSaved", "suspended"),
        ("Paused", "suspended"),
        ("Hibernated", "suspended"),
        ("FastSavedCritical", "suspended"),
    ];
    for (native, word) in states {
        let vm = json!({"VMId": "0f0f0f0f-0000-4000-8000-000000000001", "State": native});
        assert_eq!(rows(Collector::Vm, &vm)[0]["power_state"], word, "{native}");
    }
}

#[test]
fn heartbeats_have_their_colour() {
    let beats = [
        (json!("OkApplicationsHealthy"), "green"),
        (json!("OkApplicationsUnknown"), "green"),
        (json!("Ok"), "green"),
        (json!("OkApplicationsCritical"), "yellow"),
        (json!("LostCommunication"), "red"),
        (json!("NoContact"), "red"),
        (json!("Error"), "red"),
        (json!("Disabled"), "gray"),
        (Value::Null, "gray"),
    ];
    for (beat, colour) in beats {
        let vm =
            json!({"VMId": "0f0f0f0f-0000-4000-8000-000000000001", "State": "Running", "Heartbeat": beat});
        assert_eq!(rows(Collector::Vm, &vm)[0]["heartbeat"], colour, "{beat}");
    }
}

#[test]
fn unknown_stays_unknown() {
    for collector in Collector::ALL {
        let rows = rows(*collector, &json!([{"VMId": "0f0f0f0f-0000-4000-8000-000000000001"}]));
        assert_eq!(rows.len(), 1);
        let derived = [
            "connection_state",
            "config_status",
            "guest_state",
            "heartbeat",
            "is_passthrough",
            "starts_connected",
            // Never blank in a tab.
            "vm_name",
            "power_state_shown",
            "firmware_shown",
            "app_status",
            "heartbeat_status",
            "disk_label",
            "disk_mode",
            "hot_add",
            "hot_remove",
            "object_id",
        ];
        for (name, value) in rows[0].as_object().unwrap() {
            let known = ["host", "vm_id", "collected_at"].contains(&name.as_str())
                || derived.contains(&name.as_str());
            assert!(known || value.is_null(), "{}.{name} is {value}", collector.table());
        }
    }
}

#[test]
fn the_machine() {
    let host = json!([{
        "ComputerName": "HV01", "Fqdn": "HV01.example.com", "Domain": "example.com",
        "Uuid": "{4C4C4544-0000-4000-8000-000000000001}", "OsCaption": "Microsoft Windows Server 2022 Datacenter",
        "OsVersion": "10.0.20348", "OsBuild": "20348", "Ubr": 2700, "LastBootUpTime": "2026-11-01T00:00:00.0000000Z",
        "ProcessorName": "Intel", "MaxClockSpeed": 2400, "SocketCount": 2, "NumberOfCores": 32,
        "NumberOfLogicalProcessors": 64, "TotalPhysicalMemory": 274_877_906_944_i64, "FreePhysicalMemory": 68_719_476_736_i64,
        "LoadPercentage": 12.5, "MaximumStorageMigrations": 0, "W32TimeRunning": true, "DnsServers": "10.0.0.1",
        "ClusterName": "CL01", "ClusterNodeState": "Paused", "HyperVModuleVersion": {"Major": 2, "Minor": 0, "Build": 0, "Revision": -1}
    }]);
    assert_columns(
        &rows(Collector::Host, &host)[0],
        json!({
            "fqdn": "hv01.example.com",
            "uuid": "4c4c4544-0000-4000-8000-000000000001",
            "os": "Microsoft Windows Server 2022 Datacenter 10.0.20348.2700",
            "os_build": 20_348,
            "booted_at": "2026-11-01T00:00:00Z",
            "cores_per_socket": 16,
            "hyperthreading_active": true,
            "memory_usage_percent": 75.0,
            "root_cpu_usage_percent": 12.5,
            "storage_migration_enabled": false,
            "w32time_running": true,
            "dns_servers": ["10.0.0.1"],
            "in_maintenance": true,
            "hyperv_module_version": "2.0.0",
        }),
    );
}

#[test]
fn sockets_times_cores_are_the_processors() {
    for (vcpus, per_node, nodes, sockets) in
        [(4, 8, 1, 1), (16, 8, 1, 2), (12, 8, 1, 2), (7, 4, 1, 7), (24, 16, 2, 1), (1, 1, 1, 1)]
    {
        let processor = json!({
            "VMId": "0f0f0f0f-0000-4000-8000-000000000001", "Count": vcpus, "RelativeWeight": 200, "Maximum": 100,
            "MaximumCountPerNumaNode": per_node, "MaximumCountPerNumaSocket": nodes
        });
        let row = &rows(Collector::Processor, &processor)[0];
        assert_columns(
            row,
            json!({"vcpus": vcpus, "sockets": sockets, "cores_per_socket": vcpus / sockets, "shares_level": "custom", "limit_percent": 100.0}),
        );
        assert_eq!(vcpus % sockets, 0);
    }
}

#[test]
fn a_terabyte_is_a_default_and_no_size() {
    let memory = |dynamic: bool| {
        json!({
            "VMId": "0f0f0f0f-0000-4000-8000-000000000001", "DynamicMemoryEnabled": dynamic, "Startup": 4_294_967_296_i64,
            "Minimum": 536_870_912, "Maximum": 1_099_511_627_776_i64, "Buffer": 20, "Priority": 50, "MemoryAssigned": 0, "MemoryDemand": 0
        })
    };
    assert_columns(
        &rows(Collector::Memory, &memory(false))[0],
        json!({
            "startup_bytes": 4_294_967_296_i64, "minimum_bytes": null, "maximum_bytes": null,
            "ceiling_bytes": 4_294_967_296_i64, "reserved_bytes": 4_294_967_296_i64, "reservation_locked": true,
            "buffer_percent": null, "shares_level": "normal", "assigned_bytes": null, "demand_bytes": null
        }),
    );
    assert_columns(
        &rows(Collector::Memory, &memory(true))[0],
        json!({
            "minimum_bytes": 536_870_912, "maximum_bytes": 1_099_511_627_776_i64, "ceiling_bytes": 1_099_511_627_776_i64,
            "reserved_bytes": 536_870_912, "reservation_locked": false, "buffer_percent": 20.0
        }),
    );
}

#[test]
fn drives() {
    let (reading, rows) = fixture(Collector::Disk, "disk.json");
    assert_eq!((reading.unreadable, reading.repeated), (0, 0));
    let [raw, busy, leaf, old] = &rows[..] else { panic!("{rows:#?}") };
    assert_columns(
        raw,
        json!({"is_passthrough": true, "physical_disk_number": 4, "capacity_bytes": null, "disk_key": "3100", "thin": null}),
    );
    assert_columns(
        busy,
        json!({
            "disk_key": "3000", "capacity_bytes": null, "file_size_bytes": null, "is_passthrough": false,
            "vhd_error": "ObjectInUse,Microsoft.Vhd.PowerShell.Cmdlets.GetVHD"
        }),
    );
    assert_columns(
        leaf,
        json!({
            "disk_key": "3001", "vhd_format": "VHDX", "vhd_type": "Differencing", "thin": true,
            "capacity_bytes": 136_365_211_648_i64, "file_size_bytes": 4_194_304,
            "disk_uuid": "6f9a3b1c-1111-4222-8333-444444444444", "sharing_mode": "sharingNone", "shared_bus": "noSharing"
        }),
    );
    assert_columns(
        old,
        json!({"controller_type": "IDE", "disk_key": "2101", "thin": false, "sharing_mode": "sharingMultiWriter"}),
    );
}

#[test]
fn adapters() {
    let (_, rows) = fixture(Collector::Nic, "nic.json");
    let [trunk, access, bare] = &rows[..] else { panic!("{rows:#?}") };
    assert_columns(
        access,
        json!({
            "network": "vSwitch0:vlan42", "mac_address": "00:15:5d:0a:1b:2c", "mac_type": "generated", "adapter_type": "Synthetic",
            "ipv4_addresses": ["10.1.2.3"], "ipv6_addresses": ["fe80::215:5dff:fe0a:1b2c%12", "2001:db8::1"],
            "switch_id": "c0ffee00-0000-4000-8000-000000000001", "vlan_mode": "Access", "access_vlan_id": 42,
            "native_vlan_id": null, "allowed_vlan_ids": null, "mac_spoofing_enabled": false
        }),
    );
    assert_columns(
        trunk,
        json!({
            "mac_address": null, "network": "vSwitch0", "vlan_mode": "Trunk", "native_vlan_id": 7, "access_vlan_id": null,
            "allowed_vlan_ids": "7,20-22", "ipv4_addresses": [], "mac_spoofing_enabled": true
        }),
    );
    assert_columns(
        bare,
        json!({
            "switch_name": null, "switch_id": null, "network": null, "starts_connected": false, "connected": null,
            "mac_address": "00:15:5d:00:00:01", "mac_type": "manual", "adapter_type": "Legacy", "access_vlan_id": null, "ipv4_addresses": null
        }),
    );
}

#[test]
fn checkpoints() {
    let (_, rows) = fixture(Collector::Checkpoint, "checkpoint.json");
    assert_columns(
        &rows[0],
        json!({
            "checkpoint_id": "aaaaaaaa-0000-4000-8000-000000000001", "created_at": "2026-01-02T03:04:05Z", "native_state": "Off",
            "disk_paths": ["C:\\vms\\twin.avhdx"], "disk_file_bytes": null, "quiesced": false, "parent_checkpoint_id": null
        }),
    );
}

#[test]
fn switches() {
    let switches = json!([
        {"Id": "C0FFEE00-0000-4000-8000-000000000002", "Name": "b", "SwitchType": 2, "NetAdapterInterfaceDescriptions": {"value": ["NIC 1", "NIC 2"], "Count": 2}, "AllowManagementOS": true},
        {"Id": "C0FFEE00-0000-4000-8000-000000000001", "Name": "a", "SwitchType": "Private", "NetAdapterInterfaceDescriptions": []}
    ]);
    let rows = rows(Collector::Switch, &switches);
    assert_columns(&rows[0], json!({"switch_name": "a", "switch_type": "Private", "uplinks": []}));
    assert_columns(
        &rows[1],
        json!({"switch_type": "External", "uplinks": ["NIC 1", "NIC 2"], "management_os_allowed": true}),
    );
}

#[test]
fn never_is_no_instant() {
    for written in [
        json!("1601-01-01T00:00:00.0000000Z"),
        json!("/Date(-11644473600000)/"),
        json!("soon"),
        json!(5),
        Value::Null,
    ] {
        let vm = json!({"VMId": "0f0f0f0f-0000-4000-8000-000000000001", "CreationTime": written});
        assert_eq!(rows(Collector::Vm, &vm)[0]["created_at"], Value::Null, "{written}");
    }
}
