//! RVTools' performance tips, by the rules that Hyper-V knows.

use std::collections::{BTreeMap, BTreeSet};

use crate::census::health::check::Check;
use crate::census::health::findings::Findings;
use crate::census::health::host_rows::{HostRows, Vm};
use crate::tables::columns::{Flags, Ints, Texts};

/// The hard drives of one VM.
#[derive(Default)]
struct Drives {
    number: u64,
    /// Those whose size is known.
    bytes: u64,
    scsi_controllers: BTreeSet<i64>,
    /// A drive whose controller is not known may be on any.
    all_controllers_known: bool,
    /// On IDE, in another place than the first disk's.
    beside_first_on_ide: bool,
}

pub fn check(host: &HostRows, findings: &mut Findings) {
    let vms = host.vms();
    let name = host.host.as_str();
    for (id, drives) in drives(host) {
        let Some(vm) = vms.get(id).filter(|vm| vm.running) else { continue };
        if drives.are_slow(vm, host) {
            let message = "Disk I/O performance improvement possible! Please check documentation";
            findings.add_vm(Check::DiskTip, name, id, vm.name, message);
        }
    }
    let node_sizes: BTreeMap<&str, i64> = {
        let ids = Texts::of(&host.vcpu, "vm_id");
        let sizes = Ints::of(&host.vcpu, "maximum_per_numa_node");
        (0..host.vcpu.num_rows()).filter_map(|row| Some((ids.at(row)?, sizes.at(row)?))).collect()
    };
    let spans =
        host.vhost.num_rows() > 0 && Flags::of(&host.vhost, "numa_spanning_enabled").at(0) == Some(true);
    let ids = Texts::of(&host.vinfo, "vm_id");
    let vcpus = Ints::of(&host.vinfo, "vcpus");
    let dynamic = Flags::of(&host.vinfo, "dynamic_memory_enabled");
    for row in 0..host.vinfo.num_rows() {
        let Some((id, vcpus)) = ids.at(row).zip(vcpus.at(row)) else { continue };
        let Some(vm) = vms.get(id).filter(|vm| vm.running) else { continue };
        let spread = spans && node_sizes.get(id).is_some_and(|size| vcpus > *size);
        let large = vcpus >= i64::from(host.thresholds.memory_tip_vcpus);
        if large && (dynamic.at(row) == Some(true) || spread) {
            let message = "In-Memory VM performance improvement possible! Please check documentation";
            findings.add_vm(Check::MemoryTip, name, id, vm.name, message);
        }
    }
}

impl Drives {
    fn are_slow(&self, vm: &Vm, host: &HostRows) -> bool {
        let many = self.number > u64::from(host.thresholds.disk_tip_disks);
        let large = self.bytes > host.thresholds.disk_tip_bytes;
        let narrow = self.all_controllers_known && self.scsi_controllers.len() < 2;
        (many && large && narrow) || (vm.generation == Some(1) && self.beside_first_on_ide)
    }
}

fn drives<'a>(host: &'a HostRows) -> BTreeMap<&'a str, Drives> {
    let ids = Texts::of(&host.vdisk, "vm_id");
    let types = Texts::of(&host.vdisk, "controller_type");
    let numbers = Ints::of(&host.vdisk, "controller_number");
    let locations = Ints::of(&host.vdisk, "controller_location");
    let sizes = Ints::of(&host.vdisk, "capacity_bytes");
    let mut drives: BTreeMap<&str, Drives> = BTreeMap::new();
    for row in 0..host.vdisk.num_rows() {
        let Some(id) = ids.at(row) else { continue };
        let of_vm =
            drives.entry(id).or_insert_with(|| Drives { all_controllers_known: true, ..Drives::default() });
        of_vm.number += 1;
        of_vm.bytes += sizes.at(row).and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or_default();
        match (types.at(row), numbers.at(row), locations.at(row)) {
            (Some("SCSI"), Some(number), _) => drop(of_vm.scsi_controllers.insert(number)),
            (Some("IDE"), Some(number), Some(location)) => {
                of_vm.beside_first_on_ide |= (number, location) != (0, 0);
            }
            (Some("IDE" | "PMEM"), ..) => {}
            _ => of_vm.all_controllers_known = false,
        }
    }
    drives
}
