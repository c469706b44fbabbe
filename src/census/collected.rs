//! The collected rows of a run by the names of their tables.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::Schema;
use arrow_select::concat::concat_batches;

use crate::census::needed::needed;
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

    /// The rows of all these hosts, in VM order where there is a `vm_id`, and how many each
    /// has: the columns that the census needs. No rows and no columns for a table that this
    /// run does not collect. Blocks on the disk.
    pub fn of_each(&self, table: &str, hosts: &[HostName]) -> Result<(RecordBatch, Vec<usize>), SpoolError> {
        let Some(spec) = self.tables.iter().find(|spec| spec.id.as_str() == table) else {
            return Ok((RecordBatch::new_empty(Arc::new(Schema::empty())), vec![0; hosts.len()]));
        };
        let (mut batches, mut of_hosts) = (Vec::new(), Vec::new());
        while of_hosts.len() < hosts.len() {
            let (rows, of_those) = self.rows.columns_of(spec, needed(table), &hosts[of_hosts.len()..])?;
            batches.push(rows);
            of_hosts.extend(of_those);
        }
        let rows = match batches.as_slice() {
            [alone] => alone.clone(),
            _ => concat_batches(&batches[0].schema(), &batches).expect("batches of one declared schema"),
        };
        Ok((rows, of_hosts))
    }

    /// The rows of the first of these hosts and of some after it, in any table, as they came;
    /// see [`TableSource::rows_of`].
    pub fn rows_of(
        &self,
        table: &'static TableSpec,
        hosts: &[HostName],
    ) -> Result<(RecordBatch, Vec<usize>), SpoolError> {
        self.rows.rows_of(table, hosts)
    }

    /// A host's rows in any table, as they came.
    pub fn host_rows(&self, table: &'static TableSpec, host: &HostName) -> Result<RecordBatch, SpoolError> {
        self.rows.host_rows(table, host)
    }

    pub fn fleet_rows(&self, table: &'static TableSpec) -> Result<RecordBatch, SpoolError> {
        self.rows.fleet_rows(table)
    }
}
