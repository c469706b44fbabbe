//! The gate before every logon: one canary per credential first, and a breaker after.
//!
//! A wrong password against five thousand hosts locks the account on the domain controller.
//! So until a credential has been accepted once, one logon at a time tries it; after
//! `budget` true refusals in a row it is blocked for the rest of the run. An acceptance
//! resets the count. A refusal closes the gate to one at a time again, because a password
//! that is changed in the middle of a run looks exactly like this.

use std::collections::HashMap;
use std::sync::Mutex;

use tokio::sync::Notify;

use crate::model::credential::CredentialName;
use crate::model::failure::{Failure, FailureKind};
use crate::stages::logon_book::{Leave, LogonBook, Word};

/// The gates of all credentials of a run.
pub struct Gate {
    /// Refusals in a row that block a credential.
    budget: u32,
    credentials: Mutex<HashMap<CredentialName, Standing>>,
    changed: Notify,
    /// Present when other processes count with us.
    book: Option<LogonBook>,
}

#[derive(Debug, Default)]
struct Standing {
    accepted: bool,
    canary_out: bool,
    refused_in_a_row: u32,
}

/// The right to one logon. Dropped without a word (a panic) it says nothing about the
/// credential and lets the next one of this process try; other shards find its entry lost.
pub struct Pass<'a> {
    gate: &'a Gate,
    credential: CredentialName,
    is_canary: bool,
    /// In the book, where it was taken for this logon.
    entry: Option<u32>,
    spoken: bool,
}

impl Gate {
    pub fn new(budget: u32) -> Self {
        Self { budget: budget.max(1), credentials: Mutex::default(), changed: Notify::new(), book: None }
    }

    /// The gate of a shard, which shares its budget through the book.
    pub fn shared(budget: u32, book: LogonBook) -> Self {
        Self { book: Some(book), ..Self::new(budget) }
    }

    /// A gate that stands where an earlier try at the same slot left it: so many refusals in
    /// a row. An acceptance is not carried over, because the password may have changed.
    pub fn after(budget: u32, refused_in_a_row: HashMap<CredentialName, u32>) -> Self {
        let standing = |refused| Standing { refused_in_a_row: refused, ..Standing::default() };
        let credentials = refused_in_a_row.into_iter().map(|(name, refused)| (name, standing(refused)));
        Self { credentials: Mutex::new(credentials.collect()), ..Self::new(budget) }
    }

    /// Waits for the right to log on with `credential`, or learns that it is blocked.
    pub async fn admit(&self, credential: &CredentialName) -> Result<Pass<'_>, Failure> {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            if let Some(answer) = self.try_admit(credential) {
                return self.with_leave(answer?).await;
            }
            changed.await;
        }
    }

    /// A canary asks the book, where there is one.
    async fn with_leave<'a>(&self, mut pass: Pass<'a>) -> Result<Pass<'a>, Failure> {
        let Some(book) = self.book.as_ref().filter(|_| pass.is_canary) else { return Ok(pass) };
        match book.leave(&pass.credential, self.budget).await {
            Leave::Alone(entry) => pass.entry = Some(entry),
            Leave::Known => {}
            Leave::Blocked(refused) => {
                pass.settle(|standing| standing.refused_in_a_row = refused);
                return Err(blocked(&pass.credential, refused));
            }
        }
        Ok(pass)
    }

    fn try_admit(&self, credential: &CredentialName) -> Option<Result<Pass<'_>, Failure>> {
        let mut credentials = self.lock();
        let standing = credentials.entry(credential.clone()).or_default();
        if standing.refused_in_a_row >= self.budget {
            return Some(Err(blocked(credential, standing.refused_in_a_row)));
        }
        if !standing.accepted && standing.canary_out {
            return None;
        }
        let is_canary = !standing.accepted;
        standing.canary_out |= is_canary;
        Some(Ok(Pass { gate: self, credential: credential.clone(), is_canary, entry: None, spoken: false }))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<CredentialName, Standing>> {
        self.credentials.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn blocked(credential: &CredentialName, refused: u32) -> Failure {
    let message = format!(
        "credential `{credential}` was refused {refused} times in a row; no further logon is tried in this run"
    );
    Failure::new(FailureKind::CredentialBlocked, message)
}

impl Pass<'_> {
    pub async fn accepted(mut self) {
        self.book(Word::Accepted).await;
        self.settle(|standing| {
            standing.accepted = true;
            standing.refused_in_a_row = 0;
        });
    }

    pub async fn refused(mut self) {
        self.book(Word::Refused).await;
        self.settle(|standing| {
            standing.accepted = false;
            standing.refused_in_a_row += 1;
        });
    }

    /// The host said nothing of the credential: a lost connection, a deadline.
    pub async fn unheard(mut self) {
        self.book(Word::Silent).await;
        self.settle(|_| {});
    }

    /// A refusal concerns every shard, whatever it was sent as; anything else only those who
    /// wait for this entry.
    async fn book(&self, word: Word) {
        let Some(book) = &self.gate.book else { return };
        if self.entry.is_some() || word == Word::Refused {
            book.enter(&self.credential, self.entry, word).await;
        }
    }

    fn settle(&mut self, change: impl FnOnce(&mut Standing)) {
        self.spoken = true;
        let mut credentials = self.gate.lock();
        let standing = credentials.entry(self.credential.clone()).or_default();
        change(standing);
        if self.is_canary {
            standing.canary_out = false;
        }
        drop(credentials);
        self.gate.changed.notify_waiters();
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if !self.spoken {
            self.settle(|_| {});
        }
    }
}
