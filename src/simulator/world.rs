//! The world a fleet lives in: who stands where, as a function of the seed and the day.
//!
//! Nothing is stored: a machine or its guests are made when someone asks, always the same.
//! Only what lies on a cluster's volumes is kept for a while, for its other nodes.

use std::sync::Arc;

use crate::simulator::changes;
use crate::simulator::dice::Dice;
use crate::simulator::disk;
use crate::simulator::fate::{self, Birth};
use crate::simulator::fault::Fault;
use crate::simulator::fleet::FleetSpec;
use crate::simulator::guest::{self, Guest};
use crate::simulator::hostile;
use crate::simulator::layout::{Layout, Place};
use crate::simulator::machine::{self, Machine};
use crate::simulator::setup;
use crate::simulator::shelf::Shelf;
use crate::simulator::storage::SharedContent;

const FOR_COUNTS: u64 = 200;
const FOR_GUESTS: u64 = 201;
const FOR_SETUPS: u64 = 202;

#[derive(Clone, Debug)]
pub struct World {
    pub seed: u64,
    pub hosts: usize,
    pub vms_per_host: usize,
    pub day: u32,
    hostile_names: bool,
    layout: Layout,
    /// Hosts half of whose VMs are seen on the next host as well, sorted.
    moved: Vec<usize>,
    /// Hosts on which there truly are no VMs.
    vacant: Vec<usize>,
    /// Faults that other hosts can see, by host.
    visible: Vec<(usize, Fault)>,
    /// What lies on the volumes of a cluster, by group.
    pub shelf: Arc<Shelf<SharedContent>>,
}

impl World {
    pub fn of(spec: &FleetSpec) -> Self {
        let with = |wanted: &[Fault]| {
            let struck = |faults: &[Fault]| wanted.iter().any(|fault| faults.contains(fault));
            let hosts = spec.faults.iter().filter(|(_, faults)| struck(faults)).map(|(host, _)| *host);
            hosts.collect::<Vec<_>>()
        };
        let visible = |(host, faults): (&usize, &Vec<Fault>)| {
            let seen = faults.iter().filter(|fault| fault.is_seen_by_peers());
            seen.map(|fault| (*host, fault.clone())).collect::<Vec<_>>()
        };
        Self {
            seed: spec.seed,
            hosts: spec.hosts,
            vms_per_host: spec.vms_per_host,
            day: spec.day,
            hostile_names: spec.hostile_names,
            layout: spec.layout.clone(),
            moved: with(&[Fault::Moved]),
            vacant: with(&[Fault::EmptyNode, Fault::NoRole]),
            visible: spec.faults.iter().flat_map(visible).collect(),
            shelf: Arc::default(),
        }
    }

    /// Where a host stands; members of a group that is no cluster stand alone.
    pub fn place(&self, host: usize) -> Place {
        let mut place = self.layout.place(host, self.hosts);
        let clustered = place.clustered.unwrap_or_else(|| machine::is_clustered(self.seed, place.group));
        place.clustered = Some(clustered);
        if !clustered {
            place.members = host..host + 1;
        }
        place
    }

    pub fn machine(&self, host: usize) -> Machine {
        Machine::new(self.seed, host, &self.place(host))
    }

    /// Whether a fault that peers can see struck one of these hosts.
    pub fn struck(&self, mut hosts: std::ops::Range<usize>, fault: &Fault) -> bool {
        hosts.any(|host| self.visible.contains(&(host, fault.clone())))
    }

    /// The VMs that a host shows: its own, and those that are on their way to it.
    pub fn guests(&self, host: usize) -> Vec<Guest> {
        let mut guests = self.residents(host);
        guests.extend(self.arrivals(host));
        guests
    }

    /// The VMs on their way to a host, which the host before it shows as well.
    pub fn arrivals(&self, host: usize) -> Vec<Guest> {
        let before = (host + self.hosts.max(1) - 1) % self.hosts.max(1);
        if before == host || self.moved.binary_search(&before).is_err() {
            return Vec::new();
        }
        let mut arriving = self.residents(before);
        arriving.truncate(arriving.len().div_ceil(2));
        arriving
    }

    /// The VMs that are truly on a host today.
    pub fn residents(&self, host: usize) -> Vec<Guest> {
        let mut found = Vec::new();
        let place = self.place(host);
        self.visit(&place, Some(host), |_, guest| found.push(guest));
        found
    }

    /// Every VM of a cluster today, with the host it is on.
    pub fn visit_cluster(&self, place: &Place, visit: impl FnMut(usize, Guest)) {
        self.visit(place, None, visit);
    }

    fn visit(&self, place: &Place, only: Option<usize>, mut visit: impl FnMut(usize, Guest)) {
        // On day 0 every VM is where it was made.
        let makers = only.filter(|_| self.day == 0).map_or(place.members.clone(), |host| host..host + 1);
        for maker in makers {
            let machine = Machine::new(self.seed, maker, place);
            let first = self.guest_count(maker);
            let native = (0..first).map(|number| Birth { host: maker, number, day: 0 });
            let later = fate::births(self.seed, maker, self.vms_per_host, self.day).into_iter();
            let born = later.map(|day| Birth { host: maker, number: first + day as usize - 1, day });
            for birth in native.chain(born) {
                let Some(fate) = fate::follow(self.seed, birth, &place.members, self.day) else { continue };
                let here = only.is_none_or(|host| fate.host == host);
                if here && self.vacant.binary_search(&fate.host).is_err() {
                    visit(fate.host, self.raise(&machine, birth, &fate));
                }
            }
        }
    }

    /// A VM as it is today.
    fn raise(&self, machine: &Machine, birth: Birth, fate: &fate::Fate) -> Guest {
        let (host, number) = (birth.host as u64, birth.number as u64);
        let dice = |purpose| Dice::for_path(&[self.seed, host, purpose, number]);
        let mut guest = guest::grow(machine, birth.number, &mut dice(FOR_GUESTS));
        setup::furnish(&mut guest, machine, &mut dice(FOR_SETUPS));
        if self.day > 0 {
            changes::apply(&mut guest, self.seed, birth, fate, self.day);
        }
        disk::link(&mut guest);
        if self.hostile_names {
            hostile::spoil(&mut guest, birth.host, birth.number);
        }
        guest
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
