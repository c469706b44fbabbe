//! Collector `switch` → table `vswitch`.

use std::cmp::Ordering;

use serde::Deserialize;
use uuid::Uuid;

use crate::providers::hyperv::object::{Object, Stamp};
use crate::providers::hyperv::value::{Flag, Id, Int, Text, Texts};
use crate::tables::inventory::vswitch::Vswitch;

pub const SCRIPT: &str = include_str!("scripts/switch.ps1");

/// Numbers of `VMSwitchType` and `VMSwitchBandwidthMode`.
const TYPES: [(&str, &str); 3] = [("0", "Private"), ("1", "Internal"), ("2", "External")];
const BANDWIDTH_MODES: [(&str, &str); 4] =
    [("0", "Default"), ("1", "Weight"), ("2", "Absolute"), ("3", "None")];

/// Numbers of `VMSwitchLoadBalancingAlgorithm`.
const LOAD_BALANCING: [(&str, &str); 2] = [("4", "HyperVPort"), ("5", "Dynamic")];

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct SwitchObject {
    id: Id,
    name: Text,
    switch_type: Text,
    net_adapter_interface_descriptions: Texts,
    embedded_teaming_enabled: Flag,
    bandwidth_reservation_mode: Text,
    iov_enabled: Flag,
    #[serde(rename = "AllowManagementOS")]
    allow_management_os: Flag,
    packet_direct_enabled: Flag,
    mtu: Int,
    load_balancing_algorithm: Text,
}

impl Object for SwitchObject {
    type Row = Vswitch;

    fn vm_id(&self) -> Option<Uuid> {
        None
    }

    fn row(self, stamp: &Stamp) -> Option<Vswitch> {
        Some(Vswitch {
            host: stamp.host.clone(),
            collected_at: stamp.collected_at,
            switch_id: self.id.text(),
            switch_name: self.name.0,
            switch_type: self.switch_type.named(&TYPES),
            uplinks: self.net_adapter_interface_descriptions.0,
            embedded_teaming_enabled: self.embedded_teaming_enabled.0,
            bandwidth_reservation_mode: self.bandwidth_reservation_mode.named(&BANDWIDTH_MODES),
            iov_enabled: self.iov_enabled.0,
            management_os_allowed: self.allow_management_os.0,
            packet_direct_enabled: self.packet_direct_enabled.0,
            mtu: self.mtu.positive(),
            policy: self.load_balancing_algorithm.named(&LOAD_BALANCING),
            ports: None,
        })
    }

    fn order(a: &Vswitch, b: &Vswitch) -> Ordering {
        (&a.switch_name, &a.switch_id).cmp(&(&b.switch_name, &b.switch_id))
    }
}
