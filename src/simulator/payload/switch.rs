//! Collector `switch`.

use crate::simulator::machine::{Machine, Switch};
use crate::simulator::payload::object::Object;
use crate::wire_object as object;

pub fn switch(machine: &Machine) -> Vec<Object> {
    let object = |switch: &Switch| {
        object! { None;
            "Id": switch.id,
            "Name": switch.name,
            "SwitchType": switch.kind,
            "NetAdapterInterfaceDescriptions": switch.adapters,
            "EmbeddedTeamingEnabled": switch.teamed,
            "BandwidthReservationMode": if switch.teamed { "Weight" } else { "Absolute" },
            "IovEnabled": false,
            "AllowManagementOS": switch.allow_management_os,
            "PacketDirectEnabled": false,
            "Mtu": mtu(switch),
            "LoadBalancingAlgorithm": switch.teamed.then_some("HyperVPort"),
        }
    };
    machine.switches.iter().map(object).collect()
}

/// Of the adapters behind it; unknown for a switch without any.
fn mtu(switch: &Switch) -> Option<u32> {
    let first = switch.adapters.first()?;
    Some(if first.starts_with("Mellanox") { 9014 } else { 1514 })
}
