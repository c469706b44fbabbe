//! A body in pieces: what is written small need never lie in memory as one block.

use std::io::{self, Read, Write};

use bytes::Bytes;
use object_store::PutPayload;

/// Small enough to come from memory that an allocator has at hand.
const PIECE_BYTES: usize = 64 * 1024;

/// Takes a body as it is made.
#[derive(Default)]
pub struct PieceWriter {
    full: Vec<Bytes>,
    open: Vec<u8>,
}

impl PieceWriter {
    pub fn finish(mut self) -> PutPayload {
        self.full.push(self.open.into());
        self.full.into_iter().collect()
    }
}

impl Write for PieceWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.open.capacity() == 0 {
            self.open.reserve_exact(PIECE_BYTES);
        }
        let taken = bytes.len().min(PIECE_BYTES - self.open.len());
        self.open.extend_from_slice(&bytes[..taken]);
        if self.open.len() == PIECE_BYTES {
            self.full.push(std::mem::take(&mut self.open).into());
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads a body piece by piece.
pub struct Pieces<'a> {
    rest: std::slice::Iter<'a, Bytes>,
    current: &'a [u8],
}

impl<'a> Pieces<'a> {
    pub fn of(body: &'a PutPayload) -> Self {
        Self { rest: body.as_ref().iter(), current: &[] }
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            let Some(next) = self.rest.next() else { return Ok(0) };
            self.current = next;
        }
        self.current.read(into)
    }
}
