//! Where an answer goes while it arrives.

use tokio::time::Instant;

use crate::transport::http::error::HttpError;

/// The head of a final answer.
#[derive(Debug)]
pub struct Head<'a> {
    pub status: u16,
    pub headers: &'a [httparse::Header<'a>],
}

impl<'a> Head<'a> {
    /// The first header of a name, if it is text.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        let header = self.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(header.value).ok().map(str::trim)
    }
}

/// Takes an answer piece by piece, as it comes off the wire; `at` is when the bytes were read.
pub trait Sink {
    fn head(&mut self, head: &Head<'_>, at: Instant);

    /// A piece of the body without its framing. An error ends the exchange and the connection.
    fn body(&mut self, piece: &[u8], at: Instant) -> Result<(), HttpError>;
}

/// Nobody looks at it: the exchange itself says status and bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Discard;

impl Sink for Discard {
    fn head(&mut self, _head: &Head<'_>, _at: Instant) {}

    fn body(&mut self, _piece: &[u8], _at: Instant) -> Result<(), HttpError> {
        Ok(())
    }
}

/// Keeps the headers, and the body up to a limit; what is longer is read and dropped.
#[derive(Clone, Debug)]
pub struct Keep {
    limit_bytes: usize,
    /// Names in lower case, in the order they came in.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// More came than was kept.
    pub is_cut: bool,
}

impl Keep {
    pub fn up_to(limit_bytes: usize) -> Self {
        Self { limit_bytes, headers: Vec::new(), body: Vec::new(), is_cut: false }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Ready for the next answer, with the memory of the last.
    pub fn clear(&mut self) {
        self.headers.clear();
        self.body.clear();
        self.is_cut = false;
    }
}

impl Sink for Keep {
    fn head(&mut self, head: &Head<'_>, _at: Instant) {
        self.headers.extend(head.headers.iter().map(|header| {
            (header.name.to_ascii_lowercase(), String::from_utf8_lossy(header.value).trim().to_owned())
        }));
    }

    fn body(&mut self, piece: &[u8], _at: Instant) -> Result<(), HttpError> {
        let room = self.limit_bytes - self.body.len();
        self.is_cut |= piece.len() > room;
        self.body.extend_from_slice(&piece[..piece.len().min(room)]);
        Ok(())
    }
}
