//! Looks at an answer as far as its endpoint asks: times its events, keeps its body.

use std::time::Duration;

use tokio::time::Instant;

use crate::probes::http_load::events::Events;
use crate::probes::http_load::ledger::Ledger;
use crate::transport::http::error::HttpError;
use crate::transport::http::sink::{Head, Keep, Sink};

pub enum Reader<'a> {
    /// Counted and dropped.
    Blind,
    Kept(&'a mut Keep),
    Streamed(Streamed<'a>),
}

/// An answer of events, each written down as it comes.
pub struct Streamed<'a> {
    /// Absent where the request is not counted.
    ledger: Option<&'a Ledger>,
    endpoint: usize,
    events: Events,
    began: Instant,
    last: Option<Instant>,
}

impl<'a> Streamed<'a> {
    pub fn new(ledger: Option<&'a Ledger>, endpoint: usize, began: Instant) -> Self {
        Self { ledger, endpoint, events: Events::default(), began, last: None }
    }

    pub fn has_events(&self) -> bool {
        self.last.is_some()
    }
}

impl Sink for Reader<'_> {
    fn head(&mut self, _head: &Head<'_>, _at: Instant) {}

    fn body(&mut self, piece: &[u8], at: Instant) -> Result<(), HttpError> {
        match self {
            Self::Blind => {}
            Self::Kept(keep) => keep.body(piece, at)?,
            Self::Streamed(streamed) => {
                let ended = streamed.events.feed(piece);
                if ended == 0 {
                    return Ok(());
                }
                let last = streamed.last.replace(at);
                let Some(ledger) = streamed.ledger else { return Ok(()) };
                let streams = &mut ledger.page().accounts[streamed.endpoint].streams;
                streams.events += ended;
                match last {
                    Some(last) => streams.gap.record(at - last),
                    None => streams.first_event.record(at - streamed.began),
                }
                // Events that came together have no time between them.
                for _ in 1..ended {
                    streams.gap.record(Duration::ZERO);
                }
            }
        }
        Ok(())
    }
}
