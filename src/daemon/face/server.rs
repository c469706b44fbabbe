//! Connections: how many, how long, and how they end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::daemon::face::routes::router;
use crate::daemon::face::visitor::Visitor;

/// Connections at a time; more wait in the listener's queue.
const CONNECTIONS: usize = 128;

/// For the head of a request, the first one and those after it.
const HEAD_WITHIN: Duration = Duration::from_secs(10);

/// A connection is closed after this, between two requests.
const CONNECTION_LASTS: Duration = Duration::from_secs(120);

/// For the answer that is under way then, and at the daemon's end.
const GRACE: Duration = Duration::from_secs(5);

/// A pause after the system refused a connection: it may be out of file descriptors.
const AFTER_REFUSAL: Duration = Duration::from_millis(200);

/// The face while it is shown.
pub struct Server {
    tasks: JoinSet<()>,
    ending: CancellationToken,
    address: SocketAddr,
}

impl Server {
    /// Answers on this listener, on the runtime's own threads: what a client does or leaves
    /// undone costs the daemon's loop nothing.
    pub fn start(listener: TcpListener, visitor: &Arc<Visitor>) -> std::io::Result<Self> {
        let address = listener.local_addr()?;
        let ending = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let service = TowerToHyperService::new(router(visitor));
        tasks.spawn(accept(listener, service, ending.clone()));
        Ok(Self { tasks, ending, address })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more requests, and gives the answers under way their time.
    pub async fn end(mut self) {
        self.ending.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "the HTTP face broke");
            }
        }
    }
}

type Service = TowerToHyperService<axum::Router>;

async fn accept(listener: TcpListener, service: Service, ending: CancellationToken) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let next = async {
            let place = places.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        tokio::select! {
            () = ending.cancelled() => break,
            Some(_) = connections.join_next() => {}
            (place, accepted) = next => match accepted {
                Ok((stream, _)) => {
                    let (service, ending) = (service.clone(), ending.clone());
                    connections.spawn(async move {
                        answer(stream, service, ending).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "no connection could be taken");
                    tokio::time::sleep(AFTER_REFUSAL).await;
                }
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn answer(stream: TcpStream, service: Service, ending: CancellationToken) {
    let mut settings = http1::Builder::new();
    settings.timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN);
    let mut connection = std::pin::pin!(settings.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        // A client that breaks off is its own affair.
        _ = &mut connection => return,
        () = ending.cancelled() => {}
        () = tokio::time::sleep(CONNECTION_LASTS) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _cut_off = tokio::time::timeout(GRACE, connection).await;
}
