//! What lies beside the rows of some hosts when they are completed.
//!
//! A host has some twenty rows in a table of up to a hundred columns: rows of many hosts are
//! completed together, because a column made anew costs more than its cells.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use arrow_array::RecordBatch;

use crate::census::collected::Collected;
use crate::census::folded::host::Host;
use crate::census::folded::role::Role;
use crate::census::vm_order::by_vm_of_each;
use crate::model::remembered::Remembered;
use crate::model::target::HostName;
use crate::output::spool::SpoolError;
use crate::tables::table::TableId;

/// The surroundings of rows that lie host after host.
pub struct Beside<'a> {
    /// The hosts whose rows they are.
    pub names: &'a [HostName],
    /// The same hosts as the fleet knows them.
    pub hosts: &'a [Host],
    /// Of each host, the tables whose collector ended well; nothing is known of one without.
    pub told: Vec<Option<&'a BTreeSet<TableId>>>,
    /// How many of the rows each host has.
    pub of_hosts: &'a [usize],
    /// Of each row, its host's place among these hosts.
    pub host_of: Vec<usize>,
    pub remembered: &'a HashMap<String, Remembered>,
    /// Roles of VMs whose own host tells none.
    pub strays: &'a HashMap<String, Role>,
    pub rows: &'a Collected,
}

impl Beside<'_> {
    /// The host of a row.
    pub fn host(&self, row: usize) -> &Host {
        &self.hosts[self.host_of[row]]
    }

    /// Whether the collector of a table ended well on a row's host.
    pub fn told(&self, row: usize, table: &'static str) -> bool {
        self.told[self.host_of[row]].is_some_and(|told| told.contains(&TableId(table)))
    }

    /// The hosts' rows in another table, and how many of them each host has.
    pub fn of(&self, table: &str) -> Result<(RecordBatch, Vec<usize>), SpoolError> {
        self.rows.of_each(table, self.names)
    }

    /// The hosts' rows in another table, and which of them have the VM of each of `vms`.
    pub fn by_vm(
        &self,
        vms: &RecordBatch,
        table: &str,
    ) -> Result<(RecordBatch, Vec<Range<usize>>), SpoolError> {
        let (others, of_hosts) = self.of(table)?;
        let matching = by_vm_of_each((vms, self.of_hosts), (&others, &of_hosts));
        Ok((others, matching))
    }
}
