//! How users come to the server: what the engine needs of a connection, and HTTP/1.1 as one.

use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use crate::time::clock::Clock;
use crate::transport::http::connection::{Connection, Exchange, Patience};
use crate::transport::http::connector::{Connector, Dialling};
use crate::transport::http::error::HttpError;
use crate::transport::http::request::Rendered;
use crate::transport::http::sink::Sink;
use crate::transport::http::stream::Stream;

/// Opens what a user talks over.
pub trait Dial: 'static {
    type Talk: Talk + 'static;

    /// The phases are absent where nothing had to be opened.
    fn dial(&self) -> impl Future<Output = (Option<Dialling>, Result<Self::Talk, HttpError>)>;
}

/// Carries one request at a time.
pub trait Talk {
    fn exchange<K: Sink>(
        &mut self,
        request: &Rendered,
        sink: &mut K,
        began: Instant,
        patience: Patience,
    ) -> impl Future<Output = Exchange>;

    /// With a look at the wire.
    fn is_usable(&mut self) -> bool;

    /// As the last exchange left it.
    fn is_spent(&self) -> bool;
}

impl<S: AsyncRead + AsyncWrite + Unpin> Talk for Connection<S> {
    fn exchange<K: Sink>(
        &mut self,
        request: &Rendered,
        sink: &mut K,
        began: Instant,
        patience: Patience,
    ) -> impl Future<Output = Exchange> {
        Connection::exchange(self, request, sink, began, patience)
    }

    fn is_usable(&mut self) -> bool {
        Connection::is_usable(self)
    }

    fn is_spent(&self) -> bool {
        Connection::is_spent(self)
    }
}

/// To addresses that were looked up once, before the first request.
#[derive(Clone)]
pub struct Http1 {
    pub connector: Connector,
    pub addresses: Vec<SocketAddr>,
    pub clock: Clock,
}

impl Dial for Http1 {
    type Talk = Connection<Stream>;

    async fn dial(&self) -> (Option<Dialling>, Result<Self::Talk, HttpError>) {
        let (dialling, stream) = self.connector.connect_to(&self.addresses, &self.clock).await;
        (Some(dialling), stream.map(|stream| Connection::over(stream, self.clock.clone())))
    }
}
