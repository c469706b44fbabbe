//! All tables, in the order in which people expect them.

use crate::tables::audit::coverage::CoverageRow;
use crate::tables::audit::missing_vms::MissingVm;
use crate::tables::history::vchange::Vchange;
use crate::tables::inventory::vcpu::Vcpu;
use crate::tables::inventory::vdisk::Vdisk;
use crate::tables::inventory::vhost::Vhost;
use crate::tables::inventory::vinfo::Vinfo;
use crate::tables::inventory::vmemory::Vmemory;
use crate::tables::inventory::vnetwork::Vnetwork;
use crate::tables::inventory::vsnapshot::Vsnapshot;
use crate::tables::inventory::vswitch::Vswitch;
use crate::tables::table::{TableId, TableSpec};

/// Every table that a collector fills, in the order of RVTools' tabs.
pub static INVENTORY: &[&TableSpec] = &[
    &Vinfo::SPEC,
    &Vcpu::SPEC,
    &Vmemory::SPEC,
    &Vdisk::SPEC,
    &Vnetwork::SPEC,
    &Vsnapshot::SPEC,
    &Vhost::SPEC,
    &Vswitch::SPEC,
];

/// Every table that follows from the collected ones, in the order of RVTools' tabs.
pub static DERIVED: &[&TableSpec] = &[];

/// Every table the audit writes.
pub static AUDIT: &[&TableSpec] = &[&CoverageRow::SPEC, &MissingVm::SPEC];

/// Every table that is made from several runs, and so by none of them.
pub static HISTORY: &[&TableSpec] = &[&Vchange::SPEC];

/// The table a person means by `vinfo` or `vInfo`.
pub fn named(text: &str) -> Option<&'static TableSpec> {
    all().find(|spec| spec.title.eq_ignore_ascii_case(text))
}

pub fn spec(id: TableId) -> Option<&'static TableSpec> {
    all().find(|spec| spec.id == id)
}

pub fn all() -> impl Iterator<Item = &'static TableSpec> {
    INVENTORY.iter().chain(DERIVED).chain(AUDIT).chain(HISTORY).copied()
}
