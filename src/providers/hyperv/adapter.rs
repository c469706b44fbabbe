//! Collector `adapter` → table `vnic`.

use std::cmp::Ordering;

use serde::Deserialize;
use uuid::Uuid;

use crate::providers::hyperv::address::mac;
use crate::providers::hyperv::object::{Object, Stamp};
use crate::providers::hyperv::value::{Flag, Int, Text};
use crate::tables::inventory::vnic::Vnic;

pub const SCRIPT: &str = include_str!("scripts/adapter.ps1");

/// Numbers of `InterfaceOperationalStatus`.
const STATES: [(&str, &str); 7] = [
    ("1", "Up"),
    ("2", "Down"),
    ("3", "Testing"),
    ("4", "Unknown"),
    ("5", "Dormant"),
    ("6", "NotPresent"),
    ("7", "LowerLayerDown"),
];

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct AdapterObject {
    name: Text,
    interface_description: Text,
    driver_file_name: Text,
    driver_version: Text,
    link_speed_bps: Int,
    full_duplex: Flag,
    mac_address: Text,
    status: Text,
    pci: Text,
    wake_on_magic_packet: Text,
    mtu: Int,
}

impl Object for AdapterObject {
    type Row = Vnic;

    fn vm_id(&self) -> Option<Uuid> {
        None
    }

    fn row(self, stamp: &Stamp) -> Option<Vnic> {
        Some(Vnic {
            host: stamp.host.clone(),
            collected_at: stamp.collected_at,
            adapter_name: self.name.0,
            interface_description: self.interface_description.0,
            driver: self.driver_file_name.0,
            driver_version: self.driver_version.0,
            link_speed_mbps: self.link_speed_bps.positive().map(|bits| bits / 1_000_000),
            full_duplex: self.full_duplex.0,
            mac_address: self.mac_address.0.as_deref().and_then(mac),
            status: self.status.named(&STATES),
            pci: self.pci.0,
            wake_on_lan: self.wake_on_magic_packet.0.as_deref().and_then(wakes),
            mtu: self.mtu.positive(),
            switch_name: None,
            uplink_port: None,
        })
    }

    fn order(a: &Vnic, b: &Vnic) -> Ordering {
        (&a.adapter_name, &a.interface_description).cmp(&(&b.adapter_name, &b.interface_description))
    }
}

/// The setting's name or number: unsupported, disabled, enabled.
fn wakes(setting: &str) -> Option<bool> {
    match setting.to_ascii_lowercase().as_str() {
        "enabled" | "true" | "2" => Some(true),
        "disabled" | "unsupported" | "false" | "0" | "1" => Some(false),
        _ => None,
    }
}
