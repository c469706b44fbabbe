//! Collector `nic` → table `vnetwork`.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::net::IpAddr;

use serde::Deserialize;
use uuid::Uuid;

use crate::providers::hyperv::address::mac;
use crate::providers::hyperv::object::{Object, Stamp};
use crate::providers::hyperv::value::{Flag, Id, Int, OnOff, Text, Texts};
use crate::tables::inventory::vnetwork::Vnetwork;

pub const SCRIPT: &str = include_str!("scripts/nic.ps1");

/// Numbers of `VMNetworkAdapterVlanMode` and `VMNetworkAdapterPortMirroringMode`.
const VLAN_MODES: [(&str, &str); 4] = [("0", "Untagged"), ("1", "Access"), ("2", "Trunk"), ("3", "Private")];
const MIRROR_MODES: [(&str, &str); 3] = [("0", "None"), ("1", "Destination"), ("2", "Source")];

/// How RVTools writes a trunk.
const TRUNK: i64 = 4095;

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct NicObject {
    #[serde(rename = "VMId")]
    vm_id: Id,
    #[serde(rename = "VMName")]
    vm_name: Text,
    id: Text,
    name: Text,
    switch_name: Text,
    switch_id: Id,
    mac_address: Text,
    dynamic_mac_address_enabled: Flag,
    is_legacy: Flag,
    connected: Flag,
    status: Texts,
    #[serde(rename = "IPAddresses")]
    ip_addresses: Texts,
    mac_address_spoofing: OnOff,
    iov_weight: Int,
    iov_usage: Int,
    port_mirroring_mode: Text,
    vlan_operation_mode: Text,
    access_vlan_id: Int,
    native_vlan_id: Int,
    primary_vlan_id: Int,
    allowed_vlan_id_list: Texts,
}

impl Object for NicObject {
    type Row = Vnetwork;

    fn vm_id(&self) -> Option<Uuid> {
        self.vm_id.0
    }

    fn row(self, stamp: &Stamp) -> Option<Vnetwork> {
        let mode = self.vlan_operation_mode.named(&VLAN_MODES);
        let is_mode = |word: &str| mode.as_deref() == Some(word);
        let access_vlan_id = self.access_vlan_id.0.filter(|_| is_mode("Access"));
        let primary_vlan_id = self.primary_vlan_id.0.filter(|_| is_mode("Private"));
        let vlan_id = match mode.as_deref() {
            Some("Untagged") => Some(0),
            Some("Trunk") => Some(TRUNK),
            _ => access_vlan_id.or(primary_vlan_id),
        };
        let (ipv4, ipv6) = by_family(self.ip_addresses.0);
        Some(Vnetwork {
            host: stamp.host.clone(),
            vm_id: self.vm_id.text()?,
            collected_at: stamp.collected_at,
            vm_name: self.vm_name.or_id(&self.vm_id),
            adapter_id: self.id.0,
            adapter_name: self.name.0,
            adapter_type: self
                .is_legacy
                .0
                .map(|legacy| if legacy { "Legacy" } else { "Synthetic" }.to_owned()),
            network: self.switch_name.0.as_deref().map(|switch| network(switch, access_vlan_id)),
            network_name: self
                .switch_name
                .0
                .as_deref()
                .map(|switch| network(switch, access_vlan_id.or(primary_vlan_id))),
            nic_label: None,
            vlan_id,
            ipv4_text: joined(ipv4.as_deref()),
            ipv6_text: joined(ipv6.as_deref()),
            direct_path_io: direct_path(self.iov_weight.0, self.iov_usage.0),
            starts_connected: Some(self.switch_name.0.is_some()),
            switch_name: self.switch_name.0,
            switch_id: self.switch_id.text(),
            connected: self.connected.0,
            mac_address: self.mac_address.0.as_deref().and_then(mac),
            mac_type: self
                .dynamic_mac_address_enabled
                .0
                .map(|dynamic| if dynamic { "generated" } else { "manual" }.to_owned()),
            ipv4_addresses: ipv4,
            ipv6_addresses: ipv6,
            status: self.status.0,
            mac_spoofing_enabled: self.mac_address_spoofing.0,
            iov_weight: self.iov_weight.0,
            port_mirroring_mode: self.port_mirroring_mode.named(&MIRROR_MODES),
            access_vlan_id,
            native_vlan_id: self.native_vlan_id.0.filter(|_| is_mode("Trunk")),
            allowed_vlan_ids: self
                .allowed_vlan_id_list
                .0
                .filter(|_| is_mode("Trunk"))
                .map(|ids| ranges(&ids)),
            vlan_mode: mode,
        })
    }

    fn order(a: &Vnetwork, b: &Vnetwork) -> Ordering {
        (&a.vm_id, &a.adapter_id, &a.adapter_name).cmp(&(&b.vm_id, &b.adapter_id, &b.adapter_name))
    }

    fn together(rows: &mut [Vnetwork]) {
        let mut used = BTreeSet::new();
        for row in rows {
            row.nic_label = row.adapter_name.as_ref().map(|name| {
                let numbered = (2..).map(|number| format!("{name} ({number})"));
                let mut labels = std::iter::once(name.clone()).chain(numbered);
                labels.find(|label| used.insert(label.clone())).expect("numbers do not end")
            });
        }
    }
}

fn network(switch: &str, vlan: Option<i64>) -> String {
    match vlan {
        Some(vlan) => format!("{switch}:vlan{vlan}"),
        None => switch.to_owned(),
    }
}

fn joined(addresses: Option<&[String]>) -> Option<String> {
    addresses.filter(|addresses| !addresses.is_empty()).map(|addresses| addresses.join(", "))
}

/// Whether frames pass the switch by: without a weight never, with one only while a virtual
/// function is in use.
fn direct_path(weight: Option<i64>, usage: Option<i64>) -> Option<bool> {
    match weight? {
        0 => Some(false),
        _ => usage.map(|usage| usage > 0),
    }
}

/// Addresses by family; text that is no address is left out.
fn by_family(addresses: Option<Vec<String>>) -> (Option<Vec<String>>, Option<Vec<String>>) {
    let Some(addresses) = addresses else { return (None, None) };
    // A scope, `fe80::1%12`, is the guest's own affair.
    let family = |address: &String| address.split('%').next().unwrap_or_default().parse::<IpAddr>().ok();
    let of = |is: fn(&IpAddr) -> bool| {
        addresses.iter().filter(|address| family(address).is_some_and(|ip| is(&ip))).cloned().collect()
    };
    (Some(of(IpAddr::is_ipv4)), Some(of(IpAddr::is_ipv6)))
}

/// `1`, `2`, `3`, `7` as `1-3,7`. What is a range already stays as it is.
fn ranges(ids: &[String]) -> String {
    let Ok(mut numbers) = ids.iter().map(|id| id.parse::<u32>()).collect::<Result<Vec<_>, _>>() else {
        return ids.join(",");
    };
    numbers.sort_unstable();
    numbers.dedup();
    let written = numbers.chunk_by(|a, b| a + 1 == *b).map(|run| match run {
        [only] => only.to_string(),
        [first, .., last] => format!("{first}-{last}"),
        [] => String::new(),
    });
    written.collect::<Vec<_>>().join(",")
}
