//! What fleet is asked for.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::credential::Secret;
use crate::model::target::Scheme;
use crate::simulator::dice::Dice;
use crate::simulator::fault::Fault;
use crate::simulator::latency::Latency;
use crate::simulator::layout::Layout;

/// How a client tells simulated hosts apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressing {
    /// Every host has its own address in 127.0.0.0/8 and all have the same port: a listener
    /// per host. Linux answers on the whole block without set-up; other systems do not.
    AddressPerHost,
    /// All hosts have 127.0.0.1 and each its own port. Works everywhere.
    PortPerHost,
    /// As `AddressPerHost`, behind one listener on 0.0.0.0: one descriptor for any number of
    /// hosts. Connections to addresses outside 127.0.0.0/8 are closed unread.
    OneListener,
}

impl Default for Addressing {
    /// An address for each host where the system lets us.
    fn default() -> Self {
        if cfg!(target_os = "linux") { Self::AddressPerHost } else { Self::PortPerHost }
    }
}

/// A fleet to simulate. The same spec gives the same fleet, certificates and ports excepted.
#[derive(Clone, Debug)]
pub struct FleetSpec {
    pub hosts: usize,
    /// The mean; hosts differ by up to a half.
    pub vms_per_host: usize,
    pub seed: u64,
    /// The account every host knows: a plain name. Clients may put `CENSUS\`, the
    /// computer's name or `@census.example` with it.
    pub user: String,
    pub password: Secret,
    pub scheme: Scheme,
    pub addressing: Addressing,
    /// 0 takes a free one.
    pub port: u16,
    /// Before each HTTP answer.
    pub request_latency: Latency,
    /// From the start of a command to its end, drawn once per host.
    pub command_latency: Latency,
    /// By host number, from 0.
    pub faults: BTreeMap<usize, Vec<Fault>>,
    /// Which hosts form clusters.
    pub layout: Layout,
    /// The same fleet so many days later: VMs come and go, move, grow and change state
    /// (`fate.rs` says how often).
    pub day: u32,
    /// Names and notes that break careless readers (`hostile.rs`).
    pub hostile_names: bool,
}

impl FleetSpec {
    /// A healthy fleet over HTTP with the account `census` / `census`.
    pub fn new(hosts: usize, vms_per_host: usize, seed: u64) -> Self {
        Self {
            hosts,
            vms_per_host,
            seed,
            user: "census".to_owned(),
            password: Secret::new("census".to_owned()),
            scheme: Scheme::Http,
            addressing: Addressing::default(),
            port: 0,
            request_latency: Latency::None,
            command_latency: Latency::None,
            faults: BTreeMap::new(),
            layout: Layout::default(),
            day: 0,
            hostile_names: false,
        }
    }

    /// How long each host takes for a command, by host number.
    pub fn command_latencies(&self) -> Vec<Duration> {
        (0..self.hosts).map(|host| self.command_latency_of(host)).collect()
    }

    /// The same for the same seed and number.
    pub fn command_latency_of(&self, host: usize) -> Duration {
        const FOR_COMMANDS: u64 = 1;
        self.command_latency.draw(&mut Dice::for_path(&[self.seed, host as u64, FOR_COMMANDS]))
    }

    /// Adds a fault to a host.
    #[must_use]
    pub fn with_fault(mut self, host: usize, fault: Fault) -> Self {
        self.faults.entry(host).or_default().push(fault);
        self
    }
}
