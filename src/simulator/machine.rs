//! A simulated hypervisor machine: hardware, Windows, cluster, switches.

use crate::simulator::account::DNS_DOMAIN;
use crate::simulator::dice::Dice;
use crate::simulator::names;

const FOR_MACHINE: u64 = 300;
const FOR_CLUSTER: u64 = 301;
/// Neighbouring hosts that share Windows, hardware and a cluster.
const HOSTS_PER_CLUSTER: usize = 8;

pub const GIB: u64 = 1 << 30;

/// A release of Windows Server, and the VM configuration version it makes.
#[derive(Debug)]
pub struct Windows {
    pub caption: &'static str,
    pub build: u32,
    pub ubr: u32,
    pub vm_version: &'static str,
}

const RELEASES: &[Windows] = &[
    Windows {
        caption: "Microsoft Windows Server 2016 Datacenter",
        build: 14393,
        ubr: 6897,
        vm_version: "8.0",
    },
    Windows {
        caption: "Microsoft Windows Server 2019 Datacenter",
        build: 17763,
        ubr: 5696,
        vm_version: "9.0",
    },
    Windows {
        caption: "Microsoft Windows Server 2022 Datacenter",
        build: 20348,
        ubr: 2402,
        vm_version: "10.0",
    },
    Windows {
        caption: "Microsoft Windows Server 2022 Standard",
        build: 20348,
        ubr: 2402,
        vm_version: "10.0",
    },
    Windows {
        caption: "Microsoft Windows Server 2025 Datacenter",
        build: 26100,
        ubr: 1742,
        vm_version: "12.0",
    },
];

#[derive(Debug)]
pub struct Hardware {
    pub vendor: &'static str,
    pub model: &'static str,
    pub bios: &'static str,
    pub processor: &'static str,
    pub clock_mhz: u32,
    pub sockets: u32,
    pub cores: u32,
    pub memory_gib: u64,
}

const HARDWARE: &[Hardware] = &[
    Hardware {
        vendor: "HPE",
        model: "ProLiant DL380 Gen10",
        bios: "U30",
        processor: "Intel(R) Xeon(R) Gold 6248R CPU @ 3.00GHz",
        clock_mhz: 2993,
        sockets: 2,
        cores: 48,
        memory_gib: 768,
    },
    Hardware {
        vendor: "Dell Inc.",
        model: "PowerEdge R750",
        bios: "1.9.2",
        processor: "Intel(R) Xeon(R) Silver 4314 CPU @ 2.40GHz",
        clock_mhz: 2400,
        sockets: 2,
        cores: 32,
        memory_gib: 512,
    },
    Hardware {
        vendor: "Lenovo",
        model: "ThinkSystem SR645",
        bios: "D8E132O",
        processor: "AMD EPYC 7543 32-Core Processor",
        clock_mhz: 2800,
        sockets: 1,
        cores: 32,
        memory_gib: 1024,
    },
];

/// A virtual switch as Get-VMSwitch shows it.
#[derive(Debug)]
pub struct Switch {
    pub id: String,
    pub name: &'static str,
    pub kind: &'static str,
    pub adapters: &'static [&'static str],
    pub teamed: bool,
    pub allow_management_os: bool,
}

#[derive(Debug)]
pub struct Machine {
    /// `HV-BER-01`.
    pub computer_name: String,
    /// The site's code, `ber`.
    pub site: String,
    pub fqdn: String,
    pub uuid: String,
    pub serial_number: String,
    pub windows: &'static Windows,
    pub hardware: &'static Hardware,
    /// `None` for a standalone host.
    pub cluster: Option<String>,
    pub started_at: String,
    pub free_memory_kib: u64,
    pub load_percent: u64,
    pub switches: Vec<Switch>,
}

impl Machine {
    pub fn new(seed: u64, host: usize) -> Self {
        let group = host / HOSTS_PER_CLUSTER;
        let mut shared = Dice::for_path(&[seed, FOR_CLUSTER, group as u64]);
        let windows = shared.pick(RELEASES);
        let hardware = shared.pick(HARDWARE);
        let clustered = shared.chance(0.7);

        let mut dice = Dice::for_path(&[seed, FOR_MACHINE, host as u64]);
        let name = names::host(seed, host);
        let site = name.split('-').nth(1).unwrap_or("ber").to_owned();
        let cluster = clustered.then(|| format!("HVC-{}-{:02}", site.to_uppercase(), group + 1));
        let memory_kib = hardware.memory_gib * GIB / 1024;
        Self {
            computer_name: name.to_uppercase(),
            fqdn: format!("{name}.{DNS_DOMAIN}"),
            site,
            uuid: dice.guid().to_lowercase(),
            serial_number: format!("CZ{:08}", dice.between(1_000_000, 99_999_999)),
            windows,
            hardware,
            cluster,
            started_at: instant(&mut dice, 2026),
            free_memory_kib: memory_kib * dice.between(10, 60) / 100,
            load_percent: dice.between(2, 65),
            switches: switches(&mut dice),
        }
    }

    /// `10.0.20348`.
    pub fn os_version(&self) -> String {
        format!("10.0.{}", self.windows.build)
    }
}

fn switches(dice: &mut Dice) -> Vec<Switch> {
    let switch = |dice: &mut Dice, name, kind, adapters, teamed, allow_management_os| Switch {
        id: dice.guid().to_lowercase(),
        name,
        kind,
        adapters,
        teamed,
        allow_management_os,
    };
    let mut switches = vec![switch(
        dice,
        "SET-Prod",
        "External",
        &["Mellanox ConnectX-5 Adapter", "Mellanox ConnectX-5 Adapter #2"],
        true,
        true,
    )];
    if dice.chance(0.5) {
        switches.push(switch(
            dice,
            "Storage",
            "External",
            &["Intel(R) Ethernet Network Adapter X722"],
            false,
            false,
        ));
    }
    if dice.chance(0.3) {
        switches.push(switch(dice, "Heartbeat (intern)", "Internal", &[], false, true));
    }
    if dice.chance(0.2) {
        switches.push(switch(dice, "Prüfnetz", "Private", &[], false, false));
    }
    switches
}

/// An instant of a year, to the second, as `[datetime]::ToString('o')` prints it in UTC.
pub fn instant(dice: &mut Dice, year: u64) -> String {
    let months = if year == 2026 { 6 } else { 12 };
    format!(
        "{year}-{:02}-{:02}T{:02}:{:02}:{:02}.{:07}Z",
        dice.between(1, months),
        dice.between(1, 28),
        dice.between(0, 23),
        dice.between(0, 59),
        dice.between(0, 59),
        dice.between(0, 9_999_999),
    )
}
