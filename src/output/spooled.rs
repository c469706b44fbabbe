//! The rows of a spool as they count: every VM on one host only, in VM order.

use std::collections::HashMap;

use arrow_array::cast::AsArray;
use arrow_array::{Array, BooleanArray, RecordBatch, StringArray, UInt32Array};
use arrow_schema::{ArrowError, DataType};
use arrow_select::filter::filter_record_batch;
use arrow_select::take::take_record_batch;

use crate::model::target::HostName;
use crate::output::source::TableSource;
use crate::output::spool::SpoolError;
use crate::output::spool_reader::SpoolReader;
use crate::tables::columns::part_of;
use crate::tables::sheet::Place;
use crate::tables::table::TableSpec;

/// VMs that were seen on several hosts, by VM id (as in the column `vm_id`), and the host
/// for which their rows are kept.
pub type KeptOn = HashMap<String, HostName>;

pub struct Spooled {
    reader: SpoolReader,
    kept_on: KeptOn,
}

impl Spooled {
    pub fn new(reader: SpoolReader, kept_on: KeptOn) -> Self {
        Self { reader, kept_on }
    }

    /// Drops the VMs that are kept on another host and orders by VM id; rows without a
    /// `vm_id` keep their order.
    fn counted(&self, host: &HostName, rows: RecordBatch) -> Result<RecordBatch, ArrowError> {
        let vm_ids = rows.column_by_name("vm_id").filter(|column| *column.data_type() == DataType::Utf8);
        let Some(vm_ids) = vm_ids else { return Ok(rows) };
        let vm_ids: &StringArray = vm_ids.as_string();
        let key = |row: &u32| (vm_ids.is_null(*row as usize), vm_ids.value(*row as usize));
        let mut order: Vec<u32> = (0..rows.num_rows() as u32).collect();
        let sorted = order.is_sorted_by_key(key);
        let stays = |id: &str| self.kept_on.get(id).is_none_or(|kept_on| kept_on == host);
        if sorted && (self.kept_on.is_empty() || vm_ids.iter().flatten().all(stays)) {
            return Ok(rows);
        }
        order.sort_by_key(key);
        let stays: BooleanArray = vm_ids.iter().map(|id| Some(id.is_none_or(stays))).collect();
        let order = UInt32Array::from(order);
        let stays = arrow_select::take::take(&stays, &order, None)?;
        filter_record_batch(&take_record_batch(&rows, &order)?, stays.as_boolean())
    }
}

impl Spooled {
    /// [`Spooled::counted`] for each of several hosts. Almost always all is as it came: then
    /// nothing is taken apart.
    fn counted_each(
        &self,
        hosts: &[HostName],
        rows: RecordBatch,
        of_hosts: Vec<usize>,
    ) -> Result<(RecordBatch, Vec<usize>), ArrowError> {
        let ids = rows.column_by_name("vm_id").and_then(|ids| ids.as_string_opt::<i32>());
        let as_it_came = |ids: &StringArray| {
            let mut first = 0;
            of_hosts.iter().all(|count| {
                let of_host = first..first + count;
                first += count;
                of_host.is_sorted_by_key(|row| (ids.is_null(row), ids.value(row)))
            })
        };
        if ids.is_none_or(|ids| self.kept_on.is_empty() && as_it_came(ids)) {
            return Ok((rows, of_hosts));
        }
        let mut first = 0;
        let counted = hosts.iter().zip(&of_hosts).map(|(host, count)| {
            first += count;
            self.counted(host, rows.slice(first - count, *count))
        });
        let counted = counted.collect::<Result<Vec<_>, _>>()?;
        let joined = arrow_select::concat::concat_batches(&rows.schema(), &counted)?;
        Ok((joined, counted.iter().map(RecordBatch::num_rows).collect()))
    }
}

impl TableSource for Spooled {
    fn hosts(&self) -> &[HostName] {
        self.reader.hosts()
    }

    /// The host itself: a spool knows of no sites and clusters.
    fn place(&self, host: &HostName) -> Place {
        Place { cluster: host.to_string(), sdk_server: host.to_string(), ..Place::default() }
    }

    fn host_rows(&self, table: &'static TableSpec, host: &HostName) -> Result<RecordBatch, SpoolError> {
        let rows = self.reader.rows(table, host)?;
        self.counted(host, rows).map_err(|error| self.reader.broken(&error))
    }

    fn rows_of(
        &self,
        table: &'static TableSpec,
        hosts: &[HostName],
    ) -> Result<(RecordBatch, Vec<usize>), SpoolError> {
        let (rows, of_hosts) = self.reader.rows_of(table, hosts)?;
        self.counted_each(hosts, rows, of_hosts).map_err(|error| self.reader.broken(&error))
    }

    fn columns_of(
        &self,
        table: &'static TableSpec,
        columns: &[&str],
        hosts: &[HostName],
    ) -> Result<(RecordBatch, Vec<usize>), SpoolError> {
        let schema = part_of(&(table.schema)(), |name| name == "vm_id" || columns.contains(&name));
        let (rows, of_hosts) = self.reader.columns_of(table, schema, hosts)?;
        self.counted_each(hosts, rows, of_hosts).map_err(|error| self.reader.broken(&error))
    }

    fn fleet_rows(&self, table: &'static TableSpec) -> Result<RecordBatch, SpoolError> {
        Ok(RecordBatch::new_empty((table.schema)()))
    }
}
