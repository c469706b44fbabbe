//! One simulated host while the fleet is up.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::simulator::account::{Account, NETBIOS_DOMAIN};
use crate::simulator::cim::Enumerations;
use crate::simulator::counters::{Counters, Tally};
use crate::simulator::dice::Dice;
use crate::simulator::fault::{Fault, Faults};
use crate::simulator::fleet::FleetSpec;
use crate::simulator::latency::Latency;
use crate::simulator::machine::Machine;
use crate::simulator::shells::ShellTable;
use crate::simulator::world::World;
use crate::time::clock::Clock;

pub struct Host {
    index: usize,
    world: Arc<World>,
    name: String,
    windows_version: String,
    account: Account,
    faults: Faults,
    request_latency: Latency,
    command_latency: Duration,
    counters: Counters,
    shells: Mutex<ShellTable>,
    enumerations: Mutex<Enumerations>,
    clock: Clock,
    draws: AtomicU64,
}

/// What a draw is for; part of its dice's path.
const FOR_REQUESTS: u64 = 2;
const FOR_IDS: u64 = 3;

impl Host {
    pub fn new(index: usize, name: String, spec: &FleetSpec, world: Arc<World>, clock: &Clock) -> Self {
        let faults = Faults::new(spec.faults.get(&index).cloned().unwrap_or_default());
        let password = if faults.has(&Fault::WrongPassword) {
            crate::model::credential::Secret::new(format!("not {}", spec.password.reveal()))
        } else {
            spec.password.clone()
        };
        Self {
            index,
            windows_version: windows_version(&world.machine(index)),
            world,
            account: Account::new(&spec.user, password, &name.to_uppercase()),
            name,
            faults,
            request_latency: spec.request_latency,
            command_latency: spec.command_latency_of(index),
            counters: Counters::default(),
            shells: Mutex::new(ShellTable::default()),
            enumerations: Mutex::new(Enumerations::default()),
            clock: clock.clone(),
            draws: AtomicU64::new(0),
        }
    }

    pub fn index(&self) -> usize {
        self.index
    }

    /// The name in lower case, `hv-ber-01`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The NetBIOS name, as `hostname` prints it on a server.
    pub fn computer_name(&self) -> String {
        self.name.to_uppercase()
    }

    /// `CENSUS\user`.
    pub fn account_name(&self) -> String {
        format!("{NETBIOS_DOMAIN}\\{}", self.account.user())
    }

    /// `10.0.20348.2402`.
    pub fn windows_version(&self) -> &str {
        &self.windows_version
    }

    pub fn world(&self) -> &World {
        &self.world
    }

    pub fn account(&self) -> &Account {
        &self.account
    }

    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// From the start of a command to its end.
    pub fn command_latency(&self) -> Duration {
        self.command_latency
    }

    pub fn request_latency(&self) -> Duration {
        self.request_latency.draw(&mut self.dice(FOR_REQUESTS))
    }

    /// A GUID no other object of this fleet has.
    pub fn new_id(&self) -> String {
        self.dice(FOR_IDS).guid()
    }

    pub fn with_shells<T>(&self, act: impl FnOnce(&mut ShellTable) -> T) -> T {
        act(&mut self.shells.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    pub fn with_enumerations<T>(&self, act: impl FnOnce(&mut Enumerations) -> T) -> T {
        act(&mut self.enumerations.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    pub fn tally(&self) -> Tally {
        let now = self.clock.instant();
        self.counters.tally(self.with_shells(|shells| shells.open_at(now)))
    }

    fn dice(&self, purpose: u64) -> Dice {
        let draw = self.draws.fetch_add(1, Ordering::Relaxed);
        Dice::for_path(&[self.world.seed, self.index as u64, purpose, draw])
    }
}

fn windows_version(machine: &Machine) -> String {
    format!("{}.{}", machine.os_version(), machine.windows.ubr)
}
