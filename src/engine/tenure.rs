//! A run's hold on its slot: the lease, kept alive while the run goes on.
//!
//! A host is begun only while the store has confirmed the lease so lately that nobody else
//! can hold it: a process that was stopped for a while asks the store before it asks a host.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::engine::stop::{Stop, StopCause};
use crate::model::event::RunHeader;
use crate::model::failure::{Failure, FailureKind};
use crate::model::run::Attempt;
use crate::output::commit::signature;
use crate::output::layout;
use crate::output::lease::{Beat, Claim, Extent, Lease, Taken, Terms};
use crate::output::store::Store;
use crate::time::clock::Clock;

/// What a run does when somebody else is at work on its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Ends at once.
    Leave,
    /// Waits until the slot is committed, or nobody is at work on it any more.
    StandBy,
}

/// The lease of a run.
pub struct Tenure {
    lease: Lease,
    terms: Terms,
    clock: Clock,
    standing: watch::Sender<Standing>,
}

/// How a run that wants a slot finds it.
pub enum Entry {
    Ours(Box<Tenure>),
    Committed(Attempt),
    /// A run that commits nothing asks nobody.
    Unasked,
}

#[derive(Clone, Debug)]
enum Standing {
    /// Asked at this moment, the store said that the lease is ours.
    Ours(Moment),
    Lost(String),
}

/// A moment by both clocks: the monotonic one stands still while a machine is suspended, the
/// wall clock may be set.
#[derive(Clone, Copy, Debug)]
struct Moment {
    instant: Instant,
    wall: DateTime<Utc>,
}

impl Moment {
    fn now(clock: &Clock) -> Self {
        Self { instant: clock.instant(), wall: clock.read_anew().now() }
    }

    fn is_within(self, time: Duration, clock: &Clock) -> bool {
        let now = Self::now(clock);
        let by_wall = (now.wall - self.wall).abs().to_std();
        now.instant - self.instant < time && by_wall.is_ok_and(|elapsed| elapsed < time)
    }
}

impl Tenure {
    /// Takes the lease of a run's slot, or of a shard of it. `lock` is what keeps the other processes of this
    /// machine away; a holder of the same lock before us is gone.
    pub async fn begin(
        store: &Store,
        header: &RunHeader,
        extent: Extent,
        clock: &Clock,
        terms: Terms,
        lock: Option<String>,
    ) -> Result<Entry, Failure> {
        let begun = Moment::now(clock);
        let claim = Claim {
            owner: owner(),
            attempt: header.attempt.clone(),
            started_at: header.started_at,
            ttl_ms: u64::try_from(terms.ttl.as_millis()).unwrap_or(u64::MAX),
            lock,
            parent: header.parent.clone(),
        };
        let run = (&header.job, header.slot);
        let lease = match Lease::take(store, run, extent, claim, terms.heartbeat).await? {
            Taken::Ours(lease) => lease,
            Taken::Held(holder) => {
                let message = format!("another process is at work on this slot: {}", told(&holder));
                return Err(Failure::new(FailureKind::Busy, message));
            }
        };
        // Only now: whoever held the lease before may have committed.
        let (standing, _) = watch::channel(Standing::Ours(begun));
        let tenure = Self { lease, terms, clock: clock.clone(), standing };
        match committed(store, header).await {
            Ok(None) => Ok(Entry::Ours(Box::new(tenure))),
            Ok(Some(winner)) => {
                tenure.end(true).await;
                Ok(Entry::Committed(winner))
            }
            Err(failure) => {
                tenure.end(false).await;
                Err(failure)
            }
        }
    }

    /// What is asked before a host is begun.
    pub fn pass(&self, stop: &Stop) -> Pass {
        Pass(Some(Held {
            standing: self.standing.subscribe(),
            // The rest is for clocks of unequal pace, and for stores that tell whole seconds.
            valid_for: self.terms.ttl * 3 / 4,
            clock: self.clock.clone(),
            stop: stop.token().clone(),
        }))
    }

    /// Drives the work and keeps the lease alive meanwhile. A lease that somebody took is an
    /// order to stop; a store that does not answer is none.
    pub async fn during<T>(&self, stop: &Stop, work: impl Future<Output = T>) -> T {
        let done = CancellationToken::new();
        let working = async {
            let ended = work.await;
            done.cancel();
            ended
        };
        // A heartbeat under way is waited for: none may come after the lease was cleared away.
        tokio::join!(working, self.keep(stop, &done)).0
    }

