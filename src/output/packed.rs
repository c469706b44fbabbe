//! A host's rows of a known schema as one block of bytes, and many hosts' blocks back as one
//! batch.
//!
//! ```text
//! block  = u32 rows | u8 nulls of each column, children behind their list | 0…7 zeros | column*
//! column = nothing where every cell is null, one cell where all are alike (never a list);
//!          else the validity bits where some are null, and the values: 8 bytes a number or instant, a bit a flag, u32 offsets and the text,
//!          u32 offsets and the child's column; each begins at a multiple of 8
//! ```
//! A row takes a bit at least, so no block claims more rows than memory holds.
//!
//! A host has some twenty rows in a table of up to a hundred columns, so what counts is the
//! cost of a column of a host, not that of a cell: Arrow's own messages, and arrays of twenty
//! cells that are joined later, cost more than the encoding itself. Numbers are as the machine
//! has them: no other machine reads a spool.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Float64Array, Int64Array, ListArray, RecordBatch, RecordBatchOptions,
    StringArray, TimestampMicrosecondArray,
};
use arrow_buffer::{BooleanBufferBuilder, Buffer, NullBuffer, OffsetBuffer};
use arrow_schema::{ArrowError, DataType, FieldRef, SchemaRef, TimeUnit};

/// How numbers lie in a block.
pub const BYTE_ORDER: &str = if cfg!(target_endian = "big") { "big" } else { "little" };

const ALIGNMENT: usize = 8;

const NO_NULLS: u8 = 0;
const SOME_NULLS: u8 = 1;
const ONLY_NULLS: u8 = 2;
/// One cell stands for all: the host, the instant, the state of most VMs.
const ALL_ALIKE: u8 = 3;

const NO_KIND: &str = "a column that knows not its nulls";

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
        let alike = nulls.is_none() && column.len() > 1 && all_alike(column);
        let column = if alike { &column.slice(0, 1) } else { column };
        self.out[self.next_kind] = match nulls {
            None if alike => ALL_ALIKE,
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
                    self.offsets(lists.offsets());
                }
                self.column(&lists.values().slice(first, if empty { 0 } else { after - first }))?;
            }
            _ if empty => {}
            DataType::Utf8 => {
                let texts: &StringArray = column.as_string();
                let (first, after) = (texts.offsets().first() as usize, texts.offsets().last() as usize);
                self.offsets(texts.offsets());
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

    fn offsets(&mut self, offsets: &OffsetBuffer<i32>) {
        match offsets.first() {
            0 => self.put(offsets.inner().inner()),
            first => self
                .put(&offsets.iter().flat_map(|offset| (offset - first).to_ne_bytes()).collect::<Vec<_>>()),
        }
    }

    fn put(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
        self.pad_to(self.out.len());
    }

    fn pad_to(&mut self, end: usize) {
        self.out.resize(self.begin + (end - self.begin).next_multiple_of(ALIGNMENT), 0);
    }
}

/// Whether every cell is the first; none is null.
fn all_alike(column: &ArrayRef) -> bool {
    match column.data_type() {
        DataType::Utf8 => {
            let cells: &StringArray = column.as_string();
            (1..cells.len()).all(|row| cells.value(row) == cells.value(0))
        }
        DataType::Int64 => alike(column.as_primitive::<Int64Type>().values()),
        DataType::Timestamp(_, _) => alike(column.as_primitive::<TimestampMicrosecondType>().values()),
        _ => false,
    }
}

fn alike(cells: &[i64]) -> bool {
    cells.iter().all(|cell| *cell == cells[0])
}

/// The rows of blocks, one behind the other. Whatever the bytes, the answer is rows or an
/// error.
pub fn unpack(blocks: &[&[u8]], schema: SchemaRef) -> Result<RecordBatch, ArrowError> {
    unpack_some(blocks, &schema, schema.clone())
}

