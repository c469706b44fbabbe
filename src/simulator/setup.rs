//! What is set up on a VM beside its hardware: services, drives, protection, a cluster role;
//! and what is wrong with it.

use crate::simulator::calendar;
use crate::simulator::dice::Dice;
use crate::simulator::guest::{Guest, MIB};
use crate::simulator::machine::Machine;

/// An optical or floppy drive.
#[derive(Debug)]
pub struct Drive {
    pub id: String,
    /// `Dvd` or `Floppy`; a floppy drive is there only while a disk is in it.
    pub kind: &'static str,
    pub path: Option<String>,
    pub media: &'static str,
    pub controller_type: &'static str,
    pub controller_number: u64,
    pub controller_location: u64,
}

/// Which integration services are enabled.
#[derive(Clone, Copy, Debug, Default)]
pub struct Services {
    pub time_synchronization: bool,
    pub key_value_exchange: bool,
    pub shutdown: bool,
    pub backup: bool,
    pub guest_service: bool,
    pub heartbeat: bool,
}

/// How the cluster treats a VM.
#[derive(Debug, Default)]
pub struct Role {
    pub priority: u32,
    pub anti_affinity: Option<&'static str>,
    pub affinity_rule: Option<&'static str>,
    /// Prefers the node it is on and the one after it.
    pub has_preferred_owners: bool,
    pub offline_action: &'static str,
    pub monitored: bool,
}

#[derive(Debug, Default)]
pub struct Setup {
    /// Older than what its host makes; `None` follows the host.
    pub old_version: Option<&'static str>,
    pub secure_boot_off: bool,
    /// What the guest says while it runs.
    pub heartbeat: &'static str,
    pub services_state: &'static str,
    pub services: Services,
    pub start_action: &'static str,
    pub start_delay_s: u64,
    pub replication_health: &'static str,
    pub drives: Vec<Drive>,
    /// Its first disk differs from this image of the volume.
    pub parent_image: Option<usize>,
    /// Runs on a differencing disk that no checkpoint owns.
    pub unmerged: bool,
    pub role: Role,
}

const OLD_VERSIONS: &[&str] = &["5.0", "8.0", "9.0"];

/// Addresses that careless copies share, within a group of hosts.
const COPIED_MACS: u64 = 2;

/// Sets a VM up and breaks what its dice say. Rates stand beside the draws.
pub fn furnish(guest: &mut Guest, machine: &Machine, dice: &mut Dice) {
    let store = guest.store().to_owned();
    let generation = guest.generation;
    guest.setup = Setup {
        old_version: dice
            .chance(0.08)
            .then(|| *dice.pick(OLD_VERSIONS))
            .filter(|version| older(version, machine.windows.vm_version)),
        secure_boot_off: dice.chance(0.06),
        heartbeat: match dice.between(1, 100) {
            1..=60 => "OkApplicationsHealthy",
            61..=93 => "OkApplicationsUnknown",
            94..=95 => "OkApplicationsUnhealthy",
            96..=98 => "NoContact",
            _ => "LostCommunication",
        },
        services_state: if dice.chance(0.04) { "Update required" } else { "Up to date" },
        services: Services {
            time_synchronization: dice.chance(0.93),
            key_value_exchange: dice.chance(0.97),
            shutdown: dice.chance(0.98),
            backup: dice.chance(0.95),
            guest_service: dice.chance(0.15),
            heartbeat: dice.chance(0.99),
        },
        start_action: dice.pick::<&str>(&["StartIfRunning", "StartIfRunning", "Start", "Nothing"]),
        start_delay_s: *dice.pick(&[0, 0, 0, 30, 120]),
        replication_health: dice.pick::<&str>(&["Normal", "Normal", "Warning", "Critical"]),
        drives: drives(&store, generation, dice),
        parent_image: None,
        unmerged: false,
        role: Role {
            priority: *dice.pick(&[2000, 2000, 2000, 2000, 2000, 2000, 3000, 1000, 0]),
            anti_affinity: dice.chance(0.06).then_some("Domain Controllers"),
            affinity_rule: (machine.windows.build >= 20348 && dice.chance(0.04)).then_some("SQL apart"),
            has_preferred_owners: dice.chance(0.1),
            offline_action: dice.pick::<&str>(&["Save", "Save", "Save", "ShutDown", "TurnOff"]),
            monitored: dice.chance(0.9),
        },
    };
    let plain = guest.checkpoints.is_empty();
    guest.setup.parent_image = (plain && dice.chance(0.08)).then(|| dice.between(0, 1) as usize);
    guest.setup.unmerged = plain && dice.chance(0.02);
    let tracked = dice.chance(0.2);
    guest.disks.iter_mut().for_each(|disk| disk.tracks_changes = tracked && disk.format == "VHDX");
    if machine.crowded {
        guest.processors = (guest.processors * 2).max(4);
    }
    for nic in &mut guest.nics {
        nic.trunk = dice.chance(0.03);
        nic.spoofing = dice.chance(0.03);
        nic.mirror = dice.chance(0.01);
        if nic.dynamic_mac && dice.chance(0.02) {
            let copy = dice.between(1, COPIED_MACS);
            nic.mac_address = format!("00155D{:04X}{copy:02X}", machine.group & 0xffff);
        }
    }
    age_checkpoints(guest, dice);
}

