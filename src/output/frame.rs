//! How a spool file is laid out, and what can still be read from one. The frames of a staged
//! part are the same.
//!
//! ```text
//! file  = "lustrum-spool 3 <schemas: 64 hex> <the question>\n" frame*
//! frame = u32 length of body | u32 CRC-32 of body | body              (little endian)
//! body  = u8 kind | u16 length, host | rest
//! rest  = 'R' rows:      u16 length, table | a block of packed rows
//!         'F' finished:  what the engine wants back after a restart
//!         'X' forgotten: nothing; earlier rows of this host do not count
//! ```
//! Rows are packed without their schema, which the table knows.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};

use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use sha2::{Digest, Sha256};

use crate::model::target::HostName;
use crate::output::packed;
use crate::output::published::{fingerprint, hex};
use crate::tables::table::{TableId, TableSpec};

const ROWS: u8 = b'R';
const FINISHED: u8 = b'F';
const FORGOTTEN: u8 = b'X';
const PREFIX_BYTES: usize = 8;

/// Twenty rows of a wide table: no frame is grown bit by bit.
const USUAL_BYTES: usize = 16 * 1024;

/// Where the rows of a frame lie.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    pub offset: u64,
    pub bytes: u32,
}

/// The first line: rows are only ever decoded with the schemas they were encoded with, and
/// taken up only by a run that asks the same `question`.
pub fn head(tables: &[&'static TableSpec], question: &str) -> Vec<u8> {
    format!("lustrum-spool 3 {} {question}\n", schemas(tables)).into_bytes()
}

/// What the tables and their columns are: 64 hex digits.
pub fn schemas(tables: &[&'static TableSpec]) -> String {
    let mut schemas = Sha256::new();
    for spec in tables {
        schemas.update(format!("{} {}\n", spec.id, fingerprint(&(spec.schema)())));
    }
    hex(&schemas.finalize())
}

/// A frame of rows, and where in it they lie.
pub fn rows(host: &HostName, table: TableId, rows: &RecordBatch) -> Result<(Vec<u8>, Span), ArrowError> {
    let mut frame = begin(ROWS, host);
    frame.extend(short(table.as_str()));
    let offset = frame.len();
    packed::pack(rows, &mut frame)?;
    let bytes =
        u32::try_from(frame.len()).map_err(|_| ArrowError::IpcError("rows of 4 GiB at once".to_owned()))?;
    Ok((seal(frame), Span { offset: offset as u64, bytes: bytes - offset as u32 }))
}

/// A frame that says that a host is done, and where in it the note lies.
pub fn finished(host: &HostName, note: &[u8]) -> (Vec<u8>, Span) {
    let mut frame = begin(FINISHED, host);
    let span = Span { offset: frame.len() as u64, bytes: note.len() as u32 };
    frame.extend_from_slice(note);
    (seal(frame), span)
}

pub fn forgotten(host: &HostName) -> Vec<u8> {
    seal(begin(FORGOTTEN, host))
}

/// The whole frame around rows of a table, or around a note.
pub fn around(span: Span, host: &HostName, table: Option<TableId>) -> Span {
    let short = |text: &str| 2 + text.len();
    let before = PREFIX_BYTES + 1 + short(host.as_str()) + table.map_or(0, |table| short(table.as_str()));
    Span { offset: span.offset - before as u64, bytes: span.bytes + before as u32 }
}

/// What a whole pass over a file found.
#[derive(Default)]
pub struct Scan {
    /// Host, index of the table, where.
    pub rows: Vec<(HostName, usize, Span)>,
    /// In the order in which they ended; with the note, and where it lies.
    pub finished: Vec<(HostName, Span, Vec<u8>)>,
    /// Where the last whole frame ends.
    pub end: u64,
}

/// Reads a file from its start to the first frame that is not whole, and cuts it there.
/// `None`: it begins with another head.
pub fn scan(file: &File, head: &[u8], tables: &[&'static TableSpec]) -> io::Result<Option<Scan>> {
    let size = file.metadata()?.len();
    let mut file = BufReader::new(file);
    file.rewind()?;
    let mut found = vec![0; head.len()];
    if size < head.len() as u64 {
        return Ok(None);
    }
    file.read_exact(&mut found)?;
    if found != head {
        return Ok(None);
    }
    let mut scan = Scan { end: head.len() as u64, ..Scan::default() };
    scan.pass(&mut file, size, tables)?;
    file.get_ref().set_len(scan.end)?;
    Ok(Some(scan))
}

/// Reads frames that were never cut. `None`: some of it is no frame of ours.
pub fn scan_whole(mut frames: &[u8], tables: &[&'static TableSpec]) -> Option<Scan> {
    let (mut scan, size) = (Scan::default(), frames.len() as u64);
    scan.pass(&mut frames, size, tables).ok()?;
    (scan.end == size).then_some(scan)
}

/// The next body, or nothing when the rest is not a whole frame.
fn next_body(file: &mut impl Read, left: u64) -> io::Result<Option<Vec<u8>>> {
    if left < PREFIX_BYTES as u64 {
        return Ok(None);
    }
    let (mut length, mut crc) = ([0; 4], [0; 4]);
    file.read_exact(&mut length)?;
    file.read_exact(&mut crc)?;
    let length = u32::from_le_bytes(length);
    if u64::from(length) > left - PREFIX_BYTES as u64 {
        return Ok(None);
    }
    let mut body = vec![0; length as usize];
    file.read_exact(&mut body)?;
    Ok((crc32fast::hash(&body) == u32::from_le_bytes(crc)).then_some(body))
}

impl Scan {
    /// Takes frames up to the first that is not whole, or not of our making.
    fn pass(&mut self, file: &mut impl Read, size: u64, tables: &[&'static TableSpec]) -> io::Result<()> {
        while let Some(body) = next_body(file, size - self.end)? {
            if self.take(&body, tables).is_none() {
                break;
            }
            self.end += (PREFIX_BYTES + body.len()) as u64;
        }
        Ok(())
    }

    /// Takes one frame; `None` when it is not of our making.
    fn take(&mut self, body: &[u8], tables: &[&'static TableSpec]) -> Option<()> {
        let (&kind, rest) = body.split_first()?;
        let (host, rest) = split_short(rest)?;
        let host = HostName::parse(host).ok()?;
        match kind {
            ROWS => {
                let (table, rest) = split_short(rest)?;
                let table = tables.iter().position(|spec| spec.id.as_str() == table)?;
                let offset = self.end + (PREFIX_BYTES + body.len() - rest.len()) as u64;
                self.rows.push((host, table, Span { offset, bytes: u32::try_from(rest.len()).ok()? }));
            }
            FINISHED => {
                let offset = self.end + (PREFIX_BYTES + body.len() - rest.len()) as u64;
                let span = Span { offset, bytes: u32::try_from(rest.len()).ok()? };
                self.finished.push((host, span, rest.to_vec()));
            }
            FORGOTTEN => {
                self.rows.retain(|(other, ..)| *other != host);
                self.finished.retain(|(other, ..)| *other != host);
            }
            _ => return None,
        }
        Some(())
    }
}

/// A frame whose prefix is not yet known.
fn begin(kind: u8, host: &HostName) -> Vec<u8> {
    let mut frame = Vec::with_capacity(USUAL_BYTES);
    frame.resize(PREFIX_BYTES, 0);
    frame.push(kind);
    frame.extend(short(host.as_str()));
    frame
}

fn seal(mut frame: Vec<u8>) -> Vec<u8> {
    let (prefix, body) = frame.split_at_mut(PREFIX_BYTES);
    prefix[..4].copy_from_slice(&(body.len() as u32).to_le_bytes());
    prefix[4..].copy_from_slice(&crc32fast::hash(body).to_le_bytes());
    frame
}

fn short(text: &str) -> Vec<u8> {
    [&(text.len() as u16).to_le_bytes()[..], text.as_bytes()].concat()
}

fn split_short(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (text, rest) = rest.split_at_checked(u16::from_le_bytes(*length) as usize)?;
    Some((std::str::from_utf8(text).ok()?, rest))
}
