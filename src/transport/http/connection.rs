//! One connection with HTTP/1.1 on it: one exchange after the other, each with its phases.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use crate::time::clock::Clock;
use crate::transport::http::alarm::Alarm;
use crate::transport::http::answer::Answer;
use crate::transport::http::error::{ErrorClass, HttpError};
use crate::transport::http::request::Rendered;
use crate::transport::http::sink::Sink;

const BUFFER_BYTES: usize = 16 * 1024;
/// A head that is longer is refused.
const LONGEST_HEAD_BYTES: usize = 128 * 1024;

/// How long an exchange may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// From its beginning to the last byte of the answer.
    pub whole: Duration,
    /// Between two reads that bring something, the first byte included.
    pub silence: Duration,
}

impl Patience {
    /// With a limit on the whole alone.
    pub const fn whole(whole: Duration) -> Self {
        Self { whole, silence: whole }
    }
}

/// What came of one request. Instants that were not reached are absent.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Of the final answer, also where its body was lost.
    pub status: Option<u16>,
    pub began: Instant,
    /// The last byte of the request was handed to the system.
    pub written: Option<Instant>,
    pub first_byte: Option<Instant>,
    /// The last byte of the answer was read, or the error was met.
    pub ended: Instant,
    /// On the wire below TLS, heads and framing included.
    pub sent_bytes: u64,
    pub received_bytes: u64,
    /// Without framing.
    pub body_bytes: u64,
    pub outcome: Result<(), HttpError>,
}

impl Exchange {
    /// One of which nothing has happened yet.
    pub fn beginning(began: Instant) -> Self {
        Self {
            status: None,
            began,
            written: None,
            first_byte: None,
            ended: began,
            sent_bytes: 0,
            received_bytes: 0,
            body_bytes: 0,
            outcome: Ok(()),
        }
    }
}

#[derive(Debug)]
pub struct Connection<S> {
    stream: S,
    buffer: Vec<u8>,
    clock: Clock,
    alarm: Alarm,
    exchanges: u64,
    /// No other request may be sent.
    is_spent: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Over a stream that nothing was read from or written to.
    pub fn over(stream: S, clock: Clock) -> Self {
        // The timer is registered by the first exchange that waits.
        let alarm = Alarm::new(clock.instant());
        Self { stream, buffer: vec![0; BUFFER_BYTES], clock, alarm, exchanges: 0, is_spent: false }
    }

    /// Requests that were begun on it.
    pub fn exchanges(&self) -> u64 {
        self.exchanges
    }

    /// Another request may be sent. Also looks whether the far end has closed it meanwhile, or
    /// said something that nobody asked for; with nothing on the wire that is no system call.
    pub fn is_usable(&mut self) -> bool {
        if !self.is_spent {
            let mut buffer = ReadBuf::new(&mut self.buffer);
            let mut cx = Context::from_waker(std::task::Waker::noop());
            self.is_spent = Pin::new(&mut self.stream).poll_read(&mut cx, &mut buffer).is_ready();
        }
        !self.is_spent
    }

    /// As the last exchange left it, without a look at the wire.
    pub fn is_spent(&self) -> bool {
        self.is_spent
    }

    /// Sends a request and reads its answer to the end. `began` is when its time starts, usually
    /// now. Dropped within, it leaves a connection that is spent.
    pub async fn exchange<K: Sink>(
        &mut self,
        request: &Rendered,
        sink: &mut K,
        began: Instant,
        patience: Patience,
    ) -> Exchange {
        self.is_spent = true;
        self.exchanges += 1;
        let mut exchange = Exchange::beginning(began);
        let mut answer = Answer::new(request.is_head());
        let due = began + patience.whole;
        let unsent =
            self.write(request.bytes(), due.min(began + patience.silence), &mut exchange).await.err();
        // Who refuses a request before it has read it all has often said why.
        exchange.outcome = match unsent {
            Some(error) if error.class != ErrorClass::Reset => Err(error),
            unsent => {
                let read = self.read(&mut answer, sink, due, patience.silence, &mut exchange).await;
                match (unsent, read) {
                    (Some(unsent), Err(_)) => Err(unsent),
                    (_, read) => read,
                }
            }
        };
        if exchange.outcome.is_err() {
            exchange.ended = self.clock.instant();
        }
        exchange.status = answer.status();
        exchange.body_bytes = answer.body_bytes();
        self.is_spent |= exchange.outcome.is_err();
        exchange
    }

