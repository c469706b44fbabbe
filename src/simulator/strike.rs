//! A fault and the hosts it strikes, as a person writes them: `3:wrong_password`.

use std::str::FromStr;

use crate::simulator::fault::{Fault, InvalidFault};
use crate::simulator::fleet::FleetSpec;
use crate::simulator::names;

/// Which hosts of a fleet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Struck {
    /// `*`.
    All,
    /// By host number, from 0.
    Number(usize),
    /// By the name the seed gives it, in any case.
    Name(String),
}

/// `HOST:FAULT`: `3:wrong_password`, `hv-zrh-05:collector_error = "disk"`, `*:slow_ms = 500`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strike {
    pub hosts: Struck,
    pub fault: Fault,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidStrike {
    #[error("expected HOST:FAULT such as `3:wrong_password` or `*:refuse`")]
    Form,
    #[error(transparent)]
    Fault(#[from] InvalidFault),
}

/// A host that the fleet does not have.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum UnknownHost {
    #[error("no host {number}: the fleet has {hosts}, numbered from 0")]
    Number { number: usize, hosts: usize },
    #[error("no host `{name}`: with seed {seed} they are called {first} to {last}")]
    Name { name: String, seed: u64, first: String, last: String },
    #[error("the fleet has no hosts")]
    Empty,
}

impl FromStr for Strike {
    type Err = InvalidStrike;

    fn from_str(text: &str) -> Result<Self, InvalidStrike> {
        let (host, fault) = text.split_once(':').ok_or(InvalidStrike::Form)?;
        let hosts = match host.trim() {
            "" => return Err(InvalidStrike::Form),
            "*" => Struck::All,
            host => host.parse().map_or_else(|_| Struck::Name(host.to_owned()), Struck::Number),
        };
        Ok(Self { hosts, fault: fault.parse()? })
    }
}

impl Strike {
    /// Gives the fault to its hosts.
    pub fn arrange(&self, spec: &mut FleetSpec) -> Result<(), UnknownHost> {
        let struck = match &self.hosts {
            Struck::All => 0..spec.hosts,
            Struck::Number(number) if *number < spec.hosts => *number..*number + 1,
            Struck::Number(number) => {
                return Err(UnknownHost::Number { number: *number, hosts: spec.hosts });
            }
            Struck::Name(name) => {
                let number = number_of(name, spec)?;
                number..number + 1
            }
        };
        for host in struck {
            spec.faults.entry(host).or_default().push(self.fault.clone());
        }
        Ok(())
    }
}

fn number_of(name: &str, spec: &FleetSpec) -> Result<usize, UnknownHost> {
    let last = spec.hosts.checked_sub(1).ok_or(UnknownHost::Empty)?;
    let found = (0..spec.hosts).find(|number| names::host(spec.seed, *number).eq_ignore_ascii_case(name));
    found.ok_or_else(|| UnknownHost::Name {
        name: name.to_owned(),
        seed: spec.seed,
        first: names::host(spec.seed, 0),
        last: names::host(spec.seed, last),
    })
}
