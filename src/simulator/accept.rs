//! The doors of a fleet: who connects is led to the host it dialled.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::simulator::fault::Fault;
use crate::simulator::host::Host;
use crate::simulator::listener;
use crate::simulator::tls::Certificates;

/// How long to wait when the system has no descriptor for a new connection.
const PAUSE: Duration = Duration::from_millis(10);

/// A host and what it needs to speak TLS.
#[derive(Clone)]
pub struct Resident {
    pub host: Arc<Host>,
    pub certificates: Option<Arc<Certificates>>,
}

/// A door that leads to one host.
pub async fn one(listener: TcpListener, resident: Resident) {
    run(listener, |_| Some(resident.clone())).await;
}

/// A door that leads to many: the address that was dialled tells the host. Whoever dialled
/// another one is sent away, and so is who dials a host that refuses.
pub async fn many(listener: TcpListener, residents: HashMap<IpAddr, Resident>) {
    let dialled = |stream: &TcpStream| stream.local_addr().map(|address: SocketAddr| address.ip());
    run(listener, |stream| {
        let resident = residents.get(&dialled(stream).ok()?)?;
        (!resident.host.faults().has(&Fault::Refuse)).then(|| resident.clone())
    })
    .await;
}

async fn run(listener: TcpListener, lead: impl Fn(&TcpStream) -> Option<Resident>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => match lead(&stream) {
                    Some(resident) => {
                        connections.spawn(listener::serve(stream, resident.host, resident.certificates));
                    }
                    None => drop(stream),
                },
                // Out of descriptors, or the peer is gone already: others may still come.
                Err(error) => {
                    tracing::warn!(%error, "accept");
                    tokio::time::sleep(PAUSE).await;
                }
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}
