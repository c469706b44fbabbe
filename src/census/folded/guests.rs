//! One walk through the VMs of a host: its counts, and what its disks take of volumes.

use std::collections::BTreeSet;

use arrow_array::RecordBatch;

use crate::census::folded::disk::{Disks, are_all};
use crate::census::folded::host::Guests;
use crate::census::folded::volume::Volumes;
use crate::census::vm_order::by_vm;
use crate::tables::columns::{Ints, Texts};
use crate::tables::table::TableId;

/// The rows of one host that its counts come from.
pub struct Rows<'a> {
    pub vinfo: &'a RecordBatch,
    pub vdisk: &'a RecordBatch,
    pub nics: usize,
    pub hbas: usize,
    /// Tables whose collector ended well.
    pub told: &'a BTreeSet<TableId>,
}

impl Rows<'_> {
    fn told(&self, table: &'static str) -> bool {
        self.told.contains(&TableId(table))
    }

    pub fn count(&self) -> Guests {
        let (state, vcpus) = (Texts::of(self.vinfo, "power_state"), Ints::of(self.vinfo, "vcpus"));
        let configured = Ints::of(self.vinfo, "memory_startup_bytes");
        let assigned = Ints::of(self.vinfo, "memory_assigned_bytes");
        let rows = 0..self.vinfo.num_rows();
        let told = self.told("vinfo");
        let states_known = told && rows.clone().all(|row| state.at(row).is_some());
        let running: Vec<_> = rows.filter(|row| state.at(*row) == Some("poweredOn")).collect();
        let sum = |column: &Ints| {
            let sum = running.iter().map(|row| column.at(*row)).sum::<Option<i64>>();
            sum.filter(|_| states_known)
        };
        Guests {
            vms: told.then_some(self.vinfo.num_rows() as i64),
            running: states_known.then_some(running.len() as i64),
            vcpus: sum(&vcpus),
            memory_bytes: sum(&configured),
            used_bytes: sum(&assigned),
            nics: self.told("vnic").then_some(self.nics as i64),
            hbas: self.told("vhba").then_some(self.hbas as i64),
            whole: told,
        }
    }

    /// Lays every disk on its volume. False when a disk is missing, or does not say where it is.
    pub fn lay(&self, volumes: &mut Volumes, host: usize, cluster: Option<usize>) -> bool {
        let disks = Disks::of(self.vdisk);
        let (state, configured) = (Texts::of(self.vinfo, "power_state"), Ints::of(self.vinfo, "disks"));
        let mut whole = true;
        let mut on: Vec<usize> = Vec::new();
        for (vm, rows) in by_vm(self.vinfo, self.vdisk).into_iter().enumerate() {
            whole &= are_all(&rows, configured.at(vm), self.told("vdisk"));
            on.clear();
            for row in rows.filter(|row| !disks.is_passthrough(*row)) {
                let Some(path) = disks.path(row) else {
                    whole = false;
                    continue;
                };
                let Some(volume) = volumes.holding(host, cluster, path) else { continue };
                volumes.lay(volume, disks.capacity(row), Some(path).filter(|_| disks.is_shared(row)));
                if !on.contains(&volume) {
                    on.push(volume);
                }
            }
            let running = state.at(vm).map(|state| state == "poweredOn");
            on.iter().for_each(|volume| volumes.count_vm(*volume, running));
        }
        whole
    }
}
