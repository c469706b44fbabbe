//! Many targets at once, never more than allowed, and a panic in one ends only that one.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How one item ended.
pub enum Ended<I, T> {
    Done(I, T),
    /// The step panicked; the text is the panic's.
    Panicked(I, String),
    /// The order to stop came before its turn.
    NotBegun(I),
}

/// Runs `work` over `items` in their order with at most `width` at once, and hands each end
/// to `then` as it comes. After `stop` no item is begun; those in flight are waited for.
pub async fn fanout<I, T, W>(
    items: impl IntoIterator<Item = I>,
    width: usize,
    stop: &CancellationToken,
    work: impl Fn(I) -> W,
    mut then: impl AsyncFnMut(Ended<I, T>),
) where
    I: Clone + Send + 'static,
    T: Send + 'static,
    W: Future<Output = T> + Send + 'static,
{
    let mut waiting = items.into_iter();
    let mut in_flight = JoinSet::new();
    let mut who = HashMap::new();
    loop {
        while in_flight.len() < width.max(1) && !stop.is_cancelled() {
            let Some(item) = waiting.next() else { break };
            let handle = in_flight.spawn(AssertUnwindSafe(work(item.clone())).catch_unwind());
            who.insert(handle.id(), item);
        }
        let Some(joined) = in_flight.join_next_with_id().await else { break };
        let id = joined.as_ref().map_or_else(|lost| lost.id(), |(id, _)| *id);
        let Some(item) = who.remove(&id) else { continue };
        let ended = match joined {
            Ok((_, Ok(value))) => Ended::Done(item, value),
            Ok((_, Err(payload))) => Ended::Panicked(item, panic_text(payload.as_ref())),
            Err(lost) => Ended::Panicked(item, lost.to_string()),
        };
        then(ended).await;
    }
    for item in waiting {
        then(Ended::NotBegun(item)).await;
    }
}

fn panic_text(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "panic".to_owned())
}
