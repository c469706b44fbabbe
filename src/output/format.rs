//! The contract of a format: batches of one table in, the bytes of one object out.

use std::io;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, DataType};
use parquet::errors::ParquetError;

/// Encodes one table into one object. Everything is written to the `io::Write` the encoder
/// was opened on; memory is bounded by the encoder's own block (a row group for Parquet, a
/// batch for the line formats), never by the table.
pub trait Encoder: Send {
    /// Adds rows, batch by batch, some of a few rows only. Their schema is the published one
    /// the encoder was opened with.
    fn encode(&mut self, rows: &Arc<[RecordBatch]>) -> Result<(), EncodeError>;

    /// Writes what a reader needs at the end. Without this call the object is not whole.
    fn finish(self: Box<Self>) -> Result<(), EncodeError>;
}

/// Why rows did not become bytes.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    #[error("column `{column}` is of a type this format has no form for: {data_type}")]
    Column { column: String, data_type: DataType },
    #[error(transparent)]
    Arrow(#[from] ArrowError),
    #[error(transparent)]
    Parquet(#[from] ParquetError),
    #[error(transparent)]
    Workbook(#[from] rust_xlsxwriter::XlsxError),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// How the line formats write an instant: RFC 3339 in UTC with microseconds, always 27
/// characters, so that text order is time order.
pub const INSTANT_FORMAT: &str = "%Y-%m-%dT%H:%M:%S%.6fZ";
