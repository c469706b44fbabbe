//! A simulated hypervisor machine: hardware, Windows, cluster, switches.

use crate::simulator::account::DNS_DOMAIN;
use crate::simulator::dice::Dice;
use crate::simulator::layout::Place;
use crate::simulator::names;

const FOR_MACHINE: u64 = 300;
const FOR_CLUSTER: u64 = 301;
const FOR_SWITCHES: u64 = 302;

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

impl Windows {
    /// `Datacenter` or `Standard`.
    pub fn edition(&self) -> &'static str {
        self.caption.rsplit(' ').next().unwrap_or_default()
    }
}

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
    /// What its VMs share beyond the host, such as copied addresses.
    pub group: usize,
    /// Gives its VMs more processors than it has.
    pub crowded: bool,
}

impl Machine {
    /// A host at its resolved place: `place.clustered` says.
    pub fn new(seed: u64, host: usize, place: &Place) -> Self {
        let mut shared = Dice::for_path(&[seed, FOR_CLUSTER, place.group as u64]);
        let windows = shared.pick(RELEASES);
        let hardware = shared.pick(HARDWARE);
        let clustered = place.clustered.unwrap_or(false);

        let mut dice = Dice::for_path(&[seed, FOR_MACHINE, host as u64]);
        let name = names::host(seed, host);
        let site = name.split('-').nth(1).unwrap_or("ber").to_owned();
        let memory_kib = hardware.memory_gib * GIB / 1024;
        // Nodes have the same switches, or their VMs could not move.
        let mut switch_dice =
            if clustered { shared } else { Dice::for_path(&[seed, FOR_SWITCHES, host as u64]) };
        Self {
            computer_name: name.to_uppercase(),
            fqdn: format!("{name}.{DNS_DOMAIN}"),
            site,
            uuid: dice.guid().to_lowercase(),
            serial_number: format!("CZ{:08}", dice.between(1_000_000, 99_999_999)),
            windows,
            hardware,
            cluster: clustered.then(|| cluster_name(seed, place)),
            started_at: instant(&mut dice, 2026),
            free_memory_kib: memory_kib * dice.between(10, 60) / 100,
            load_percent: dice.between(2, 65),
            switches: switches(&mut switch_dice, &mut dice),
            group: place.group,
            crowded: dice.chance(0.06),
        }
    }

    /// `10.0.20348`.
    pub fn os_version(&self) -> String {
        format!("10.0.{}", self.windows.build)
    }
}

/// Whether a group of the default layout is a cluster: seven of ten.
pub fn is_clustered(seed: u64, group: usize) -> bool {
    let mut shared = Dice::for_path(&[seed, FOR_CLUSTER, group as u64]);
    // The same draws as of a machine come first.
    let _ = (shared.pick(RELEASES), shared.pick(HARDWARE));
    shared.chance(0.7)
}

/// `HVC-BER-01`, by the site of its first node.
fn cluster_name(seed: u64, place: &Place) -> String {
    let first = names::host(seed, place.members.start);
    let site = first.split('-').nth(1).unwrap_or("ber").to_uppercase();
    format!("HVC-{site}-{:02}", place.group + 1)
}

/// `dice` say which there are, `own` what their ids are on this host.
fn switches(dice: &mut Dice, own: &mut Dice) -> Vec<Switch> {
    let switch = |own: &mut Dice, name, kind, adapters, teamed, allow_management_os| Switch {
        id: own.guid().to_lowercase(),
        name,
        kind,
        adapters,
        teamed,
        allow_management_os,
    };
    let mut switches = vec![switch(
        own,
        "SET-Prod",
        "External",
        &["Mellanox ConnectX-5 Adapter", "Mellanox ConnectX-5 Adapter #2"],
        true,
        true,
    )];
    if dice.chance(0.5) {
        switches.push(switch(
            own,
            "Storage",
            "External",
            &["Intel(R) Ethernet Network Adapter X722"],
            false,
            false,
        ));
    }
    if dice.chance(0.3) {
        switches.push(switch(own, "Heartbeat (intern)", "Internal", &[], false, true));
    }
    if dice.chance(0.2) {
        switches.push(switch(own, "Prüfnetz", "Private", &[], false, false));
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