/// Half of the checkpoints are from the last month, and a few hold the memory too.
fn age_checkpoints(guest: &mut Guest, dice: &mut Dice) {
    let recent = dice.chance(0.5);
    let count = guest.checkpoints.len() as u64;
    for (number, checkpoint) in guest.checkpoints.iter_mut().enumerate() {
        checkpoint.production = dice.chance(0.7);
        checkpoint.memory_file_size = (!checkpoint.production && guest.state.running)
            .then_some(guest.memory_startup / MIB * MIB + 6 * MIB);
        if recent {
            let age_days = (count - number as u64) * 9 - dice.between(0, 8);
            let made = calendar::instant(-(age_days as i64), dice.between(0, 86_000) as i64);
            checkpoint.name = checkpoint.name.replace(&checkpoint.created_at[..10], &made[..10]);
            checkpoint.created_at = made;
        }
    }
    if !recent {
        // A child is never older than its parent.
        let mut dates: Vec<_> =
            guest.checkpoints.iter().map(|checkpoint| checkpoint.created_at.clone()).collect();
        dates.sort();
        for (checkpoint, date) in guest.checkpoints.iter_mut().zip(dates) {
            checkpoint.name = checkpoint.name.replace(&checkpoint.created_at[..10], &date[..10]);
            checkpoint.created_at = date;
        }
    }
}

fn older(version: &str, than: &str) -> bool {
    let number = |text: &str| text.parse::<f64>().unwrap_or_default();
    number(version) < number(than)
}

/// Generation 1 has a DVD drive on its second IDE controller, generation 2 rarely one. One
/// in eight holds an image, one in fifty the host's drive; one generation 1 VM in twenty has
/// a floppy disk in.
fn drives(store: &str, generation: u64, dice: &mut Dice) -> Vec<Drive> {
    let mut drives = Vec::new();
    if generation == 1 || dice.chance(0.3) {
        let (path, media) = match dice.between(1, 100) {
            1..=9 => (Some(format!("{store}\\{INSTALLATION_MEDIUM}")), "ISO"),
            10..=13 => (Some(format!("{SHARE}\\ubuntu-22.04.4-live-server-amd64.iso")), "ISO"),
            14..=15 => (Some("E:".to_owned()), "Physical"),
            _ => (None, "None"),
        };
        let ide = generation == 1;
        drives.push(Drive {
            id: dice.guid().to_lowercase(),
            kind: "Dvd",
            path,
            media,
            controller_type: if ide { "IDE" } else { "SCSI" },
            controller_number: u64::from(ide),
            controller_location: if ide { 0 } else { 5 },
        });
    }
    if generation == 1 && dice.chance(0.05) {
        drives.push(Drive {
            id: dice.guid().to_lowercase(),
            kind: "Floppy",
            path: Some(format!("{store}\\ISO\\drivers.vfd")),
            media: "VFD",
            controller_type: "Floppy",
            controller_number: 0,
            controller_location: 0,
        });
    }
    drives
}

/// On every volume, beside the VMs.
pub const INSTALLATION_MEDIUM: &str = "ISO\\SERVER_EVAL_x64FRE_en-us.iso";
/// Where the fleet keeps installation images.
pub const SHARE: &str = "\\\\fs01.census.example\\iso";
