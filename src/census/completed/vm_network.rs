//! Where a VM is on the network, from its adapters in their order.

use std::net::Ipv4Addr;
use std::ops::Range;

use arrow_array::RecordBatch;

use crate::census::completed::beside::Beside;
use crate::census::filling::Filling;
use crate::census::vm_order::by_vm;
use crate::tables::columns::{Lists, Texts};

/// RVTools has as many columns for networks.
const SHOWN: [&str; 8] =
    ["network_1", "network_2", "network_3", "network_4", "network_5", "network_6", "network_7", "network_8"];

pub fn fill(filling: &mut Filling, vinfo: &RecordBatch, vnetwork: &RecordBatch, beside: &Beside<'_>) {
    let adapters = by_vm(vinfo, vnetwork);
    let (name, network) = (Texts::of(vnetwork, "network_name"), Texts::of(vnetwork, "network"));
    let ipv4 = Lists::of(vnetwork, "ipv4_addresses");
    let told = beside.told("vnetwork");
    let plugged = |rows: Range<usize>| rows.filter_map(|row| name.at(row).or_else(|| network.at(row)));
    filling.texts("primary_ip", |vm| {
        let mut addresses = adapters[vm].clone().filter_map(|row| ipv4.at(row)).flatten();
        addresses.find(|address| is_reachable(address))
    });
    filling.lists("networks", |vm| {
        let known = told || !adapters[vm].is_empty();
        known.then(|| plugged(adapters[vm].clone()).collect::<Vec<_>>())
    });
    for (place, column) in SHOWN.iter().enumerate() {
        filling.texts(column, |vm| plugged(adapters[vm].clone()).nth(place));
    }
}

/// An IPv4 address that others can reach: not link-local (RFC 3927), loopback or unspecified.
fn is_reachable(address: &str) -> bool {
    let address = address.parse::<Ipv4Addr>();
    address.is_ok_and(|ip| !ip.is_link_local() && !ip.is_loopback() && !ip.is_unspecified())
}
