//! Where a VM is on the network, from its adapters in their order.

use std::net::Ipv4Addr;
use std::ops::Range;

use arrow_array::RecordBatch;

use crate::census::completed::beside::Beside;
use crate::census::filling::Filling;
use crate::output::spool::SpoolError;
use crate::tables::columns::{Lists, Texts};

/// RVTools has as many columns for networks.
const SHOWN: [&str; 8] =
    ["network_1", "network_2", "network_3", "network_4", "network_5", "network_6", "network_7", "network_8"];

pub fn fill(filling: &mut Filling, vinfo: &RecordBatch, beside: &Beside<'_>) -> Result<(), SpoolError> {
    let (vnetwork, adapters) = beside.by_vm(vinfo, "vnetwork")?;
    let (name, network) = (Texts::of(&vnetwork, "network_name"), Texts::of(&vnetwork, "network"));
    let ipv4 = Lists::of(&vnetwork, "ipv4_addresses");
    let plugged = |rows: Range<usize>| rows.filter_map(|row| name.at(row).or_else(|| network.at(row)));
    filling.texts("primary_ip", |vm| {
        let mut addresses = adapters[vm].clone().filter_map(|row| ipv4.at(row)).flatten();
        addresses.find(|address| is_reachable(address))
    });
    filling.lists("networks", |vm| {
        let known = beside.told(vm, "vnetwork") || !adapters[vm].is_empty();
        known.then(|| plugged(adapters[vm].clone()).collect::<Vec<_>>())
    });
    for (place, column) in SHOWN.iter().enumerate() {
        filling.texts(column, |vm| plugged(adapters[vm].clone()).nth(place));
    }
    Ok(())
}

/// An IPv4 address that others can reach: not link-local (RFC 3927), loopback or unspecified.
fn is_reachable(address: &str) -> bool {
    let address = address.parse::<Ipv4Addr>();
    address.is_ok_and(|ip| !ip.is_link_local() && !ip.is_loopback() && !ip.is_unspecified())
}
