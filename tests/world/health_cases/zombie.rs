//! What is said of files that nobody refers to.

use lustrum::census::health::check::Check;
use serde_json::{Value, json};

use crate::world::health_cases::case::{Case, case, first, with};

pub fn cases() -> Vec<Case> {
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
