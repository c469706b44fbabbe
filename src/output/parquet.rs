//! Parquet: the form that data teams query.
//!
//! Zstandard level 1 (on inventory rows it packs as tightly as level 3 for a fifth less
//! CPU), row groups bounded by bytes so that memory is, page index, and bloom filters on
//! the two columns people look up by equality.

use std::io::Write;

use arrow_array::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use crate::model::event::RunHeader;
use crate::output::format::{EncodeError, Encoder};
use crate::output::published::Published;

/// A row group is closed when its encoded bytes pass this; the writer holds it until then.
const ROW_GROUP_BYTES: usize = 16 * 1024 * 1024;

/// Closes row groups of narrow tables, and sizes the bloom filters before they fold.
const ROW_GROUP_ROWS: usize = 64 * 1024;

/// Each column holds a page, a dictionary and a compressor that grows with them: for 57
/// columns and 100,000 rows, 128 KiB instead of the usual 1 MiB took the peak from 61 to 40
/// MiB, and the file from 64 to 56 bytes a row.
const PAGE_BYTES: usize = 128 * 1024;

/// Looked up by equality, and unique enough for a filter to say no.
const BLOOM_COLUMNS: [&str; 2] = ["host", "vm_id"];

/// The order of the rows in every file; a table without `vm_id` is in host order.
const SORT_COLUMNS: [&str; 2] = ["host", "vm_id"];

pub struct ParquetEncoder<W: Write + Send> {
    writer: ArrowWriter<W>,
}

impl<W: Write + Send> ParquetEncoder<W> {
    /// Opens a file whose key-value metadata names the run, the attempt, the slot, the
    /// schema's fingerprint, the program version, and the table with its doc.
    pub fn open(table: &Published, header: &RunHeader, out: W) -> Result<Self, EncodeError> {
        let properties = properties(table, header)?;
        Ok(Self { writer: ArrowWriter::try_new(out, table.schema.clone(), Some(properties))? })
    }
}

impl<W: Write + Send> Encoder for ParquetEncoder<W> {
    fn encode(&mut self, rows: &RecordBatch) -> Result<(), EncodeError> {
        Ok(self.writer.write(rows)?)
    }

    fn finish(self: Box<Self>) -> Result<(), EncodeError> {
        self.writer.close()?;
        Ok(())
    }
}

fn properties(table: &Published, header: &RunHeader) -> Result<WriterProperties, EncodeError> {
    let said = [
        ("run_id", header.run_id.to_string()),
        ("attempt", header.attempt.to_string()),
        ("slot", header.slot.to_string()),
        ("schema_fingerprint", table.fingerprint.clone()),
        ("program_version", header.program_version.clone()),
        ("table", table.spec.id.to_string()),
        ("table_doc", table.spec.doc.trim().to_owned()),
    ];
    let said = said.into_iter().map(|(key, value)| KeyValue::new(key.to_owned(), value)).collect();
    let mut properties = WriterProperties::builder()
        .set_created_by(format!("lustrum version {}", header.program_version))
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_max_row_group_bytes(Some(ROW_GROUP_BYTES))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_data_page_size_limit(PAGE_BYTES)
        .set_dictionary_page_size_limit(PAGE_BYTES)
        .set_key_value_metadata(Some(said))
        .set_sorting_columns(Some(sorting(table)));
    for column in BLOOM_COLUMNS.into_iter().filter(|name| table.schema.index_of(name).is_ok()) {
        properties = properties.set_column_bloom_filter_enabled(ColumnPath::from(column), true);
    }
    Ok(properties.build())
}

/// Every type a cell may have is one Parquet leaf, so the field's index is the leaf's.
fn sorting(table: &Published) -> Vec<SortingColumn> {
    let indexes = SORT_COLUMNS.into_iter().map_while(|name| table.schema.index_of(name).ok());
    let ascending = |index| SortingColumn { column_idx: index as i32, descending: false, nulls_first: false };
    indexes.map(ascending).collect()
}
