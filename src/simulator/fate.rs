//! What becomes of a VM over the days of a fleet.
//!
//! One thing at most happens to a VM in a day. Of 10,000 VMs a day: 40 are removed, 100 move to another
//! node of their cluster, 50 get other processors, 70 other memory, 30 a larger disk, 150 are
//! started or stopped, 70 get a checkpoint, 100 lose their youngest one if they have any, 30 are
//! renamed.
//! For 1,000 VMs 9 are created a day. Dynamic disks of every other VM grow by 3 in 1,000 a
//! day of what they have left.

use std::ops::Range;

use crate::simulator::dice::Dice;

const FOR_DAYS: u64 = 400;
const FOR_BIRTHS: u64 = 401;

/// What can happen to a VM where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Processors,
    Memory,
    DiskResized,
    Switched,
    CheckpointAdded,
    CheckpointRemoved,
    Renamed,
}

/// A VM of the fleet: the host it was made on, its number there, and the day it was made.
#[derive(Clone, Copy, Debug)]
pub struct Birth {
    pub host: usize,
    pub number: usize,
    /// 0 for those that were there before.
    pub day: u32,
}

/// Where a VM is today and what happened to it; `None` when it was removed.
#[derive(Debug)]
pub struct Fate {
    pub host: usize,
    /// By day, the oldest first.
    pub changes: Vec<(u32, Change)>,
}

/// Follows a VM to `today`; it moves among `members`.
pub fn follow(seed: u64, birth: Birth, members: &Range<usize>, today: u32) -> Option<Fate> {
    let mut fate = Fate { host: birth.host, changes: Vec::new() };
    for day in birth.day + 1..=today {
        let path = [seed, birth.host as u64, FOR_DAYS, birth.number as u64, u64::from(day)];
        let mut dice = Dice::for_path(&path);
        let change = match dice.between(1, 10_000) {
            1..=40 => return None,
            41..=140 => {
                fate.host = elsewhere(fate.host, members, &mut dice);
                continue;
            }
            141..=190 => Change::Processors,
            191..=260 => Change::Memory,
            261..=290 => Change::DiskResized,
            291..=440 => Change::Switched,
            441..=510 => Change::CheckpointAdded,
            511..=610 => Change::CheckpointRemoved,
            611..=640 => Change::Renamed,
            _ => continue,
        };
        fate.changes.push((day, change));
    }
    Some(fate)
}

/// Any other member; a host alone keeps its VMs.
fn elsewhere(host: usize, members: &Range<usize>, dice: &mut Dice) -> usize {
    if members.len() < 2 {
        return host;
    }
    let step = dice.between(1, members.len() as u64 - 1) as usize;
    members.start + (host - members.start + step) % members.len()
}

/// The days to `today` on which a host got a new VM: one a day at most.
pub fn births(seed: u64, host: usize, vms_per_host: usize, today: u32) -> Vec<u32> {
    let share = (vms_per_host as f64 * 0.009).min(1.0);
    let born = |day: &u32| Dice::for_path(&[seed, host as u64, FOR_BIRTHS, u64::from(*day)]).chance(share);
    (1..=today).filter(born).collect()
}
