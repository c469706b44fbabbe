//! One answer, read from pieces cut anywhere.

use std::mem::MaybeUninit;

use tokio::time::Instant;

use crate::transport::http::error::{ErrorClass, HttpError};
use crate::transport::http::framing::{self, Framing};
use crate::transport::http::sink::{Head, Sink};

const MOST_HEADERS: usize = 128;

/// The state of reading one answer; it owns no bytes.
#[derive(Debug)]
pub struct Answer {
    to_head: bool,
    at: At,
    status: Option<u16>,
    keeps: bool,
    body_bytes: u64,
}

#[derive(Debug)]
enum At {
    Head,
    Body(Framing),
    Done,
}

impl Answer {
    pub fn new(to_head: bool) -> Self {
        Self { to_head, at: At::Head, status: None, keeps: false, body_bytes: 0 }
    }

    pub fn is_done(&self) -> bool {
        matches!(self.at, At::Done)
    }

    /// Of the final answer, as soon as its head was read.
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// The connection may carry another request; only of a whole answer.
    pub fn keeps(&self) -> bool {
        self.keeps && self.is_done()
    }

    /// Without framing.
    pub fn body_bytes(&self) -> u64 {
        self.body_bytes
    }

    /// Reads on, and returns how many bytes were used: fewer than all when the head is not whole
    /// yet (it is to be given again, with more) or when the answer has ended.
    pub fn feed<K: Sink>(&mut self, input: &[u8], at: Instant, sink: &mut K) -> Result<usize, HttpError> {
        let mut used = 0;
        while matches!(self.at, At::Head) {
            match self.head(&input[used..], at, sink)? {
                0 => return Ok(used),
                read => used += read,
            }
        }
        Ok(used + self.body(&input[used..], at, sink)?)
    }

    fn head<K: Sink>(&mut self, input: &[u8], at: Instant, sink: &mut K) -> Result<usize, HttpError> {
        let mut room = [const { MaybeUninit::<httparse::Header<'_>>::uninit() }; MOST_HEADERS];
        let mut head = httparse::Response::new(&mut []);
        let parsed = httparse::ParserConfig::default()
            .parse_response_with_uninit_headers(&mut head, input, &mut room)
            .map_err(|error| HttpError::malformed(format!("answer is no http: {error}")))?;
        let httparse::Status::Complete(length) = parsed else { return Ok(0) };
        let (status, minor_version) = (head.code.unwrap_or_default(), head.version.unwrap_or_default());
        match status {
            101 => return Err(HttpError::malformed("answer 101 to a request that asked for no upgrade")),
            100..=199 => return Ok(length),
            200..=999 => {}
            _ => return Err(HttpError::malformed(format!("answer has no status, but {status:03}"))),
        }
        let following = framing::of(status, minor_version, head.headers, self.to_head)?;
        self.status = Some(status);
        self.keeps = following.keeps;
        sink.head(&Head { status, headers: head.headers }, at);
        self.at = match following.framing {
            Framing::Empty | Framing::Length(0) => At::Done,
            framing => At::Body(framing),
        };
        Ok(length)
    }

    fn body<K: Sink>(&mut self, input: &[u8], at: Instant, sink: &mut K) -> Result<usize, HttpError> {
        let At::Body(framing) = &mut self.at else { return Ok(0) };
        let (used, is_done) = match framing {
            Framing::Empty => (0, true),
            Framing::Length(left) => {
                let length = usize::try_from(*left).map_or(input.len(), |left| left.min(input.len()));
                *left -= length as u64;
                self.body_bytes += length as u64;
                if length > 0 {
                    sink.body(&input[..length], at)?;
                }
                (length, *left == 0)
            }
            Framing::Chunked(chunked) => {
                let body_bytes = &mut self.body_bytes;
                let used = chunked.feed(input, |piece| {
                    *body_bytes += piece.len() as u64;
                    sink.body(piece, at)
                })?;
                (used, chunked.is_done())
            }
            Framing::UntilClose => {
                self.body_bytes += input.len() as u64;
                if !input.is_empty() {
                    sink.body(input, at)?;
                }
                (input.len(), false)
            }
        };
        if is_done {
            self.at = At::Done;
        }
        Ok(used)
    }

    /// The connection has ended: the end of a body that is told by it, or of the exchange.
    /// `has_begun` is whether any byte of the answer had come.
    pub fn end(&mut self, has_begun: bool) -> Result<(), HttpError> {
        match &self.at {
            At::Done => Ok(()),
            At::Body(Framing::UntilClose) => {
                self.at = At::Done;
                Ok(())
            }
            At::Body(Framing::Length(left)) => {
                let message = format!("answer was cut short: {left} bytes of its body are missing");
                Err(HttpError::new(ErrorClass::CutShort, message))
            }
            At::Head if !has_begun => {
                Err(HttpError::new(ErrorClass::Reset, "connection closed before any answer"))
            }
            At::Head => Err(HttpError::new(ErrorClass::CutShort, "answer was cut short within its head")),
            At::Body(_) => Err(HttpError::new(ErrorClass::CutShort, "answer was cut short within its body")),
        }
    }
}