    async fn write(&mut self, bytes: &[u8], due: Instant, exchange: &mut Exchange) -> Result<(), HttpError> {
        let Self { stream, alarm, .. } = self;
        let mut sent = 0;
        poll_fn(|cx| {
            while sent < bytes.len() {
                match Pin::new(&mut *stream).poll_write(cx, &bytes[sent..]) {
                    Poll::Ready(Ok(0)) => return Poll::Ready(Err(lost(&io::ErrorKind::WriteZero.into()))),
                    Poll::Ready(Ok(length)) => sent += length,
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(lost(&error))),
                    Poll::Pending => return alarm.poll(cx, due).map(|()| Err(silent("to take the request"))),
                }
                exchange.sent_bytes = sent as u64;
            }
            match Pin::new(&mut *stream).poll_flush(cx) {
                Poll::Ready(flushed) => Poll::Ready(flushed.map_err(|error| lost(&error))),
                Poll::Pending => alarm.poll(cx, due).map(|()| Err(silent("to take the request"))),
            }
        })
        .await?;
        exchange.written = Some(self.clock.instant());
        Ok(())
    }

    /// Until the answer has ended; `is_spent` is then what the answer says of it.
    async fn read<K: Sink>(
        &mut self,
        answer: &mut Answer,
        sink: &mut K,
        due: Instant,
        silence: Duration,
        exchange: &mut Exchange,
    ) -> Result<(), HttpError> {
        let mut heard = exchange.written.unwrap_or(exchange.began);
        // Of the buffer, what was read and not used: a head that is not whole yet.
        let mut held = 0;
        loop {
            if held == self.buffer.len() {
                if held >= LONGEST_HEAD_BYTES {
                    let message = format!("answer has a head of more than {LONGEST_HEAD_BYTES} bytes");
                    return Err(HttpError::malformed(message));
                }
                self.buffer.resize(held * 2, 0);
            }
            let has_begun = exchange.first_byte.is_some();
            let length = match self.receive(held, due.min(heard + silence)).await {
                Ok(length) => length,
                Err(Unread::Silent) if has_begun => return Err(silent("to go on with the answer")),
                Err(Unread::Silent) => return Err(silent("to answer")),
                Err(Unread::Failed(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    // TLS that was not closed properly: its end proves nothing.
                    return Err(if has_begun { cut(&error) } else { lost(&error) });
                }
                Err(Unread::Failed(error)) => return Err(if has_begun { cut(&error) } else { lost(&error) }),
            };
            if length == 0 {
                exchange.ended = self.clock.instant();
                return answer.end(has_begun);
            }
            heard = self.clock.instant();
            exchange.first_byte.get_or_insert(heard);
            exchange.received_bytes += length as u64;
            let available = held + length;
            let used = answer.feed(&self.buffer[..available], heard, sink)?;
            if answer.is_done() {
                exchange.ended = heard;
                // Bytes after the answer belong to nothing that was asked.
                self.is_spent = !answer.keeps() || used < available;
                return Ok(());
            }
            self.buffer.copy_within(used..available, 0);
            held = available - used;
        }
    }

    /// Reads what there is to behind `held` bytes of the buffer; 0 at the end.
    async fn receive(&mut self, held: usize, due: Instant) -> Result<usize, Unread> {
        let Self { stream, alarm, buffer, .. } = self;
        let mut buffer = ReadBuf::new(&mut buffer[held..]);
        poll_fn(|cx| match Pin::new(&mut *stream).poll_read(cx, &mut buffer) {
            Poll::Ready(read) => Poll::Ready(read.map_err(Unread::Failed)),
            Poll::Pending => alarm.poll(cx, due).map(|()| Err(Unread::Silent)),
        })
        .await?;
        Ok(buffer.filled().len())
    }
}

enum Unread {
    Silent,
    Failed(io::Error),
}

fn silent(what: &str) -> HttpError {
    HttpError::new(ErrorClass::ReadTimeout, format!("the server took too long {what}"))
}

fn lost(error: &io::Error) -> HttpError {
    HttpError::of_io("connection lost before the answer", error, ErrorClass::Reset)
}

fn cut(error: &io::Error) -> HttpError {
    HttpError::new(ErrorClass::CutShort, format!("connection lost within the answer: {error}"))
}
