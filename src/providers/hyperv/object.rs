//! The contract of a collector's payload: an array of objects, each of which becomes a row.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use crate::providers::hyperv::surrogate::mended;
use crate::tables::table::{Row, RowBatch};

/// What every row of one conversation carries.
#[derive(Clone, Debug)]
pub struct Stamp {
    /// The host as the fleet names it.
    pub host: String,
    pub collected_at: DateTime<Utc>,
}

/// One object of a payload.
pub trait Object: DeserializeOwned {
    type Row: Row;

    /// Whether the collector owes exactly one row for every VM.
    const ONE_PER_VM: bool = false;

    /// The VM it speaks of; absent for things that belong to the host.
    fn vm_id(&self) -> Option<Uuid>;

    /// Absent when the object lacks what a row cannot do without.
    fn row(self, stamp: &Stamp) -> Option<Self::Row>;

    /// The order within a table, after the host.
    fn order(a: &Self::Row, b: &Self::Row) -> Ordering;

    /// Fills what only the rows of one VM together tell. The host keeps a VM's rows in one
    /// payload; they come in order.
    fn together(_rows: &mut [Self::Row]) {}
}

/// What one payload came to.
#[derive(Debug, Default)]
pub struct Reading {
    /// Absent when there is no row in it.
    pub batch: Option<RowBatch>,
    /// Elements of the array, whatever they were.
    pub objects: u64,
    /// Objects that are no row: no object at all, or without the VM's id.
    pub unreadable: u64,
    /// Rows for a VM that had its row already; the first one was kept.
    pub repeated: u64,
}

/// Reads a payload. `seen` collects the VM ids of the collector over all its records.
///
/// A single object counts as an array of one, and null as no object: both are what older
/// conversions make of lists.
pub fn read<O: Object>(payload: &[u8], stamp: &Stamp, seen: &mut BTreeSet<Uuid>) -> Reading {
    let (objects, count, mut unreadable) = objects::<O>(payload);
    let mut repeated = 0;
    let mut rows = Vec::with_capacity(objects.len());
    for object in objects {
        let id = object.vm_id();
        let Some(row) = object.row(stamp) else {
            unreadable += 1;
            continue;
        };
        let new = id.is_none_or(|id| seen.insert(id));
        if O::ONE_PER_VM && !new {
            repeated += 1;
        } else {
            rows.push((id, row));
        }
    }
    rows.sort_by(|(_, a), (_, b)| O::order(a, b));
    let (ids, mut rows): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
    let mut start = 0;
    for family in ids.chunk_by(|a, b| a.is_some() && a == b) {
        O::together(&mut rows[start..start + family.len()]);
        start += family.len();
    }
    let batch = (!rows.is_empty()).then(|| O::Row::batch(rows));
    Reading { batch, objects: count, unreadable, repeated }
}

/// The readable objects, the number of elements, and how many of them were neither
/// readable nor null.
pub fn objects<T: DeserializeOwned>(payload: &[u8]) -> (Vec<T>, u64, u64) {
    let payload = &*mended(payload);
    // The whole at once; only when something in it is odd, piece by piece.
    if let Ok(objects) = serde_json::from_slice::<Vec<T>>(payload) {
        let count = objects.len() as u64;
        return (objects, count, 0);
    }
    let elements = match serde_json::from_slice(payload) {
        Ok(Value::Array(elements)) => elements,
        Ok(Value::Null) => Vec::new(),
        Ok(single) => vec![single],
        Err(_) => return (Vec::new(), 0, 1),
    };
    let count = elements.len() as u64;
    let mut unreadable = 0;
    let readable = elements.into_iter().filter(|element| !element.is_null()).filter_map(|element| {
        let object = element.is_object().then(|| serde_json::from_value(element).ok()).flatten();
        unreadable += u64::from(object.is_none());
        object
    });
    (readable.collect(), count, unreadable)
}
