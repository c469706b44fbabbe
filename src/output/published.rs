//! What a table looks like once it is published: the run stamped in front of every row, and
//! a fingerprint that changes when a reader would notice.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef, TimeUnit};
use sha2::{Digest, Sha256};

use crate::model::event::RunHeader;
use crate::tables::table::TableSpec;

/// One table as readers meet it.
#[derive(Clone)]
pub struct Published {
    pub spec: &'static TableSpec,
    /// `run_id`, `slot`, then the columns as declared.
    pub schema: SchemaRef,
    /// See [`fingerprint`].
    pub fingerprint: String,
}

impl Published {
    pub fn of(spec: &'static TableSpec) -> Self {
        let instant = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let stamps = [Field::new("run_id", DataType::Utf8, false), Field::new("slot", instant, false)];
        let declared = (spec.schema)();
        let fields = stamps.into_iter().map(Arc::new).chain(declared.fields().iter().cloned());
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let fingerprint = fingerprint(&schema);
        Self { spec, schema, fingerprint }
    }

    /// Puts the run in front of rows that have the declared schema.
    pub fn stamp(&self, header: &RunHeader, rows: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        self.stamped(&Stamps::of(header, rows.num_rows()), rows)
    }

    /// The same with stamps that were made for at least as many rows.
    pub fn stamped(&self, stamps: &Stamps, rows: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let stamps = stamps.0.iter().map(|stamp| stamp.slice(0, rows.num_rows()));
        let columns = stamps.chain(rows.columns().iter().cloned()).collect();
        RecordBatch::try_new(self.schema.clone(), columns)
    }
}

/// What stands in front of every row of a run, made once for many rows.
pub struct Stamps([ArrayRef; 2]);

impl Stamps {
    pub fn of(header: &RunHeader, rows: usize) -> Self {
        let run_id = StringArray::new_repeated(header.run_id.as_str(), rows);
        let slot = header.slot.instant().timestamp_micros();
        let slot = TimestampMicrosecondArray::from_value(slot, rows).with_timezone("UTC");
        Self([Arc::new(run_id), Arc::new(slot)])
    }

    pub fn rows(&self) -> usize {
        self.0[0].len()
    }
}

/// SHA-256, lowercase hex, over one line `name type required|nullable` per column in order.
/// Docs and RVTools headers do not count: only what a reader's query can trip over.
pub fn fingerprint(schema: &Schema) -> String {
    let mut digest = Sha256::new();
    for field in schema.fields() {
        let null = if field.is_nullable() { "nullable" } else { "required" };
        digest.update(format!("{} {} {null}\n", field.name(), type_word(field.data_type())));
    }
    hex(&digest.finalize())
}

/// Our own words for the types a cell may have, because Arrow's spelling may change with a
/// version and a fingerprint may not.
pub fn type_word(data_type: &DataType) -> String {
    match data_type {
        DataType::Utf8 => "string".to_owned(),
        DataType::Int64 => "int64".to_owned(),
        DataType::Float64 => "float64".to_owned(),
        DataType::Boolean => "bool".to_owned(),
        DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) if &**zone == "UTC" => {
            "timestamp_micros_utc".to_owned()
        }
        DataType::List(item) => format!("list<{}>", type_word(item.data_type())),
        other => other.to_string(),
    }
}

/// Lowercase hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
