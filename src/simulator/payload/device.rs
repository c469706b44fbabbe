//! Collectors `adapter`, `hba` and `management`.

use crate::simulator::machine::Machine;
use crate::simulator::payload::object::Object;
use crate::simulator::posture::{Posture, address};
use crate::wire_object as object;

pub fn adapter(posture: &Posture) -> Vec<Object> {
    let object = |adapter: &crate::simulator::posture::Adapter| {
        let linked = adapter.speed_bps.is_some();
        object! { None;
            "Name": adapter.name,
            "InterfaceDescription": adapter.description,
            "DriverFileName": adapter.driver,
            "DriverVersion": adapter.driver_version,
            "LinkSpeedBps": adapter.speed_bps,
            "FullDuplex": linked.then_some(true),
            "MacAddress": adapter.mac_address,
            "Status": if linked { "Up" } else { "Disconnected" },
            "Pci": adapter.pci,
            "WakeOnMagicPacket": false,
            "Mtu": adapter.mtu,
        }
    };
    posture.adapters.iter().map(object).collect()
}

pub fn hba(posture: &Posture) -> Vec<Object> {
    let object = |hba: &crate::simulator::posture::Hba| {
        object! { None;
            "Name": hba.name,
            "Type": hba.kind,
            "Status": "OK",
            "Bus": hba.bus.map(|bus| bus.to_string()),
            "Pci": hba.bus.map(|bus| format!("0000:{bus:02x}:00.{}", hba.function)),
            "Driver": hba.driver,
            "Model": hba.model,
            "NodeAddress": hba.node_address,
            "PortAddress": hba.port_address,
        }
    };
    posture.hbas.iter().map(object).collect()
}

/// The host's own adapters: one on every switch that shares with it, and one for migration
/// in clusters. Only the first has a gateway.
pub fn management(machine: &Machine, posture: &Posture) -> Vec<Object> {
    let shared = machine.switches.iter().filter(|switch| switch.allow_management_os);
    let named = shared.map(|switch| (switch.name, switch.name, 0_u64));
    let migration = machine.cluster.as_ref().map(|_| ("Live-Migration", machine.switches[0].name, 3990));
    let object = |(number, (name, switch, vlan)): (usize, (&str, &str, u64))| {
        let ip = address(machine, number);
        let gateway = (number == 0).then(|| format!("{}.1", ip.rsplit_once('.').map_or("", |(net, _)| net)));
        object! { None;
            "Name": name,
            "SwitchName": switch,
            "InterfaceAlias": format!("vEthernet ({name})"),
            "MacAddress": format!("00155D{:04X}{number:02X}", 0xA000 | machine.group & 0xfff),
            "Dhcp": posture.dhcp,
            "IPv4Addresses": [&ip],
            "IPv6Addresses": [format!("fe80::{:x}:{}", machine.group + 1, ip.rsplit('.').next().unwrap_or("1"))],
            "PrefixLength": 24,
            "Gateway": gateway,
            "IPv6Gateway": None::<&str>,
            "Mtu": 1500,
            "VlanId": vlan,
        }
    };
    named.chain(migration).enumerate().map(object).collect()
}
