//! What a VM looks like after the days of its fate.

use crate::simulator::calendar;
use crate::simulator::dice::Dice;
use crate::simulator::disk;
use crate::simulator::fate::{Birth, Change, Fate};
use crate::simulator::guest::{self, DEFAULT_MAXIMUM, Guest, MIB};
use crate::simulator::machine::GIB;

const FOR_CHANGES: u64 = 402;
const DAY_S: u64 = 86_400;

/// Lives through the days up to `today`; the guest is as it was made.
pub fn apply(guest: &mut Guest, seed: u64, birth: Birth, fate: &Fate, today: u32) {
    let path = [seed, birth.host as u64, FOR_CHANGES, birth.number as u64];
    let mut dice = Dice::for_path(&path);
    if birth.day > 0 {
        let second = dice.between(6 * 3_600, 18 * 3_600);
        guest.created_at = calendar::instant(i64::from(birth.day) - 1, second as i64);
        guest.uptime_s = if guest.state.running { DAY_S - second } else { 0 };
        guest.checkpoints.clear();
    }
    let lived = u64::from(today - birth.day);
    if guest.state.running {
        guest.uptime_s += lived * DAY_S;
    }
    // Each day draws from its own dice: what happened before a day never depends on `today`.
    for (day, change) in &fate.changes {
        let mut dice = Dice::for_path(&[&path[..], &[u64::from(*day)]].concat());
        happen(guest, *change, *day, today, &mut dice);
    }
    if dice.chance(0.5) {
        for disk in guest.disks.iter_mut().filter(|disk| disk.kind == "Dynamic") {
            let rest = disk.size.saturating_sub(disk.file_size) as f64;
            let grown = rest * (1.0 - 0.997_f64.powi(lived.min(10_000) as i32));
            disk.file_size += grown as u64 / MIB * MIB;
        }
    }
}

fn happen(guest: &mut Guest, change: Change, day: u32, today: u32, dice: &mut Dice) {
    match change {
        Change::Processors if guest.processors > 1 && dice.chance(0.3) => guest.processors /= 2,
        Change::Processors => guest.processors = (guest.processors * 2).min(64),
        Change::Memory => resize_memory(guest, dice),
        Change::DiskResized => {
            let own = guest.disks.iter_mut().find(|disk| disk.disk_number.is_none());
            if let Some(disk) = own {
                disk.size += dice.between(2, 10) * 10 * GIB;
                if disk.kind == "Fixed" {
                    disk.file_size = disk.size;
                }
            }
        }
        Change::Switched if guest.state.critical => {}
        Change::Switched => switch(guest, day, today, dice),
        Change::CheckpointAdded => {
            let parent = guest.checkpoints.len().checked_sub(1);
            guest.checkpoints.push(disk::checkpoint(day, parent, "before change", dice));
        }
        Change::CheckpointRemoved => {
            guest.checkpoints.pop();
        }
        // The folder keeps the old name, as on a real host.
        Change::Renamed => guest.name.push_str(&format!("-d{day}")),
    }
}

/// Half as much or twice as much, between half a GiB and 512 GiB.
fn resize_memory(guest: &mut Guest, dice: &mut Dice) {
    let wanted = if dice.chance(0.3) { guest.memory_startup / 2 } else { guest.memory_startup * 2 };
    guest.memory_startup = wanted.clamp(GIB / 2, 512 * GIB);
    if guest.memory_maximum != DEFAULT_MAXIMUM {
        guest.memory_maximum = guest.memory_startup * 2;
    }
    if !guest.dynamic_memory {
        guest.memory_minimum = guest.memory_startup;
    }
    settle_memory(guest);
}

/// Starts what is not running and stops what is.
fn switch(guest: &mut Guest, day: u32, today: u32, dice: &mut Dice) {
    let on = !guest.state.running;
    guest.state = if on { &guest::RUNNING } else { &guest::OFF };
    guest.cpu_usage = if on { dice.between(1, 40) } else { 0 };
    guest.uptime_s = if on { u64::from(today - day) * DAY_S + dice.between(600, 80_000) } else { 0 };
    settle_memory(guest);
    for nic in &mut guest.nics {
        nic.ip_addresses.clear();
        if on && nic.mac_address == "000000000000" {
            nic.mac_address = format!("00155D{:06X}", dice.between(0, 0xff_ffff));
        }
        if on && nic.switch.is_some() {
            let address =
                format!("10.{}.{}.{}", dice.between(0, 255), dice.between(0, 255), dice.between(2, 250));
            nic.ip_addresses.push(address);
        }
    }
}

/// Assigned and demanded memory that fit state and size.
fn settle_memory(guest: &mut Guest) {
    let running = guest.state.running;
    guest.memory_demand = if running { guest.memory_startup * 6 / 10 / MIB * MIB } else { 0 };
    guest.memory_assigned = match (running, guest.dynamic_memory) {
        (false, _) => 0,
        (true, false) => guest.memory_startup,
        (true, true) => (guest.memory_demand * 12 / 10 / (2 * MIB) * 2 * MIB).max(512 * MIB),
    };
}
