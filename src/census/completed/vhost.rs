//! What a host's other rows say of it: where it stands, and what it carries.

use arrow_array::RecordBatch;

use crate::census::completed::beside::Beside;
use crate::census::filling::Filling;

pub fn complete(vhost: &RecordBatch, beside: &Beside<'_>) -> RecordBatch {
    let (place, guests) = (&beside.host.place, &beside.host.guests);
    let cores = beside.host.machine.cores.filter(|cores| *cores > 0);
    let per_core = |count: Option<i64>| Some(count? as f64 / cores? as f64);
    let mut filling = Filling::of(vhost);
    filling.word("site", Some(&place.datacenter));
    filling.word("cluster_shown", Some(&place.cluster));
    filling.word("sdk_server", Some(&place.sdk_server));
    filling.word("sdk_uuid", Some(&place.sdk_uuid));
    filling.ints("nics", |_| guests.nics);
    filling.ints("hbas", |_| guests.hbas);
    filling.ints("vms_total", |_| guests.vms);
    filling.ints("vms", |_| guests.running);
    filling.ints("vcpus", |_| guests.vcpus);
    filling.ints("vram_bytes", |_| guests.memory_bytes);
    filling.ints("vm_used_memory_bytes", |_| guests.used_bytes);
    filling.reals("vms_per_core", |_| per_core(guests.running));
    filling.reals("vcpus_per_core", |_| per_core(guests.vcpus));
    filling.done()
}
