//! The world a fleet lives in: who stands where, as a function of the seed.
//!
//! Nothing is stored: a machine or its guests are made when someone asks, always the same.

use crate::simulator::dice::Dice;
use crate::simulator::fault::Fault;
use crate::simulator::fleet::FleetSpec;
use crate::simulator::guest::{self, Guest};
use crate::simulator::machine::Machine;

const FOR_COUNTS: u64 = 200;
const FOR_GUESTS: u64 = 201;

#[derive(Clone, Debug)]
pub struct World {
    pub seed: u64,
    pub hosts: usize,
    pub vms_per_host: usize,
    /// Hosts half of whose VMs are seen on the next host as well, sorted.
    pub moved: Vec<usize>,
}

impl World {
    pub fn of(spec: &FleetSpec) -> Self {
        let has_moved = |faults: &[Fault]| faults.contains(&Fault::Moved);
        let moved =
            spec.faults.iter().filter(|(_, faults)| has_moved(faults)).map(|(host, _)| *host).collect();
        Self { seed: spec.seed, hosts: spec.hosts, vms_per_host: spec.vms_per_host, moved }
    }

    pub fn machine(&self, host: usize) -> Machine {
        Machine::new(self.seed, host)
    }

    /// The VMs that a host shows: its own, and those that are on their way to it.
    pub fn guests(&self, host: usize) -> Vec<Guest> {
        let mut guests = self.own_guests(host);
        let before = (host + self.hosts.max(1) - 1) % self.hosts.max(1);
        if before != host && self.moved.binary_search(&before).is_ok() {
            let arriving = self.own_guests(before);
            let half = arriving.len().div_ceil(2);
            guests.extend(arriving.into_iter().take(half));
        }
        guests
    }

    fn own_guests(&self, host: usize) -> Vec<Guest> {
        let machine = self.machine(host);
        let count = self.guest_count(host);
        (0..count)
            .map(|number| {
                let mut dice = Dice::for_path(&[self.seed, host as u64, FOR_GUESTS, number as u64]);
                guest::grow(&machine, number, &mut dice)
            })
            .collect()
    }

    /// Within a half of the mean; the mean itself on the first host.
    fn guest_count(&self, host: usize) -> usize {
        let mean = self.vms_per_host as u64;
        if host == 0 || mean < 2 {
            return self.vms_per_host;
        }
        Dice::for_path(&[self.seed, host as u64, FOR_COUNTS]).between(mean - mean / 2, mean + mean / 2)
            as usize
    }
}