/// The same, of some columns only: `some` are fields of `schema` in its order.
pub fn unpack_some(blocks: &[&[u8]], schema: &SchemaRef, some: SchemaRef) -> Result<RecordBatch, ArrowError> {
    let kinds = schema.fields().iter().map(depth).sum();
    let mut opened = blocks.iter().map(|block| Block::open(block, kinds)).collect::<Result<Vec<_>, _>>()?;
    let rows: Vec<usize> = opened.iter().map(|block| block.rows).collect();
    let mut columns = Vec::with_capacity(some.fields().len());
    for field in schema.fields() {
        match some.fields().get(columns.len()) {
            None => break,
            Some(next) if next.name() == field.name() => columns.push(joined(&mut opened, field, &rows)?),
            Some(_) => opened.iter_mut().zip(&rows).try_for_each(|(block, rows)| block.pass(field, *rows))?,
        }
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows.iter().sum()));
    RecordBatch::try_new_with_options(some, columns, &options)
}

/// How many rows a block says it holds.
pub fn rows(block: &[u8]) -> usize {
    block.first_chunk().map_or(0, |rows| u32::from_le_bytes(*rows) as usize)
}

/// Columns within columns, itself included.
fn depth(field: &FieldRef) -> usize {
    match field.data_type() {
        DataType::List(item) => 1 + depth(item),
        _ => 1,
    }
}

/// A block that is read column by column.
struct Block<'a> {
    bytes: &'a [u8],
    rows: usize,
    next_kind: usize,
    at: usize,
}

impl<'a> Block<'a> {
    fn open(bytes: &'a [u8], kinds: usize) -> Result<Self, ArrowError> {
        let (rows, at) = (rows(bytes), (4 + kinds).next_multiple_of(ALIGNMENT));
        let whole = at <= bytes.len() && rows.div_ceil(8) <= bytes.len();
        if whole { Ok(Self { bytes, rows, next_kind: 4, at }) } else { Err(cut()) }
    }

    fn kind(&mut self) -> u8 {
        self.next_kind += 1;
        self.bytes[self.next_kind - 1]
    }

    fn take(&mut self, bytes: usize) -> Result<&'a [u8], ArrowError> {
        let end = self.at.checked_add(bytes).ok_or_else(cut)?;
        let taken = self.bytes.get(self.at..end).ok_or_else(cut)?;
        self.at = end.next_multiple_of(ALIGNMENT);
        Ok(taken)
    }

    fn bits(&mut self, rows: usize) -> Result<&'a [u8], ArrowError> {
        self.take(rows.div_ceil(8))
    }

    /// One text that stands for so many cells.
    fn repeated(&mut self, rows: usize, offsets: &mut Vec<i32>) -> Result<&'a [u8], ArrowError> {
        let bytes = self.offsets(1, &mut vec![0])?;
        let base = last(offsets) as usize;
        for row in 1..=rows {
            let end =
                bytes.checked_mul(row).and_then(|bytes| bytes.checked_add(base)).ok_or_else(too_much)?;
            offsets.push(i32::try_from(end).map_err(|_| too_much())?);
        }
        self.take(bytes)
    }

    /// Leaves out the next column, of which the block has so many rows.
    fn pass(&mut self, field: &FieldRef, rows: usize) -> Result<(), ArrowError> {
        let cells = match self.kind() {
            NO_NULLS => Some(rows),
            SOME_NULLS => {
                self.bits(rows)?;
                Some(rows)
            }
            ONLY_NULLS => None,
            ALL_ALIKE => Some(1),
            _ => return Err(broken(NO_KIND)),
        };
        match (field.data_type(), cells) {
            (DataType::List(item), None) => self.pass(item, 0),
            (DataType::List(item), Some(cells)) => {
                let items = self.offsets(cells, &mut vec![0])?;
                self.pass(item, items)
            }
            (_, None) => Ok(()),
            (DataType::Utf8, Some(cells)) => {
                let taken = self.offset_bytes(cells)?;
                let text = taken.last_chunk().map_or(0, |last| i32::from_ne_bytes(*last));
                self.take(usize::try_from(text).map_err(|_| cut())?).map(|_| ())
            }
            (DataType::Boolean, Some(cells)) => self.bits(cells).map(|_| ()),
            (_, Some(cells)) => self.take(cells.checked_mul(8).ok_or_else(cut)?).map(|_| ()),
        }
    }

    fn offset_bytes(&mut self, cells: usize) -> Result<&'a [u8], ArrowError> {
        self.take(cells.checked_add(1).and_then(|count| count.checked_mul(4)).ok_or_else(cut)?)
    }

    /// Adds offsets behind those that are there; says how far they reach in this block.
    fn offsets(&mut self, rows: usize, offsets: &mut Vec<i32>) -> Result<usize, ArrowError> {
        let taken = self.offset_bytes(rows)?;
        let base = offsets.last().copied().unwrap_or_default();
        let mut last = 0;
        for offset in taken.as_chunks().0.iter().map(|offset| i32::from_ne_bytes(*offset)).skip(1) {
            if offset < last {
                return Err(broken("offsets that go back"));
            }
            last = offset;
            offsets.push(base.checked_add(offset).ok_or_else(too_much)?);
        }
        Ok(last as usize)
    }
}

