//! The rows of a run on local disk, appended as hosts answer, read back table by table.
//!
//! ```text
//! file  = "lustrum-spool 1 <schemas: 64 hex>\n" frame*
//! frame = u32 length of body | u32 CRC-32 of body | body              (little endian)
//! body  = u8 kind | u8 length, host | rest
//! rest  = 'R' rows:      u8 length, table | u32 length, IPC message | IPC body
//!         'F' finished:  what the engine wants back after a restart
//!         'X' forgotten: nothing; earlier rows of this host do not count
//! ```
//! Rows are Arrow IPC record-batch messages without their schema, which the table knows.
//! In memory stays an index of 24 bytes a frame: 5,000 hosts with 8 tables are 1 MB.
//! Frames gather in memory up to 1 MiB and are written by a blocking thread, at the offset
//! they were promised, so a dropped future leaves no hole. A torn tail is ignored.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::writer::{DictionaryTracker, IpcDataGenerator, IpcWriteContext, IpcWriteOptions};
use arrow_ipc::{MetadataVersion, reader, root_as_message};
use arrow_schema::{ArrowError, SchemaRef};
use sha2::{Digest, Sha256};

use crate::model::target::HostName;
use crate::output::published::{fingerprint, hex};
use crate::tables::table::{RowBatch, TableId, TableSpec};

/// Bytes that gather before they are written.
const PENDING_BYTES: usize = 1024 * 1024;

const ROWS: u8 = b'R';
const FINISHED: u8 = b'F';
const FORGOTTEN: u8 = b'X';
const FRAME_HEAD: usize = 8;

/// The spool cannot be written or read any more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot {doing} the spool {}: {cause}", path.display())]
pub struct SpoolError {
    pub doing: &'static str,
    pub path: PathBuf,
    pub cause: String,
}

/// An append-only file of rows, shared by all steps of a run.
#[derive(Clone)]
pub struct Spool {
    file: Arc<SpoolFile>,
}

struct SpoolFile {
    path: PathBuf,
    tables: Vec<&'static TableSpec>,
    /// Locked by whoever writes; held by the blocking thread itself.
    disk: Arc<tokio::sync::Mutex<()>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Promised to the file, not yet written.
    pending: Vec<u8>,
    /// Where `pending` begins in the file.
    pending_at: u64,
    /// The first failed write; every later call gets it too.
    broken: Option<SpoolError>,
    hosts: Vec<HostName>,
    host_numbers: HashMap<HostName, u32>,
    /// By table, as in `SpoolFile::tables`.
    frames: Vec<Vec<Frame>>,
}

/// Where the rows of one frame lie: the IPC message and its body.
#[derive(Clone, Copy)]
struct Frame {
    offset: u64,
    host: u32,
    message_bytes: u32,
    body_bytes: u32,
}

/// What a spool of an interrupted run still holds.
pub struct Recovered {
    /// Continues the same file. Only finished hosts have rows in it.
    pub spool: Spool,
    /// The finished hosts, each with what was noted for it.
    pub finished: Vec<(HostName, Vec<u8>)>,
}

