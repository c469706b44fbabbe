//! Checks of disks, checkpoints and the files they are kept in.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use crate::census::health::check::Check;
use crate::census::health::findings::Findings;
use crate::census::health::host_rows::HostRows;
use crate::census::health::paths::{extension, is_differencing};
use crate::census::health::realm::Realm;
use crate::tables::columns::{Flags, Instants, Texts};

/// Checkpoints that Hyper-V keeps for itself: restore points of backups and of replica.
const OF_HYPERV: [&str; 6] =
    ["Recovery", "Planned", "Missing", "Replica", "AppConsistentReplica", "SyncedReplica"];

pub fn check(host: &HostRows, findings: &mut Findings) {
    let vms = host.vms();
    let name = host.host.as_str();
    let ids = Texts::of(&host.vsnapshot, "vm_id");
    let vm_names = Texts::of(&host.vsnapshot, "vm_name");
    let names = Texts::of(&host.vsnapshot, "checkpoint_name");
    let types = Texts::of(&host.vsnapshot, "checkpoint_type");
    let created = Instants::of(&host.vsnapshot, "created_at");
    let days = host.thresholds.checkpoint_days;
    let mut with_checkpoints = BTreeSet::new();
    for row in 0..host.vsnapshot.num_rows() {
        let Some(id) = ids.at(row) else { continue };
        with_checkpoints.insert(id);
        if types.at(row).is_none_or(|kind| OF_HYPERV.contains(&kind)) {
            continue;
        }
        let vm_name = vms.get(id).and_then(|vm| vm.name).or(vm_names.at(row));
        let called = names.at(row).map_or_else(String::new, |name| format!(" {name}"));
        let since = created.at(row).map(|at| format!(" created on {}", at.format("%Y/%m/%d %H:%M:%S")));
        let since = since.unwrap_or_default();
        let message = format!("VM has an active snapshot!{called}{since}");
        findings.add_vm(Check::CheckpointActive, name, id, vm_name, message);
        if created.at(row).is_some_and(|at| host.started_at - at > TimeDelta::days(days.into())) {
            let message = format!("VM has a snapshot older than {days} days!{called}{since}");
            findings.add_vm(Check::CheckpointOld, name, id, vm_name, message);
        }
    }
    if host.told("vsnapshot") {
        left_behind(host, &with_checkpoints, findings);
    }
}

/// VMs on a differencing file that no checkpoint accounts for, unless vInfo says already
/// that their disks are to be merged.
fn left_behind(host: &HostRows, with_checkpoints: &BTreeSet<&str>, findings: &mut Findings) {
    let vms = host.vms();
    let ids = Texts::of(&host.vdisk, "vm_id");
    let paths = Texts::of(&host.vdisk, "path");
    let merging = {
        let ids = Texts::of(&host.vinfo, "vm_id");
        let needed = Flags::of(&host.vinfo, "consolidation_needed");
        let rows = (0..host.vinfo.num_rows()).filter(|row| needed.at(*row) == Some(true));
        rows.filter_map(|row| ids.at(row)).collect::<BTreeSet<_>>()
    };
    let mut left: BTreeMap<&str, &str> = BTreeMap::new();
    for row in 0..host.vdisk.num_rows() {
        let Some((id, path)) = ids.at(row).zip(paths.at(row)) else { continue };
        let differencing = extension(path).is_some_and(|extension| is_differencing(&extension));
        if differencing && !with_checkpoints.contains(id) && !merging.contains(id) {
            left.entry(id).or_insert(path);
        }
    }
    for (id, path) in left {
        let message = format!("VM disk consolidation is needed! {path} belongs to no snapshot");
        let vm_name = vms.get(id).and_then(|vm| vm.name);
        findings.add_vm(Check::Consolidation, host.host.as_str(), id, vm_name, message);
    }
}

/// Files of this host's list to which its realm does not refer; nothing unless the realm
/// was collected whole.
pub fn check_files(host: &HostRows, realm: &Realm, findings: &mut Findings) {
    if !realm.is_whole() {
        return;
    }
    let name = host.host.as_str();
    let paths = Texts::of(&host.vfile, "path");
    let kinds = Texts::of(&host.vfile, "file_kind");
    let modified = Instants::of(&host.vfile, "modified_at");
    for row in 0..host.vfile.num_rows() {
        let Some(path) = paths.at(row) else { continue };
        // Somebody writes to it: a VM that moved between hosts while they were asked.
        let in_use = modified.at(row).is_some_and(|at| at >= host.started_at);
        if in_use || !realm.lists(host.host, path) {
            continue;
        }
        let kind = kinds.at(row).map(str::to_lowercase).or_else(|| extension(path)).unwrap_or_default();
        match kind.as_str() {
            "vhd" | "vhdx" | "avhd" | "avhdx" if !realm.refers_to(path) => {
                findings.add(
                    Check::ZombieDisk,
                    Some(name),
                    path,
                    "Possibly a Zombie vmdk file! Please check.",
                );
            }
            "vmcx" if realm.knows_no_vm_of(path) => {
                findings.add(Check::ZombieVm, Some(name), path, "Possibly a zombie vm! Please check.");
            }
            _ => {}
        }
    }
}
