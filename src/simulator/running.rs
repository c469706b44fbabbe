//! A fleet that is up: its doors, its hosts, its counts.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpSocket;
use tokio::task::JoinSet;

use crate::model::credential::{ClientCertificate, Credential, CredentialName};
use crate::model::target::{AuthMethod, HostName, Platform, Scheme, Target, Trust};
use crate::simulator::accept::{self, Resident};
use crate::simulator::counters::Tally;
use crate::simulator::fault::Fault;
use crate::simulator::fleet::FleetSpec;
use crate::simulator::host::Host;
use crate::simulator::names;
use crate::simulator::sockets::{self, Bound, SocketError};
use crate::simulator::tls::{Authority, CertificateError};
use crate::simulator::world::World;
use crate::time::clock::Clock;

/// Connections a host lets wait before it accepts them.
const BACKLOG: u32 = 128;
/// The same for a door that leads to all hosts.
const SHARED_BACKLOG: u32 = 4096;

/// A fleet could not be put up.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Sockets(#[from] SocketError),
    #[error("listen")]
    Listen(#[from] std::io::Error),
    #[error(transparent)]
    Certificates(#[from] CertificateError),
    #[error(transparent)]
    Name(#[from] crate::model::target::InvalidHostName),
}

/// One host of a running fleet.
#[derive(Clone)]
pub struct SimulatedHost {
    resident: Resident,
    name: HostName,
    address: SocketAddr,
}

impl SimulatedHost {
    /// `hv-ber-01`; no resolver knows it.
    pub fn name(&self) -> &HostName {
        &self.name
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a client may pin, over HTTPS.
    pub fn leaf_sha256(&self) -> Option<String> {
        self.resident.certificates.as_ref().map(|certificates| certificates.leaf_sha256())
    }

    /// How long its commands take, drawn once from the fleet's latency.
    pub fn command_latency(&self) -> Duration {
        self.resident.host.command_latency()
    }

    pub fn tally(&self) -> Tally {
        self.resident.host.tally()
    }
}

/// A running fleet. It stops when this is dropped.
pub struct Simulator {
    spec: FleetSpec,
    world: Arc<World>,
    hosts: Vec<SimulatedHost>,
    authority: Option<Authority>,
    /// Bound and not listening: dialling one is refused, and nobody else can take it.
    _refusing: Vec<TcpSocket>,
    /// One task a door; connections live in their door's own set.
    _doors: JoinSet<()>,
}

impl Simulator {
    /// Puts the fleet up: when this returns, every host accepts connections.
    pub async fn start(spec: FleetSpec) -> Result<Self, StartError> {
        sockets::raise_open_files(&spec)?;
        let authority = match spec.scheme {
            Scheme::Http => None,
            Scheme::Https => Some(Authority::new()?),
        };
        let world = Arc::new(World::of(&spec));
        let sockets = sockets::bind(&spec)?;
        let hosts = populate(&spec, &world, &sockets.addresses, authority.as_ref())?;
        let mut refusing = Vec::new();
        let mut doors = JoinSet::new();
        match sockets.bound {
            Bound::Shared(socket) => {
                let residents = hosts.iter().map(|host| (host.address.ip(), host.resident.clone())).collect();
                doors.spawn(accept::many(socket.listen(SHARED_BACKLOG)?, residents));
            }
            Bound::PerHost(sockets) => {
                for (socket, host) in sockets.into_iter().zip(&hosts) {
                    if host.resident.host.faults().has(&Fault::Refuse) {
                        refusing.push(socket);
                    } else {
                        doors.spawn(accept::one(socket.listen(BACKLOG)?, host.resident.clone()));
                    }
                }
            }
        }
        Ok(Self { spec, world, hosts, authority, _refusing: refusing, _doors: doors })
    }

    pub fn hosts(&self) -> &[SimulatedHost] {
        &self.hosts
    }

    /// What is true of the fleet, for those who check what a client made of it.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Sum over all hosts.
    pub fn tally(&self) -> Tally {
        self.hosts.iter().map(SimulatedHost::tally).sum()
    }

    /// The authority's certificate in PEM, over HTTPS.
    pub fn ca_pem(&self) -> Option<&str> {
        self.authority.as_ref().map(Authority::pem)
    }

    /// A fresh client certificate that all hosts accept, over HTTPS.
    pub fn client_certificate(&self) -> Result<Option<ClientCertificate>, StartError> {
        let made = self.authority.as_ref().map(|authority| authority.client(&self.spec.user));
        Ok(made.transpose()?)
    }

    /// The account every host accepts (but those with another password).
    pub fn credential(&self) -> Credential {
        Credential {
            name: CredentialName::default_name(),
            user: self.spec.user.clone(),
            password: self.spec.password.clone(),
            certificate: None,
            realm: None,
        }
    }

    /// The hosts as targets, with the pin of each over HTTPS.
    pub fn targets(&self, auth: AuthMethod) -> Vec<Target> {
        let target = |host: &SimulatedHost| Target {
            host: host.name.clone(),
            platform: Platform::Hyperv,
            address: host.address.ip().to_string(),
            port: host.address.port(),
            scheme: self.spec.scheme,
            auth,
            trust: Trust { pin_sha256: host.leaf_sha256(), ..Trust::default() },
            credential: CredentialName::default_name(),
            spn: None,
            site: "Default".to_owned(),
        };
        self.hosts.iter().map(target).collect()
    }
}

fn populate(
    spec: &FleetSpec,
    world: &Arc<World>,
    addresses: &[SocketAddr],
    authority: Option<&Authority>,
) -> Result<Vec<SimulatedHost>, StartError> {
    let clock = Clock::system();
    let mut hosts = Vec::with_capacity(addresses.len());
    for (index, address) in addresses.iter().enumerate() {
        let name = names::host(spec.seed, index);
        let certificates = authority.map(|authority| authority.certify(&name, address.ip())).transpose()?;
        let host = Host::new(index, name.clone(), spec, world.clone(), &clock);
        hosts.push(SimulatedHost {
            resident: Resident { host: Arc::new(host), certificates: certificates.map(Arc::new) },
            name: HostName::parse(&name)?,
            address: *address,
        });
    }
    Ok(hosts)
}
