//! The census of a run: its collected rows, completed by what follows from all of them.

use arrow_array::RecordBatch;

use crate::census::ground::Ground;
use crate::model::target::HostName;
use crate::output::source::TableSource;
use crate::output::spool::SpoolError;
use crate::output::spooled::Spooled;
use crate::tables::sheet::Place;
use crate::tables::table::TableSpec;

/// The rows of a run as they are published.
pub struct Census {
    ground: Ground,
    rows: Spooled,
    hosts: Vec<HostName>,
}

impl Census {
    /// One pass over all rows, for what only the whole can tell. Blocks on the disk.
    pub fn take(rows: Spooled, ground: Ground) -> Result<Self, SpoolError> {
        let hosts = ground.hosts.keys().cloned().collect();
        Ok(Self { ground, rows, hosts })
    }
}

impl TableSource for Census {
    fn hosts(&self) -> &[HostName] {
        &self.hosts
    }

    fn place(&self, host: &HostName) -> Place {
        let site = self.ground.hosts.get(host).map(|standing| standing.site.clone());
        Place { datacenter: site.unwrap_or_default(), ..self.rows.place(host) }
    }

    fn host_rows(&self, table: &'static TableSpec, host: &HostName) -> Result<RecordBatch, SpoolError> {
        self.rows.host_rows(table, host)
    }

    fn fleet_rows(&self, table: &'static TableSpec) -> Result<RecordBatch, SpoolError> {
        self.rows.fleet_rows(table)
    }
}
