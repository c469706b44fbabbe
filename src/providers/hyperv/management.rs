//! Collector `management` → table `vsc_vmk`.

use std::cmp::Ordering;

use serde::Deserialize;
use uuid::Uuid;

use crate::providers::hyperv::address::{joined, mac, mask};
use crate::providers::hyperv::object::{Object, Stamp};
use crate::providers::hyperv::value::{Flag, Int, Text, Texts};
use crate::tables::inventory::vsc_vmk::VscVmk;

pub const SCRIPT: &str = include_str!("scripts/management.ps1");

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ManagementObject {
    name: Text,
    switch_name: Text,
    interface_alias: Text,
    mac_address: Text,
    dhcp: Flag,
    #[serde(rename = "IPv4Addresses")]
    ipv4_addresses: Texts,
    #[serde(rename = "IPv6Addresses")]
    ipv6_addresses: Texts,
    prefix_length: Int,
    gateway: Text,
    #[serde(rename = "IPv6Gateway")]
    ipv6_gateway: Text,
    mtu: Int,
    vlan_id: Int,
}

impl Object for ManagementObject {
    type Row = VscVmk;

    fn vm_id(&self) -> Option<Uuid> {
        None
    }

    fn row(self, stamp: &Stamp) -> Option<VscVmk> {
        Some(VscVmk {
            host: stamp.host.clone(),
            collected_at: stamp.collected_at,
            port_group: self.name.0.or_else(|| self.interface_alias.0.clone()),
            device: self.interface_alias.0,
            switch_name: self.switch_name.0,
            mac_address: self.mac_address.0.as_deref().and_then(mac),
            dhcp: self.dhcp.0,
            ip_address: joined(self.ipv4_addresses.0),
            ip6_address: joined(self.ipv6_addresses.0),
            subnet_mask: self.prefix_length.0.and_then(mask),
            gateway: self.gateway.0,
            ip6_gateway: self.ipv6_gateway.0,
            mtu: self.mtu.positive(),
            vlan_id: self.vlan_id.0.filter(|id| (0..=4095).contains(id)),
        })
    }

    fn order(a: &VscVmk, b: &VscVmk) -> Ordering {
        (&a.device, &a.port_group).cmp(&(&b.device, &b.port_group))
    }
}
