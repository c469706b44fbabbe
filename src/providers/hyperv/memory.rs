//! Collector `memory` → table `vmemory`.

use std::cmp::Ordering;

use serde::Deserialize;
use uuid::Uuid;

use crate::providers::hyperv::object::{Object, Stamp};
use crate::providers::hyperv::value::{Flag, Id, Int, Real, Text};
use crate::tables::inventory::vmemory::Vmemory;

pub const SCRIPT: &str = include_str!("scripts/memory.ps1");

/// How RVTools writes that there is no limit.
const NO_LIMIT: i64 = -1;

/// The first configuration version whose memory can grow while the VM runs.
const HOT_ADD_SINCE: f64 = 8.0;

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct MemoryObject {
    #[serde(rename = "VMId")]
    vm_id: Id,
    #[serde(rename = "VMName")]
    vm_name: Text,
    dynamic_memory_enabled: Flag,
    startup: Int,
    minimum: Int,
    maximum: Int,
    buffer: Real,
    priority: Int,
    maximum_per_numa_node: Int,
    memory_assigned: Int,
    memory_demand: Int,
    version: Real,
}

impl Object for MemoryObject {
    type Row = Vmemory;
    const ONE_PER_VM: bool = true;

    fn vm_id(&self) -> Option<Uuid> {
        self.vm_id.0
    }

    fn row(self, stamp: &Stamp) -> Option<Vmemory> {
        let dynamic = self.dynamic_memory_enabled.0;
        let startup = self.startup.positive();
        let minimum = self.minimum.positive().filter(|_| dynamic == Some(true));
        let maximum = self.maximum.positive().filter(|_| dynamic == Some(true));
        let bound = |bound| dynamic.and_then(|dynamic| if dynamic { bound } else { startup });
        Some(Vmemory {
            host: stamp.host.clone(),
            vm_id: self.vm_id.text()?,
            collected_at: stamp.collected_at,
            vm_name: self.vm_name.or_id(&self.vm_id),
            dynamic_memory_enabled: dynamic,
            startup_bytes: startup,
            minimum_bytes: minimum,
            maximum_bytes: maximum,
            ceiling_bytes: bound(maximum),
            reserved_bytes: bound(minimum),
            reservation_locked: dynamic.map(|dynamic| !dynamic),
            buffer_percent: self.buffer.0.filter(|_| dynamic == Some(true)),
            shares_level: self
                .priority
                .0
                .map(|priority| if priority == 50 { "normal" } else { "custom" }.to_owned()),
            priority: self.priority.0,
            maximum_per_numa_node_mib: self.maximum_per_numa_node.positive(),
            assigned_bytes: self.memory_assigned.positive(),
            demand_bytes: self.memory_demand.positive(),
            limit_mib: dynamic.and_then(|dynamic| if dynamic { maximum.map(mib) } else { Some(NO_LIMIT) }),
            hot_add: self.version.0.map(|version| version >= HOT_ADD_SINCE),
        })
    }

    fn order(a: &Vmemory, b: &Vmemory) -> Ordering {
        a.vm_id.cmp(&b.vm_id)
    }
}

fn mib(bytes: i64) -> i64 {
    bytes / (1 << 20)
}
