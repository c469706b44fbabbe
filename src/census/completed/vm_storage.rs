//! What the disks of a VM come to. A sum with one unknown summand is unknown: then the last
//! committed run's value stands in, and the source says so.

use arrow_array::RecordBatch;

use crate::census::completed::beside::Beside;
use crate::census::filling::Filling;
use crate::census::folded::disk::{Disks, are_all};
use crate::model::remembered::Remembered;
use crate::output::spool::SpoolError;
use crate::tables::columns::{Ints, Texts};

/// One VM's sums.
struct Storage<'a> {
    provisioned: Option<i64>,
    in_use: Option<i64>,
    unshared: Option<i64>,
    tracked: Option<bool>,
    remembered: Option<&'a Remembered>,
}

impl Storage<'_> {
    fn provisioned(&self) -> Option<(i64, &'static str)> {
        let earlier = || self.remembered?.provisioned_bytes.map(|bytes| (bytes, "history"));
        self.provisioned.map(|bytes| (bytes, "vhd")).or_else(earlier)
    }

    fn in_use(&self) -> Option<(i64, &'static str)> {
        let earlier = || self.remembered?.in_use_bytes.map(|bytes| (bytes, "history"));
        self.in_use.map(|bytes| (bytes, "vhd")).or_else(earlier)
    }

    /// For the tab, where In Use is never blank: it is at most what is provisioned.
    fn in_use_shown(&self) -> Option<(i64, &'static str)> {
        self.in_use().or_else(|| self.provisioned().map(|(bytes, _)| (bytes, "provisioned")))
    }
}

pub fn fill(filling: &mut Filling, vinfo: &RecordBatch, beside: &Beside<'_>) -> Result<(), SpoolError> {
    let (vdisk, of_vms) = beside.by_vm(vinfo, "vdisk")?;
    let (disks, configured, vm_id) = (Disks::of(&vdisk), Ints::of(vinfo, "disks"), Texts::of(vinfo, "vm_id"));
    let storage = |(vm, rows): (usize, std::ops::Range<usize>)| {
        let all = are_all(&rows, configured.at(vm), beside.told(vm, "vdisk"));
        let sum = |of: &dyn Fn(usize) -> Option<i64>| {
            let sum = rows.clone().map(of).sum::<Option<i64>>();
            sum.filter(|_| all)
        };
        Storage {
            provisioned: sum(&|row| disks.capacity(row)),
            in_use: sum(&|row| disks.in_use(row)),
            unshared: sum(&|row| disks.unshared(row)),
            tracked: disks.any_tracked(rows.clone()).filter(|tracked| *tracked || all),
            remembered: vm_id.at(vm).and_then(|id| beside.remembered.get(id)),
        }
    };
    let of_vms: Vec<_> = of_vms.into_iter().enumerate().map(storage).collect();
    filling.ints("total_disk_bytes", |vm| of_vms[vm].provisioned);
    filling.ints("provisioned_bytes", |vm| of_vms[vm].provisioned().map(|(bytes, _)| bytes));
    filling.texts("provisioned_source", |vm| of_vms[vm].provisioned().map(|(_, source)| source));
    filling.ints("in_use_bytes", |vm| of_vms[vm].in_use().map(|(bytes, _)| bytes));
    filling.texts("in_use_source", |vm| of_vms[vm].in_use_shown().map(|(_, source)| source));
    filling.ints("unshared_bytes", |vm| of_vms[vm].unshared);
    filling.flags("change_tracking_enabled", |vm| of_vms[vm].tracked);
    filling.ints("provisioned_shown_bytes", |vm| of_vms[vm].provisioned().map(|(bytes, _)| bytes));
    filling.ints("in_use_shown_bytes", |vm| of_vms[vm].in_use_shown().map(|(bytes, _)| bytes));
    Ok(())
}
