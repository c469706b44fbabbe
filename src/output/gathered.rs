//! Rows in memory as a source of tables: those of the probes of a run.

use std::collections::HashMap;

use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;

use crate::model::target::HostName;
use crate::output::source::TableSource;
use crate::output::spool::SpoolError;
use crate::tables::sheet::Place;
use crate::tables::table::{RowBatch, TableId, TableSpec};

/// Rows that belong to no host, in the order in which they were added.
#[derive(Debug, Default)]
pub struct Gathered(HashMap<TableId, Vec<RecordBatch>>);

impl Gathered {
    pub fn add(&mut self, batch: RowBatch) {
        self.0.entry(batch.table).or_default().push(batch.columns);
    }
}

impl TableSource for Gathered {
    fn hosts(&self) -> &[HostName] {
        &[]
    }

    fn place(&self, _: &HostName) -> Place {
        Place::default()
    }

    fn host_rows(&self, table: &'static TableSpec, _: &HostName) -> Result<RecordBatch, SpoolError> {
        Ok(RecordBatch::new_empty((table.schema)()))
    }

    fn fleet_rows(&self, table: &'static TableSpec) -> Result<RecordBatch, SpoolError> {
        let batches = self.0.get(&table.id).map_or(&[][..], Vec::as_slice);
        Ok(concat_batches(&(table.schema)(), batches).expect("batches of one declared schema"))
    }
}
