//! Collector `nic`.

use crate::simulator::guest::Guest;
use crate::simulator::machine::Machine;
use crate::simulator::payload::object::{Object, id};
use crate::wire_object as object;

pub fn nic(guests: &[Guest], machine: &Machine) -> Vec<Object> {
    let mut objects = Vec::new();
    for guest in guests {
        for nic in &guest.nics {
            let switch = nic.switch.and_then(|number| machine.switches.get(number));
            objects.push(object! { id(guest);
                "VMId": guest.id,
                "VMName": guest.name,
                "Id": format!("Microsoft:{}\\{}", guest.id.to_uppercase(), nic.id),
                "Name": nic.name,
                "SwitchName": switch.map(|switch| switch.name),
                "SwitchId": switch.map(|switch| switch.id.as_str()),
                "MacAddress": nic.mac_address,
                "DynamicMacAddressEnabled": nic.dynamic_mac,
                "IsLegacy": nic.legacy,
                "Connected": switch.is_some(),
                "Status": if guest.state.running { vec!["Ok"] } else { Vec::new() },
                "IPAddresses": nic.ip_addresses,
                "MacAddressSpoofing": if nic.spoofing { "On" } else { "Off" },
                "IovWeight": 0,
                "IovUsage": 0,
                "PortMirroringMode": if nic.mirror { "Destination" } else { "None" },
                "VlanOperationMode": match (nic.trunk, nic.vlan) {
                    (true, _) => "Trunk",
                    (false, 0) => "Untagged",
                    (false, _) => "Access",
                },
                "AccessVlanId": if nic.trunk { 0 } else { nic.vlan },
                "NativeVlanId": if nic.trunk { 1 } else { 0 },
                "PrimaryVlanId": 0,
                "AllowedVlanIdList": if nic.trunk { vec![10, 20, 100, 110] } else { Vec::new() },
            });
        }
    }
    objects
}
