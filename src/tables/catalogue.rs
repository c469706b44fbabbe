//! All tables, in the order in which people expect them.

use crate::tables::audit::coverage::CoverageRow;
use crate::tables::audit::missing_vms::MissingVm;
use crate::tables::derived::dvport::Dvport;
use crate::tables::derived::dvswitch::Dvswitch;
use crate::tables::derived::vhealth::Vhealth;
use crate::tables::derived::vmetadata::Vmetadata;
use crate::tables::derived::vport::Vport;
use crate::tables::derived::vsource::Vsource;
use crate::tables::history::vchange::Vchange;
use crate::tables::inventory::vcd::Vcd;
use crate::tables::inventory::vcluster::Vcluster;
use crate::tables::inventory::vcpu::Vcpu;
use crate::tables::inventory::vdatastore::Vdatastore;
use crate::tables::inventory::vdisk::Vdisk;
use crate::tables::inventory::vfile::Vfile;
use crate::tables::inventory::vhba::Vhba;
use crate::tables::inventory::vhost::Vhost;
use crate::tables::inventory::vinfo::Vinfo;
use crate::tables::inventory::vmemory::Vmemory;
use crate::tables::inventory::vnetwork::Vnetwork;
use crate::tables::inventory::vnic::Vnic;
use crate::tables::inventory::vrole::Vrole;
use crate::tables::inventory::vsc_vmk::VscVmk;
use crate::tables::inventory::vsnapshot::Vsnapshot;
use crate::tables::inventory::vswitch::Vswitch;
use crate::tables::inventory::vtools::Vtools;
use crate::tables::samples::http_attempt::HttpAttempt;
use crate::tables::samples::http_load_second::HttpLoadSecond;
use crate::tables::samples::http_load_total::HttpLoadTotal;
use crate::tables::samples::http_request::HttpRequest;
use crate::tables::samples::prometheus_query::PrometheusQuery;
use crate::tables::samples::prometheus_rule::PrometheusRule;
use crate::tables::table::{TableId, TableSpec};

/// Every table that a collector fills, in the order of RVTools' tabs.
pub static INVENTORY: &[&TableSpec] = &[
    &Vinfo::SPEC,
    &Vcpu::SPEC,
    &Vmemory::SPEC,
    &Vdisk::SPEC,
    &Vnetwork::SPEC,
    &Vcd::SPEC,
    &Vsnapshot::SPEC,
    &Vtools::SPEC,
    &Vcluster::SPEC,
    &Vhost::SPEC,
    &Vhba::SPEC,
    &Vnic::SPEC,
    &Vswitch::SPEC,
    &VscVmk::SPEC,
    &Vdatastore::SPEC,
    &Vrole::SPEC,
    &Vfile::SPEC,
];

/// Every table that follows from the collected ones, in the order of RVTools' tabs.
pub static DERIVED: &[&TableSpec] =
    &[&Vsource::SPEC, &Vport::SPEC, &Dvswitch::SPEC, &Dvport::SPEC, &Vhealth::SPEC, &Vmetadata::SPEC];

/// Every table the audit writes.
pub static AUDIT: &[&TableSpec] = &[&CoverageRow::SPEC, &MissingVm::SPEC];

/// Every table that is made from several runs, and so by none of them.
pub static HISTORY: &[&TableSpec] = &[&Vchange::SPEC];

/// Every table that probes fill.
pub static SAMPLES: &[&TableSpec] = &[
    &HttpRequest::SPEC,
    &HttpAttempt::SPEC,
    &HttpLoadTotal::SPEC,
    &HttpLoadSecond::SPEC,
    &PrometheusQuery::SPEC,
    &PrometheusRule::SPEC,
];

/// The table a person means by `vinfo` or `vInfo`.
pub fn named(text: &str) -> Option<&'static TableSpec> {
    all().find(|spec| spec.title.eq_ignore_ascii_case(text))
}

pub fn spec(id: TableId) -> Option<&'static TableSpec> {
    all().find(|spec| spec.id == id)
}

pub fn all() -> impl Iterator<Item = &'static TableSpec> {
    INVENTORY.iter().chain(DERIVED).chain(AUDIT).chain(HISTORY).chain(SAMPLES).copied()
}
