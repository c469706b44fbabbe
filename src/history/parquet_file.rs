//! A committed Parquet file, read from the store one row group at a time.
//!
//! Only the footer and the chunks of the wanted columns are fetched, so memory holds one
//! row group of them, whatever the size of the file.

use std::sync::Arc;

use bytes::{Buf, Bytes};
use futures::future::try_join_all;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaDataReader;
use parquet::file::reader::{ChunkReader, Length};

use crate::history::ledger::HistoryError;
use crate::output::layout::Key;
use crate::output::store::Store;

/// Length of the footer and the magic word behind it.
const TAIL_BYTES: u64 = 8;
const MAGIC: &[u8] = b"PAR1";

/// Rows that are shown together.
const BATCH_ROWS: usize = 8192;

pub struct ParquetFile {
    store: Store,
    key: Key,
    size: u64,
    metadata: ArrowReaderMetadata,
    wanted: ProjectionMask,
    next_group: usize,
}

impl ParquetFile {
    /// Reads the footer; of the columns those that the file has.
    pub async fn open(store: &Store, key: &Key, columns: &[&str]) -> Result<Self, HistoryError> {
        let broken =
            |why: &dyn std::fmt::Display| HistoryError::Rows { path: store.shown(key), why: why.to_string() };
        let size = store.size(key).await?.ok_or_else(|| broken(&"it is not there"))?;
        let tail_at = size.checked_sub(TAIL_BYTES).ok_or_else(|| broken(&"it is too short"))?;
        let mut tail = store.range(key, tail_at..size).await?;
        let footer_bytes = u64::from(tail.get_u32_le());
        let footer_at = tail_at.checked_sub(footer_bytes).filter(|_| &tail[..] == MAGIC);
        let footer_at = footer_at.ok_or_else(|| broken(&"it does not end as Parquet does"))?;
        let footer = store.range(key, footer_at..tail_at).await?;
        let metadata = ParquetMetaDataReader::decode_metadata(&footer)
            .and_then(|metadata| ArrowReaderMetadata::try_new(Arc::new(metadata), ArrowReaderOptions::new()))
            .map_err(|error| broken(&error))?;
        let wanted = ProjectionMask::columns(metadata.parquet_schema(), columns.iter().copied());
        Ok(Self { store: store.clone(), key: key.clone(), size, metadata, wanted, next_group: 0 })
    }

    /// The rows of the next row group, in batches.
    pub async fn next_group(&mut self) -> Result<Option<ParquetRecordBatchReader>, HistoryError> {
        let Some(group) = self.metadata.metadata().row_groups().get(self.next_group) else { return Ok(None) };
        let chunks = group.columns().iter().enumerate();
        let wanted = chunks.filter(|(leaf, _)| self.wanted.leaf_included(*leaf));
        let fetched = wanted.map(async |(_, chunk)| {
            let (start, length) = chunk.byte_range();
            let bytes = self.store.range(&self.key, start..start + length).await?;
            Ok::<_, HistoryError>((start, bytes))
        });
        let chunks = Chunks { size: self.size, parts: Arc::new(try_join_all(fetched).await?) };
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(chunks, self.metadata.clone())
            .with_row_groups(vec![self.next_group])
            .with_projection(self.wanted.clone())
            .with_batch_size(BATCH_ROWS)
            .build();
        self.next_group += 1;
        reader.map(Some).map_err(|error| self.broken(&error))
    }

    pub fn broken(&self, why: &dyn std::fmt::Display) -> HistoryError {
        HistoryError::Rows { path: self.store.shown(&self.key), why: why.to_string() }
    }
}

/// The fetched parts of a file, each by its offset.
#[derive(Clone)]
struct Chunks {
    size: u64,
    parts: Arc<Vec<(u64, Bytes)>>,
}

impl Chunks {
    /// What was fetched from an offset on.
    fn from(&self, start: u64) -> parquet::errors::Result<Bytes> {
        let covers = |(at, part): &&(u64, Bytes)| (*at..*at + part.len() as u64).contains(&start);
        let found = self.parts.iter().find(covers);
        let missing = || ParquetError::General(format!("byte {start} was not fetched"));
        found.map(|(at, part)| part.slice((start - at) as usize..)).ok_or_else(missing)
    }
}

impl Length for Chunks {
    fn len(&self) -> u64 {
        self.size
    }
}

impl ChunkReader for Chunks {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        Ok(self.from(start)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        let bytes = self.from(start)?;
        if bytes.len() < length {
            return Err(ParquetError::General(format!("{length} bytes from {start} were not fetched")));
        }
        Ok(bytes.slice(..length))
    }
}
