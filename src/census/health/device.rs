//! Checks of what a VM is made of beside its disks: drives with media, adapters, services.

use crate::census::health::check::Check;
use crate::census::health::findings::Findings;
use crate::census::health::host_rows::HostRows;
use crate::census::health::tally::{Tally, hash_of};
use crate::tables::columns::{Flags, Texts};

/// MAC addresses of the fleet, by site: only adapters that may share a network can clash.
#[derive(Default)]
pub struct Addresses {
    all: Tally,
    /// Those that a host gave.
    generated: Tally,
}

impl Addresses {
    pub fn note(&mut self, host: &HostRows) {
        let types = Texts::of(&host.vnetwork, "mac_type");
        for (row, mac) in addresses(host) {
            let hash = hash_of(&[&host.standing.site, mac]);
            self.all.say(hash);
            if types.at(row) == Some("generated") {
                self.generated.say(hash);
            }
        }
    }

    pub fn close(&mut self) {
        self.all.close();
        self.generated.close();
    }
}

/// Adapters that are told with an address; those of replicas, and of VMs that may be
/// replicas, are left out.
fn addresses<'a>(host: &'a HostRows) -> impl Iterator<Item = (usize, &'a str)> {
    let vms = host.vms();
    let ids = Texts::of(&host.vnetwork, "vm_id");
    let macs = Texts::of(&host.vnetwork, "mac_address");
    (0..host.vnetwork.num_rows()).filter_map(move |row| {
        let replica = ids.at(row).and_then(|id| vms.get(id)).is_none_or(|vm| vm.replica);
        macs.at(row).filter(|mac| !replica && *mac != "00:00:00:00:00:00").map(|mac| (row, mac))
    })
}

pub fn check(host: &HostRows, fleet: &Addresses, findings: &mut Findings) {
    let vms = host.vms();
    let name = host.host.as_str();

    let ids = Texts::of(&host.vcd, "vm_id");
    let names = Texts::of(&host.vcd, "vm_name");
    let kinds = Texts::of(&host.vcd, "drive_kind");
    let nodes = Texts::of(&host.vcd, "device_node");
    let connected = Flags::of(&host.vcd, "connected");
    for row in (0..host.vcd.num_rows()).filter(|row| connected.at(*row) == Some(true)) {
        let Some(id) = ids.at(row) else { continue };
        let vm_name = vms.get(id).and_then(|vm| vm.name).or(names.at(row));
        match kinds.at(row) {
            Some("Dvd") => {
                let label = nodes.at(row).map_or_else(String::new, |node| format!(" {node}"));
                let message = format!("VM has a CDROM device connected!{label}");
                findings.add_vm(Check::CdromConnected, name, id, vm_name, message);
            }
            Some("Floppy") => {
                let message = "VM has a Floppy device connected!";
                findings.add_vm(Check::FloppyConnected, name, id, vm_name, message);
            }
            _ => {}
        }
    }

    let ids = Texts::of(&host.vtools, "vm_id");
    let states = Texts::of(&host.vtools, "tools_status");
    for row in 0..host.vtools.num_rows() {
        let Some((id, vm)) = ids.at(row).and_then(|id| Some((id, vms.get(id)?))) else { continue };
        let trouble = match states.at(row).filter(|_| vm.running) {
            Some("toolsOld") => "out of date",
            Some("toolsNotRunning") => "not running",
            Some("toolsNotInstalled") => "not installed",
            _ => continue,
        };
        findings.add_vm(Check::VmTools, name, id, vm.name, format!("VM tools are {trouble}!"));
    }

    let ids = Texts::of(&host.vnetwork, "vm_id");
    for (row, mac) in addresses(host) {
        let hash = hash_of(&[&host.standing.site, mac]);
        let same = fleet.all.count(hash);
        if let Some(id) = ids.at(row).filter(|_| same > 1 && fleet.generated.holds(hash)) {
            let message = format!("MAC address {mac} is used by {same} adapters!");
            findings.add_vm(Check::MacClash, name, id, vms.get(id).and_then(|vm| vm.name), message);
        }
    }
}