impl Spool {
    /// Begins a new file; one that exists is an error, because it may be a run to resume.
    pub fn create(path: &Path, tables: &[&'static TableSpec]) -> Result<Self, SpoolError> {
        let head = head(tables);
        let made = File::options().write(true).create_new(true).open(path);
        made.and_then(|mut file| file.write_all(&head)).map_err(|error| failed("create", path, &error))?;
        Ok(Self::of(path, tables, State { pending_at: head.len() as u64, ..State::default() }))
    }

    /// Opens the spool of an interrupted run: takes its finished hosts, forgets the others
    /// and the torn tail. Fails when it was written for other tables or schemas.
    pub fn recover(path: &Path, tables: &[&'static TableSpec]) -> Result<Recovered, SpoolError> {
        let scan = scan(path, tables).map_err(|error| failed("recover", path, &error))?;
        let spool = Self::of(path, tables, State { pending_at: scan.end, ..State::default() });
        let finished: HashMap<_, _> = scan.finished.into_iter().collect();
        let mut forgotten = Vec::new();
        {
            let mut state = spool.file.lock();
            for (host, table, mut frame) in scan.frames {
                if finished.contains_key(&host) {
                    frame.host = state.number(&host);
                    state.frames[table].push(frame);
                } else if !forgotten.contains(&host) {
                    forgotten.push(host);
                }
            }
            for host in &forgotten {
                let body = body(FORGOTTEN, host, &[]);
                state.push(&body);
            }
        }
        let mut finished: Vec<_> = finished.into_iter().collect();
        finished.sort();
        Ok(Recovered { spool, finished })
    }

    fn of(path: &Path, tables: &[&'static TableSpec], state: State) -> Self {
        let state = Mutex::new(State { frames: vec![Vec::new(); tables.len()], ..state });
        let (path, tables) = (path.to_owned(), tables.to_vec());
        Self { file: Arc::new(SpoolFile { path, tables, disk: Arc::default(), state }) }
    }

    /// Appends rows of a host. Waits for the disk when a mebibyte has gathered: that is the
    /// backpressure on the steps.
    pub async fn append(&self, host: &HostName, rows: &RowBatch) -> Result<(), SpoolError> {
        let table = self.file.table(rows.table)?;
        let (message, data) = encode(&rows.columns).map_err(|error| self.file.failed("append to", &error))?;
        let name = rows.table.as_str().as_bytes();
        let place = [&[name.len() as u8], name, &(message.len() as u32).to_le_bytes()].concat();
        let head = body(ROWS, host, &place);
        let full = {
            let mut state = self.file.lock();
            state.usable()?;
            let offset = state.end() + (FRAME_HEAD + head.len()) as u64;
            let frame = Frame {
                offset,
                host: state.number(host),
                message_bytes: message.len() as u32,
                body_bytes: data.len() as u32,
            };
            state.push(&[head, message, data].concat());
            state.frames[table].push(frame);
            state.pending.len() >= PENDING_BYTES
        };
        if full { self.flush().await } else { Ok(()) }
    }

    /// Says that a host is done, with whatever the engine wants back after a restart.
    pub async fn finish_host(&self, host: &HostName, note: &[u8]) -> Result<(), SpoolError> {
        let full = {
            let mut state = self.file.lock();
            state.usable()?;
            state.push(&body(FINISHED, host, note));
            state.pending.len() >= PENDING_BYTES
        };
        if full { self.flush().await } else { Ok(()) }
    }

    /// Hands everything gathered to the operating system: it survives the process.
    pub async fn flush(&self) -> Result<(), SpoolError> {
        let alone = self.file.disk.clone().lock_owned().await;
        let file = self.file.clone();
        let written = tokio::task::spawn_blocking(move || {
            let written = file.write_pending();
            drop(alone);
            written
        });
        written.await.map_err(|error| self.file.failed("write", &error))?
    }

    /// All rows of a table, host by host in name order. To be read on a blocking thread.
    pub async fn rows(&self, table: TableId) -> Result<TableRows, SpoolError> {
        self.flush().await?;
        let index = self.file.table(table)?;
        let state = self.file.lock();
        state.usable()?;
        let mut frames: Vec<_> = state.frames[index].clone();
        frames.sort_by_key(|frame| (&state.hosts[frame.host as usize], frame.offset));
        let hosts = frames.iter().map(|frame| state.hosts[frame.host as usize].clone()).collect::<Vec<_>>();
        let frames = hosts.into_iter().zip(frames).collect::<Vec<_>>().into_iter().peekable();
        let schema = (self.file.tables[index].schema)();
        Ok(TableRows { file: self.file.clone(), open: None, schema, frames })
    }

    /// Deletes the file: the run is committed, or will not be resumed.
    pub async fn remove(self) -> Result<(), SpoolError> {
        let alone = self.file.disk.clone().lock_owned().await;
        let removed = tokio::fs::remove_file(&self.file.path).await;
        drop(alone);
        removed.map_err(|error| self.file.failed("remove", &error))
    }
}

impl SpoolFile {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of the spool's state panics")
    }

    fn failed(&self, doing: &'static str, cause: &dyn std::fmt::Display) -> SpoolError {
        failed(doing, &self.path, cause)
    }

    fn table(&self, id: TableId) -> Result<usize, SpoolError> {
        let found = self.tables.iter().position(|spec| spec.id == id);
        found.ok_or_else(|| self.failed("use", &format!("it was not opened for table {id}")))
    }

    fn write_pending(&self) -> Result<(), SpoolError> {
        let (chunk, offset) = {
            let mut state = self.lock();
            state.usable()?;
            let offset = state.pending_at;
            state.pending_at = state.end();
            (std::mem::take(&mut state.pending), offset)
        };
        let written = File::options().write(true).open(&self.path).and_then(|mut file| {
            file.seek(SeekFrom::Start(offset))?;
            file.write_all(&chunk)
        });
        written.map_err(|error| {
            let error = self.failed("write", &error);
            self.lock().broken = Some(error.clone());
            error
        })
    }
}

impl State {
    fn usable(&self) -> Result<(), SpoolError> {
        self.broken.clone().map_or(Ok(()), Err)
    }

    fn end(&self) -> u64 {
        self.pending_at + self.pending.len() as u64
    }

    fn number(&mut self, host: &HostName) -> u32 {
        if let Some(number) = self.host_numbers.get(host) {
            return *number;
        }
        let number = self.hosts.len() as u32;
        self.hosts.push(host.clone());
        self.host_numbers.insert(host.clone(), number);
        number
    }

    fn push(&mut self, body: &[u8]) {
        self.pending.extend_from_slice(&(body.len() as u32).to_le_bytes());
        self.pending.extend_from_slice(&crc32fast::hash(body).to_le_bytes());
        self.pending.extend_from_slice(body);
    }
}

/// The rows of one table, one batch a host.
pub struct TableRows {
    file: Arc<SpoolFile>,
    open: Option<File>,
    schema: SchemaRef,
    frames: std::iter::Peekable<std::vec::IntoIter<(HostName, Frame)>>,
}

impl TableRows {
    fn read(&mut self, frame: Frame) -> Result<RecordBatch, SpoolError> {
        let schema = self.schema.clone();
        let batch = self.file_at(frame.offset).and_then(|file| {
            let mut bytes = vec![0; (frame.message_bytes + frame.body_bytes) as usize];
            file.read_exact(&mut bytes)?;
            let data = bytes.split_off(frame.message_bytes as usize);
            decode(&bytes, data, schema).map_err(io::Error::other)
        });
        batch.map_err(|error| self.file.failed("read", &error))
    }

    fn file_at(&mut self, offset: u64) -> io::Result<&mut File> {
        let file = match self.open.take() {
            Some(file) => file,
            None => File::open(&self.file.path)?,
        };
        let file = self.open.insert(file);
        file.seek(SeekFrom::Start(offset))?;
        Ok(file)
    }
}

impl Iterator for TableRows {
    type Item = Result<(HostName, RecordBatch), SpoolError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (host, first) = self.frames.next()?;
        let mut batches = vec![self.read(first)];
        while let Some((_, frame)) = self.frames.next_if(|(next, _)| *next == host) {
            batches.push(self.read(frame));
        }
        let whole = batches.into_iter().collect::<Result<Vec<_>, _>>().and_then(|batches| {
            let whole = arrow_select::concat::concat_batches(&self.schema, &batches);
            whole.map_err(|error| self.file.failed("read", &error))
        });
        Some(whole.map(|rows| (host, rows)))
    }
}

fn failed(doing: &'static str, path: &Path, cause: &dyn std::fmt::Display) -> SpoolError {
    SpoolError { doing, path: path.to_owned(), cause: cause.to_string() }
}

/// The first line: rows are only ever decoded with the schemas they were encoded with.
fn head(tables: &[&'static TableSpec]) -> Vec<u8> {
    let mut schemas = Sha256::new();
    for spec in tables {
        schemas.update(format!("{} {}\n", spec.id, fingerprint(&(spec.schema)())));
    }
    format!("lustrum-spool 1 {}\n", hex(&schemas.finalize())).into_bytes()
}

fn body(kind: u8, host: &HostName, rest: &[u8]) -> Vec<u8> {
    let host = host.as_str().as_bytes();
    [&[kind, host.len() as u8], host, rest].concat()
}

fn encode(rows: &RecordBatch) -> Result<(Vec<u8>, Vec<u8>), ArrowError> {
    let options = IpcWriteOptions::try_new(8, false, MetadataVersion::V5)?;
    let mut no_dictionaries = DictionaryTracker::new(false);
    let mut context = IpcWriteContext::default();
    let (_, encoded) = IpcDataGenerator {}.encode(rows, &mut no_dictionaries, &options, &mut context)?;
    Ok((encoded.ipc_message, encoded.arrow_data))
}

fn decode(message: &[u8], data: Vec<u8>, schema: SchemaRef) -> Result<RecordBatch, ArrowError> {
    let broken = |what: &str| ArrowError::IpcError(what.to_owned());
    let message = root_as_message(message).map_err(|error| broken(&error.to_string()))?;
    let batch = message.header_as_record_batch().ok_or_else(|| broken("a frame that holds no rows"))?;
    let version = message.version();
    reader::read_record_batch(&Buffer::from_vec(data), batch, schema, &HashMap::new(), None, &version)
}

/// What a whole pass over a file found.
struct Scan {
    frames: Vec<(HostName, usize, Frame)>,
    finished: Vec<(HostName, Vec<u8>)>,
    /// Where the last whole frame ends.
    end: u64,
}

fn scan(path: &Path, tables: &[&'static TableSpec]) -> io::Result<Scan> {
    let mut file = BufReader::new(File::options().read(true).write(true).open(path)?);
    let expected = head(tables);
    let mut found = vec![0; expected.len()];
    file.read_exact(&mut found)?;
    if found != expected {
        return Err(io::Error::other("it holds other tables or schemas"));
    }
    let mut scan = Scan { frames: Vec::new(), finished: Vec::new(), end: expected.len() as u64 };
    let size = file.get_ref().metadata()?.len();
    while let Some(body) = next_body(&mut file, size - scan.end)? {
        if scan.take(&body, tables).is_none() {
            break;
        }
        scan.end += (FRAME_HEAD + body.len()) as u64;
    }
    file.get_ref().set_len(scan.end)?;
    Ok(scan)
}

/// The next body, or nothing when the rest is not a whole frame.
fn next_body(file: &mut impl Read, left: u64) -> io::Result<Option<Vec<u8>>> {
    if left < FRAME_HEAD as u64 {
        return Ok(None);
    }
    let mut head = [0; FRAME_HEAD];
    file.read_exact(&mut head)?;
    let [a, b, c, d, e, f, g, h] = head;
    let (length, crc) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
    if u64::from(length) > left - FRAME_HEAD as u64 {
        return Ok(None);
    }
    let mut body = vec![0; length as usize];
    file.read_exact(&mut body)?;
    Ok((crc32fast::hash(&body) == crc).then_some(body))
}

impl Scan {
    /// Takes one frame; `None` when it is not of our making.
    fn take(&mut self, body: &[u8], tables: &[&'static TableSpec]) -> Option<()> {
        let (&kind, rest) = body.split_first()?;
        let (host, rest) = short(rest)?;
        let host = HostName::parse(host).ok()?;
        match kind {
            ROWS => {
                let (table, rest) = short(rest)?;
                let table = tables.iter().position(|spec| spec.id.as_str() == table)?;
                let (length, rest) = rest.split_first_chunk::<4>()?;
                let message_bytes = u32::from_le_bytes(*length);
                let body_bytes = (rest.len() as u32).checked_sub(message_bytes)?;
                let offset = self.end + (FRAME_HEAD + body.len() - rest.len()) as u64;
                self.frames.push((host, table, Frame { offset, host: 0, message_bytes, body_bytes }));
            }
            FINISHED => self.finished.push((host, rest.to_vec())),
            FORGOTTEN => self.frames.retain(|(other, ..)| *other != host),
            _ => return None,
        }
        Some(())
    }
}

fn short(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (&length, rest) = bytes.split_first()?;
    let (text, rest) = rest.split_at_checked(length as usize)?;
    Some((std::str::from_utf8(text).ok()?, rest))
}
