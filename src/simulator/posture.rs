//! How a machine is looked after: time service, certificate, WinRM's doors; its adapters.

use crate::simulator::account::DNS_DOMAIN;
use crate::simulator::calendar;
use crate::simulator::dice::Dice;
use crate::simulator::machine::Machine;

const FOR_POSTURE: u64 = 303;

/// The certificate of the WinRM listener.
#[derive(Debug)]
pub struct Certificate {
    pub issuer: &'static str,
    pub subject: String,
    pub not_before: String,
    pub not_after: String,
}

/// A physical network adapter as Get-NetAdapter shows it.
#[derive(Debug)]
pub struct Adapter {
    pub name: String,
    pub description: &'static str,
    pub driver: &'static str,
    pub driver_version: &'static str,
    /// Bits a second; `None` without a link.
    pub speed_bps: Option<u64>,
    pub mac_address: String,
    pub pci: String,
    pub mtu: u32,
}

/// A host bus adapter or initiator port.
#[derive(Debug)]
pub struct Hba {
    /// The device's id in Windows.
    pub name: String,
    pub kind: &'static str,
    /// `None` for a service such as the iSCSI initiator.
    pub bus: Option<u8>,
    pub function: u8,
    pub driver: &'static str,
    pub model: &'static str,
    pub node_address: Option<String>,
    pub port_address: Option<String>,
}

#[derive(Debug)]
pub struct Posture {
    pub w32time_running: bool,
    /// w32time's Type: `NT5DS` (from the domain), `NTP`, `NoSync`.
    pub ntp_type: &'static str,
    pub ntp_server: Option<&'static str>,
    pub winrm_basic: bool,
    pub winrm_allows_unencrypted: bool,
    pub winrm_http_listener: bool,
    pub certificate: Option<Certificate>,
    pub dhcp: bool,
    pub adapters: Vec<Adapter>,
    pub hbas: Vec<Hba>,
}

impl Posture {
    /// Of a host; rates stand beside the draws.
    pub fn of(seed: u64, host: usize, machine: &Machine) -> Self {
        let mut dice = Dice::for_path(&[seed, FOR_POSTURE, host as u64]);
        let (ntp_type, ntp_server) = match dice.between(1, 100) {
            1..=6 => ("NT5DS", None),
            7..=12 => ("NoSync", Some("time.windows.com,0x8")),
            13..=60 => ("NT5DS", Some("time.census.example,0x8")),
            _ => ("NTP", Some("time.census.example,0x8")),
        };
        Self {
            w32time_running: !dice.chance(0.06),
            ntp_type,
            ntp_server,
            winrm_basic: dice.chance(0.08),
            winrm_allows_unencrypted: dice.chance(0.06),
            winrm_http_listener: dice.chance(0.9),
            certificate: dice.chance(0.85).then(|| certificate(machine, &mut dice)),
            dhcp: dice.chance(0.04),
            adapters: adapters(machine, &mut dice),
            hbas: hbas(machine, &mut dice),
        }
    }
}

/// One in eight ends within 110 days of day 0, the others years later.
fn certificate(machine: &Machine, dice: &mut Dice) -> Certificate {
    let self_signed = dice.chance(0.3);
    let left_days = if dice.chance(0.12) { dice.between(30, 110) } else { dice.between(400, 2_500) } as i64;
    let subject = format!("CN={}", machine.fqdn);
    Certificate {
        issuer: if self_signed { "" } else { "CN=Census Issuing CA 1, DC=census, DC=example" },
        not_before: calendar::instant(left_days - 3_650, 28_800),
        not_after: calendar::instant(left_days, 28_800),
        subject,
    }
}

