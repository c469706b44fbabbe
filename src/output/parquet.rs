//! Parquet: the form that data teams query.
//!
//! Zstandard level 1 (on inventory rows it packs as tightly as level 3 for a fifth less
//! CPU), row groups bounded by bytes so that memory is, page index, and bloom filters on
//! the two columns people look up by equality.

use std::io::Write;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::{Array, RecordBatch};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves,
};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;

use crate::model::event::RunHeader;
use crate::output::crew::{Crew, Underway};
use crate::output::format::{EncodeError, Encoder};
use crate::output::published::Published;

/// A row group is closed when its encoded bytes pass this; the writer holds it until then.
const ROW_GROUP_BYTES: usize = 16 * 1024 * 1024;

/// Closes row groups of narrow tables, and sizes the bloom filters before they fold.
const ROW_GROUP_ROWS: usize = 64 * 1024;

/// Rows that begin a row group, of whose size nothing is known yet.
const FIRST_ROWS: usize = 2048;

/// Each column holds a page, a dictionary and a compressor that grows with them: for 57
/// columns and 100,000 rows, 128 KiB instead of the usual 1 MiB took the peak from 61 to 40
/// MiB, and the file from 64 to 56 bytes a row.
const PAGE_BYTES: usize = 128 * 1024;

/// Looked up by equality, and unique enough for a filter to say no.
const BLOOM_COLUMNS: [&str; 2] = ["host", "vm_id"];

/// The order of the rows in every file; a table without `vm_id` is in host order.
const SORT_COLUMNS: [&str; 2] = ["host", "vm_id"];

/// Columns are encoded by a crew while the caller gets the next rows, or puts the row group that
/// is full into the file. Where a row group ends follows from the rows alone, so the same rows
/// give the same bytes, whoever encoded them.
pub struct ParquetEncoder<W: Write + Send> {
    crew: Crew,
    file: SerializedFileWriter<W>,
    groups: ArrowRowGroupWriterFactory,
    /// Row groups begun.
    begun: usize,
    group: Option<RowGroup>,
    /// Encoded to its end, and not in the file yet.
    full: Option<Arc<Columns>>,
}

/// The row group that is being filled.
struct RowGroup {
    /// Handed over, those under way included.
    rows: usize,
    columns: Arc<Columns>,
    underway: Option<Underway>,
}

/// By leaf. Every type a cell may have is one Parquet leaf, so a field's index is the leaf's.
type Columns = Vec<Mutex<Column>>;

enum Column {
    Open(Box<ArrowColumnWriter>),
    Closed(Box<ArrowColumnChunk>),
    /// Nothing more is written after this.
    Failed(Option<ParquetError>),
}

impl<W: Write + Send> ParquetEncoder<W> {
    /// Opens a file whose key-value metadata names the run, the attempt, the slot, the
    /// schema's fingerprint, the program version, and the table with its doc.
    pub fn open(table: &Published, header: &RunHeader, crew: &Crew, out: W) -> Result<Self, EncodeError> {
        let properties = properties(table, header)?;
        let writer = ArrowWriter::try_new(out, table.schema.clone(), Some(properties))?;
        let (file, groups) = writer.into_serialized_writer()?;
        Ok(Self { crew: crew.clone(), file, groups, begun: 0, group: None, full: None })
    }

    fn group(&mut self) -> Result<&mut RowGroup, EncodeError> {
        if self.group.is_none() {
            let writers = self.groups.create_column_writers(self.begun)?;
            self.begun += 1;
            let open = |writer| Mutex::new(Column::Open(Box::new(writer)));
            let columns = Arc::new(writers.into_iter().map(open).collect());
            self.group = Some(RowGroup { rows: 0, columns, underway: None });
        }
        Ok(self.group.as_mut().expect("just opened"))
    }

    /// Ends the row group that was filled.
    fn close_group(&mut self) -> Result<(), EncodeError> {
        let Some(mut group) = self.group.take() else { return Ok(()) };
        group.settle()?;
        let columns = group.columns.clone();
        self.crew.begin(columns.len(), move |index| column(&columns, index).close()).finish();
        self.append_full()?;
        self.full = Some(group.columns);
        Ok(())
    }

