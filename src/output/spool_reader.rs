//! The rows of a spool as they stand, table by table and host by host.

use std::fmt::Display;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use crate::model::target::HostName;
use crate::output::frame::Span;
use crate::output::packed;
use crate::output::spool::{Spool, SpoolError, SpoolFile};
use crate::tables::table::{TableId, TableSpec};

/// Hosts are read together until they have so much: what encoders work on at once. Packed
/// bytes may unpack to several times as many, so the rows count too.
const TOGETHER_BYTES: usize = 2 * 1024 * 1024;
const TOGETHER_ROWS: usize = 4096;

impl Spool {
    /// The rows as they stand now, to be read by any number of threads.
    pub async fn reader(&self) -> Result<SpoolReader, SpoolError> {
        self.flush().await?;
        let opened = File::open(&self.file.path).map_err(|error| self.file.failed("read", &error))?;
        let state = self.file.lock();
        state.usable()?;
        let mut order: Vec<u32> = (0..state.hosts.len() as u32).collect();
        order.sort_by(|a, b| state.hosts[*a as usize].cmp(&state.hosts[*b as usize]));
        let mut ranks = vec![0; order.len()];
        (0..).zip(&order).for_each(|(rank, number)| ranks[*number as usize] = rank);
        let ranked = |spans: &Vec<(u32, Span)>| {
            let mut ranked: Vec<_> =
                spans.iter().map(|(host, span)| (ranks[*host as usize], *span)).collect();
            ranked.sort_by_key(|(rank, span)| (*rank, span.offset));
            ranked
        };
        Ok(SpoolReader {
            spool: self.file.clone(),
            opened,
            hosts: order.iter().map(|number| state.hosts[*number as usize].clone()).collect(),
            index: state.index.iter().map(ranked).collect(),
        })
    }
}

/// A spool to be read, host by host. Blocks on the disk: not for the runtime's own threads.
pub struct SpoolReader {
    spool: Arc<SpoolFile>,
    opened: File,
    /// Hosts that have rows, in name order.
    hosts: Vec<HostName>,
    /// By table, as in `SpoolFile::tables`: place in `hosts`, and rows; sorted.
    index: Vec<Vec<(u32, Span)>>,
}

impl SpoolReader {
    /// Hosts that have any rows, in name order.
    pub fn hosts(&self) -> &[HostName] {
        &self.hosts
    }

    /// All rows of a host in a table, in the order in which they came; none is an empty
    /// batch, also for a table that the spool was not opened for.
    pub fn rows(&self, table: &TableSpec, host: &HostName) -> Result<RecordBatch, SpoolError> {
        Ok(self.rows_of(table, std::slice::from_ref(host))?.0)
    }

    /// The same of the first of several hosts and of as many after it as are cheap to take
    /// together, with the number of rows of each.
    pub fn rows_of(
        &self,
        table: &TableSpec,
        hosts: &[HostName],
    ) -> Result<(RecordBatch, Vec<usize>), SpoolError> {
        self.columns_of(table, (table.schema)(), hosts)
    }

    /// The same, of some of the table's columns, in its order.
    pub fn columns_of(
        &self,
        table: &TableSpec,
        columns: SchemaRef,
        hosts: &[HostName],
    ) -> Result<(RecordBatch, Vec<usize>), SpoolError> {
        let (mut bytes, mut begun, mut rows) = (Vec::<u8>::new(), Vec::new(), Vec::new());
        let mut total = 0;
        for host in hosts {
            let before = total;
            for span in self.spans(table.id, host) {
                let begin = bytes.len();
                self.read(*span, &mut bytes).map_err(|error| self.spool.failed("read", &error))?;
                total += packed::rows(&bytes[begin..]);
                begun.push(begin);
            }
            rows.push(total - before);
            if bytes.len() >= TOGETHER_BYTES || total >= TOGETHER_ROWS {
                break;
            }
        }
        let ends = begun.iter().skip(1).copied().chain([bytes.len()]);
        let blocks: Vec<_> = begun.iter().zip(ends).map(|(begin, end)| &bytes[*begin..end]).collect();
        let batch = packed::unpack_some(&blocks, &(table.schema)(), columns);
        let batch = batch.map_err(|error| self.broken(&error))?;
        Ok((batch, rows))
    }

    /// Rows were read that make no sense together.
    pub fn broken(&self, cause: &dyn Display) -> SpoolError {
        self.spool.failed("read", cause)
    }

    fn spans(&self, table: TableId, host: &HostName) -> impl Iterator<Item = &Span> {
        let table = self.spool.tables.iter().position(|spec| spec.id == table);
        let of_host = table.zip(self.hosts.binary_search(host).ok()).map(|(table, rank)| {
            let spans = &self.index[table];
            let first = spans.partition_point(|(host, _)| (*host as usize) < rank);
            let after = spans.partition_point(|(host, _)| (*host as usize) <= rank);
            &spans[first..after]
        });
        of_host.unwrap_or_default().iter().map(|(_, span)| span)
    }

    /// Adds a block behind what is in `bytes`.
    fn read(&self, span: Span, bytes: &mut Vec<u8>) -> io::Result<()> {
        let begin = bytes.len();
        bytes.resize(begin + span.bytes as usize, 0);
        self.opened.read_exact_at(&mut bytes[begin..], span.offset)
    }
}
