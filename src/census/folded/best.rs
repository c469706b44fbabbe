//! Which of several hosts that tell the same is listened to.

use arrow_array::{Array, RecordBatch};

/// A row of a host: the first in name order among those that told most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Best {
    pub host: usize,
    pub row: usize,
    cells: usize,
}

impl Best {
    pub fn of(host: usize, row: usize, batch: &RecordBatch) -> Self {
        let told = batch.columns().iter().filter(|column| column.is_valid(row));
        Self { host, row, cells: told.count() }
    }

    /// Hosts are offered in name order: of equals the first stays.
    pub fn is_better_than(&self, other: Option<&Self>) -> bool {
        other.is_none_or(|other| self.cells > other.cells)
    }
}
