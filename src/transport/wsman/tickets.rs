//! What the logons of one run know of their KDCs: the ticket-granting ticket of each
//! credential, a refusal, or that nobody answers.
//!
//! `sspi` asks for a ticket-granting ticket with every context and cannot be handed one. The
//! KDC's answers to those questions (AS exchange) are therefore kept as they came, and given
//! again to the next context of the same credential: it opens them with the same key, and only
//! the question for the host's own ticket (TGS exchange) goes out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OwnedMutexGuard;
use tokio::time::Instant;

use crate::model::credential::CredentialName;
use crate::model::failure::{Failure, FailureKind};
use crate::model::realm::AccountKey;
use crate::time::clock::Clock;

/// How long KDCs that did not answer are not asked again. Without it each host of a fleet would
/// wait for them in turn.
const SILENCE: Duration = Duration::from_secs(30);

/// One run's memory, by credential.
#[derive(Debug)]
pub struct Tickets {
    clock: Clock,
    standings: Mutex<HashMap<CredentialName, Arc<tokio::sync::Mutex<Standing>>>>,
}

impl Default for Tickets {
    fn default() -> Self {
        Self { clock: Clock::system(), standings: Mutex::default() }
    }
}

#[derive(Debug, Default)]
enum Standing {
    #[default]
    Unknown,
    Granted(Arc<Granted>),
    /// The KDC refused the credential: asking again would count against the account.
    Refused(Failure),
    Silent {
        since: Instant,
        failure: Failure,
    },
}

/// What led to a ticket-granting ticket.
#[derive(Debug)]
pub struct Granted {
    /// The KDC's answers, in their order.
    pub answers: Vec<Vec<u8>>,
    /// The account's key. Making it of the password takes as long as the rest of a logon.
    pub key: Option<AccountKey>,
}

/// The right to ask for a ticket-granting ticket; others wait for its outcome. Dropped without
/// one (a deadline), it leaves the KDCs as silent.
#[derive(Debug)]
pub struct Granting {
    clock: Clock,
    standing: OwnedMutexGuard<Standing>,
    settled: bool,
}

/// How to come by a ticket-granting ticket.
#[derive(Debug)]
pub enum Grant {
    Remembered(Arc<Granted>),
    /// By asking.
    Open(Granting),
}

impl Tickets {
    /// Waits while another logon of the credential asks.
    pub async fn grant(&self, credential: &CredentialName) -> Result<Grant, Failure> {
        let standing = self.standing(credential).lock_owned().await;
        match &*standing {
            Standing::Granted(granted) => Ok(Grant::Remembered(granted.clone())),
            Standing::Refused(failure) => Err(failure.clone()),
            Standing::Silent { since, failure } if since.elapsed() < SILENCE => Err(failure.clone()),
            Standing::Unknown | Standing::Silent { .. } => {
                Ok(Grant::Open(Granting { clock: self.clock.clone(), standing, settled: false }))
            }
        }
    }

    /// The ticket-granting ticket has expired.
    pub async fn forget(&self, credential: &CredentialName, expired: &Arc<Granted>) {
        let mut standing = self.standing(credential).lock_owned().await;
        if matches!(&*standing, Standing::Granted(known) if Arc::ptr_eq(known, expired)) {
            *standing = Standing::Unknown;
        }
    }

    fn standing(&self, credential: &CredentialName) -> Arc<tokio::sync::Mutex<Standing>> {
        let mut standings = self.standings.lock().unwrap_or_else(PoisonError::into_inner);
        standings.entry(credential.clone()).or_default().clone()
    }
}

impl Granting {
    pub fn granted(self, granted: Granted) {
        self.settle(Standing::Granted(Arc::new(granted)));
    }

    pub fn failed(self, failure: Failure) {
        let since = self.clock.instant();
        self.settle(match failure.kind {
            FailureKind::AuthFailed => Standing::Refused(failure),
            FailureKind::NoTicket => Standing::Silent { since, failure },
            _ => Standing::Unknown,
        });
    }

    fn settle(mut self, standing: Standing) {
        *self.standing = standing;
        self.settled = true;
    }
}

impl Drop for Granting {
    fn drop(&mut self) {
        if !self.settled {
            let failure = Failure::new(FailureKind::NoTicket, "no kdc answered before a logon's deadline");
            *self.standing = Standing::Silent { since: self.clock.instant(), failure };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name() -> CredentialName {
        CredentialName::default_name()
    }

    async fn open(tickets: &Tickets) -> Granting {
        match tickets.grant(&name()).await.expect("not refused") {
            Grant::Open(granting) => granting,
            Grant::Remembered(granted) => panic!("{granted:?}"),
        }
    }

    fn granted(answer: u8) -> Granted {
        Granted { answers: vec![vec![answer]], key: None }
    }

    async fn remembered(tickets: &Tickets) -> Arc<Granted> {
        match tickets.grant(&name()).await.expect("not refused") {
            Grant::Remembered(granted) => granted,
            Grant::Open(granting) => panic!("{granting:?}"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_asks_and_the_others_wait_for_what_it_hears() {
        let tickets = Arc::new(Tickets::default());
        let granting = open(&tickets).await;
        let mut waiting = tokio::task::JoinSet::new();
        for _ in 0..5 {
            let tickets = tickets.clone();
            waiting.spawn(async move { remembered(&tickets).await.answers.clone() });
        }
        tokio::task::yield_now().await;
        granting.granted(granted(1));
        assert_eq!(waiting.join_all().await, vec![vec![vec![1]]; 5]);
        // Another credential knows nothing of it.
        let other = tickets.grant(&CredentialName("other".to_owned())).await;
        assert!(matches!(other, Ok(Grant::Open(_))));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_stands_and_silence_passes() {
        let tickets = Tickets::default();
        let silent = Failure::new(FailureKind::NoTicket, "nobody");
        open(&tickets).await.failed(silent.clone());
        assert_eq!(tickets.grant(&name()).await.expect_err("silent"), silent);
        tokio::time::advance(SILENCE).await;
        let refused = Failure::new(FailureKind::AuthFailed, "no");
        open(&tickets).await.failed(refused.clone());
        tokio::time::advance(SILENCE * 1000).await;
        assert_eq!(tickets.grant(&name()).await.expect_err("refused"), refused);
    }

    #[tokio::test(start_paused = true)]
    async fn a_question_given_up_counts_as_silence_and_a_broken_one_as_none() {
        let tickets = Tickets::default();
        drop(open(&tickets).await);
        assert_eq!(tickets.grant(&name()).await.expect_err("silent").kind, FailureKind::NoTicket);
        tokio::time::advance(SILENCE).await;
        open(&tickets).await.failed(Failure::new(FailureKind::Protocol, "unreadable"));
        open(&tickets).await.granted(granted(1));
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_ticket_that_expired_is_forgotten() {
        let tickets = Tickets::default();
        open(&tickets).await.granted(granted(1));
        let old = remembered(&tickets).await;
        tickets.forget(&name(), &old).await;
        open(&tickets).await.granted(granted(2));
        // A logon that was slower to learn of it does not throw away the new one.
        tickets.forget(&name(), &old).await;
        assert_eq!(remembered(&tickets).await.answers, vec![vec![2]]);
    }
}
