//! Simulated VMs, with the values the Hyper-V cmdlets give for each state.

use crate::simulator::dice::Dice;
use crate::simulator::disk::{self, Disk};
use crate::simulator::machine::{GIB, Machine, instant};
use crate::simulator::names;
use crate::simulator::setup::Setup;

pub const MIB: u64 = 1 << 20;
pub const CLUSTER_STORAGE: &str = "C:\\ClusterStorage\\";
/// Cluster shared volumes of every cluster: Volume1 to Volume4.
pub const SHARED_VOLUMES: u64 = 4;
/// MemoryMaximum of a VM whose maximum was never set: one tebibyte, a default and no size.
pub const DEFAULT_MAXIMUM: u64 = 1 << 40;

/// A state as Get-VM names it, and what else it decides.
#[derive(Debug)]
pub struct State {
    pub word: &'static str,
    pub running: bool,
    /// The storage of the configuration is gone: paths and version are null.
    pub critical: bool,
    pub status: &'static str,
    pub operational_status: &'static str,
    /// Msvm_ComputerSystem.EnabledState, which counts otherwise than the cmdlets.
    pub enabled_state: u16,
}

const fn state(word: &'static str, running: bool, enabled_state: u16) -> State {
    State {
        word,
        running,
        critical: false,
        status: "Operating normally",
        operational_status: "Ok",
        enabled_state,
    }
}

pub const RUNNING: State = state("Running", true, 2);
pub const OFF: State = state("Off", false, 3);
const SAVED: State = state("Saved", false, 32769);
const PAUSED: State = state("Paused", true, 32768);
const OFF_CRITICAL: State = State {
    critical: true,
    status: "Cannot connect to virtual machine configuration storage",
    operational_status: "LostCommunication",
    ..state("OffCritical", false, 3)
};

#[derive(Debug)]
pub struct Nic {
    pub id: String,
    pub name: &'static str,
    pub switch: Option<usize>,
    pub mac_address: String,
    pub dynamic_mac: bool,
    pub legacy: bool,
    pub ip_addresses: Vec<String>,
    /// 0 is untagged.
    pub vlan: u64,
    /// Carries every VLAN of a list.
    pub trunk: bool,
    pub spoofing: bool,
    /// Sees the traffic of mirrored ports.
    pub mirror: bool,
}

#[derive(Debug)]
pub struct Checkpoint {
    pub id: String,
    pub name: String,
    pub created_at: String,
    /// By its place in the VM's list.
    pub parent: Option<usize>,
    pub automatic: bool,
    pub production: bool,
    /// The saved state that belongs to it.
    pub memory_file_size: Option<u64>,
    /// What its differencing disks hold together.
    pub disk_file_size: u64,
}

#[derive(Debug)]
pub struct Guest {
    /// Lower case, without braces.
    pub id: String,
    pub bios_guid: String,
    pub name: String,
    pub notes: String,
    pub state: &'static State,
    pub generation: u64,
    pub processors: u64,
    pub cpu_usage: u64,
    pub memory_startup: u64,
    pub memory_minimum: u64,
    pub memory_maximum: u64,
    pub memory_assigned: u64,
    pub memory_demand: u64,
    pub dynamic_memory: bool,
    pub uptime_s: u64,
    pub created_at: String,
    /// The folder of the VM, on a volume of its host or cluster.
    pub folder: String,
    pub linux: bool,
    pub clustered: bool,
    pub replicated: bool,
    pub disks: Vec<Disk>,
    pub nics: Vec<Nic>,
    pub checkpoints: Vec<Checkpoint>,
    pub setup: Setup,
}

impl Guest {
    /// The volume its files lie on: `C:\\ClusterStorage\\Volume1`, or `D:`.
    pub fn volume(&self) -> &str {
        volume_of(&self.folder)
    }

    /// The folder in which VMs lie side by side: the volume's, or `D:\\Hyper-V`.
    pub fn store(&self) -> &str {
        self.folder.rsplit_once('\\').map_or("", |(store, _)| store)
    }

    /// Its configuration file.
    pub fn configuration_path(&self) -> String {
        format!("{}\\Virtual Machines\\{}.vmcx", self.folder, self.id.to_uppercase())
    }
}

/// The path of the volume of a path.
pub fn volume_of(path: &str) -> &str {
    match path.strip_prefix(CLUSTER_STORAGE) {
        Some(rest) => &path[..CLUSTER_STORAGE.len() + rest.find('\\').unwrap_or(rest.len())],
        None => &path[..path.find('\\').unwrap_or(path.len())],
    }
}

