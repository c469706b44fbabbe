//! The live CSV: a line for every request as soon as it has ended, in a file that outlives the
//! process, and that one process at a time may write.
//!
//! A line is one write(2): a process that is killed leaves all lines it wrote, and at most a piece
//! of one more, which the next process cuts off. What a machine that loses its power keeps is up to
//! its file system: nothing is synced. A file whose header differs is put aside as
//! `….bak-<timestamp>`.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use crate::output::hold;
use crate::probes::http_latency::line::{self, LINE_END};

/// How much of a file's end is read at a time.
const BLOCK_BYTES: u64 = 64 << 10;

#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("{} is being written by another process; expected one probe for one file", path.display())]
    Busy { path: PathBuf },
    #[error("{doing} {}: {error}", path.display())]
    Io { doing: &'static str, path: PathBuf, error: io::Error },
}

#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    /// The length of all whole lines.
    bytes: u64,
    /// Of the newest line; 0 before the first.
    last_run: u64,
    /// Where a file with other columns was put when this one was begun.
    put_aside: Option<PathBuf>,
}

impl Journal {
    /// Opens the file, or begins it, and locks it for as long as this value lives.
    pub fn open(path: &Path, now: DateTime<Utc>) -> Result<Self, JournalError> {
        let mut put_aside = None;
        loop {
            let file = hold::hold(path).map_err(failed("open", path))?;
            let file = file.ok_or_else(|| JournalError::Busy { path: path.to_owned() })?;
            match Self::take(path, file, now)? {
                Taken::Ours(journal) => return Ok(Self { put_aside, ..journal }),
                Taken::PutAside(aside) => put_aside = Some(aside),
            }
        }
    }

    /// Takes up a file that is locked, if it is ours.
    fn take(path: &Path, file: File, now: DateTime<Utc>) -> Result<Taken, JournalError> {
        let Some(Found { bytes, last_run }) = look_at(&file).map_err(failed("read", path))? else {
            let aside = free_name(path, now);
            fs::rename(path, &aside).map_err(failed("put aside", path))?;
            return Ok(Taken::PutAside(aside));
        };
        file.set_len(bytes).map_err(failed("repair", path))?;
        let mut journal = Self { path: path.to_owned(), file, bytes, last_run, put_aside: None };
        if bytes == 0 {
            journal.write(&line::header())?;
        }
        Ok(Taken::Ours(journal))
    }

    /// The number of the cycle that the newest line tells; 0 where there is none.
    pub fn last_run(&self) -> u64 {
        self.last_run
    }

    /// Where a file with other columns was put when this one was begun.
    pub fn put_aside(&self) -> Option<&Path> {
        self.put_aside.as_deref()
    }

    /// Adds one line, whole or not at all. A file that somebody moved or emptied meanwhile is
    /// begun anew.
    pub fn append(&mut self, line: &[u8], now: DateTime<Utc>) -> Result<(), JournalError> {
        if let Some(anew) = self.anew(now)? {
            *self = Self { last_run: self.last_run.max(anew.last_run), ..anew };
        }
        self.write(line)?;
        self.last_run =
            line::csv_run_id(line.strip_suffix(LINE_END).unwrap_or(line)).unwrap_or(self.last_run);
        Ok(())
    }

    fn write(&mut self, line: &[u8]) -> Result<(), JournalError> {
        match self.file.write_all_at(line, self.bytes) {
            Ok(()) => {
                self.bytes += line.len() as u64;
                Ok(())
            }
            Err(error) => {
                // A piece of a line on a full disk: if it stays, the next line overwrites it.
                let _cut = self.file.set_len(self.bytes);
                Err(failed("write", &self.path)(error))
            }
        }
    }

    /// The file as it has to be taken up again, if somebody moved or emptied it.
    fn anew(&self, now: DateTime<Utc>) -> Result<Option<Self>, JournalError> {
        let ours = self.file.metadata().map_err(failed("look at", &self.path))?;
        let is_same = |there: fs::Metadata| (there.dev(), there.ino()) == (ours.dev(), ours.ino());
        if !fs::metadata(&self.path).is_ok_and(is_same) {
            return Self::open(&self.path, now).map(Some);
        }
        if ours.len() >= self.bytes {
            return Ok(None);
        }
        // A copy of the handle has the same lock.
        let file = self.file.try_clone().map_err(failed("open", &self.path))?;
        match Self::take(&self.path, file, now)? {
            Taken::Ours(journal) => Ok(Some(journal)),
            Taken::PutAside(_) => Self::open(&self.path, now).map(Some),
        }
    }
}

enum Taken {
    Ours(Journal),
    PutAside(PathBuf),
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> JournalError {
    let path = path.to_owned();
    move |error| JournalError::Io { doing, path, error }
}

struct Found {
    /// Up to the end of the last whole line.
    bytes: u64,
    last_run: u64,
}

/// What is in a file; none if it is not ours.
fn look_at(file: &File) -> io::Result<Option<Found>> {
    let header = line::header();
    let length = file.metadata()?.len();
    let mut start = vec![0; header.len().min(usize::try_from(length).unwrap_or(usize::MAX))];
    file.read_exact_at(&mut start, 0)?;
    if start != header {
        // A process may have been killed while it wrote the header.
        let is_torn = header.starts_with(&start) && (start.len() as u64) == length;
        return Ok(is_torn.then_some(Found { bytes: 0, last_run: 0 }));
    }
    let after_header = header.len() as u64;
    let Some(bytes) = line_end_before(file, length)?.filter(|end| *end > after_header) else {
        return Ok(Some(Found { bytes: after_header, last_run: 0 }));
    };
    let line_end = bytes - LINE_END.len() as u64;
    let line_start = line_end_before(file, line_end)?.unwrap_or(after_header);
    let mut line = vec![0; usize::try_from(line_end - line_start).unwrap_or_default()];
    file.read_exact_at(&mut line, line_start)?;
    Ok(line::csv_run_id(&line).map(|last_run| Found { bytes, last_run }))
}

/// Where the last line end before `end` ends.
fn line_end_before(file: &File, end: u64) -> io::Result<Option<u64>> {
    let mut block_end = end;
    while block_end > 0 {
        // Blocks overlap by a byte: a line end may lie across their border.
        let block_start = block_end.saturating_sub(BLOCK_BYTES);
        let mut block = vec![0; usize::try_from(block_end - block_start).unwrap_or_default()];
        file.read_exact_at(&mut block, block_start)?;
        if let Some(at) = block.windows(LINE_END.len()).rposition(|window| window == LINE_END) {
            return Ok(Some(block_start + (at + LINE_END.len()) as u64));
        }
        block_end = if block_start == 0 { 0 } else { block_start + 1 };
    }
    Ok(None)
}

/// A name beside the file that nobody has.
fn free_name(path: &Path, now: DateTime<Utc>) -> PathBuf {
    let name = |more: String| {
        let mut name = OsString::from(path);
        name.push(format!(".bak-{}{more}", now.format("%Y%m%dT%H%M%S%.3fZ")));
        PathBuf::from(name)
    };
    let mut free = name(String::new());
    let mut number = 2_u32;
    while free.exists() {
        free = name(format!("-{number}"));
        number += 1;
    }
    free
}
