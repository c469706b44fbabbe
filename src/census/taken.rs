//! The census of a run: its collected rows, completed by what follows from all of them.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::Schema;

use crate::census::ground::Ground;
use crate::census::health::survey::{Health, Survey};
use crate::model::target::HostName;
use crate::output::source::TableSource;
use crate::output::spool::SpoolError;
use crate::output::spooled::Spooled;
use crate::tables::catalogue;
use crate::tables::derived::vhealth::Vhealth;
use crate::tables::sheet::Place;
use crate::tables::table::{Row, TableSpec};

/// The rows of a run as they are published.
pub struct Census {
    ground: Ground,
    rows: Spooled,
    hosts: Vec<HostName>,
    health: Health,
}

impl Census {
    /// One pass over all rows, for what only the whole can tell. Blocks on the disk.
    pub fn take(rows: Spooled, ground: Ground) -> Result<Self, SpoolError> {
        let hosts: Vec<HostName> = ground.hosts.keys().cloned().collect();
        let mut health = Survey::default();
        for host in &hosts {
            health.note(&ground, host, &|table| told(&rows, table, host))?;
        }
        let health = health.close(&ground);
        Ok(Self { ground, rows, hosts, health })
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
        if table.id == Vhealth::TABLE {
            let told = |table: &str| told(&self.rows, table, host);
            return self.health.findings(&self.ground, host, &self.place(host), &told);
        }
        self.rows.host_rows(table, host)
    }

    fn fleet_rows(&self, table: &'static TableSpec) -> Result<RecordBatch, SpoolError> {
        if table.id == Vhealth::TABLE {
            return Ok(self.health.fleet_findings(&self.ground, &|host| self.place(host)));
        }
        self.rows.fleet_rows(table)
    }
}

/// What a host told of a table, by the table's name; nothing of a table nobody knows.
fn told(rows: &Spooled, table: &str, host: &HostName) -> Result<RecordBatch, SpoolError> {
    match catalogue::named(table) {
        Some(spec) => rows.host_rows(spec, host),
        None => Ok(RecordBatch::new_empty(Arc::new(Schema::empty()))),
    }
}