    /// Writes the row group that is full: copying and hashing, which only one can do.
    fn append_full(&mut self) -> Result<(), EncodeError> {
        let Some(columns) = self.full.take() else { return Ok(()) };
        let mut row_group = self.file.next_row_group()?;
        for index in 0..columns.len() {
            let taken = std::mem::replace(&mut *column(&columns, index), Column::Failed(None));
            match taken {
                Column::Closed(chunk) => chunk.append_to_row_group(&mut row_group)?,
                mut other => other.fails()?,
            }
        }
        row_group.close()?;
        Ok(())
    }
}

impl<W: Write + Send> Encoder for ParquetEncoder<W> {
    /// Returns while the crew still encodes: an error comes with the next call.
    fn encode(&mut self, rows: &Arc<[RecordBatch]>) -> Result<(), EncodeError> {
        let crew = self.crew.clone();
        let (mut begin, end) = (0, rows.iter().map(RecordBatch::num_rows).sum::<usize>());
        while begin < end {
            let group = self.group()?;
            group.settle()?;
            let part = begin..end.min(begin + group.room());
            if part.is_empty() {
                self.close_group()?;
                continue;
            }
            begin = part.end;
            group.rows += part.len();
            let (columns, rows) = (group.columns.clone(), rows.clone());
            let write = move |index: usize| column(&columns, index).write(&rows, &part, index);
            group.underway = Some(crew.begin(group.columns.len(), write));
            // The first rows of a group are few: the crew would wait for us.
            if group.rows > FIRST_ROWS {
                self.append_full()?;
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<(), EncodeError> {
        self.close_group()?;
        self.append_full()?;
        self.file.finish()?;
        Ok(())
    }
}

/// Batches are joined here, column by column, because here there are several hands. `part`
/// counts the rows of all batches.
fn write_leaf(
    writer: &mut ArrowColumnWriter,
    rows: &[RecordBatch],
    part: &Range<usize>,
    index: usize,
) -> Result<(), ParquetError> {
    let cells = match rows {
        [alone] => alone.column(index).clone(),
        _ => {
            let cells: Vec<_> = rows.iter().map(|batch| batch.column(index).as_ref()).collect();
            arrow_select::concat::concat(&cells)?
        }
    };
    let cells = if part.len() == cells.len() { cells } else { cells.slice(part.start, part.len()) };
    let leaves = compute_leaves(rows[0].schema_ref().field(index), &cells)?;
    leaves.iter().try_for_each(|leaf| writer.write(leaf))
}

impl RowGroup {
    /// Waits for the rows under way.
    fn settle(&mut self) -> Result<(), EncodeError> {
        self.underway.take().into_iter().for_each(Underway::finish);
        (0..self.columns.len()).try_for_each(|index| column(&self.columns, index).fails())
    }

    /// How many more rows it takes, by the average of those that it has.
    fn room(&self) -> usize {
        let rows = ROW_GROUP_ROWS - self.rows;
        let bytes: usize = (0..self.columns.len()).map(|index| column(&self.columns, index).bytes()).sum();
        match bytes.checked_div(self.rows) {
            None => rows.min(FIRST_ROWS),
            Some(of_row) => rows.min(ROW_GROUP_BYTES.saturating_sub(bytes) / of_row.max(1)),
        }
    }
}

fn column(columns: &Columns, index: usize) -> std::sync::MutexGuard<'_, Column> {
    columns[index].lock().unwrap_or_else(PoisonError::into_inner)
}

impl Column {
    fn write(&mut self, rows: &[RecordBatch], part: &Range<usize>, index: usize) {
        let Self::Open(writer) = self else { return };
        if let Err(error) = write_leaf(writer, rows, part, index) {
            *self = Self::Failed(Some(error));
        }
    }

    fn close(&mut self) {
        if let Self::Open(writer) = std::mem::replace(self, Self::Failed(None)) {
            *self = match writer.close() {
                Ok(chunk) => Self::Closed(Box::new(chunk)),
                Err(error) => Self::Failed(Some(error)),
            };
        }
    }

    fn fails(&mut self) -> Result<(), EncodeError> {
        let Self::Failed(error) = self else { return Ok(()) };
        let again = || ParquetError::General("an earlier write of this column failed".to_owned());
        Err(error.take().unwrap_or_else(again).into())
    }

    /// As the column will be once encoded.
    fn bytes(&self) -> usize {
        match self {
            Self::Open(writer) => writer.get_estimated_total_bytes(),
            Self::Closed(_) | Self::Failed(_) => 0,
        }
    }
}

/// What every file of a table is written with.
pub fn properties(table: &Published, header: &RunHeader) -> Result<WriterProperties, EncodeError> {
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
