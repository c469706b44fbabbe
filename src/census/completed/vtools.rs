//! The integration services a host would give its guests: those of its own build.
//! Unconfirmed: no cmdlet tells the version that a host requires.

use arrow_array::RecordBatch;

use crate::census::completed::beside::Beside;
use crate::census::filling::Filling;

pub fn complete(vtools: &RecordBatch, beside: &Beside<'_>) -> RecordBatch {
    let mut filling = Filling::of(vtools);
    filling.texts("required_version", |row| beside.host(row).machine.os_version.as_deref());
    filling.done()
}
