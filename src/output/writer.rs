//! From a run's rows to staged objects: each table once through its rows, into all formats
//! at the same time.
//!
//! Encoding runs on the press and its crew and hands chunks of a mebibyte to the store;
//! memory is two stretches of rows (one is read while the other is encoded), one row group,
//! and a few chunks.

use std::io::{self, Write};
use std::sync::Arc;

use arrow_array::RecordBatch;
use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use crate::model::artifact::{Artifact, ArtifactFormat};
use crate::model::event::RunHeader;
use crate::model::failure::{Failure, FailureKind};
use crate::output::crew::Crew;
use crate::output::csv::{CsvEncoder, FormulaGuard};
use crate::output::draft::Draft;
use crate::output::format::{EncodeError, Encoder};
use crate::output::layout::{Key, RunKeys};
use crate::output::ndjson::NdjsonEncoder;
use crate::output::parquet::ParquetEncoder;
use crate::output::press::Stopped;
use crate::output::published::{Published, Stamps, hex};
use crate::output::source::TableSource;
use crate::output::spool::SpoolError;
use crate::output::staged::StagedWrite;
use crate::output::store_error::StoreError;
use crate::tables::table::{TableId, TableSpec};

/// Rows that reach an encoder together: enough to be fast, few enough to be small.
const BATCH_ROWS: usize = 2048;
const CHUNK_BYTES: usize = 1024 * 1024;
pub(in crate::output) const CHUNKS_WAITING: usize = 2;

/// The forms a table can be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableFormat {
    Parquet,
    Csv(FormulaGuard),
    Ndjson,
}

/// Why the tables could not be written. The draft is to be discarded.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error(transparent)]
    Spool(#[from] SpoolError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("table {table}: {source}")]
    Encode { table: TableId, source: EncodeError },
    #[error("{object}: {source}")]
    Face { object: String, source: EncodeError },
    #[error("table {table}: {cause}")]
    Stopped { table: TableId, cause: Stopped },
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        let kind = match error {
            // What fails in a face is as a rule the disk under its temporary files.
            WriteError::Spool(_) | WriteError::Store(_) | WriteError::Face { .. } => FailureKind::Store,
            WriteError::Encode { .. } | WriteError::Stopped { .. } => FailureKind::Bug,
        };
        Failure::new(kind, error.to_string())
    }
}

/// Stages one table in the given formats: all hosts in name order, then the fleet's own
/// rows, `run_id` and `slot` in front. A table without rows is still written, schema and all.
pub async fn write_table(
    draft: &mut Draft,
    header: &RunHeader,
    source: &Arc<dyn TableSource>,
    spec: &'static TableSpec,
    formats: &[TableFormat],
) -> Result<Vec<Artifact>, WriteError> {
    let job = Encoding {
        table: Published::of(spec),
        header: header.clone(),
        formats: formats.to_vec(),
        crew: draft.press().crew().clone(),
    };
    let fingerprint = job.table.fingerprint.clone();
    let mut objects = Vec::with_capacity(formats.len());
    for format in formats {
        objects.push(draft.begin(format.key(&draft.keys, spec.id)).await?);
    }
    let rows = source.clone();
    let (chunks, arriving) = mpsc::channel(CHUNKS_WAITING);
    let encoding = draft.press().run(move || job.run(rows.as_ref(), chunks));
    let stored = store_chunks(&mut objects, arriving).await;
    // A failed store drops the channel, on which the encoder stops with an error of its own.
    let encoded = encoding.await.map_err(|cause| WriteError::Stopped { table: spec.id, cause });
    stored?;
    let measured = encoded??;
    let mut artifacts = Vec::with_capacity(formats.len());
    for ((object, format), measure) in objects.into_iter().zip(formats).zip(measured.sizes) {
        let artifact = Artifact {
            path: format.key(&draft.keys, spec.id).to_string(),
            format: format.kind(),
            table: Some(spec.id.to_string()),
            rows: measured.rows,
            bytes: measure.bytes,
            sha256: measure.sha256,
            schema_fingerprint: Some(fingerprint.clone()),
        };
        draft.keep_aside(object, artifact.clone()).await?;
        artifacts.push(artifact);
    }
    Ok(artifacts)
}

pub(in crate::output) async fn store_chunks(
    objects: &mut [StagedWrite],
    mut arriving: mpsc::Receiver<(usize, Bytes)>,
) -> Result<(), StoreError> {
    while let Some((index, chunk)) = arriving.recv().await {
        objects[index].write(chunk).await?;
    }
    Ok(())
}

impl TableFormat {
    fn key(self, keys: &RunKeys, table: TableId) -> Key {
        match self {
            Self::Parquet => keys.data(table),
            Self::Csv(_) => keys.file(&format!("{table}.csv")),
            Self::Ndjson => keys.file(&format!("{table}.ndjson")),
        }
    }

    fn kind(self) -> ArtifactFormat {
        match self {
            Self::Parquet => ArtifactFormat::Parquet,
            Self::Csv(_) => ArtifactFormat::Csv,
            Self::Ndjson => ArtifactFormat::Ndjson,
        }
    }

