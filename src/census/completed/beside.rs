//! What lies beside a host's rows when they are completed.

use std::collections::{BTreeSet, HashMap};

use arrow_array::RecordBatch;

use crate::census::collected::Collected;
use crate::census::folded::host::Host;
use crate::census::folded::role::Role;
use crate::census::ground::Remembered;
use crate::model::target::HostName;
use crate::output::spool::SpoolError;
use crate::tables::table::TableId;

/// One host's surroundings.
#[derive(Clone, Copy)]
pub struct Beside<'a> {
    pub name: &'a HostName,
    pub host: &'a Host,
    /// Tables whose collector ended well on this host.
    pub told: &'a BTreeSet<TableId>,
    pub remembered: &'a HashMap<String, Remembered>,
    /// Roles of VMs whose own host tells none.
    pub strays: &'a HashMap<String, Role>,
    pub rows: &'a Collected,
}

impl Beside<'_> {
    /// The host's rows in another table.
    pub fn of(&self, table: &str) -> Result<RecordBatch, SpoolError> {
        self.rows.of(table, self.name)
    }

    pub fn told(&self, table: &'static str) -> bool {
        self.told.contains(&TableId(table))
    }
}