/// The next column of all blocks, of which each has so many rows of it.
fn joined(blocks: &mut [Block], field: &FieldRef, rows: &[usize]) -> Result<ArrayRef, ArrowError> {
    let total: usize = rows.iter().sum();
    let mut valid = Validity { rows: 0, total, bits: None };
    Ok(match field.data_type() {
        DataType::Utf8 => {
            // Offsets first: they tell how much text there is, and a text that grows is copied.
            let (mut offsets, mut pieces) = (Vec::with_capacity(total + 1), Vec::with_capacity(blocks.len()));
            offsets.push(0);
            for (block, rows) in blocks.iter_mut().zip(rows) {
                match valid.read(block, *rows)? {
                    Cells::Each => {
                        let bytes = block.offsets(*rows, &mut offsets)?;
                        pieces.push((block.take(bytes)?, 1));
                    }
                    Cells::One => pieces.push((block.repeated(*rows, &mut offsets)?, *rows)),
                    Cells::None => offsets.resize(offsets.len() + rows, last(&offsets)),
                }
            }
            let mut text = Vec::with_capacity(last(&offsets) as usize);
            for (piece, times) in pieces {
                (0..times).for_each(|_| text.extend_from_slice(piece));
            }
            let offsets = OffsetBuffer::new(offsets.into());
            Arc::new(StringArray::try_new(offsets, Buffer::from_vec(text), valid.finish())?)
        }
        DataType::Int64 => {
            let values = numbers(blocks, rows, &mut valid, i64::from_ne_bytes)?;
            Arc::new(Int64Array::try_new(values.into(), valid.finish())?)
        }
        DataType::Float64 => {
            let values = numbers(blocks, rows, &mut valid, f64::from_ne_bytes)?;
            Arc::new(Float64Array::try_new(values.into(), valid.finish())?)
        }
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            let values = numbers(blocks, rows, &mut valid, i64::from_ne_bytes)?;
            let instants = TimestampMicrosecondArray::try_new(values.into(), valid.finish())?;
            Arc::new(instants.with_timezone_opt(zone.clone()))
        }
        DataType::Boolean => {
            let mut flags = BooleanBufferBuilder::new(total);
            for (block, rows) in blocks.iter_mut().zip(rows) {
                match valid.read(block, *rows)? {
                    Cells::Each => flags.append_packed_range(0..*rows, block.bits(*rows)?),
                    Cells::One => return Err(broken("one flag for all")),
                    Cells::None => flags.append_n(*rows, false),
                }
            }
            Arc::new(BooleanArray::new(flags.finish(), valid.finish()))
        }
        DataType::List(item) => {
            let (mut offsets, mut items) = (Vec::with_capacity(total + 1), Vec::with_capacity(rows.len()));
            offsets.push(0);
            for (block, rows) in blocks.iter_mut().zip(rows) {
                items.push(match valid.read(block, *rows)? {
                    Cells::Each => block.offsets(*rows, &mut offsets)?,
                    Cells::One => return Err(broken("one list for all")),
                    Cells::None => {
                        offsets.resize(offsets.len() + rows, last(&offsets));
                        0
                    }
                });
            }
            // An item takes a bit at least, like a row.
            let claimed =
                blocks.iter().zip(&items).any(|(block, items)| items.div_ceil(8) > block.bytes.len());
            if claimed {
                return Err(cut());
            }
            let items = joined(blocks, item, &items)?;
            let offsets = OffsetBuffer::new(offsets.into());
            Arc::new(ListArray::try_new(item.clone(), offsets, items, valid.finish())?)
        }
        other => return Err(unknown(other)),
    })
}

