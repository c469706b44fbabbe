//! The addresses of a fleet, and the descriptors they cost.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpSocket;

use crate::simulator::fleet::{Addressing, FleetSpec};

/// How often a port that is free on one address may prove taken on another.
const PORT_ATTEMPTS: usize = 8;
/// Hosts in a block of loopback addresses: the last number runs from 1 to 250.
const HOSTS_PER_BLOCK: usize = 250;
/// Descriptors beside listeners and connections: runtime, files, standard streams.
const SPARE_DESCRIPTORS: u64 = 64;
/// Connections that must fit beside the listeners, and as many per host at most.
const CONNECTIONS: u64 = 512;

/// Bound sockets that do not listen yet.
pub struct Sockets {
    /// Where a client finds each host.
    pub addresses: Vec<SocketAddr>,
    /// One a host, in order; or the one for all of them.
    pub bound: Bound,
}

pub enum Bound {
    PerHost(Vec<TcpSocket>),
    Shared(TcpSocket),
}

#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    #[error("bind {address}")]
    Bind { address: SocketAddr, source: std::io::Error },
    #[error("{hosts} hosts do not fit between port {port} and 65535")]
    Ports { hosts: usize, port: u16 },
    #[error("needs {needed} open files, and the limit that cannot be raised is {limit}")]
    OpenFiles { needed: u64, limit: u64 },
}

/// Raises the limit of open files so far that the fleet and its clients fit.
pub fn raise_open_files(spec: &FleetSpec) -> Result<(), SocketError> {
    let listeners = match spec.addressing {
        Addressing::OneListener => 1,
        Addressing::AddressPerHost | Addressing::PortPerHost => spec.hosts as u64,
    };
    let least = listeners + CONNECTIONS.min(4 * spec.hosts as u64) + SPARE_DESCRIPTORS;
    let wished = listeners + CONNECTIONS.max(2 * spec.hosts as u64) + SPARE_DESCRIPTORS;
    // Systems without such a limit give an error, and need nothing raised.
    match rlimit::increase_nofile_limit(wished) {
        Ok(limit) if limit < least => Err(SocketError::OpenFiles { needed: least, limit }),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// A bound socket for every host, or one for all.
pub fn bind(spec: &FleetSpec) -> Result<Sockets, SocketError> {
    let mut attempt = 1;
    loop {
        match bind_once(spec) {
            Err(SocketError::Bind { .. }) if spec.port == 0 && attempt < PORT_ATTEMPTS => attempt += 1,
            other => return other,
        }
    }
}

fn bind_once(spec: &FleetSpec) -> Result<Sockets, SocketError> {
    match spec.addressing {
        Addressing::OneListener => {
            let (socket, bound) = bind_one(SocketAddr::from((Ipv4Addr::UNSPECIFIED, spec.port)))?;
            let addresses =
                (0..spec.hosts).map(|host| SocketAddr::from((loopback(host), bound.port()))).collect();
            Ok(Sockets { addresses, bound: Bound::Shared(socket) })
        }
        Addressing::PortPerHost => per_host(spec.hosts, |host, _| {
            let port = match spec.port {
                0 => Some(0),
                first => u16::try_from(host).ok().and_then(|host| first.checked_add(host)),
            };
            let port = port.ok_or(SocketError::Ports { hosts: spec.hosts, port: spec.port })?;
            Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        }),
        Addressing::AddressPerHost => per_host(spec.hosts, |host, port_before| {
            Ok(SocketAddr::from((loopback(host), port_before.unwrap_or(spec.port))))
        }),
    }
}

fn per_host(
    hosts: usize,
    address_of: impl Fn(usize, Option<u16>) -> Result<SocketAddr, SocketError>,
) -> Result<Sockets, SocketError> {
    let (mut addresses, mut sockets) = (Vec::with_capacity(hosts), Vec::with_capacity(hosts));
    for host in 0..hosts {
        let port_before = addresses.last().map(SocketAddr::port);
        let (socket, bound) = bind_one(address_of(host, port_before)?)?;
        addresses.push(bound);
        sockets.push(socket);
    }
    Ok(Sockets { addresses, bound: Bound::PerHost(sockets) })
}

fn bind_one(address: SocketAddr) -> Result<(TcpSocket, SocketAddr), SocketError> {
    let bind = || {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        let bound = socket.local_addr()?;
        Ok((socket, bound))
    };
    bind().map_err(|source| SocketError::Bind { address, source })
}

/// The address of a host: 127.1.0.1, 127.1.0.2 … 127.1.0.250, 127.1.1.1 … 127.2.0.1 …
fn loopback(host: usize) -> Ipv4Addr {
    let (block, last) = (host / HOSTS_PER_BLOCK, host % HOSTS_PER_BLOCK + 1);
    let (upper, lower) = (block / HOSTS_PER_BLOCK + 1, block % HOSTS_PER_BLOCK);
    Ipv4Addr::new(127, upper as u8, lower as u8, last as u8)
}
