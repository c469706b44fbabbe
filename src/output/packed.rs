//! A host's rows of a known schema as one block of bytes, and back without copying a cell.
//!
//! ```text
//! block  = u32 rows | u8 nulls of each column, children behind their list | 0…7 zeros | column*
//! column = nothing where every cell is null; else the validity bits where some are, and
//!          the values: 8 bytes a number or instant, a bit a flag, u32 offsets and the text,
//!          u32 offsets and the child's column; each begins at a multiple of 8
//! ```
//! A row takes a bit at least, so no block claims more rows than memory holds.
//!
//! A host has some twenty rows in a table of up to a hundred columns, so what counts is the
//! cost of a column, not that of a cell: Arrow's own messages take several times as long to
//! make and to read.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType, BooleanArray, ListArray, PrimitiveArray, RecordBatch,
    RecordBatchOptions, StringArray,
};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType, FieldRef, SchemaRef, TimeUnit};

const ALIGNMENT: usize = 8;

const NO_NULLS: u8 = 0;
const SOME_NULLS: u8 = 1;
const ONLY_NULLS: u8 = 2;

/// Adds a block behind what is in `out`.
pub fn pack(rows: &RecordBatch, out: &mut Vec<u8>) -> Result<(), ArrowError> {
    let count = u32::try_from(rows.num_rows()).map_err(|_| broken("too many rows at once"))?;
    let kinds: usize = rows.schema_ref().fields().iter().map(depth).sum();
    let begin = out.len();
    out.extend_from_slice(&count.to_le_bytes());
    let mut packing = Packing { next_kind: out.len(), begin, out };
    packing.pad_to(begin + 4 + kinds);
    rows.columns().iter().try_for_each(|column| packing.column(column))?;
    let least = begin + rows.num_rows().div_ceil(8);
    out.resize(out.len().max(least), 0);
    Ok(())
}

struct Packing<'a> {
    out: &'a mut Vec<u8>,
    begin: usize,
    /// Where the next column says what nulls it has.
    next_kind: usize,
}

impl Packing<'_> {
    fn column(&mut self, column: &ArrayRef) -> Result<(), ArrowError> {
        let nulls = column.nulls().filter(|nulls| nulls.null_count() > 0);
        let empty = nulls.is_some_and(|nulls| nulls.null_count() == column.len());
        self.out[self.next_kind] = match nulls {
            None => NO_NULLS,
            Some(_) if empty => ONLY_NULLS,
            Some(_) => SOME_NULLS,
        };
        self.next_kind += 1;
        if let Some(nulls) = nulls.filter(|_| !empty) {
            self.put(&nulls.inner().sliced());
        }
        match column.data_type() {
            DataType::List(_) => {
                let lists: &ListArray = column.as_list();
                let (first, after) = (lists.offsets().first() as usize, lists.offsets().last() as usize);
                if !empty {
                    self.offsets(lists.value_offsets());
                }
                self.column(&lists.values().slice(first, if empty { 0 } else { after - first }))?;
            }
            _ if empty => {}
            DataType::Utf8 => {
                let texts: &StringArray = column.as_string();
                let (first, after) = (texts.offsets().first() as usize, texts.offsets().last() as usize);
                self.offsets(texts.value_offsets());
                self.put(&texts.value_data()[first..after]);
            }
            DataType::Boolean => self.put(&column.as_boolean().values().sliced()),
            DataType::Int64 => self.put(column.as_primitive::<Int64Type>().values().inner()),
            DataType::Float64 => self.put(column.as_primitive::<Float64Type>().values().inner()),
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                self.put(column.as_primitive::<TimestampMicrosecondType>().values().inner());
            }
            other => return Err(unknown(other)),
        }
        Ok(())
    }

    fn offsets(&mut self, offsets: &[i32]) {
        self.out.extend(offsets.iter().flat_map(|offset| (offset - offsets[0]).to_le_bytes()));
        self.pad_to(self.out.len());
    }

    fn put(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
        self.pad_to(self.out.len());
    }

    fn pad_to(&mut self, end: usize) {
        self.out.resize(self.begin + (end - self.begin).next_multiple_of(ALIGNMENT), 0);
    }
}

/// The rows of a block. Whatever the bytes, the answer is rows or an error.
pub fn unpack(block: Vec<u8>, schema: SchemaRef) -> Result<RecordBatch, ArrowError> {
    let (count, rest) = block.split_first_chunk().ok_or_else(cut)?;
    let count = u32::from_le_bytes(*count) as usize;
    if count.div_ceil(8) > block.len() {
        return Err(cut());
    }
    let kinds: usize = schema.fields().iter().map(depth).sum();
    let nulls = rest.get(..kinds).ok_or_else(cut)?.to_vec();
    let at = (4 + kinds).next_multiple_of(ALIGNMENT);
    let mut unpacking = Unpacking { block: aligned(block), at, nulls: nulls.into_iter() };
    let columns = schema.fields().iter().map(|field| unpacking.column(field, count));
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(count));
    RecordBatch::try_new_with_options(schema, columns, &options)
}

