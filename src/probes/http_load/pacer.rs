//! Waiting until a moment: the runtime's timers are a millisecond coarse, the system's are not.

use std::os::fd::OwnedFd;

use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec};
use tokio::io::unix::AsyncFd;
use tokio::time::{Instant, sleep_until};

use crate::time::clock::Clock;

#[derive(Debug, Default)]
pub enum Pacer {
    /// The runtime's timers, which follow a paused clock.
    #[default]
    Coarse,
    /// A timer of the system, for one waiter at a time.
    Fine(AsyncFd<OwnedFd>),
}

impl Pacer {
    /// For the runtime it is called on; coarse where the system has no other.
    #[expect(deprecated, reason = "its successor is unsafe for descriptors that are not owned; this one is")]
    pub fn fine() -> Self {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = rustix::time::timerfd_create(TimerfdClockId::Monotonic, flags).ok();
        timer.and_then(|timer| AsyncFd::new(timer).ok()).map_or(Self::Coarse, Self::Fine)
    }

    pub async fn until(&self, due: Instant, clock: &Clock) {
        if let Self::Fine(timer) = self
            && wait(timer, due, clock).await.is_ok()
        {
            return;
        }
        sleep_until(due).await;
    }
}

async fn wait(timer: &AsyncFd<OwnedFd>, due: Instant, clock: &Clock) -> std::io::Result<()> {
    let left = due.saturating_duration_since(clock.instant());
    let once = Itimerspec {
        it_interval: Timespec::default(),
        // A timer of zero is none.
        it_value: Timespec::try_from(left.max(std::time::Duration::from_nanos(1)))
            .map_err(std::io::Error::other)?,
    };
    rustix::time::timerfd_settime(timer, TimerfdTimerFlags::empty(), &once)?;
    loop {
        let mut ready = timer.readable().await?;
        let expirations = |timer: &AsyncFd<OwnedFd>| Ok(rustix::io::read(timer, &mut [0; 8])?);
        if let Ok(read) = ready.try_io(expirations) {
            return read.map(drop);
        }
    }
}
