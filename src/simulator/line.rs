//! The wire of one connection: every byte counted, and the faults that live below HTTP.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

use crate::simulator::host::Host;

const NEVER: u64 = u64::MAX;
/// How often a dribbling line gives way.
const DRIBBLE_TICK: Duration = Duration::from_millis(50);

/// How many more bytes the line carries before it is cut; shared with the HTTP side, which
/// knows where in a conversation it stands.
#[derive(Debug)]
pub struct Shears(AtomicU64);

impl Default for Shears {
    fn default() -> Self {
        Self(AtomicU64::new(NEVER))
    }
}

impl Shears {
    pub fn cut_after(&self, bytes: u64) {
        self.0.store(bytes, Ordering::Relaxed);
    }
}

/// A TCP stream that counts, and that hangs, dribbles or breaks as its host's faults say.
pub struct Line {
    stream: TcpStream,
    host: Arc<Host>,
    shears: Arc<Shears>,
    /// Bytes left before silence.
    hang_after: u64,
    /// Bytes a tick, and the tick that has to pass before the next ones.
    dribble: Option<u64>,
    tick: Option<Pin<Box<Sleep>>>,
}

impl Line {
    pub fn new(stream: TcpStream, host: Arc<Host>, shears: Arc<Shears>) -> Self {
        let hang_after = host.faults().value(crate::fault_value!(HangAfter)).unwrap_or(NEVER);
        let dribble = host
            .faults()
            .value(crate::fault_value!(Dribble))
            .map(|rate| (rate * DRIBBLE_TICK.as_millis() as u64 / 1000).max(1));
        Self { stream, host, shears, hang_after, dribble, tick: None }
    }

    /// How many of `wanted` bytes may go out now.
    fn allowance(&mut self, wanted: usize, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut allowed = wanted as u64;
        let before_cut = self.shears.0.load(Ordering::Relaxed);
        if before_cut == 0 {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        allowed = allowed.min(before_cut);
        if self.hang_after == 0 {
            return Poll::Pending;
        }
        allowed = allowed.min(self.hang_after);
        if let Some(bytes) = self.dribble {
            if let Some(tick) = &mut self.tick {
                ready!(tick.as_mut().poll(context));
            }
            self.tick = Some(Box::pin(tokio::time::sleep(DRIBBLE_TICK)));
            allowed = allowed.min(bytes);
        }
        Poll::Ready(Ok(allowed as usize))
    }

    fn wrote(&mut self, bytes: usize) {
        let bytes = bytes as u64;
        self.host.counters().bytes_out.add(bytes);
        if self.hang_after != NEVER {
            self.hang_after -= bytes;
        }
        let before_cut = self.shears.0.load(Ordering::Relaxed);
        if before_cut != NEVER {
            self.shears.cut_after(before_cut - bytes);
        }
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        self.host.counters().bytes_in.add((buffer.filled().len() - before) as u64);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let allowed = ready!(self.allowance(bytes.len(), context))?;
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, &bytes[..allowed]))?;
        self.wrote(written);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