    async fn keep(&self, stop: &Stop, done: &CancellationToken) {
        let mut next = match &*self.standing.borrow() {
            Standing::Ours(begun) => begun.instant + self.terms.heartbeat,
            Standing::Lost(_) => return,
        };
        loop {
            tokio::select! {
                () = done.cancelled() => return,
                () = tokio::time::sleep_until(next) => {}
            }
            let now = Moment::now(&self.clock);
            next = now.instant + self.terms.heartbeat;
            match tokio::time::timeout(self.terms.ttl, self.lease.beat()).await {
                Ok(Ok(Beat::Ours)) => drop(self.standing.send_replace(Standing::Ours(now))),
                Ok(Ok(Beat::Lost(holder))) => {
                    let who = holder.map_or_else(|| "it is cleared away".to_owned(), |it| told(&it));
                    tracing::warn!(who, "the lease is lost");
                    self.standing.send_replace(Standing::Lost(who));
                    stop.order(StopCause::Lost);
                    return;
                }
                Ok(Err(error)) => tracing::warn!(%error, "no heartbeat"),
                Err(_) => tracing::warn!("no heartbeat: the store did not answer in time"),
            }
        }
    }

    /// Why the run may not go on, if it may not.
    pub fn lost(&self) -> Option<Failure> {
        match &*self.standing.borrow() {
            Standing::Ours(_) => None,
            Standing::Lost(who) => {
                let message = format!("another process has taken this slot over: {who}");
                Some(Failure::new(FailureKind::Busy, message))
            }
        }
    }

    /// Gives the slot back: to the next try, or, committed, to nobody. What is not told to the
    /// store runs out by itself.
    pub async fn end(self, committed: bool) {
        if self.lost().is_some() {
            return;
        }
        let ended = if committed { self.lease.remove().await } else { self.lease.release().await };
        if let Err(error) = ended {
            tracing::warn!(%error, "the lease stays until it runs out");
        }
    }
}

/// Leave to begin hosts, for as long as the lease is ours.
#[derive(Clone)]
pub struct Pass(Option<Held>);

#[derive(Clone)]
struct Held {
    standing: watch::Receiver<Standing>,
    valid_for: Duration,
    clock: Clock,
    stop: CancellationToken,
}

impl Pass {
    /// For a run that nobody else can be at: one that commits nothing.
    pub const FREE: Self = Self(None);

    /// Waits until the lease is known to be ours. `false`: it is lost, or the run stops.
    pub async fn wait(&self) -> bool {
        let Some(mut held) = self.0.clone() else { return true };
        loop {
            match &*held.standing.borrow_and_update() {
                Standing::Ours(moment) if moment.is_within(held.valid_for, &held.clock) => return true,
                Standing::Ours(_) => {}
                Standing::Lost(_) => return false,
            }
            tokio::select! {
                changed = held.standing.changed() => if changed.is_err() { return false },
                () = held.stop.cancelled() => return false,
            }
        }
    }
}

/// Tries to begin until nobody else is at work on the slot, if it is to stand by.
pub async fn admitted<T>(
    patience: Patience,
    pause: Duration,
    stop: &Stop,
    mut enter: impl AsyncFnMut() -> Result<T, Failure>,
) -> Result<T, Failure> {
    let mut told = false;
    loop {
        match enter().await {
            Err(busy)
                if busy.kind == FailureKind::Busy
                    && patience == Patience::StandBy
                    && stop.cause().is_none() =>
            {
                if !told {
                    tracing::info!(%busy, "standing by");
                    told = true;
                }
            }
            ended => return ended,
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.token().cancelled() => {}
        }
    }
}

/// Who committed the slot. A manifest that cannot be read is no permission to run.
async fn committed(store: &Store, header: &RunHeader) -> Result<Option<Attempt>, Failure> {
    let key = layout::manifest(&header.job, header.slot);
    let Some(manifest) = store.get(&key).await? else { return Ok(None) };
    let unreadable =
        |error| Failure::new(FailureKind::Store, format!("{} cannot be read: {error}", store.shown(&key)));
    signature(&manifest[..]).map(Some).map_err(unreadable)
}

fn told(holder: &Claim) -> String {
    format!("{}, attempt {}, since {}", holder.owner, holder.attempt, holder.started_at.to_rfc3339())
}

/// This process, for people.
pub fn owner() -> String {
    let machine = rustix::system::uname();
    format!("process {} on {}", std::process::id(), machine.nodename().to_string_lossy())
}
