//! A walk through the hosts of a run, host by host, over whichever tables are asked for.
//!
//! Rows are read for some hosts at once and cut apart: to read a column of one host costs as
//! much as to read that of many. Whoever asks again for the same hosts' rows finds them read.

use std::cell::RefCell;
use std::collections::HashMap;

use arrow_array::RecordBatch;

use crate::census::collected::Collected;
use crate::model::target::HostName;
use crate::output::spool::SpoolError;

/// Read at once, of each table: at 20 VMs a host some 700 rows, under a megabyte a table.
const HOSTS_TOGETHER: usize = 32;

/// Memory is the rows of 32 hosts in every table that was asked for.
pub struct Walk<'a> {
    rows: &'a Collected,
    /// In the order of the walk.
    hosts: &'a [HostName],
    read: RefCell<HashMap<String, Read>>,
}

/// A table's rows for some of the hosts.
struct Read {
    /// The place of the first of them.
    first: usize,
    rows: RecordBatch,
    /// Of each host, where its rows begin; then where the last one's end.
    begins: Vec<usize>,
}

impl<'a> Walk<'a> {
    pub fn of(rows: &'a Collected, hosts: &'a [HostName]) -> Self {
        Self { rows, hosts, read: RefCell::default() }
    }

    /// The first hosts of some, as many as a walk reads at once.
    pub fn first(hosts: &[HostName]) -> &[HostName] {
        &hosts[..hosts.len().min(HOSTS_TOGETHER)]
    }

    /// The rows of the host at a place; see [`Collected::of_each`]. Blocks on the disk.
    pub fn rows(&self, table: &str, host: usize) -> Result<RecordBatch, SpoolError> {
        let mut read = self.read.borrow_mut();
        if let Some(rows) = read.get(table).and_then(|read| read.of(host)) {
            return Ok(rows);
        }
        let (rows, of_hosts) = self.rows.of_each(table, Self::first(&self.hosts[host..]))?;
        let mut begins = vec![0];
        begins.extend(of_hosts.iter().scan(0, |end, count| {
            *end += count;
            Some(*end)
        }));
        let stretch = Read { first: host, rows, begins };
        let rows = stretch.of(host).expect("the host that it begins with");
        read.insert(table.to_owned(), stretch);
        Ok(rows)
    }
}

impl Read {
    fn of(&self, host: usize) -> Option<RecordBatch> {
        let place = host.checked_sub(self.first)?;
        let (begin, end) = (*self.begins.get(place)?, *self.begins.get(place + 1)?);
        Some(self.rows.slice(begin, end - begin))
    }
}
