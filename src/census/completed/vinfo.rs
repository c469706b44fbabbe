//! Columns of vinfo that follow from the VM's disks, adapters, role and host.

use arrow_array::RecordBatch;

use crate::census::completed::beside::Beside;
use crate::census::completed::{vm_cluster, vm_network, vm_os, vm_storage};
use crate::census::filling::Filling;
use crate::output::spool::SpoolError;
use crate::tables::columns::Texts;

pub fn complete(vinfo: &RecordBatch, beside: &Beside<'_>) -> Result<RecordBatch, SpoolError> {
    let mut filling = Filling::of(vinfo);
    let place = |row| &beside.host(row).place;
    filling.texts("site", |row| Some(&place(row).datacenter));
    filling.texts("cluster", |row| Some(&place(row).cluster));
    filling.texts("sdk_server", |row| Some(&place(row).sdk_server));
    filling.texts("sdk_uuid", |row| Some(&place(row).sdk_uuid));
    filling.texts("sdk_server_type", |_| Some("Microsoft Hyper-V"));
    filling.texts("sdk_api_version", |row| beside.host(row).machine.os_build.as_deref());
    upgrade(&mut filling, vinfo, beside);
    vm_os::fill(&mut filling, vinfo, beside.remembered);
    vm_storage::fill(&mut filling, vinfo, beside)?;
    vm_network::fill(&mut filling, vinfo, beside)?;
    vm_cluster::fill(&mut filling, vinfo, beside)?;
    Ok(filling.done())
}

/// `none` at the highest version the host supports, `available` below it.
fn upgrade(filling: &mut Filling, vinfo: &RecordBatch, beside: &Beside<'_>) {
    let own = Texts::of(vinfo, "configuration_version");
    let highest = |row| beside.host(row).machine.vm_version_maximum.as_deref().and_then(version);
    filling.texts("hw_upgrade_status", |row| {
        let (own, highest) = (version(own.at(row)?)?, highest(row)?);
        Some(if own < highest { "available" } else { "none" })
    });
}

/// `9.0` as numbers, because as text it is more than `12.0`.
fn version(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once('.').unwrap_or((text, "0"));
    Some((major.trim().parse().ok()?, minor.trim().parse().ok()?))
}
