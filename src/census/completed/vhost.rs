//! What a host's other rows say of it: where it stands, and what it carries.

use arrow_array::RecordBatch;

use crate::census::completed::beside::Beside;
use crate::census::filling::Filling;

pub fn complete(vhost: &RecordBatch, beside: &Beside<'_>) -> RecordBatch {
    let (place, guests) = (|row| &beside.host(row).place, |row| &beside.host(row).guests);
    let cores = |row| beside.host(row).machine.cores.filter(|cores| *cores > 0);
    let per_core = |row, count: Option<i64>| Some(count? as f64 / cores(row)? as f64);
    let mut filling = Filling::of(vhost);
    filling.texts("site", |row| Some(&place(row).datacenter));
    filling.texts("cluster_shown", |row| Some(&place(row).cluster));
    filling.texts("sdk_server", |row| Some(&place(row).sdk_server));
    filling.texts("sdk_uuid", |row| Some(&place(row).sdk_uuid));
    filling.ints("nics", |row| guests(row).nics);
    filling.ints("hbas", |row| guests(row).hbas);
    filling.ints("vms_total", |row| guests(row).vms);
    filling.ints("vms", |row| guests(row).running);
    filling.ints("vcpus", |row| guests(row).vcpus);
    filling.ints("vram_bytes", |row| guests(row).memory_bytes);
    filling.ints("vm_used_memory_bytes", |row| guests(row).used_bytes);
    filling.reals("vms_per_core", |row| per_core(row, guests(row).running));
    filling.reals("vcpus_per_core", |row| per_core(row, guests(row).vcpus));
    filling.done()
}
