//! A deadline that moves with every request and costs next to nothing to move.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::time::{Instant, Sleep, sleep_until};

/// One timer that is only set anew when it fires, or when a deadline comes nearer: with a
/// deadline that moves away with every request that is once in a timeout.
#[derive(Debug)]
pub struct Alarm {
    sleep: Pin<Box<Sleep>>,
}

impl Alarm {
    pub fn new(first: Instant) -> Self {
        Self { sleep: Box::pin(sleep_until(first)) }
    }

    /// Ready when `due` has passed.
    pub fn poll(&mut self, cx: &mut Context<'_>, due: Instant) -> Poll<()> {
        loop {
            if self.sleep.deadline() > due {
                self.sleep.as_mut().reset(due);
            }
            ready!(self.sleep.as_mut().poll(cx));
            if self.sleep.deadline() == due {
                return Poll::Ready(());
            }
            self.sleep.as_mut().reset(due);
        }
    }
}
