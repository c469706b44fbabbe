//! Virtual switches by name, each once for its cluster or host: what RVTools shows as
//! distributed switches.

use std::collections::{BTreeMap, BTreeSet};

use arrow_array::RecordBatch;

use crate::census::folded::owner::Owner;
use crate::tables::columns::{Flags, Ints, Texts};

/// Untagged frames pass, and all others with the tag they carry.
const TRUNK: i64 = 4095;

/// One switch name of one owner: about 150 bytes, 4 a host that has it, 60 a VLAN.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Switch {
    /// Hosts that have a switch of this name, in name order.
    pub hosts: Vec<u32>,
    /// The largest told.
    pub mtu: Option<i64>,
    pub policy: Option<String>,
    /// VMs with an adapter on it, and their adapters.
    pub vms: i64,
    pub adapters: i64,
    /// By VLAN.
    pub ports: BTreeMap<i64, Port>,
}

/// Adapters of one VLAN on a switch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Port {
    /// As the adapters' `network_name` says.
    pub name: Option<String>,
    pub adapters: i64,
    /// An adapter receives mirrored frames; null when not all told.
    pub promiscuous: Any,
    /// An adapter may change its address.
    pub spoofing: Any,
}

/// Whether any of several says yes, when some may not have told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Any {
    yes: bool,
    untold: bool,
}

impl Any {
    pub fn hear(&mut self, told: Option<bool>) {
        self.yes |= told == Some(true);
        self.untold |= told.is_none();
    }

    pub fn known(self) -> Option<bool> {
        if self.yes { Some(true) } else { (!self.untold).then_some(false) }
    }
}

impl Port {
    /// Its name, made up where no adapter tells it.
    pub fn name_on(&self, switch: &str, vlan_id: i64) -> String {
        let made_up = || if vlan_id == 0 { switch.to_owned() } else { format!("{switch}:vlan{vlan_id}") };
        self.name.clone().unwrap_or_else(made_up)
    }
}

pub type Switches = BTreeMap<(Owner, String), Switch>;

/// Takes the rows of vswitch of one host; hosts come in name order.
pub fn tell(switches: &mut Switches, owner: Owner, host: usize, vswitch: &RecordBatch) {
    let (name, mtu, policy) =
        (Texts::of(vswitch, "switch_name"), Ints::of(vswitch, "mtu"), Texts::of(vswitch, "policy"));
    for row in 0..vswitch.num_rows() {
        let Some(name) = name.at(row) else { continue };
        let switch = switches.entry((owner, name.to_owned())).or_default();
        if switch.hosts.last() != Some(&(host as u32)) {
            switch.hosts.push(host as u32);
        }
        switch.mtu = switch.mtu.max(mtu.at(row));
        switch.policy = switch.policy.take().or_else(|| policy.at(row).map(str::to_owned));
    }
}

/// Takes the rows of vnetwork of one host, in VM order.
pub fn connect(switches: &mut Switches, owner: Owner, vnetwork: &RecordBatch) {
    for (name, told) in adapters_by_switch(vnetwork) {
        let switch = switches.entry((owner, name.to_owned())).or_default();
        switch.vms += told.vms;
        switch.adapters += told.adapters;
        for (vlan_id, port) in told.ports {
            let known = switch.ports.entry(vlan_id).or_default();
            known.name = known.name.take().or(port.name);
            known.adapters += port.adapters;
            known.promiscuous = known.promiscuous.and(port.promiscuous);
            known.spoofing = known.spoofing.and(port.spoofing);
        }
    }
}

impl Any {
    fn and(self, other: Self) -> Self {
        Self { yes: self.yes || other.yes, untold: self.untold || other.untold }
    }
}

/// The adapters of one host's VMs, by the switch they are plugged into.
pub fn adapters_by_switch(vnetwork: &RecordBatch) -> BTreeMap<&str, Switch> {
    let text = |name| Texts::of(vnetwork, name);
    let (vm_id, name, network) = (text("vm_id"), text("switch_name"), text("network_name"));
    let (mirroring, spoofing) = (text("port_mirroring_mode"), Flags::of(vnetwork, "mac_spoofing_enabled"));
    let vlan_id = Vlans::of(vnetwork);
    let mut switches: BTreeMap<&str, Switch> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for row in 0..vnetwork.num_rows() {
        let Some(name) = name.at(row) else { continue };
        let switch = switches.entry(name).or_default();
        switch.adapters += 1;
        switch.vms += i64::from(seen.insert((name, vm_id.at(row))));
        let Some(vlan_id) = vlan_id.at(row) else { continue };
        let port = switch.ports.entry(vlan_id).or_default();
        port.name = port.name.take().or_else(|| network.at(row).map(str::to_owned));
        port.adapters += 1;
        port.promiscuous.hear(mirroring.at(row).map(|mode| mode == "Destination"));
        port.spoofing.hear(spoofing.at(row));
    }
    switches
}

/// The VLAN of an adapter as a number: 0 untagged, 4095 a trunk.
struct Vlans<'a> {
    told: Ints<'a>,
    mode: Texts<'a>,
    access: Ints<'a>,
}

impl<'a> Vlans<'a> {
    fn of(vnetwork: &'a RecordBatch) -> Self {
        Self {
            told: Ints::of(vnetwork, "vlan_id"),
            mode: Texts::of(vnetwork, "vlan_mode"),
            access: Ints::of(vnetwork, "access_vlan_id"),
        }
    }

    fn at(&self, row: usize) -> Option<i64> {
        self.told.at(row).or_else(|| match self.mode.at(row)? {
            "Untagged" => Some(0),
            "Access" => self.access.at(row),
            "Trunk" => Some(TRUNK),
            _ => None,
        })
    }
}
