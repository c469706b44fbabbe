//! Every check fires where it should, and stays silent a step beside it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use lustrum::census::health::check::Check;
use lustrum::census::health::thresholds::Thresholds;

use crate::world::golden::assert_golden;
use crate::world::told_fleet::{Found, health};

/// One check: a fleet in which it fires once, for what and with which words, and fleets
/// that differ from it by what is said (a patch that is merged into it) and are in order.
struct Case {
    check: Check,
    fires: Value,
    name: &'static str,
    message: &'static str,
    silent: Vec<(&'static str, Value)>,
}

fn case(
    check: Check,
    name: &'static str,
    message: &'static str,
    fires: Value,
    silent: impl IntoIterator<Item = (&'static str, Value)>,
) -> Case {
    Case { check, fires, name, message, silent: silent.into_iter().collect() }
}

/// The fleet with other values in it: objects and rows are merged, anything else replaced.
fn patched(mut fleet: Value, patch: &Value) -> Value {
    merge(&mut fleet, patch);
    fleet
}

fn merge(into: &mut Value, patch: &Value) {
    match (into, patch) {
        (Value::Object(into), Value::Object(patch)) => {
            for (key, value) in patch {
                merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (Value::Array(into), Value::Array(patch)) if patch.first().is_some_and(Value::is_object) => {
            into.resize(into.len().max(patch.len()), json!({}));
            into.iter_mut().zip(patch).for_each(|(into, patch)| merge(into, patch));
        }
        (into, patch) => *into = patch.clone(),
    }
}

/// A change to the first row of a table of `hv01`.
fn first(table: &str, row: Value) -> Value {
    json!({ "hv01": { table: [row] } })
}

fn host(row: Value) -> Value {
    json!({ "hv01": { "vhost": [row] } })
}

fn vm(row: Value) -> Value {
    let mut fleet = json!({ "hv01": { "vinfo": [{
        "vm_id": "a1", "vm_name": "web01", "power_state": "poweredOn"
    }] } });
    merge(&mut fleet, &first("vinfo", row));
    fleet
}

fn with(fleet: Value, table: &str, rows: Value) -> Value {
    patched(fleet, &json!({ "hv01": { table: rows } }))
}

const GIB: i64 = 1 << 30;

fn host_cases() -> Vec<Case> {
    vec![
        case(
            Check::HostConfig,
            "hv01",
            "Host has a configuration issue! Cluster node state = Paused",
            host(json!({ "cluster_node_state": "Paused", "vmms_running": true, "config_status": "yellow" })),
            [
                ("up", first("vhost", json!({ "cluster_node_state": "Up", "config_status": "green" }))),
                ("on its way", first("vhost", json!({ "cluster_node_state": "Joining" }))),
                ("unknown", first("vhost", json!({ "cluster_node_state": null, "config_status": "gray" }))),
            ],
        ),
        case(
            Check::HostConfig,
            "hv01",
            "Host has a configuration issue! VMMS service is not running",
            host(json!({ "vmms_running": false })),
            [("unknown", first("vhost", json!({ "vmms_running": null })))],
        ),
        case(
            Check::HostConfig,
            "hv01",
            "Host has a configuration issue! Config status = red",
            host(json!({ "config_status": "red" })),
            [("gray", first("vhost", json!({ "config_status": "gray" })))],
        ),
        case(
            Check::NtpServer,
            "hv01",
            "NTP Server value is null!",
            host(json!({ "ntp_source": "NTP" })),
            [
                ("named", first("vhost", json!({ "ntp_server": "time.example.com,0x8" }))),
                ("of the domain", first("vhost", json!({ "ntp_source": "NT5DS" }))),
                ("never read", first("vhost", json!({ "ntp_source": null }))),
            ],
        ),
        case(
            Check::NtpServer,
            "hv01",
            "Time is not synchronized! Source = NoSync",
            host(json!({ "ntp_source": "NoSync", "ntp_server": "time.example.com" })),
            [("synchronized", first("vhost", json!({ "ntp_source": "NTP" })))],
        ),
        case(
            Check::NtpService,
            "hv01",
            "NTPD service is not running!",
            host(json!({ "w32time_running": false })),
            [
                ("runs", first("vhost", json!({ "w32time_running": true }))),
                ("unknown", first("vhost", json!({ "w32time_running": null }))),
            ],
        ),
        case(
            Check::VcpusPerCore,
            "hv01",
            "There are 4.25 virtual CPUs active per core on this host. The threshold value is 4",
            patched(vm(json!({ "vcpus": 17 })), &host(json!({ "cores": 4 }))),
            [
                ("as many as the threshold", first("vinfo", json!({ "vcpus": 16 }))),
                ("not running", first("vinfo", json!({ "power_state": "poweredOff" }))),
                ("cores unknown", first("vhost", json!({ "cores": null }))),
                ("vcpus unknown", first("vinfo", json!({ "vcpus": null }))),
            ],
        ),
        case(
            Check::WinrmBasic,
            "hv01",
            "WinRM Basic authentication is enabled!",
            host(json!({ "winrm_basic_enabled": true })),
            [
                ("off", first("vhost", json!({ "winrm_basic_enabled": false }))),
                ("unknown", first("vhost", json!({ "winrm_basic_enabled": null }))),
            ],
        ),
        case(
            Check::WinrmUnencrypted,
            "hv01",
            "WinRM allows unencrypted messages!",
            host(json!({ "winrm_unencrypted_allowed": true })),
            [(
                "http alone",
                first("vhost", json!({ "winrm_unencrypted_allowed": false, "winrm_http_listener": true })),
            )],
        ),
        case(
            Check::WinrmHttp,
            "hv01",
            "WinRM listens on HTTP!",
            host(json!({ "winrm_http_listener": true })),
            [("https only", first("vhost", json!({ "winrm_http_listener": false })))],
        ),
        case(
            Check::Certificate,
            "hv01",
            "Certificate expires on 2027/02/19 06:00:00! The threshold value is 90 days",
            host(json!({ "certificate_expires_at": "@2027-02-19T06:00:00Z" })),
            [
                (
                    "a second later",
                    first("vhost", json!({ "certificate_expires_at": "@2027-02-19T06:00:01Z" })),
                ),
                ("none", first("vhost", json!({ "certificate_expires_at": null }))),
            ],
        ),
        case(
            Check::Certificate,
            "hv01",
            "Certificate has expired on 2026/11/21 06:00:00!",
            host(json!({ "certificate_expires_at": "@2026-11-21T06:00:00Z" })),
            [("far", first("vhost", json!({ "certificate_expires_at": "@2036-11-21T06:00:00Z" })))],
        ),
        case(
            Check::DatastoreSearch,
            "hv01",
            "Search datastore errors! Files on VM volumes could not be listed",
            json!({ "hv01": { "_failed": ["vfile"], "_told": ["vinfo"] } }),
            [
                ("listed", json!({ "hv01": { "_failed": [] } })),
                ("not asked", json!({ "hv01": { "_failed": [], "_told": [] } })),
                ("never collected", json!({ "hv01": { "_status": "inventory_error" } })),
                ("other trouble", json!({ "hv01": { "_failed": ["vdisk"] } })),
            ],
        ),
    ]
}

fn vm_cases() -> Vec<Case> {
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

fn shared_cases() -> Vec<Case> {
    let cluster = json!({
        "hv01": {
            "vcluster": [{
                "cluster_name": "CL1", "node_names": ["HV01", "HV02"], "node_states": ["HV01=Up", "HV02=Up"],
                "witness_name": "File Share Witness", "witness_state": "Online", "functional_level": 10,
            }],
            "vhost": [{ "computer_name": "HV01", "os_build": 17_763 }],
        },
        "hv02": {
            "vcluster": [{
                "cluster_name": "CL1", "node_names": ["HV01", "HV02"], "node_states": ["HV01=Up", "HV02=Up"],
                "witness_name": "File Share Witness", "witness_state": "Online", "functional_level": 10,
            }],
            "vhost": [{ "computer_name": "HV02", "os_build": 17_763 }],
        },
    });
    let cluster_with = |patch: Value| patched(cluster.clone(), &patch);
    let volume = |row: Value| {
        let base = json!({ "datastore_name": "Volume1", "kind": "csv", "volume_id": "V1",
            "path": "C:\\ClusterStorage\\Volume1" });
        patched(cluster.clone(), &first("vdatastore", patched(base, &row)))
    };
    let crowded = with(volume(json!({})), "vinfo", vms(31));
    let crowded = with(crowded, "vdisk", disks_of_vms(31));
    vec![
        case(
            Check::ClusterConfig,
            "CL1",
            "Cluster has a configuration issue! Node HV02 = Down",
            cluster_with(first("vcluster", json!({ "node_states": ["HV01=Up", "HV02=Down"] }))),
            [
                ("up", first("vcluster", json!({ "node_states": ["HV01=Up", "HV02=Up"] }))),
                ("on its way", first("vcluster", json!({ "node_states": ["HV01=Up", "HV02=Joining"] }))),
                ("unknown", first("vcluster", json!({ "node_states": null }))),
            ],
        ),
        case(
            Check::ClusterConfig,
            "CL1",
            "Cluster has a configuration issue! Quorum witness File Share Witness = Failed",
            cluster_with(first("vcluster", json!({ "witness_state": "Failed" }))),
            [
                ("online", first("vcluster", json!({ "witness_state": "Online" }))),
                (
                    "no witness",
                    json!({ "hv01": { "vcluster": [{ "witness_state": null }] },
                            "hv02": { "vcluster": [{ "witness_state": null }] } }),
                ),
            ],
        ),
        case(
            Check::ClusterLevel,
            "CL1",
            "Cluster nodes run different builds of Windows! Builds = 17763, 20348",
            cluster_with(first("vhost", json!({ "os_build": 20_348 }))),
            [
                ("the same", first("vhost", json!({ "os_build": 17_763 }))),
                ("unknown", first("vhost", json!({ "os_build": null }))),
            ],
        ),
        case(
            Check::ClusterLevel,
            "CL1",
            "Cluster functional level 9 is old! All nodes support level 10",
            cluster_with(first("vcluster", json!({ "functional_level": 9 }))),
            [
                ("up to date", first("vcluster", json!({ "functional_level": 10 }))),
                (
                    "a node was not asked",
                    first("vcluster", json!({ "node_names": ["HV01", "HV02", "HV03"] })),
                ),
            ],
        ),
        case(
            Check::DatastoreFree,
            "Volume1",
            "On datastore Volume1 is 9% disk space available! The threshold value is 10%",
            volume(json!({ "capacity_bytes": 1_000_000, "free_bytes": 99_999 })),
            [
                ("as much as the threshold", first("vdatastore", json!({ "free_bytes": 100_000 }))),
                ("free unknown", first("vdatastore", json!({ "free_bytes": null }))),
                ("capacity unknown", first("vdatastore", json!({ "capacity_bytes": null }))),
                ("capacity zero", first("vdatastore", json!({ "capacity_bytes": 0 }))),
            ],
        ),
        case(
            Check::VmsPerDatastore,
            "Volume1",
            "There are 31 VMs active on this datastore. The threshold value is 30",
            crowded,
            [
                ("as many as the threshold", first("vinfo", json!({ "power_state": "poweredOff" }))),
                ("state unknown", first("vinfo", json!({ "power_state": null }))),
                ("one elsewhere", first("vdisk", json!({ "path": "C:\\ClusterStorage\\Volume10\\a.vhdx" }))),
            ],
        ),
        case(
            Check::DatastoreConfig,
            "Volume1",
            "Datastore has a configuration issue! Redirected access",
            volume(json!({ "redirected_access": true, "state": "Online", "accessible": true })),
            [
                ("direct", first("vdatastore", json!({ "redirected_access": false }))),
                ("unknown", first("vdatastore", json!({ "redirected_access": null }))),
            ],
        ),
        case(
            Check::DatastoreConfig,
            "Volume1",
            "Datastore has a configuration issue! State = Offline",
            volume(json!({ "state": "Offline", "accessible": false })),
            [("online", first("vdatastore", json!({ "state": "Online", "accessible": true })))],
        ),
        case(
            Check::DatastoreConfig,
            "Volume1",
            "Datastore has a configuration issue! Not accessible",
            volume(json!({ "accessible": false })),
            [("unknown", first("vdatastore", json!({ "accessible": null })))],
        ),
        case(
            Check::DatastoreConfig,
            "Volume1",
            "Datastore has a configuration issue! In maintenance",
            volume(json!({ "in_maintenance": true })),
            [("unknown", first("vdatastore", json!({ "in_maintenance": null })))],
        ),
    ]
}

fn vms(number: usize) -> Value {
    let vm = |index| json!({ "vm_id": format!("a{index}"), "power_state": "poweredOn" });
    (0..number).map(vm).collect()
}

/// Two disks a VM: a VM counts once.
fn disks_of_vms(number: usize) -> Value {
    let path = |index| format!("c:/clusterstorage/VOLUME1/{index}.vhdx");
    let disk = |index| json!({ "vm_id": format!("a{}", index % number), "path": path(index) });
    // The disks of the first VM beside each other, so that a patch of one row can move it away.
    (0..number).chain(number + 1..2 * number).map(disk).collect()
}

fn zombie_cases() -> Vec<Case> {
    let alone = json!({ "hv01": {
        "vhost": [{ "computer_name": "HV01" }],
        "vinfo": [{ "vm_id": "0e3c2b44-0000-4000-8000-000000000001", "vm_name": "web01" }],
        "vdisk": [{ "vm_id": "0e3c2b44-0000-4000-8000-000000000001", "path": "D:\\VMs\\web.vhdx" }],
        "vsnapshot": [],
    } });
    let disk = json!([{ "path": "D:\\VMs\\old.vhdx", "file_kind": "vhdx" }]);
    let vmcx = json!([{
        "path": "D:\\VMs\\Virtual Machines\\0E3C2B44-0000-4000-8000-000000000009.vmcx", "file_kind": "vmcx"
    }]);
    let path = "D:\\VMs\\Virtual Machines\\0E3C2B44-0000-4000-8000-000000000009.vmcx";
    let snapshot = |row: Value| json!({ "hv01": { "vsnapshot": [row] } });
    vec![
        case(
            Check::ZombieDisk,
            "D:\\VMs\\old.vhdx",
            "Possibly a Zombie vmdk file! Please check.",
            with(alone.clone(), "vfile", disk),
            [
                ("in use", first("vdisk", json!({ "path": "\\\\?\\d:/vms\\OLD.vhdx" }))),
                (
                    "a parent",
                    first(
                        "vdisk",
                        json!({ "path": "D:\\VMs\\web_1.vhdx", "parent_path": "d:\\vms\\old.vhdx", "base_path": "d:\\vms\\old.vhdx" }),
                    ),
                ),
                (
                    "a base",
                    first(
                        "vdisk",
                        json!({ "parent_path": "D:\\VMs\\web_2.avhdx", "base_path": "d:\\vms\\old.vhdx" }),
                    ),
                ),
                (
                    "of a checkpoint",
                    snapshot(json!({ "checkpoint_id": "c", "disk_paths": ["D:\\VMs\\old.vhdx"] })),
                ),
                ("paths of a checkpoint unknown", snapshot(json!({ "checkpoint_id": "c" }))),
                ("a chain not read", first("vdisk", json!({ "parent_path": "D:\\VMs\\web_2.avhdx" }))),
                ("a disk not opened", first("vdisk", json!({ "vhd_error": "ObjectInUse" }))),
                ("a path unknown", first("vdisk", json!({ "path": null }))),
                ("no disk", first("vfile", json!({ "file_kind": "iso" }))),
                ("written to since", first("vfile", json!({ "modified_at": "@2026-11-21T06:00:00Z" }))),
                ("VMs not told", json!({ "hv01": { "_told": ["vdisk", "vsnapshot", "vfile", "vcluster"] } })),
                (
                    "perhaps in a cluster",
                    json!({ "hv01": { "_told": ["vinfo", "vdisk", "vsnapshot", "vfile"] } }),
                ),
                ("in a cluster nobody listed", first("vhost", json!({ "cluster_name": "CL1" }))),
                (
                    "a role without its VM",
                    first("vrole", json!({ "vm_id": "0e3c2b44-0000-4000-8000-00000000000f" })),
                ),
            ],
        ),
        case(
            Check::ZombieVm,
            path,
            "Possibly a zombie vm! Please check.",
            with(alone, "vfile", vmcx),
            [
                ("a VM's", first("vinfo", json!({ "vm_id": "0e3c2b44-0000-4000-8000-000000000009" }))),
                (
                    "a checkpoint's",
                    snapshot(
                        json!({ "checkpoint_id": "0e3c2b44-0000-4000-8000-000000000009", "disk_paths": [] }),
                    ),
                ),
                ("not named by an id", first("vfile", json!({ "path": "D:\\VMs\\template.vmcx" }))),
                ("VMs not told", json!({ "hv01": { "_told": ["vdisk", "vsnapshot", "vfile", "vcluster"] } })),
            ],
        ),
    ]
}

fn cases() -> Vec<Case> {
    [host_cases(), vm_cases(), shared_cases(), zombie_cases()].into_iter().flatten().collect()
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
    let found = of_check(&vm(json!({ "vm_name": null, "consolidation_needed": true })), Check::Consolidation);
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
