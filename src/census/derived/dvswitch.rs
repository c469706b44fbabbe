//! Switches that serve a cluster as one, and the VLANs seen on them.
//!
//! Readers of RVTools files look up every switch that the adapters' tab names, so a name that
//! only some nodes have counts too once an adapter uses it, and a host that stands alone is
//! a cluster of one.

use arrow_array::RecordBatch;

use crate::census::folded::fleet::{Fleet, heard};
use crate::census::folded::owner::Owner;
use crate::census::folded::switch::Switch;
use crate::census::ground::Ground;
use crate::census::identity;
use crate::tables::derived::dvport::Dvport;
use crate::tables::derived::dvswitch::Dvswitch;
use crate::tables::sheet::Place;
use crate::tables::table::Row;

/// One switch that counts, and whose it is.
struct Shared<'a> {
    owner: Owner,
    place: Place,
    name: &'a str,
    switch: &'a Switch,
    /// Every node told its adapters.
    whole: bool,
}

pub fn switches(fleet: &Fleet, ground: &Ground) -> RecordBatch {
    let row = |shared: Shared<'_>| Dvswitch {
        switch_name: Some(shared.name.to_owned()),
        cluster_name: shared.cluster_name(),
        vendor: Some("Microsoft Corporation".to_owned()),
        host_members: shared.host_members(fleet),
        ports: shared.counted(shared.switch.adapters),
        vms: shared.counted(shared.switch.vms),
        max_mtu: shared.switch.mtu,
        object_id: Some(identity::object_id("dvs", &[&shared.place.sdk_server, shared.name])),
        site: Some(shared.place.datacenter),
        sdk_server: Some(shared.place.sdk_server),
        sdk_uuid: Some(shared.place.sdk_uuid),
    };
    Dvswitch::batch(shared(fleet, ground).into_iter().map(row).collect()).columns
}

pub fn ports(fleet: &Fleet, ground: &Ground) -> RecordBatch {
    let mut rows = Vec::new();
    for shared in shared(fleet, ground) {
        for (vlan_id, port) in &shared.switch.ports {
            let vlan = vlan_id.to_string();
            rows.push(Dvport {
                port: Some(port.name_on(shared.name, *vlan_id)),
                switch_name: Some(shared.name.to_owned()),
                cluster_name: shared.cluster_name(),
                vlan_id: Some(*vlan_id),
                ports: shared.counted(port.adapters),
                allow_promiscuous: port.promiscuous.known(),
                mac_changes: port.spoofing.known(),
                forged_transmits: port.spoofing.known(),
                policy: shared.switch.policy.clone(),
                object_id: Some(identity::object_id(
                    "dvportgroup",
                    &[&shared.place.sdk_server, shared.name, &vlan],
                )),
                sdk_server: Some(shared.place.sdk_server.clone()),
                sdk_uuid: Some(shared.place.sdk_uuid.clone()),
            });
        }
    }
    Dvport::batch(rows).columns
}

impl Shared<'_> {
    /// Null when no host told its switches.
    fn host_members(&self, fleet: &Fleet) -> Option<Vec<String>> {
        let hosts = self.switch.hosts.iter().map(|host| fleet.names[*host as usize].to_string());
        Some(hosts.collect::<Vec<_>>()).filter(|hosts| !hosts.is_empty())
    }

    fn cluster_name(&self) -> Option<String> {
        matches!(self.owner, Owner::Cluster(_)).then(|| self.place.cluster.clone())
    }

    fn counted(&self, count: i64) -> Option<i64> {
        self.whole.then_some(count)
    }
}

fn shared<'a>(fleet: &'a Fleet, ground: &Ground) -> Vec<Shared<'a>> {
    let told = |host: usize, table| heard(ground, &fleet.names[host], table);
    let mut found = Vec::new();
    for ((owner, name), switch) in &fleet.switches {
        let mut members = fleet.members(*owner).into_iter().filter(|host| told(*host, "vswitch"));
        let everywhere = members.all(|host| switch.hosts.binary_search(&(host as u32)).is_ok());
        if (everywhere && !switch.hosts.is_empty()) || switch.adapters > 0 {
            let place = fleet.place(*owner);
            let whole = fleet.is_whole(*owner, |host| told(host, "vnetwork"));
            found.push(Shared { owner: *owner, place, name, switch, whole });
        }
    }
    found.sort_by(|a, b| (&a.place.sdk_server, a.name).cmp(&(&b.place.sdk_server, b.name)));
    found
}
