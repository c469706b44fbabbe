//! One who carries notices: over which way, which ones, and how patiently.

use std::time::Duration;

use crate::notify::mail::Mail;
use crate::notify::notice::{Notice, On};
use crate::notify::webhook::Webhook;
use crate::time::backoff::Backoff;

/// The longest that a receiver may make us wait between two tries, whatever it says.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub struct Courier {
    /// As people know it: `notify[0]`, or the name it was given.
    pub name: String,
    pub on: Vec<On>,
    pub way: Way,
    /// The longest one try may take.
    pub timeout: Duration,
    /// Tries, the first included.
    pub attempts: u32,
}

#[derive(Debug)]
pub enum Way {
    Webhook(Webhook),
    Mail(Box<Mail>),
    /// It cannot be gone, and why: a secret is missing.
    Closed(String),
}

/// Why a try came to nothing. `why` is a lowercase fragment without any secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miss {
    pub why: String,
    pub again: Again,
}

/// Whether another try can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    Never,
    Later,
    /// The receiver says when.
    After(Duration),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why} ({tries} tries)")]
pub struct Undelivered {
    pub why: String,
    pub tries: u32,
}

impl Miss {
    pub fn for_good(why: impl Into<String>) -> Self {
        Self { why: why.into(), again: Again::Never }
    }

    pub fn for_now(why: impl Into<String>) -> Self {
        Self { why: why.into(), again: Again::Later }
    }
}

impl Courier {
    pub fn wants(&self, notice: &Notice) -> bool {
        notice.is_wanted(&self.on)
    }

    /// Delivers at least once, or not at all: an answer that was lost is a reason to try again.
    pub async fn deliver(&self, notice: &Notice) -> Result<(), Undelivered> {
        let backoff = Backoff::for_name(&format!("{} {} {}", self.name, notice.job, notice.slot));
        let mut tries = 0;
        loop {
            tries += 1;
            let tried = tokio::time::timeout(self.timeout, self.send(notice));
            let late = |_| Err(Miss::for_now(format!("no answer within {:?}", self.timeout)));
            let Err(Miss { why, again }) = tried.await.unwrap_or_else(late) else { return Ok(()) };
            let pause = match again {
                Again::Never => return Err(Undelivered { why, tries }),
                Again::Later => backoff.pause(tries),
                Again::After(asked) => asked.max(backoff.pause(tries)).min(LONGEST_PAUSE),
            };
            if tries >= self.attempts {
                return Err(Undelivered { why, tries });
            }
            tracing::debug!(notify = self.name, why, ?pause, "a notification is tried again");
            tokio::time::sleep(pause).await;
        }
    }

    async fn send(&self, notice: &Notice) -> Result<(), Miss> {
        match &self.way {
            Way::Webhook(webhook) => webhook.send(notice).await,
            Way::Mail(mail) => mail.send(notice).await,
            Way::Closed(why) => Err(Miss::for_good(why)),
        }
    }
}

/// How a notice went out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    pub sent: u64,
    pub failed: u64,
}

/// Tells everybody who wants to hear it, all at the same time. What could not be delivered is
/// logged here, once.
pub async fn tell_all(couriers: &[Courier], notice: &Notice) -> Delivery {
    let wanted: Vec<_> = couriers.iter().filter(|courier| courier.wants(notice)).collect();
    let told = futures::future::join_all(wanted.iter().map(|courier| courier.deliver(notice))).await;
    let mut delivery = Delivery::default();
    for (courier, told) in wanted.iter().zip(told) {
        let (job, occasion) = (&notice.job, notice.occasion.word());
        match told {
            Ok(()) => {
                tracing::info!(job.name = %job, slot = %notice.slot, notify = courier.name, occasion, "notified");
                delivery.sent += 1;
            }
            Err(error) => {
                tracing::error!(job.name = %job, slot = %notice.slot, notify = courier.name, occasion, %error, "not notified");
                delivery.failed += 1;
            }
        }
    }
    delivery
}
