//! Collector `processor` → table `vcpu`.

use std::cmp::Ordering;

use serde::Deserialize;
use uuid::Uuid;

use crate::providers::hyperv::object::{Object, Stamp};
use crate::providers::hyperv::value::{Flag, Id, Int, Real, Text};
use crate::tables::inventory::vcpu::Vcpu;

pub const SCRIPT: &str = include_str!("scripts/processor.ps1");

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ProcessorObject {
    #[serde(rename = "VMId")]
    vm_id: Id,
    #[serde(rename = "VMName")]
    vm_name: Text,
    count: Int,
    reserve: Real,
    maximum: Real,
    relative_weight: Int,
    maximum_count_per_numa_node: Int,
    maximum_count_per_numa_socket: Int,
    hw_thread_count_per_core: Int,
    compatibility_for_migration_enabled: Flag,
    expose_virtualization_extensions: Flag,
}

impl Object for ProcessorObject {
    type Row = Vcpu;
    const ONE_PER_VM: bool = true;

    fn vm_id(&self) -> Option<Uuid> {
        self.vm_id.0
    }

    fn row(self, stamp: &Stamp) -> Option<Vcpu> {
        let vcpus = self.count.positive();
        let per_node = self.maximum_count_per_numa_node.positive();
        let nodes = self.maximum_count_per_numa_socket.positive();
        let sockets = vcpus
            .zip(per_node)
            .zip(nodes)
            .map(|((vcpus, per_node), nodes)| sockets(vcpus, per_node.saturating_mul(nodes)));
        Some(Vcpu {
            host: stamp.host.clone(),
            vm_id: self.vm_id.text()?,
            collected_at: stamp.collected_at,
            vm_name: self.vm_name.or_id(&self.vm_id),
            vcpus,
            sockets,
            cores_per_socket: vcpus.zip(sockets).map(|(vcpus, sockets)| vcpus / sockets),
            reservation_percent: self.reserve.0,
            limit_percent: self.maximum.0,
            shares_level: self
                .relative_weight
                .0
                .map(|weight| if weight == 100 { "normal" } else { "custom" }.to_owned()),
            relative_weight: self.relative_weight.0,
            maximum_per_numa_node: per_node,
            maximum_numa_nodes_per_socket: nodes,
            threads_per_core: self.hw_thread_count_per_core.0,
            migration_compatibility_enabled: self.compatibility_for_migration_enabled.0,
            nested_virtualization_enabled: self.expose_virtualization_extensions.0,
            max_mhz: None,
            overall_mhz: None,
            reservation_mhz: None,
            limit_mhz: None,
            hot_add: Some(false),
            hot_remove: Some(false),
        })
    }

    fn order(a: &Vcpu, b: &Vcpu) -> Ordering {
        a.vm_id.cmp(&b.vm_id)
    }
}

/// The fewest sockets that divide `vcpus` evenly with no more than `most` on each.
fn sockets(vcpus: i64, most: i64) -> i64 {
    let fewest = (vcpus + most - 1) / most;
    (fewest..=vcpus).find(|sockets| vcpus % sockets == 0).unwrap_or(vcpus)
}
