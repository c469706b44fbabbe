//! What is said of clusters and datastores.

use lustrum::census::health::check::Check;
use serde_json::{Value, json};

use crate::world::health_cases::case::{Case, case, first, patched, with};

pub fn cases() -> Vec<Case> {
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
