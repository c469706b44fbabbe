//! A fleet that is up: its listeners, its hosts, its counts.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinSet;

use crate::model::credential::{ClientCertificate, Credential, CredentialName};
use crate::model::target::{AuthMethod, HostName, Platform, Scheme, Target, Trust};
use crate::simulator::counters::Tally;
use crate::simulator::fault::Fault;
use crate::simulator::fleet::{Addressing, FleetSpec};
use crate::simulator::host::Host;
use crate::simulator::listener;
use crate::simulator::names;
use crate::simulator::tls::{Authority, CertificateError, Certificates};
use crate::time::clock::Clock;

/// Connections a host lets wait before it accepts them.
const BACKLOG: u32 = 128;
/// How often a port that is free on one address may prove taken on another.
const PORT_ATTEMPTS: usize = 8;

/// A fleet could not be put up.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("listen on {address}")]
    Listen { address: SocketAddr, source: std::io::Error },
    #[error("{hosts} hosts need about {needed} open files, the limit is {limit}")]
    OpenFiles { hosts: usize, needed: u64, limit: u64 },
    #[error(transparent)]
    Certificates(#[from] CertificateError),
    #[error("host name: {0}")]
    Name(#[from] crate::model::target::InvalidHostName),
}

/// One host of a running fleet.
#[derive(Clone)]
pub struct SimulatedHost {
    host: Arc<Host>,
    name: HostName,
    address: SocketAddr,
    certificates: Option<Arc<Certificates>>,
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
        self.certificates.as_ref().map(|certificates| certificates.leaf_sha256())
    }

    pub fn tally(&self) -> Tally {
        self.host.tally()
    }
}

/// A running fleet. It stops when this is dropped.
pub struct Simulator {
    spec: FleetSpec,
    hosts: Vec<SimulatedHost>,
    authority: Option<Authority>,
    /// Sockets that hold the address of a host that refuses.
    _reserved: Vec<TcpSocket>,
    /// One task a listener; connections live in their listener's own set.
    _listeners: JoinSet<()>,
}

impl Simulator {
    /// Puts the fleet up: when this returns, every host accepts connections.
    pub async fn start(spec: FleetSpec) -> Result<Self, StartError> {
        let clock = Clock::system();
        let authority = match spec.scheme {
            Scheme::Http => None,
            Scheme::Https => Some(Authority::new()?),
        };
        let sockets = bind(&spec)?;
        let mut hosts = Vec::with_capacity(spec.hosts);
        let mut reserved = Vec::new();
        let mut listeners = JoinSet::new();
        for (index, (socket, address)) in sockets.into_iter().enumerate() {
            let name = names::host(spec.seed, index);
            let certificates = match (&authority, address) {
                (Some(authority), SocketAddr::V4(v4)) => Some(Arc::new(authority.certify(&name, *v4.ip())?)),
                _ => None,
            };
            let host = Arc::new(Host::new(index, name.clone(), &spec, &clock));
            hosts.push(SimulatedHost {
                host: host.clone(),
                name: HostName::parse(&name)?,
                address,
                certificates: certificates.clone(),
            });
            if host.faults().has(&Fault::Refuse) {
                reserved.push(socket);
            } else {
                let listener =
                    socket.listen(BACKLOG).map_err(|source| StartError::Listen { address, source })?;
                listeners.spawn(accept(listener, host, certificates));
            }
        }
        Ok(Self { spec, hosts, authority, _reserved: reserved, _listeners: listeners })
    }

    pub fn hosts(&self) -> &[SimulatedHost] {
        &self.hosts
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
        }
    }

    /// The hosts as targets, with the pin of each over HTTPS.
    pub fn targets(&self, auth: AuthMethod) -> Vec<Target> {
        self.hosts
            .iter()
            .map(|host| Target {
                host: host.name.clone(),
                platform: Platform::Hyperv,
                address: host.address.ip().to_string(),
                port: host.address.port(),
                scheme: self.spec.scheme,
                auth,
                trust: Trust { pin_sha256: host.leaf_sha256(), ..Trust::default() },
                credential: CredentialName::default_name(),
            })
            .collect()
    }
}

/// A bound socket for every host.
fn bind(spec: &FleetSpec) -> Result<Vec<(TcpSocket, SocketAddr)>, StartError> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        match bind_once(spec) {
            Err(StartError::Listen { .. }) if spec.port == 0 && attempt < PORT_ATTEMPTS => {}
            other => return other,
        }
    }
}

fn bind_once(spec: &FleetSpec) -> Result<Vec<(TcpSocket, SocketAddr)>, StartError> {
    let mut port = spec.port;
    let mut sockets = Vec::with_capacity(spec.hosts);
    for index in 0..spec.hosts {
        let address = match spec.addressing {
            Addressing::PortPerHost => {
                let port = if spec.port == 0 { 0 } else { spec.port + index as u16 };
                SocketAddr::from((Ipv4Addr::LOCALHOST, port))
            }
            Addressing::AddressPerHost | Addressing::OneListener => SocketAddr::from((loopback(index), port)),
        };
        let (socket, address) = bind_one(address).map_err(|source| StartError::Listen { address, source })?;
        port = address.port();
        sockets.push((socket, address));
    }
    Ok(sockets)
}

fn bind_one(address: SocketAddr) -> std::io::Result<(TcpSocket, SocketAddr)> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    let bound = socket.local_addr()?;
    Ok((socket, bound))
}

/// The address of a host in 127.0.0.0/8: 127.1.0.1, 127.1.0.2 … 127.1.0.250, 127.1.1.1 …
fn loopback(index: usize) -> Ipv4Addr {
    let (block, last) = (index / 250, index % 250 + 1);
    Ipv4Addr::new(127, 1 + (block / 250) as u8, (block % 250) as u8, last as u8)
}

async fn accept(listener: TcpListener, host: Arc<Host>, certificates: Option<Arc<Certificates>>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(listener::serve(stream, host.clone(), certificates.clone()));
                }
                // Out of descriptors, or the peer is gone already: others may still come.
                Err(error) => {
                    tracing::warn!(host.name = host.name(), %error, "accept");
                    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                }
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}