/// Makes VM `number` of a host as it was on day 0, its disks not linked yet and nothing set
/// up on it.
pub fn grow(machine: &Machine, number: usize, dice: &mut Dice) -> Guest {
    let id = dice.guid().to_lowercase();
    let state = match dice.between(1, 100) {
        1..=76 => &RUNNING,
        77..=91 => &OFF,
        92..=95 => &SAVED,
        96..=97 => &PAUSED,
        _ => &OFF_CRITICAL,
    };
    let name = names::guest(&machine.computer_name, number, dice);
    let generation = if dice.chance(0.75) { 2 } else { 1 };
    let dynamic_memory = dice.chance(0.6);
    let memory_startup = *dice.pick(&[1, 2, 4, 4, 8, 8, 16, 32, 64]) * GIB;
    let memory_demand =
        if state.running { memory_startup * dice.between(15, 110) / 100 / MIB * MIB } else { 0 };
    let memory_assigned = match (state.running, dynamic_memory) {
        (false, _) => 0,
        (true, false) => memory_startup,
        (true, true) => (memory_demand * 12 / 10 / (2 * MIB) * 2 * MIB).max(512 * MIB),
    };
    let folder = match &machine.cluster {
        Some(_) => {
            let volume = dice.between(1, SHARED_VOLUMES);
            format!("{CLUSTER_STORAGE}Volume{volume}\\{}", names::folder(&name, &id))
        }
        None => format!("D:\\Hyper-V\\{}", names::folder(&name, &id)),
    };
    let checkpoints = checkpoints(&name, dice);
    let disks = disk::disks(&folder, &name, generation, !checkpoints.is_empty(), dice);
    let nics = nics(machine, state.running, dice);
    Guest {
        bios_guid: dice.guid().to_lowercase(),
        notes: names::notes(dice),
        state,
        generation,
        processors: *dice.pick(&[1, 2, 2, 4, 4, 8, 16]),
        cpu_usage: if state.running { dice.between(0, 40) } else { 0 },
        memory_startup,
        memory_minimum: if dynamic_memory { 512 * MIB } else { memory_startup },
        memory_maximum: if dynamic_memory && dice.chance(0.5) { memory_startup * 2 } else { DEFAULT_MAXIMUM },
        memory_assigned,
        memory_demand,
        dynamic_memory,
        uptime_s: if state.running { dice.between(60, 120 * 86_400) } else { 0 },
        created_at: {
            let year = dice.between(2018, 2026);
            instant(dice, year)
        },
        linux: dice.chance(0.35),
        clustered: machine.cluster.is_some() && dice.chance(0.9),
        replicated: dice.chance(0.05),
        id,
        name,
        folder,
        disks,
        nics,
        checkpoints,
        setup: Setup::default(),
    }
}

fn checkpoints(name: &str, dice: &mut Dice) -> Vec<Checkpoint> {
    let count = if dice.chance(0.2) { dice.between(1, 3) } else { 0 };
    (0..count as usize)
        .map(|number| {
            let automatic = dice.chance(0.2);
            let created_at = instant(dice, 2026);
            let label = if automatic { "Automatic Checkpoint" } else { "vor Update" };
            Checkpoint {
                id: dice.guid().to_lowercase(),
                name: format!("{label} - {name} - ({})", &created_at[..10]),
                created_at,
                parent: number.checked_sub(1),
                automatic,
                production: false,
                memory_file_size: None,
                disk_file_size: dice.between(64, 20_000) * MIB,
            }
        })
        .collect()
}

fn nics(machine: &Machine, running: bool, dice: &mut Dice) -> Vec<Nic> {
    let count = *dice.pick(&[0, 1, 1, 1, 1, 1, 2, 2, 3]);
    (0..count)
        .map(|_| {
            let switch =
                dice.chance(0.92).then(|| dice.between(0, machine.switches.len() as u64 - 1) as usize);
            let dynamic_mac = dice.chance(0.85);
            let started = running || !dynamic_mac || dice.chance(0.8);
            let mac = dice.between(0, 0xff_ffff);
            let host = dice.between(2, 250);
            Nic {
                id: dice.guid(),
                name: "Network Adapter",
                switch,
                mac_address: if started { format!("00155D{mac:06X}") } else { "000000000000".to_owned() },
                dynamic_mac,
                legacy: dice.chance(0.03),
                ip_addresses: if running && switch.is_some() {
                    vec![
                        format!("10.{}.{}.{host}", mac >> 16, mac >> 8 & 0xff),
                        format!("fe80::215:5dff:fe{host:02x}:1"),
                    ]
                } else {
                    Vec::new()
                },
                vlan: if dice.chance(0.6) { *dice.pick(&[10, 20, 100, 110, 3999]) } else { 0 },
                trunk: false,
                spoofing: false,
                mirror: false,
            }
        })
        .collect()
}
