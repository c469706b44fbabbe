//! What the operating system asks of a run: cancel it, give up at once, or make way.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// An order that came as a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The first SIGINT: end with a manifest that says so.
    Cancel,
    /// A second SIGINT: stop waiting for anything.
    Abort,
    /// SIGTERM: make way; commit nothing, so that the slot can be run again.
    Interrupt,
}

/// The signals of the process. While it lives, SIGINT and SIGTERM end nothing by themselves.
#[derive(Debug)]
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    cancelled: bool,
}

impl Signals {
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            cancelled: false,
        })
    }

    /// The next order. May be dropped and called again without losing one.
    pub async fn next(&mut self) -> Order {
        tokio::select! {
            _ = self.interrupt.recv() => {
                let order = if self.cancelled { Order::Abort } else { Order::Cancel };
                self.cancelled = true;
                order
            }
            _ = self.terminate.recv() => Order::Interrupt,
        }
    }
}