/// Columns within columns, itself included.
fn depth(field: &FieldRef) -> usize {
    match field.data_type() {
        DataType::List(item) => 1 + depth(item),
        _ => 1,
    }
}

/// Memory from an allocator is aligned; where it is not, the bytes move to where it is.
fn aligned(block: Vec<u8>) -> Buffer {
    let block = Buffer::from_vec(block);
    if block.as_ptr().align_offset(ALIGNMENT) == 0 { block } else { Buffer::from_slice_ref(block.as_slice()) }
}

struct Unpacking {
    block: Buffer,
    at: usize,
    nulls: std::vec::IntoIter<u8>,
}

impl Unpacking {
    fn column(&mut self, field: &FieldRef, rows: usize) -> Result<ArrayRef, ArrowError> {
        let nulls = match self.nulls.next() {
            Some(NO_NULLS) => None,
            Some(SOME_NULLS) => Some(NullBuffer::new(self.bits(rows)?)),
            Some(ONLY_NULLS) => return self.unknown_cells(field, rows),
            _ => return Err(broken("a column that knows not its nulls")),
        };
        Ok(match field.data_type() {
            DataType::Utf8 => {
                let offsets = self.offsets(rows)?;
                let text = self.take(offsets.last() as usize)?;
                Arc::new(StringArray::try_new(offsets, text, nulls)?)
            }
            DataType::Int64 => Arc::new(self.numbers::<Int64Type>(rows, nulls)?),
            DataType::Float64 => Arc::new(self.numbers::<Float64Type>(rows, nulls)?),
            DataType::Timestamp(TimeUnit::Microsecond, zone) => {
                let instants = self.numbers::<TimestampMicrosecondType>(rows, nulls)?;
                Arc::new(instants.with_timezone_opt(zone.clone()))
            }
            DataType::Boolean => Arc::new(BooleanArray::new(self.bits(rows)?, nulls)),
            DataType::List(item) => {
                let offsets = self.offsets(rows)?;
                let items = self.column(item, offsets.last() as usize)?;
                Arc::new(ListArray::try_new(item.clone(), offsets, items, nulls)?)
            }
            other => return Err(unknown(other)),
        })
    }

    fn unknown_cells(&mut self, field: &FieldRef, rows: usize) -> Result<ArrayRef, ArrowError> {
        if let DataType::List(item) = field.data_type() {
            self.column(item, 0)?;
        }
        Ok(arrow_array::new_null_array(field.data_type(), rows))
    }

    fn numbers<T: ArrowPrimitiveType>(
        &mut self,
        rows: usize,
        nulls: Option<NullBuffer>,
    ) -> Result<PrimitiveArray<T>, ArrowError> {
        let values = ScalarBuffer::new(self.take(bytes(rows, size_of::<T::Native>())?)?, 0, rows);
        PrimitiveArray::try_new(values, nulls)
    }

    fn bits(&mut self, rows: usize) -> Result<BooleanBuffer, ArrowError> {
        Ok(BooleanBuffer::new(self.take(rows.div_ceil(8))?, 0, rows))
    }

    fn offsets(&mut self, rows: usize) -> Result<OffsetBuffer<i32>, ArrowError> {
        let offsets = ScalarBuffer::<i32>::new(self.take(bytes(rows + 1, 4)?)?, 0, rows + 1);
        if offsets[0] == 0 && offsets.is_sorted() {
            Ok(OffsetBuffer::new(offsets))
        } else {
            Err(broken("offsets that go back"))
        }
    }

    fn take(&mut self, bytes: usize) -> Result<Buffer, ArrowError> {
        let end = self.at.checked_add(bytes).filter(|end| *end <= self.block.len()).ok_or_else(cut)?;
        let taken = self.block.slice_with_length(self.at, bytes);
        self.at = end.next_multiple_of(ALIGNMENT);
        Ok(taken)
    }
}

fn bytes(count: usize, each: usize) -> Result<usize, ArrowError> {
    count.checked_mul(each).ok_or_else(cut)
}

fn unknown(data_type: &DataType) -> ArrowError {
    broken(&format!("cells of type {data_type}"))
}

fn cut() -> ArrowError {
    broken("a block that ends too soon")
}

fn broken(what: &str) -> ArrowError {
    ArrowError::IpcError(what.to_owned())
}
