//! Whether a store keeps the one promise that commits rest on: of several creates of one
//! object, exactly one wins.
//!
//! Some S3-compatible stores take a conditional write and ignore the condition, some look
//! first and write then. Neither shows in a single run, and both lose one when two meet.

use std::time::Duration;

use bytes::Bytes;

use crate::output::layout::{Key, probe as probe_key};
use crate::output::store::Store;
use crate::output::store_error::{Cause, StoreError};

/// Creates of one object at the same time.
const AT_ONCE: usize = 16;

/// Failures that may pass are tried again after these pauses, with new objects.
const PAUSES: [Duration; 3] = [Duration::ZERO, Duration::from_millis(100), Duration::from_millis(400)];

/// What a store does when several create one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probed {
    pub creates: Creates,
    /// Why objects of the probe are still there: whoever may not delete cannot take back a
    /// run that failed either.
    pub left: Option<StoreError>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Creates {
    #[error("of several creates one wins")]
    OneWins,
    #[error("it takes a second create of an object that exists: it ignores conditional writes")]
    Overwritten,
    #[error("of {AT_ONCE} creates of one object at once, {winners} won")]
    Raced { winners: usize },
    #[error("the create that won is not the object that is there")]
    Exchanged,
}

/// Creates an object twice, then another one [`AT_ONCE`] times at once, and removes both.
/// `nonce` keeps probes of the same store apart.
pub async fn probe(store: &Store, nonce: u64) -> Result<Probed, StoreError> {
    let mut left = None;
    let mut ended = None;
    for (round, pause) in PAUSES.iter().enumerate() {
        tokio::time::sleep(*pause).await;
        let (twice, at_once) =
            (probe_key(nonce, &format!("{round}-twice")), probe_key(nonce, &format!("{round}-at-once")));
        let creates = creates(store, &twice, &at_once).await;
        for key in [&twice, &at_once] {
            left = store.delete_surely(key).await.err().or(left);
        }
        match creates {
            Ok(creates) => return Ok(Probed { creates, left }),
            Err(error) => {
                let may_pass = matches!(error.cause, Cause::Other(_) | Cause::Silent);
                ended = Some(error);
                if !may_pass {
                    break;
                }
            }
        }
    }
    Err(ended.expect("there is at least one round"))
}

async fn creates(store: &Store, twice: &Key, at_once: &Key) -> Result<Creates, StoreError> {
    let (first, second) = (Bytes::from_static(b"first"), Bytes::from_static(b"second"));
    store.create(twice, first.clone()).await?;
    let again = store.create(twice, second).await?;
    if again || found(store, twice).await? != first {
        return Ok(Creates::Overwritten);
    }
    let bodies: Vec<Bytes> = (0..AT_ONCE).map(|writer| format!("writer {writer}").into()).collect();
    let creations = bodies.iter().map(|body| store.create(at_once, body.clone()));
    let ended: Vec<bool> =
        futures::future::join_all(creations).await.into_iter().collect::<Result<_, _>>()?;
    let winners: Vec<&Bytes> =
        bodies.iter().zip(&ended).filter(|(_, won)| **won).map(|(body, _)| body).collect();
    let there = found(store, at_once).await?;
    Ok(match winners[..] {
        // A client repeats requests, so one's own success can come back as "exists".
        [] => Creates::OneWins,
        [winner] if *winner == there => Creates::OneWins,
        [_] => Creates::Exchanged,
        _ => Creates::Raced { winners: winners.len() },
    })
}

async fn found(store: &Store, key: &Key) -> Result<Bytes, StoreError> {
    let vanished = || StoreError { doing: "read", path: store.shown(key), cause: Cause::Vanished };
    store.get(key).await?.ok_or_else(vanished)
}