    fn open<'a>(
        self,
        table: &Published,
        header: &RunHeader,
        crew: &Crew,
        out: &'a mut ChunkSink,
    ) -> Result<Box<dyn Encoder + 'a>, EncodeError> {
        Ok(match self {
            Self::Parquet => Box::new(ParquetEncoder::open(table, header, crew, out)?),
            Self::Csv(guard) => Box::new(CsvEncoder::open(table, guard, out)?),
            Self::Ndjson => Box::new(NdjsonEncoder::open(table, out)),
        })
    }
}

/// The blocking half: rows to chunks of objects.
struct Encoding {
    table: Published,
    header: RunHeader,
    formats: Vec<TableFormat>,
    crew: Crew,
}

/// What the encoding of one table came to.
struct Measured {
    rows: u64,
    /// By format.
    sizes: Vec<Size>,
}

pub(in crate::output) struct Size {
    pub(in crate::output) bytes: u64,
    pub(in crate::output) sha256: String,
}

impl Encoding {
    fn run(
        self,
        rows: &dyn TableSource,
        chunks: mpsc::Sender<(usize, Bytes)>,
    ) -> Result<Measured, WriteError> {
        let mut sinks: Vec<_> =
            (0..self.formats.len()).map(|object| ChunkSink::new(object, chunks.clone())).collect();
        let rows = self.encode(rows, &mut sinks)?;
        let sizes = sinks.into_iter().map(ChunkSink::close).collect::<io::Result<_>>();
        let sizes = sizes.map_err(|error| self.failed(error))?;
        Ok(Measured { rows, sizes })
    }

    fn encode(&self, rows: &dyn TableSource, sinks: &mut [ChunkSink]) -> Result<u64, WriteError> {
        let opened = sinks
            .iter_mut()
            .zip(&self.formats)
            .map(|(sink, format)| format.open(&self.table, &self.header, &self.crew, sink));
        let mut encoders = opened.collect::<Result<Vec<_>, _>>().map_err(|error| self.failed(error))?;
        let mut stamps = Stamps::of(&self.header, BATCH_ROWS);
        let (mut gathered, mut gathered_rows, mut count) = (Vec::new(), 0, 0);
        let mut hosts = rows.hosts();
        let mut of_fleet = Some(());
        loop {
            let found: RecordBatch = if hosts.is_empty() {
                if of_fleet.take().is_none() {
                    break;
                }
                rows.fleet_rows(self.table.spec)?
            } else {
                let (found, taken) = rows.rows_of(self.table.spec, hosts)?;
                hosts = &hosts[taken.len()..];
                found
            };
            if found.num_rows() == 0 {
                continue;
            }
            if found.num_rows() > stamps.rows() {
                stamps = Stamps::of(&self.header, found.num_rows());
            }
            gathered.push(self.table.stamped(&stamps, &found).map_err(|error| self.failed(error))?);
            gathered_rows += found.num_rows();
            count += found.num_rows() as u64;
            if gathered_rows >= BATCH_ROWS {
                self.pass_on(&mut encoders, std::mem::take(&mut gathered))?;
                gathered_rows = 0;
            }
        }
        self.pass_on(&mut encoders, gathered)?;
        encoders.into_iter().try_for_each(Encoder::finish).map_err(|error| self.failed(error))?;
        Ok(count)
    }

    fn pass_on(
        &self,
        encoders: &mut [Box<dyn Encoder + '_>],
        rows: Vec<RecordBatch>,
    ) -> Result<(), WriteError> {
        let rows = Arc::from(rows);
        let passed = encoders.iter_mut().try_for_each(|encoder| encoder.encode(&rows));
        passed.map_err(|error| self.failed(error))
    }

    fn failed(&self, error: impl Into<EncodeError>) -> WriteError {
        WriteError::Encode { table: self.table.spec.id, source: error.into() }
    }
}

/// Gathers an encoder's writes into chunks, and measures the object on the way.
pub(in crate::output) struct ChunkSink {
    object: usize,
    chunks: mpsc::Sender<(usize, Bytes)>,
    pending: Vec<u8>,
    bytes: u64,
    digest: Sha256,
}

impl ChunkSink {
    pub(in crate::output) fn new(object: usize, chunks: mpsc::Sender<(usize, Bytes)>) -> Self {
        Self { object, chunks, pending: Vec::new(), bytes: 0, digest: Sha256::new() }
    }

    fn send(&mut self) -> io::Result<()> {
        let chunk = Bytes::from(std::mem::take(&mut self.pending));
        let sent = self.chunks.blocking_send((self.object, chunk));
        sent.map_err(|_| io::Error::new(io::ErrorKind::BrokenPipe, "the store takes no more"))
    }

    pub(in crate::output) fn close(mut self) -> io::Result<Size> {
        self.send()?;
        Ok(Size { bytes: self.bytes, sha256: hex(&self.digest.finalize()) })
    }
}

impl Write for ChunkSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.digest.update(bytes);
        self.bytes += bytes.len() as u64;
        self.pending.extend_from_slice(bytes);
        if self.pending.len() >= CHUNK_BYTES {
            self.send()?;
        }
        Ok(bytes.len())
    }

    /// A flush of the encoder ends a block, not a chunk.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
