//! Columns of vinfo that follow from the VM's disks, adapters, role and host.

use arrow_array::RecordBatch;

use crate::census::completed::beside::Beside;
use crate::census::completed::{vm_cluster, vm_network, vm_os, vm_storage};
use crate::census::filling::Filling;
use crate::output::spool::SpoolError;
use crate::tables::columns::Texts;

pub fn complete(vinfo: &RecordBatch, beside: &Beside<'_>) -> Result<RecordBatch, SpoolError> {
    let mut filling = Filling::of(vinfo);
    let place = &beside.host.place;
    filling.word("site", Some(&place.datacenter));
    filling.word("cluster", Some(&place.cluster));
    filling.word("sdk_server", Some(&place.sdk_server));
    filling.word("sdk_uuid", Some(&place.sdk_uuid));
    filling.word("sdk_server_type", Some("Microsoft Hyper-V"));
    filling.word("sdk_api_version", beside.host.machine.os_build.as_deref());
    upgrade(&mut filling, vinfo, beside);
    vm_os::fill(&mut filling, vinfo, beside.remembered);
    vm_storage::fill(&mut filling, vinfo, &beside.of("vdisk")?, beside);
    vm_network::fill(&mut filling, vinfo, &beside.of("vnetwork")?, beside);
    vm_cluster::fill(&mut filling, vinfo, &beside.of("vrole")?, beside.strays);
    Ok(filling.done())
}

/// `none` at the highest version the host supports, `available` below it.
fn upgrade(filling: &mut Filling, vinfo: &RecordBatch, beside: &Beside<'_>) {
    let own = Texts::of(vinfo, "configuration_version");
    let highest = beside.host.machine.vm_version_maximum.as_deref().and_then(version);
    filling.texts("hw_upgrade_status", |row| {
        let (own, highest) = (version(own.at(row)?)?, highest?);
        Some(if own < highest { "available" } else { "none" })
    });
}

/// `9.0` as numbers, because as text it is more than `12.0`.
fn version(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once('.').unwrap_or((text, "0"));
    Some((major.trim().parse().ok()?, minor.trim().parse().ok()?))
}
