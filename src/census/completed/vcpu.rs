//! Processor shares in MHz: percentages of the VM's processors at the host's speed.

use arrow_array::RecordBatch;

use crate::census::completed::beside::Beside;
use crate::census::filling::Filling;
use crate::output::spool::SpoolError;
use crate::tables::columns::{Ints, Reals};

/// RVTools' number for no limit.
const NO_LIMIT: i64 = -1;

pub fn complete(vcpu: &RecordBatch, beside: &Beside<'_>) -> Result<RecordBatch, SpoolError> {
    let (vinfo, in_vinfo) = beside.by_vm(vcpu, "vinfo")?;
    let usage = Reals::of(&vinfo, "cpu_usage_percent");
    let (vcpus, reserve, limit) =
        (Ints::of(vcpu, "vcpus"), Reals::of(vcpu, "reservation_percent"), Reals::of(vcpu, "limit_percent"));
    let max = |row| vcpus.at(row)?.checked_mul(beside.host(row).machine.speed_mhz?);
    let share = |row, percent: Option<f64>| Some((max(row)? as f64 * percent? / 100.0).round() as i64);
    let mut filling = Filling::of(vcpu);
    filling.ints("max_mhz", max);
    filling.ints("overall_mhz", |row| share(row, in_vinfo[row].clone().next().and_then(|vm| usage.at(vm))));
    filling.ints("reservation_mhz", |row| share(row, reserve.at(row)));
    filling.ints("limit_mhz", |row| match limit.at(row) {
        Some(percent) if percent >= 100.0 => Some(NO_LIMIT),
        percent => share(row, percent),
    });
    Ok(filling.done())
}
