//! The collected rows of a run by the names of their tables.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::Schema;

use crate::model::target::HostName;
use crate::output::source::TableSource;
use crate::output::spool::SpoolError;
use crate::tables::table::TableSpec;

pub struct Collected {
    rows: Arc<dyn TableSource>,
    tables: Vec<&'static TableSpec>,
}

impl Collected {
    /// `tables` are those the run was asked to collect.
    pub fn new(rows: Arc<dyn TableSource>, tables: Vec<&'static TableSpec>) -> Self {
        Self { rows, tables }
    }

    /// A host's rows, in VM order where there is a `vm_id`; no rows and no columns for a
    /// table that this run does not collect. Blocks on the disk.
    pub fn of(&self, table: &str, host: &HostName) -> Result<RecordBatch, SpoolError> {
        match self.tables.iter().find(|spec| spec.id.as_str() == table) {
            Some(spec) => self.rows.host_rows(spec, host),
            None => Ok(RecordBatch::new_empty(Arc::new(Schema::empty()))),
        }
    }

    /// A host's rows in any table, as they came.
    pub fn host_rows(&self, table: &'static TableSpec, host: &HostName) -> Result<RecordBatch, SpoolError> {
        self.rows.host_rows(table, host)
    }

    pub fn fleet_rows(&self, table: &'static TableSpec) -> Result<RecordBatch, SpoolError> {
        self.rows.fleet_rows(table)
    }
}
