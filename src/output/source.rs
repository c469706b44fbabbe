//! Where the rows come from that are written: the tables of a run, host by host, as they
//! are to be published.

use arrow_array::RecordBatch;

use crate::model::target::HostName;
use crate::output::spool::SpoolError;
use crate::tables::columns::part;
use crate::tables::sheet::Place;
use crate::tables::table::TableSpec;

/// The rows of a run, read as often as there are forms to write them in. Every call may
/// block on the disk; memory is the rows that it gives.
pub trait TableSource: Send + Sync {
    /// Hosts that may have rows, in name order.
    fn hosts(&self) -> &[HostName];

    /// Where a host stands; every host of `hosts` stands somewhere.
    fn place(&self, host: &HostName) -> Place;

    /// A host's rows in the table's declared schema and order; an empty batch for none.
    fn host_rows(&self, table: &'static TableSpec, host: &HostName) -> Result<RecordBatch, SpoolError>;

    /// Rows that belong to no single host (clusters, shared volumes), behind all others.
    fn fleet_rows(&self, table: &'static TableSpec) -> Result<RecordBatch, SpoolError>;

    /// [`TableSource::rows_of`] with some of the columns only, in the table's order: who reads
    /// a few of a hundred need not pay for all. A batch says that it is such a part.
    fn columns_of(
        &self,
        table: &'static TableSpec,
        columns: &[&str],
        hosts: &[HostName],
    ) -> Result<(RecordBatch, Vec<usize>), SpoolError> {
        let (rows, of_hosts) = self.rows_of(table, hosts)?;
        Ok((part(&rows, columns), of_hosts))
    }

    /// The rows of the first of these hosts, and of as many after it as are cheap to take
    /// together, with the number of rows of each of those. `hosts` is a stretch of
    /// [`TableSource::hosts`], or of the hosts of whoever asks.
    fn rows_of(
        &self,
        table: &'static TableSpec,
        hosts: &[HostName],
    ) -> Result<(RecordBatch, Vec<usize>), SpoolError> {
        let rows = self.host_rows(table, &hosts[0])?;
        let count = rows.num_rows();
        Ok((rows, vec![count]))
    }
}
