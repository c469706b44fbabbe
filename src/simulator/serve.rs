//! A fleet that stays up until it is stopped, for other processes: its addresses in files,
//! its counts on a control address.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper::{Method, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::simulator::counters::Tally;
use crate::simulator::fleet::FleetSpec;
use crate::simulator::running::{Simulator, StartError};

/// What a fleet tells the world while it is up.
#[derive(Clone, Debug, Default)]
pub struct ServeOptions {
    /// Written when every host accepts connections: a [`Ready`] as JSON.
    pub ready_file: Option<PathBuf>,
    /// One host a line, as `lustrum run --hosts-file` reads it: the addresses of the fleet.
    pub hosts_file: Option<PathBuf>,
    /// The authority's certificate in PEM, over HTTPS.
    pub ca_file: Option<PathBuf>,
    /// Port of the control address on 127.0.0.1; 0 takes a free one.
    pub control_port: u16,
}

/// Where everything is.
#[derive(Clone, Debug, Serialize)]
pub struct Ready {
    /// `GET /tally` there answers the fleet's [`Tally`], `GET /tally/hosts` one per host.
    pub control: SocketAddr,
    pub user: String,
    pub hosts: Vec<ReadyHost>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_pem: Option<String>,
    /// A certificate and its key that every host accepts for the account, over HTTPS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_certificate_pem: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_key_pem: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct ReadyHost {
    pub name: String,
    pub address: IpAddr,
    pub port: u16,
    /// `http://127.1.0.1:5985/wsman`.
    pub url: String,
    /// How long its commands take.
    pub command_latency_ms: u64,
    /// Of its certificate, over HTTPS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pin_sha256: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("listen on {address}")]
    Control { address: SocketAddr, source: std::io::Error },
    #[error("write {path}")]
    Write { path: PathBuf, source: std::io::Error },
}

/// A fleet that is up, with its control address bound.
pub struct Served {
    fleet: Arc<Simulator>,
    control: TcpListener,
    ready: Ready,
}

impl Served {
    /// Puts the fleet up and writes its files.
    pub async fn open(spec: FleetSpec, options: &ServeOptions) -> Result<Self, ServeError> {
        let fleet = Arc::new(Simulator::start(spec).await?);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, options.control_port));
        let listen = |source| ServeError::Control { address, source };
        let control = TcpListener::bind(address).await.map_err(listen)?;
        let ready = ready(&fleet, control.local_addr().map_err(listen)?)?;
        if let (Some(path), Some(pem)) = (&options.ca_file, &ready.ca_pem) {
            write(path, pem)?;
        }
        if let Some(path) = &options.hosts_file {
            write(path, &hosts_file(&fleet))?;
        }
        if let Some(path) = &options.ready_file {
            write(path, &serde_json::to_string_pretty(&ready).expect("plain values are JSON"))?;
        }
        Ok(Self { fleet, control, ready })
    }

    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// Keeps the fleet up until `stop` ends. Gives what the fleet has counted.
    pub async fn until(self, stop: impl Future<Output = ()>) -> Tally {
        tokio::select! {
            () = control(self.control, self.fleet.clone()) => {}
            () = stop => {}
        }
        self.fleet.tally()
    }
}

/// Puts the fleet up, says so through `told`, and keeps it up until `stop` ends. Gives what
/// the fleet has counted.
pub async fn serve(
    spec: FleetSpec,
    options: &ServeOptions,
    told: impl FnOnce(&Ready),
    stop: impl Future<Output = ()>,
) -> Result<Tally, ServeError> {
    let served = Served::open(spec, options).await?;
    told(served.ready());
    Ok(served.until(stop).await)
}

/// The hosts as `--hosts-file` reads them: addresses, which are enough where all hosts share
/// one port, each with its name in a comment.
pub fn hosts_file(fleet: &Simulator) -> String {
    let lines = fleet.hosts().iter().map(|host| format!("{}  # {}\n", host.address().ip(), host.name()));
    lines.collect()
}

fn ready(fleet: &Simulator, control: SocketAddr) -> Result<Ready, StartError> {
    let client = fleet.client_certificate()?;
    let scheme = if fleet.ca_pem().is_some() { "https" } else { "http" };
    let hosts = fleet.hosts().iter().map(|host| ReadyHost {
        name: host.name().to_string(),
        address: host.address().ip(),
        port: host.address().port(),
        url: format!("{scheme}://{}/wsman", host.address()),
        command_latency_ms: host.command_latency().as_millis() as u64,
        pin_sha256: host.leaf_sha256(),
    });
    Ok(Ready {
        control,
        user: fleet.credential().user,
        hosts: hosts.collect(),
        ca_pem: fleet.ca_pem().map(str::to_owned),
        client_certificate_pem: client.as_ref().map(|client| client.chain_pem.clone()),
        client_key_pem: client.map(|client| client.key_pem.reveal().to_owned()),
    })
}

/// Beside its place, then renamed: whoever waits for the file finds it whole.
fn write(path: &Path, text: &str) -> Result<(), ServeError> {
    let failed = |source| ServeError::Write { path: path.to_owned(), source };
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    std::fs::write(&beside, text).map_err(failed)?;
    std::fs::rename(&beside, path).map_err(failed)
}

/// Answers what the fleet has counted, until it is dropped.
pub async fn control(listener: TcpListener, fleet: Arc<Simulator>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Ok((stream, _)) = listener.accept() => {
                let fleet = fleet.clone();
                connections.spawn(async move {
                    let service = service_fn(|request: hyper::Request<hyper::body::Incoming>| {
                        let answer = answer(request.method(), request.uri().path(), &fleet);
                        async move { Ok::<_, Infallible>(answer) }
                    });
                    let served = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                    if let Err(error) = served {
                        tracing::trace!(%error, "control connection ended");
                    }
                });
            }
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

fn answer(method: &Method, path: &str, fleet: &Simulator) -> Response<Full<Bytes>> {
    #[derive(Serialize)]
    struct HostTally<'a> {
        name: &'a str,
        #[serde(flatten)]
        tally: Tally,
    }
    let body = match (method, path) {
        (&Method::GET, "/tally") => serde_json::to_vec(&fleet.tally()),
        (&Method::GET, "/tally/hosts") => {
            let hosts = fleet.hosts().iter();
            let tallies = hosts.map(|host| HostTally { name: host.name().as_str(), tally: host.tally() });
            serde_json::to_vec(&tallies.collect::<Vec<_>>())
        }
        _ => {
            let mut response = Response::new(Full::default());
            *response.status_mut() = StatusCode::NOT_FOUND;
            return response;
        }
    };
    Response::new(Full::new(body.expect("plain values are JSON").into()))
}
