//! How a spool file is laid out, and what can still be read from one.
//!
//! ```text
//! file  = "lustrum-spool 1 <schemas: 64 hex>\n" frame*
//! frame = u32 length of body | u32 CRC-32 of body | body              (little endian)
//! body  = u8 kind | u16 length, host | rest
//! rest  = 'R' rows:      u16 length, table | u32 length, IPC message | IPC body
//!         'F' finished:  what the engine wants back after a restart
//!         'X' forgotten: nothing; earlier rows of this host do not count
//! ```
//! Rows are Arrow IPC record-batch messages without their schema, which the table knows.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::writer::{DictionaryTracker, IpcDataGenerator, IpcWriteContext, IpcWriteOptions};
use arrow_ipc::{MetadataVersion, reader, root_as_message};
use arrow_schema::{ArrowError, SchemaRef};
use sha2::{Digest, Sha256};

use crate::model::target::HostName;
use crate::output::published::{fingerprint, hex};
use crate::tables::table::{TableId, TableSpec};

const ROWS: u8 = b'R';
const FINISHED: u8 = b'F';
const FORGOTTEN: u8 = b'X';
const PREFIX_BYTES: usize = 8;

/// Where the rows of a frame lie: the IPC message, and right behind it the IPC body.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    pub offset: u64,
    pub message_bytes: u32,
    pub body_bytes: u32,
}

/// The first line: rows are only ever decoded with the schemas they were encoded with.
pub fn head(tables: &[&'static TableSpec]) -> Vec<u8> {
    let mut schemas = Sha256::new();
    for spec in tables {
        schemas.update(format!("{} {}\n", spec.id, fingerprint(&(spec.schema)())));
    }
    format!("lustrum-spool 1 {}\n", hex(&schemas.finalize())).into_bytes()
}

/// A frame of rows, and where in it they lie.
pub fn rows(host: &HostName, table: TableId, rows: &RecordBatch) -> Result<(Vec<u8>, Span), ArrowError> {
    let options = IpcWriteOptions::try_new(8, false, MetadataVersion::V5)?;
    let (mut no_dictionaries, mut scratch) = (DictionaryTracker::new(false), IpcWriteContext::default());
    let (_, encoded) = IpcDataGenerator {}.encode(rows, &mut no_dictionaries, &options, &mut scratch)?;
    let (message, body) = (encoded.ipc_message, encoded.arrow_data);
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).map_err(|_| broken("rows of 4 GiB at once"));
    let (message_bytes, body_bytes) = (length(&message)?, length(&body)?);
    let rest = [&short(table.as_str()), &message_bytes.to_le_bytes()[..], &message, &body].concat();
    let frame = frame(ROWS, host, &rest);
    let offset = (frame.len() - message.len() - body.len()) as u64;
    Ok((frame, Span { offset, message_bytes, body_bytes }))
}

pub fn finished(host: &HostName, note: &[u8]) -> Vec<u8> {
    frame(FINISHED, host, note)
}

pub fn forgotten(host: &HostName) -> Vec<u8> {
    frame(FORGOTTEN, host, &[])
}

/// The rows of a span's bytes.
pub fn decode(span: Span, mut bytes: Vec<u8>, schema: SchemaRef) -> Result<RecordBatch, ArrowError> {
    let body = Buffer::from_vec(bytes.split_off(span.message_bytes as usize));
    let message = root_as_message(&bytes).map_err(|error| broken(&error.to_string()))?;
    let batch = message.header_as_record_batch().ok_or_else(|| broken("a frame that holds no rows"))?;
    reader::read_record_batch(&body, batch, schema, &HashMap::new(), None, &message.version())
}

/// What a whole pass over a file found.
#[derive(Default)]
pub struct Scan {
    /// Host, index of the table, where.
    pub rows: Vec<(HostName, usize, Span)>,
    pub finished: Vec<(HostName, Vec<u8>)>,
    /// Where the last whole frame ends.
    pub end: u64,
}

/// Reads a file from its start to the first frame that is not whole, and cuts it there.
pub fn scan(path: &Path, tables: &[&'static TableSpec]) -> io::Result<Scan> {
    let mut file = BufReader::new(File::options().read(true).write(true).open(path)?);
    let expected = head(tables);
    let mut found = vec![0; expected.len()];
    file.read_exact(&mut found)?;
    if found != expected {
        return Err(io::Error::other("it holds other tables or schemas"));
    }
    let mut scan = Scan { end: expected.len() as u64, ..Scan::default() };
    let size = file.get_ref().metadata()?.len();
    while let Some(body) = next_body(&mut file, size - scan.end)? {
        if scan.take(&body, tables).is_none() {
            break;
        }
        scan.end += (PREFIX_BYTES + body.len()) as u64;
    }
    file.get_ref().set_len(scan.end)?;
    Ok(scan)
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
    /// Takes one frame; `None` when it is not of our making.
    fn take(&mut self, body: &[u8], tables: &[&'static TableSpec]) -> Option<()> {
        let (&kind, rest) = body.split_first()?;
        let (host, rest) = split_short(rest)?;
        let host = HostName::parse(host).ok()?;
        match kind {
            ROWS => {
                let (table, rest) = split_short(rest)?;
                let table = tables.iter().position(|spec| spec.id.as_str() == table)?;
                let (length, rest) = rest.split_first_chunk()?;
                let message_bytes = u32::from_le_bytes(*length);
                let body_bytes = u32::try_from(rest.len()).ok()?.checked_sub(message_bytes)?;
                let offset = self.end + (PREFIX_BYTES + body.len() - rest.len()) as u64;
                self.rows.push((host, table, Span { offset, message_bytes, body_bytes }));
            }
            FINISHED => self.finished.push((host, rest.to_vec())),
            FORGOTTEN => self.rows.retain(|(other, ..)| *other != host),
            _ => return None,
        }
        Some(())
    }
}

fn frame(kind: u8, host: &HostName, rest: &[u8]) -> Vec<u8> {
    let body = [&[kind], &short(host.as_str())[..], rest].concat();
    let length = (body.len() as u32).to_le_bytes();
    [&length[..], &crc32fast::hash(&body).to_le_bytes(), &body].concat()
}

fn short(text: &str) -> Vec<u8> {
    [&(text.len() as u16).to_le_bytes()[..], text.as_bytes()].concat()
}

fn split_short(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (text, rest) = rest.split_at_checked(u16::from_le_bytes(*length) as usize)?;
    Some((std::str::from_utf8(text).ok()?, rest))
}

fn broken(what: &str) -> ArrowError {
    ArrowError::IpcError(what.to_owned())
}