/// Those behind the switches, and one for management; a fourth of the fleet has one without
/// a cable too.
fn adapters(machine: &Machine, dice: &mut Dice) -> Vec<Adapter> {
    let uplinks = machine.switches.iter().flat_map(|switch| switch.adapters).copied();
    let mut descriptions: Vec<_> = uplinks.chain(["Intel(R) I350 Gigabit Network Connection"]).collect();
    if dice.chance(0.25) {
        descriptions.push("Intel(R) I350 Gigabit Network Connection #2");
    }
    let adapter = |(number, description): (usize, &'static str)| {
        let fast = description.starts_with("Mellanox");
        let (driver, driver_version, speed_bps) = match description {
            _ if fast => ("mlx5.sys", "24.4.26429.0", 25_000_000_000),
            _ if description.contains("X722") => ("i40ea68.sys", "1.18.368.0", 10_000_000_000),
            _ => ("e1r68x64.sys", "12.19.2.45", 1_000_000_000),
        };
        Adapter {
            name: format!("NIC{}", number + 1),
            description,
            driver,
            driver_version,
            speed_bps: (!description.ends_with("Connection #2")).then_some(speed_bps),
            mac_address: format!(
                "94-18-82-{:02X}-{:02X}-{number:02X}",
                dice.between(0, 255),
                dice.between(0, 255)
            ),
            pci: format!("0000:{:02x}:00.{}", 0x18 + number / 2 * 8, number % 2),
            mtu: if fast { 9014 } else { 1514 },
        }
    };
    descriptions.into_iter().enumerate().map(adapter).collect()
}

/// A RAID controller everywhere, and what leads to the shared storage of clusters.
fn hbas(machine: &Machine, dice: &mut Dice) -> Vec<Hba> {
    let (model, driver) = match machine.hardware.vendor {
        "HPE" => ("HPE Smart Array P408i-a SR Gen10", "SmartPqi.sys"),
        "Dell Inc." => ("PERC H745 Front", "percsas3.sys"),
        _ => ("ThinkSystem RAID 930-16i", "megasas35.sys"),
    };
    let mut hbas = vec![Hba {
        name: "PCI\\VEN_9005&DEV_028F&SUBSYS_0654103C&REV_01\\4&2F9B9E1&0&0000".to_owned(),
        kind: "RAID",
        bus: Some(0x5c),
        function: 0,
        driver,
        model,
        node_address: None,
        port_address: None,
    }];
    let number = dice.between(0, 0xff_ffff);
    match (&machine.cluster, machine.group % 3) {
        (None, _) => {}
        (Some(_), 0) => hbas.push(Hba {
            name: "ROOT\\ISCSIPRT\\0000_0".to_owned(),
            kind: "iSCSI",
            bus: None,
            function: 0,
            driver: "msiscsi.sys",
            model: "Microsoft iSCSI Initiator",
            node_address: Some(format!("iqn.1991-05.com.microsoft:{}", machine.fqdn.to_lowercase())),
            port_address: Some("0x400001370000".to_owned()),
        }),
        (Some(_), 1) => hbas.push(Hba {
            name: "PCI\\VEN_1000&DEV_00E6&SUBSYS_40D01000&REV_01\\4&1A2B3C4&0&0008".to_owned(),
            kind: "SAS",
            bus: Some(0xaf),
            function: 0,
            driver: "ItSas35.sys",
            model: "Broadcom HBA 9500-16i Tri-Mode Storage Adapter",
            node_address: Some(format!("500605b00{number:07x}")),
            port_address: Some(format!("500605b01{number:07x}")),
        }),
        (Some(_), _) => hbas.extend((0..2).map(|port| Hba {
            name: format!("PCI\\VEN_1077&DEV_2261&SUBSYS_029B1077&REV_01\\4&3C4D5E6&0&000{port}"),
            kind: "FC",
            bus: Some(0x3b),
            function: port,
            driver: "ql2300.sys",
            model: "QLogic QLE2692 16Gb FC Dual-Port HBA",
            node_address: Some(format!("200000{port}e1e{number:06x}")),
            port_address: Some(format!("210000{port}e1e{number:06x}")),
        })),
    }
    hbas
}

/// The host's own address on a VLAN of the fleet.
pub fn address(machine: &Machine, number: usize) -> String {
    let digits = machine.computer_name.rsplit('-').next().and_then(|digits| digits.parse::<usize>().ok());
    format!("10.{}.{number}.{}", machine.group % 200 + 20, 10 + digits.unwrap_or(0))
}

/// Where hosts look names up.
pub const DNS_SEARCH_ORDER: [&str; 2] = [DNS_DOMAIN, "example"];
