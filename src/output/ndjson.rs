//! NDJSON: one object a line, for pipes and for people with `jq`.
//!
//! Every column stands in every line, null included. Instants are RFC 3339 in UTC, lists
//! are arrays, integers are bare numbers (a reader that keeps numbers as doubles loses
//! digits past 2^53). JSON has no NaN and no infinity: such a float is null here and in
//! CSV, which says "unknown", and verbatim in Parquet.

use std::io::Write;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{ArrayRef, RecordBatch};
use arrow_json::WriterBuilder;
use arrow_json::writer::{LineDelimited, Writer};
use arrow_schema::{DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};

use crate::output::format::{EncodeError, Encoder, INSTANT_FORMAT};
use crate::output::published::Published;

/// Arrow formats instants of a named zone only with a zone database; an offset needs none.
const UTC_OFFSET: &str = "+00:00";

pub struct NdjsonEncoder<W: Write + Send> {
    schema: SchemaRef,
    writer: Writer<W, LineDelimited>,
}

impl<W: Write + Send> NdjsonEncoder<W> {
    pub fn open(table: &Published, out: W) -> Self {
        let fields = table.schema.fields().iter().map(with_offset).collect::<Vec<_>>();
        let writer = WriterBuilder::new()
            .with_explicit_nulls(true)
            .with_timestamp_tz_format(INSTANT_FORMAT.to_owned())
            .build(out);
        Self { schema: Arc::new(Schema::new(fields)), writer }
    }
}

impl<W: Write + Send> Encoder for NdjsonEncoder<W> {
    fn encode(&mut self, rows: &Arc<[RecordBatch]>) -> Result<(), EncodeError> {
        for batch in rows.iter() {
            let columns = batch.columns().iter().map(relabelled).collect();
            self.writer.write(&RecordBatch::try_new(self.schema.clone(), columns)?)?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<(), EncodeError> {
        self.writer.finish()?;
        Ok(self.writer.get_mut().flush()?)
    }
}

fn with_offset(field: &FieldRef) -> Field {
    let field = field.as_ref().clone();
    match field.data_type() {
        DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => {
            field.with_data_type(DataType::Timestamp(TimeUnit::Microsecond, Some(UTC_OFFSET.into())))
        }
        _ => field,
    }
}

/// The same instants under another zone label; nothing is copied.
fn relabelled(column: &ArrayRef) -> ArrayRef {
    match column.data_type() {
        DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => {
            let instants = column.as_primitive::<TimestampMicrosecondType>().clone();
            Arc::new(instants.with_timezone(UTC_OFFSET))
        }
        _ => column.clone(),
    }
}
