//! The rows of a run on local disk, appended as hosts answer, read back table by table.
//!
//! In memory stays an index of 24 bytes a frame: 5,000 hosts with 8 tables are 1 MB. Frames
//! gather in memory up to 1 MiB and are written by a blocking thread at the offset they
//! were promised, so a dropped future leaves no hole. The first failed write breaks the
//! spool: every later call gets the same error.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Display;
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::watch;

use crate::model::failure::{Failure, FailureKind};
use crate::model::target::HostName;
use crate::output::frame::{self, Span};
use crate::output::hold::{self, hold};
use crate::tables::table::{RowBatch, TableId, TableSpec};

/// Bytes that gather before they are written.
const PENDING_BYTES: usize = 1024 * 1024;

/// The spool cannot be written or read any more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot {doing} the spool {}: {cause}", path.display())]
pub struct SpoolError {
    pub doing: &'static str,
    pub path: PathBuf,
    pub cause: String,
    /// Nothing is wrong with it: another process holds it.
    pub is_held: bool,
}

impl From<SpoolError> for Failure {
    fn from(error: SpoolError) -> Self {
        let kind = if error.is_held { FailureKind::Busy } else { FailureKind::Store };
        Failure::new(kind, error.to_string())
    }
}

/// An append-only file of rows, shared by all steps of a run.
#[derive(Clone)]
pub struct Spool {
    pub(in crate::output) file: Arc<SpoolFile>,
}

pub(in crate::output) struct SpoolFile {
    pub(in crate::output) path: PathBuf,
    /// Holds the lock: no other process takes up what this one still writes.
    held: File,
    pub(in crate::output) tables: Vec<&'static TableSpec>,
    /// Held by the blocking thread that writes.
    disk: Arc<tokio::sync::Mutex<()>>,
    state: Mutex<State>,
    /// How many hosts are finished.
    finished: watch::Sender<usize>,
}

#[derive(Default)]
pub(in crate::output) struct State {
    /// Promised to the file, not yet written.
    pending: Vec<u8>,
    /// Where `pending` begins in the file.
    pending_at: u64,
    /// The first failed write.
    broken: Option<SpoolError>,
    pub(in crate::output) hosts: Vec<HostName>,
    pub(in crate::output) host_numbers: HashMap<HostName, u32>,
    /// By table, as in `SpoolFile::tables`: the number of the host, and its rows.
    pub(in crate::output) index: Vec<Vec<(u32, Span)>>,
    /// In the order in which they ended, each with where its note lies.
    pub(in crate::output) finished: Vec<(HostName, Span)>,
}

/// The spool of a slot, as this run found it.
pub struct TakenUp<T> {
    /// Continues the same file. Only finished hosts have rows in it.
    pub spool: Spool,
    /// The finished hosts in the order in which they ended, each with what was noted for it.
    pub finished: Vec<(HostName, T)>,
    /// What lay there answered another question, and is gone.
    pub discarded: bool,
}

