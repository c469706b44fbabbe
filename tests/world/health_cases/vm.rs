//! What is said of virtual machines.

use lustrum::census::health::check::Check;
use serde_json::{Value, json};

use crate::world::health_cases::case::{Case, GIB, case, first, host, patched, vm, with};

pub fn cases() -> Vec<Case> {
    let dvd = json!([{ "vm_id": "a1", "drive_kind": "Dvd", "device_node": "IDE 1:0", "connected": true }]);
    let checkpoint = json!([{
        "vm_id": "a1", "checkpoint_name": "before patch", "checkpoint_type": "Standard",
        "created_at": "@2026-11-14T05:59:59Z"
    }]);
    let own_folder = patched(
        vm(json!({ "path": "D:\\VMs\\WEB-old" })),
        &host(json!({ "vm_directory": "C:\\ProgramData\\Hyper-V" })),
    );
    let two_adapters = json!({
        "hv01": {
            "vinfo": [{ "vm_id": "a1", "vm_name": "web01" }],
            "vnetwork": [{ "vm_id": "a1", "mac_address": "00:15:5d:01:02:03", "mac_type": "manual" }],
        },
        "hv02": {
            "vinfo": [{ "vm_id": "a2", "vm_name": "db01", "replication_mode": "None" }],
            "vnetwork": [{ "vm_id": "a2", "mac_address": "00:15:5d:01:02:03", "mac_type": "generated" }],
        },
    });
    vec![
        case(
            Check::CdromConnected,
            "web01",
            "VM has a CDROM device connected! IDE 1:0",
            with(vm(json!({})), "vcd", dvd),
            [
                ("empty drive", first("vcd", json!({ "connected": false }))),
                ("unknown", first("vcd", json!({ "connected": null }))),
                ("a floppy", first("vcd", json!({ "drive_kind": "Floppy" }))),
            ],
        ),
        case(
            Check::FloppyConnected,
            "web01",
            "VM has a Floppy device connected!",
            with(vm(json!({})), "vcd", json!([{ "vm_id": "a1", "drive_kind": "Floppy", "connected": true }])),
            [("empty drive", first("vcd", json!({ "connected": false })))],
        ),
        case(
            Check::CheckpointActive,
            "web01",
            "VM has an active snapshot! before patch created on 2026/11/14 05:59:59",
            with(vm(json!({})), "vsnapshot", checkpoint.clone()),
            [
                ("of a backup", first("vsnapshot", json!({ "checkpoint_type": "Recovery" }))),
                ("of replica", first("vsnapshot", json!({ "checkpoint_type": "AppConsistentReplica" }))),
                ("of unknown kind", first("vsnapshot", json!({ "checkpoint_type": null }))),
            ],
        ),
        case(
            Check::CheckpointOld,
            "web01",
            "VM has a snapshot older than 7 days! before patch created on 2026/11/14 05:59:59",
            with(vm(json!({})), "vsnapshot", checkpoint),
            [
                (
                    "seven days to the second",
                    first("vsnapshot", json!({ "created_at": "@2026-11-14T06:00:00Z" })),
                ),
                ("of unknown age", first("vsnapshot", json!({ "created_at": null }))),
                ("of a backup", first("vsnapshot", json!({ "checkpoint_type": "Recovery" }))),
            ],
        ),
        case(
            Check::VmTools,
            "web01",
            "VM tools are out of date!",
            with(vm(json!({})), "vtools", json!([{ "vm_id": "a1", "tools_status": "toolsOld" }])),
            [
                ("well", first("vtools", json!({ "tools_status": "toolsOk" }))),
                ("unknown", first("vtools", json!({ "tools_status": null }))),
                ("not running", first("vinfo", json!({ "power_state": "poweredOff" }))),
                ("suspended", first("vinfo", json!({ "power_state": "suspended" }))),
                ("state unknown", first("vinfo", json!({ "power_state": null }))),
            ],
        ),
        case(
            Check::VmTools,
            "web01",
            "VM tools are not running!",
            with(vm(json!({})), "vtools", json!([{ "vm_id": "a1", "tools_status": "toolsNotRunning" }])),
            [("off", first("vinfo", json!({ "power_state": "poweredOff" })))],
        ),
        case(
            Check::VmTools,
            "web01",
            "VM tools are not installed!",
            with(vm(json!({})), "vtools", json!([{ "vm_id": "a1", "tools_status": "toolsNotInstalled" }])),
            [("off", first("vinfo", json!({ "power_state": "poweredOff" })))],
        ),
        case(
            Check::FolderName,
            "web01",
            "Inconsistent Foldername! VMname = web01 Foldername = WEB-old",
            own_folder,
            [
                ("the same but for case", first("vinfo", json!({ "path": "D:\\VMs\\WEB01\\" }))),
                ("the host's default", first("vhost", json!({ "vm_directory": "d:/vms/web-OLD" }))),
                ("default unknown", first("vhost", json!({ "vm_directory": null }))),
                ("a shared volume", first("vinfo", json!({ "path": "C:\\ClusterStorage\\Volume1" }))),
                ("a volume", first("vdatastore", json!({ "path": "D:\\VMs\\WEB-old\\" }))),
                ("a drive", first("vinfo", json!({ "path": "D:\\" }))),
                ("unknown", first("vinfo", json!({ "path": null }))),
                (
                    "shared by VMs",
                    json!({ "hv01": { "vinfo": [{}, { "vm_id": "a2", "vm_name": "x", "path": "d:\\vms\\web-old" }] } }),
                ),
            ],
        ),
        case(
            Check::Consolidation,
            "web01",
            "VM disk consolidation is needed!",
            vm(json!({ "consolidation_needed": true })),
            [
                ("no", first("vinfo", json!({ "consolidation_needed": false }))),
                ("unknown", first("vinfo", json!({ "consolidation_needed": null }))),
            ],
        ),
        case(
            Check::Consolidation,
            "web01",
            "VM disk consolidation is needed! D:\\web_1.AVHDX belongs to no snapshot",
            with(vm(json!({})), "vdisk", json!([{ "vm_id": "a1", "path": "D:\\web_1.AVHDX" }])),
            [
                ("no differencing disk", first("vdisk", json!({ "path": "D:\\web.vhdx" }))),
                ("a checkpoint", first("vsnapshot", json!({ "vm_id": "a1", "checkpoint_type": "Recovery" }))),
                ("checkpoints not told", json!({ "hv01": { "_told": ["vinfo", "vdisk"] } })),
            ],
        ),
        case(
            Check::VmConfig,
            "web01",
            "VM has a configuration issue! State = RunningCritical",
            vm(json!({ "native_state": "RunningCritical", "config_status": "red" })),
            [("running", first("vinfo", json!({ "native_state": "Running", "config_status": "green" })))],
        ),
        case(
            Check::VmConfig,
            "web01",
            "VM has a configuration issue! Operational status = Degraded",
            vm(json!({ "native_state": "Running", "primary_operational_status": "Degraded" })),
            [
                ("at work", first("vinfo", json!({ "primary_operational_status": "InService" }))),
                ("ok", first("vinfo", json!({ "primary_operational_status": "Ok" }))),
                ("unknown", first("vinfo", json!({ "primary_operational_status": null }))),
            ],
        ),
        case(
            Check::ReplicationHealth,
            "web01",
            "VM replication health is Critical!",
            vm(json!({ "replication_state": "Error", "replication_health": "Critical" })),
            [
                ("normal", first("vinfo", json!({ "replication_health": "Normal" }))),
                ("not replicated", first("vinfo", json!({ "replication_state": "Disabled" }))),
                ("unknown", first("vinfo", json!({ "replication_health": null }))),
            ],
        ),
        case(
            Check::VmVersionOld,
            "web01",
            "VM version 9.0 is old! The host supports version 10.0",
            patched(
                vm(json!({ "configuration_version": "9.0" })),
                &host(json!({ "hyperv_version_maximum": "10.0" })),
            ),
            [
                ("the highest", first("vinfo", json!({ "configuration_version": "10.0" }))),
                ("the highest unknown", first("vhost", json!({ "hyperv_version_maximum": null }))),
                ("no number", first("vinfo", json!({ "configuration_version": "Prerelease" }))),
            ],
        ),
        case(
            Check::DuplicateName,
            "WEB01",
            "VM name is used by 2 VMs!",
            json!({
                "hv01": { "vinfo": [{ "vm_id": "a1", "vm_name": "WEB01" }] },
                "hv02": { "vinfo": [{ "vm_id": "a2", "vm_name": "web01" }] },
            }),
            [
                ("another name", json!({ "hv02": { "vinfo": [{ "vm_name": "web02" }] } })),
                ("its replica", json!({ "hv02": { "vinfo": [{ "replication_mode": "Replica" }] } })),
                (
                    "its second replica",
                    json!({ "hv02": { "vinfo": [{ "replication_mode": "ExtendedReplica" }] } }),
                ),
                ("no name", json!({ "hv02": { "vinfo": [{ "vm_name": null }] } })),
            ],
        ),
        case(
            Check::MacClash,
            "web01",
            "MAC address 00:15:5d:01:02:03 is used by 2 adapters!",
            two_adapters,
            [
                ("both set by people", json!({ "hv02": { "vnetwork": [{ "mac_type": "manual" }] } })),
                ("another site", json!({ "hv02": { "_site": "Far" } })),
                ("a replica", json!({ "hv02": { "vinfo": [{ "replication_mode": "Replica" }] } })),
                (
                    "another address",
                    json!({ "hv02": { "vnetwork": [{ "mac_address": "00:15:5d:01:02:04" }] } }),
                ),
                ("none yet", json!({ "hv02": { "vnetwork": [{ "mac_address": null }] } })),
            ],
        ),
        case(
            Check::SecureBootOff,
            "web01",
            "Secure Boot is off!",
            vm(json!({ "generation": 2, "secure_boot_enabled": false })),
            [
                ("on", first("vinfo", json!({ "secure_boot_enabled": true }))),
                ("generation 1", first("vinfo", json!({ "generation": 1 }))),
                ("unknown", first("vinfo", json!({ "secure_boot_enabled": null }))),
            ],
        ),
        case(
            Check::StartActionNothing,
            "web01",
            "VM will not start when its host restarts! Automatic start action = Nothing",
            vm(json!({ "automatic_start_action": "Nothing", "is_clustered": false })),
            [
                ("starts", first("vinfo", json!({ "automatic_start_action": "StartIfRunning" }))),
                ("a cluster's", first("vinfo", json!({ "is_clustered": true }))),
                ("perhaps a cluster's", first("vinfo", json!({ "is_clustered": null }))),
                ("off", first("vinfo", json!({ "power_state": "poweredOff" }))),
            ],
        ),
        case(
            Check::DiskTip,
            "web01",
            "Disk I/O performance improvement possible! Please check documentation",
            with(vm(json!({})), "vdisk", disks(4, 188 * GIB)),
            [
                ("750 GiB to the byte", json!({ "hv01": { "vdisk": [{ "capacity_bytes": 186 * GIB }] } })),
                ("two controllers", first("vdisk", json!({ "controller_number": 1 }))),
                ("a controller unknown", first("vdisk", json!({ "controller_type": null }))),
                ("off", first("vinfo", json!({ "power_state": "poweredOff" }))),
            ],
        ),
        case(
            Check::DiskTip,
            "web01",
            "Disk I/O performance improvement possible! Please check documentation",
            with(
                vm(json!({ "generation": 1 })),
                "vdisk",
                json!([{ "vm_id": "a1", "controller_type": "IDE", "controller_number": 0, "controller_location": 1 }]),
            ),
            [
                ("the first disk", first("vdisk", json!({ "controller_location": 0 }))),
                ("on SCSI", first("vdisk", json!({ "controller_type": "SCSI" }))),
                ("place unknown", first("vdisk", json!({ "controller_location": null }))),
            ],
        ),
        case(
            Check::MemoryTip,
            "web01",
            "In-Memory VM performance improvement possible! Please check documentation",
            vm(json!({ "vcpus": 4, "dynamic_memory_enabled": true })),
            [
                ("three processors", first("vinfo", json!({ "vcpus": 3 }))),
                ("fixed memory", first("vinfo", json!({ "dynamic_memory_enabled": false }))),
                ("unknown", first("vinfo", json!({ "dynamic_memory_enabled": null }))),
                ("off", first("vinfo", json!({ "power_state": "poweredOff" }))),
            ],
        ),
        case(
            Check::MemoryTip,
            "web01",
            "In-Memory VM performance improvement possible! Please check documentation",
            with(
                patched(vm(json!({ "vcpus": 12 })), &host(json!({ "numa_spanning_enabled": true }))),
                "vcpu",
                json!([{ "vm_id": "a1", "maximum_per_numa_node": 8 }]),
            ),
            [
                ("fits a node", first("vcpu", json!({ "maximum_per_numa_node": 12 }))),
                ("node size unknown", first("vcpu", json!({ "maximum_per_numa_node": null }))),
                ("no spanning", first("vhost", json!({ "numa_spanning_enabled": false }))),
            ],
        ),
    ]
}

fn disks(number: usize, last_bytes: i64) -> Value {
    let disk = |index: usize| {
        json!({
            "vm_id": "a1", "controller_type": "SCSI", "controller_number": 0, "controller_location": index,
            "capacity_bytes": if index == 0 { last_bytes } else { 188 * GIB },
        })
    };
    (0..number).map(disk).collect()
}