fn numbers<T: Copy + Default>(
    blocks: &mut [Block],
    rows: &[usize],
    valid: &mut Validity,
    of_bytes: fn([u8; 8]) -> T,
) -> Result<Vec<T>, ArrowError> {
    let mut values = Vec::with_capacity(valid.total);
    for (block, rows) in blocks.iter_mut().zip(rows) {
        match valid.read(block, *rows)? {
            Cells::Each => {
                let bytes = block.take(rows.checked_mul(8).ok_or_else(cut)?)?;
                values.extend(bytes.as_chunks().0.iter().map(|value| of_bytes(*value)));
            }
            Cells::One => {
                let value = block.take(8)?.first_chunk().ok_or_else(cut)?;
                values.resize(values.len() + rows, of_bytes(*value));
            }
            Cells::None => values.resize(values.len() + rows, T::default()),
        }
    }
    Ok(values)
}

fn last(offsets: &[i32]) -> i32 {
    *offsets.last().expect("offsets begin with 0")
}

/// What follows of a column in a block.
enum Cells {
    Each,
    One,
    None,
}

/// Which cells are known, kept only once one is not.
struct Validity {
    rows: usize,
    total: usize,
    bits: Option<BooleanBufferBuilder>,
}

impl Validity {
    /// Reads a block's word on its next column; says what cells follow.
    fn read(&mut self, block: &mut Block, rows: usize) -> Result<Cells, ArrowError> {
        let kind = block.kind();
        if matches!(kind, SOME_NULLS | ONLY_NULLS) && self.bits.is_none() {
            let mut bits = BooleanBufferBuilder::new(self.total);
            bits.append_n(self.rows, true);
            self.bits = Some(bits);
        }
        match (kind, &mut self.bits) {
            (NO_NULLS | ALL_ALIKE, None) => {}
            (NO_NULLS | ALL_ALIKE, Some(bits)) => bits.append_n(rows, true),
            (SOME_NULLS, Some(bits)) => bits.append_packed_range(0..rows, block.bits(rows)?),
            (ONLY_NULLS, Some(bits)) => bits.append_n(rows, false),
            _ => return Err(broken(NO_KIND)),
        }
        self.rows += rows;
        Ok(match kind {
            ONLY_NULLS => Cells::None,
            ALL_ALIKE => Cells::One,
            _ => Cells::Each,
        })
    }

    fn finish(self) -> Option<NullBuffer> {
        self.bits.map(|mut bits| NullBuffer::new(bits.finish())).filter(|nulls| nulls.null_count() > 0)
    }
}

fn unknown(data_type: &DataType) -> ArrowError {
    broken(&format!("cells of type {data_type}"))
}

fn too_much() -> ArrowError {
    broken("2 GiB of text at once")
}

fn cut() -> ArrowError {
    broken("a block that ends too soon")
}

fn broken(what: &str) -> ArrowError {
    ArrowError::IpcError(what.to_owned())
}