impl Spool {
    /// Begins a new file. One that exists is an error.
    pub fn create(path: &Path, tables: &[&'static TableSpec]) -> Result<Self, SpoolError> {
        let file = held(path)?;
        let begun = file.metadata().and_then(|found| match found.len() {
            0 => begin(&file, &frame::head(tables, "")),
            _ => Err(io::Error::from(io::ErrorKind::AlreadyExists)),
        });
        let end = begun.map_err(|error| failed("create", path, &error))?;
        Ok(Self::continuing(path, file, tables, end))
    }

    /// Opens the spool of a slot, or begins it. Of an earlier try the finished hosts whose
    /// note makes sense are taken; the others and a torn tail are forgotten. Rows for another
    /// `question` (one line), or for other tables or schemas, are discarded.
    pub fn take_up<T>(
        path: &Path,
        tables: &[&'static TableSpec],
        question: &str,
        read_note: impl Fn(&[u8]) -> Option<T>,
    ) -> Result<TakenUp<T>, SpoolError> {
        let file = held(path)?;
        let head = frame::head(tables, question);
        let unusable = |error: io::Error| failed("take up", path, &error);
        let Some(scan) = frame::scan(&file, &head, tables).map_err(unusable)? else {
            let discarded = file.metadata().map_err(unusable)?.len() > 0;
            let end = begin(&file, &head).map_err(unusable)?;
            let spool = Self::continuing(path, file, tables, end);
            return Ok(TakenUp { spool, finished: Vec::new(), discarded });
        };
        let spool = Self::continuing(path, file, tables, scan.end);
        let mut state = spool.file.lock();
        let mut finished = Vec::new();
        for (host, span, note) in scan.finished {
            if let Some(note) = read_note(&note) {
                state.finished.push((host.clone(), span));
                finished.push((host, note));
            }
        }
        spool.file.finished.send_replace(finished.len());
        let kept: BTreeSet<&HostName> = finished.iter().map(|(host, _)| host).collect();
        let mut forgotten = BTreeSet::new();
        for (host, table, span) in scan.rows {
            if kept.contains(&host) {
                let number = state.number(&host);
                state.index[table].push((number, span));
            } else if forgotten.insert(host.clone()) {
                state.pending.extend(frame::forgotten(&host));
            }
        }
        drop(state);
        Ok(TakenUp { spool, finished, discarded: false })
    }

    fn continuing(path: &Path, held: File, tables: &[&'static TableSpec], pending_at: u64) -> Self {
        let index = vec![Vec::new(); tables.len()];
        let state = Mutex::new(State { pending_at, index, ..State::default() });
        let (path, tables, finished) = (path.to_owned(), tables.to_vec(), watch::Sender::new(0));
        Self { file: Arc::new(SpoolFile { path, held, tables, disk: Arc::default(), state, finished }) }
    }

    /// Appends rows of a host. Waits for the disk when a mebibyte has gathered: that is the
    /// backpressure on the steps.
    pub async fn append(&self, host: &HostName, rows: &RowBatch) -> Result<(), SpoolError> {
        let table = self.file.table(rows.table)?;
        let (frame, mut span) = frame::rows(host, rows.table, &rows.columns)
            .map_err(|error| self.file.failed("append to", &error))?;
        self.promise(&frame, |state, at| {
            span.offset += at;
            let number = state.number(host);
            state.index[table].push((number, span));
        })
        .await
    }

    /// Which lock keeps other processes of this machine away (`hold::name`).
    pub fn lock(&self) -> Option<String> {
        hold::name(&self.file.held)
    }

    /// Says that a host is done, with whatever the engine wants back after a restart. It
    /// outlives the process once it is flushed.
    pub async fn finish_host(&self, host: &HostName, note: &[u8]) -> Result<(), SpoolError> {
        let (frame, mut span) = frame::finished(host, note);
        self.promise(&frame, |state, at| {
            span.offset += at;
            self.file.note_finished(state, host, span);
        })
        .await
    }

    /// How many hosts are finished, now and whenever one more is.
    pub fn watch_finished(&self) -> watch::Receiver<usize> {
        self.file.finished.subscribe()
    }

    /// The finished hosts in the order in which they ended, from so manyth on.
    pub fn finished_since(&self, first: usize) -> Vec<HostName> {
        let state = self.file.lock();
        state.finished.iter().skip(first).map(|(host, _)| host.clone()).collect()
    }

    /// Takes a frame; `at` is where in the file it will lie.
    pub(in crate::output) async fn promise(
        &self,
        frame: &[u8],
        index: impl FnOnce(&mut State, u64),
    ) -> Result<(), SpoolError> {
        let full = {
            let mut state = self.file.lock();
            state.usable()?;
            let at = state.end();
            state.pending.extend_from_slice(frame);
            index(&mut state, at);
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

    /// Where temporary files of the run may lie beside it.
    pub fn folder(&self) -> PathBuf {
        self.file.path.parent().map_or_else(PathBuf::new, Path::to_owned)
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
    pub(in crate::output) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of the spool's state panics")
    }

    pub(in crate::output) fn note_finished(&self, state: &mut State, host: &HostName, note: Span) {
        state.finished.push((host.clone(), note));
        self.finished.send_replace(state.finished.len());
    }

    pub(in crate::output) fn failed(&self, doing: &'static str, cause: &dyn Display) -> SpoolError {
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
    pub(in crate::output) fn usable(&self) -> Result<(), SpoolError> {
        self.broken.clone().map_or(Ok(()), Err)
    }

    fn end(&self) -> u64 {
        self.pending_at + self.pending.len() as u64
    }

    pub(in crate::output) fn number(&mut self, host: &HostName) -> u32 {
        if let Some(number) = self.host_numbers.get(host) {
            return *number;
        }
        let number = self.hosts.len() as u32;
        self.hosts.push(host.clone());
        self.host_numbers.insert(host.clone(), number);
        number
    }
}

fn held(path: &Path) -> Result<File, SpoolError> {
    let held = hold(path).map_err(|error| failed("open", path, &error))?;
    held.ok_or_else(|| {
        let busy = failed("open", path, &"another process is at work on this slot");
        SpoolError { is_held: true, ..busy }
    })
}

/// Empties the file and writes its head; gives back where that ends.
fn begin(mut file: &File, head: &[u8]) -> io::Result<u64> {
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(head)?;
    Ok(head.len() as u64)
}

fn failed(doing: &'static str, path: &Path, cause: &dyn Display) -> SpoolError {
    SpoolError { doing, path: path.to_owned(), cause: cause.to_string(), is_held: false }
}
