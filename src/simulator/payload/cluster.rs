//! Collectors `cluster` and `role`.

use crate::simulator::cluster::Cluster;
use crate::simulator::guest::Guest;
use crate::simulator::payload::object::{Object, id};
use crate::wire_object as object;

/// Nothing on a host that stands alone.
pub fn cluster(cluster: Option<&Cluster>) -> Vec<Object> {
    let object = |cluster: &Cluster| {
        let states = cluster.nodes.iter().map(|node| format!("{}={}", node.name, node.state));
        object! { None;
            "Name": cluster.name,
            "Fqdn": cluster.fqdn,
            "FunctionalLevel": cluster.functional_level,
            "NodeNames": cluster.nodes.iter().map(|node| &node.name).collect::<Vec<_>>(),
            "NodeStates": states.collect::<Vec<_>>(),
            "QuorumType": "Majority",
            "WitnessName": cluster.witness,
            "WitnessState": if cluster.witness_online { "Online" } else { "Offline" },
            "AutoBalancerMode": cluster.balancer_mode,
            "AutoBalancerLevel": cluster.balancer_level,
            "S2DEnabled": cluster.s2d,
        }
    };
    cluster.into_iter().map(object).collect()
}

/// The roles of the clustered VMs on this host, and one whose VM is gone where it was left.
pub fn role(cluster: Option<&Cluster>, host: usize, residents: &[Guest]) -> Vec<Object> {
    let Some(cluster) = cluster else { return Vec::new() };
    let owner = cluster.name_of(host);
    let next = cluster.nodes.iter().cycle().skip_while(|node| node.host != host).nth(1);
    let mut objects = Vec::new();
    for guest in residents.iter().filter(|guest| guest.clustered) {
        let role = &guest.setup.role;
        let preferred = role
            .has_preferred_owners
            .then(|| owner.into_iter().chain(next.map(|node| node.name.as_str())).collect::<Vec<_>>());
        objects.push(object! { id(guest);
            "VMId": guest.id,
            "Name": guest.name,
            "State": match (guest.state.running, guest.state.critical) {
                (true, _) => "Online",
                (false, true) => "Failed",
                (false, false) => "Offline",
            },
            "OwnerNode": owner,
            "Priority": role.priority,
            "AntiAffinity": role.anti_affinity.into_iter().collect::<Vec<_>>(),
            "AffinityRules": role.affinity_rule.into_iter().collect::<Vec<_>>(),
            "PreferredOwners": preferred.unwrap_or_default(),
            "OfflineAction": role.offline_action,
            "VmMonitoring": role.monitored,
            "ClusterName": cluster.name,
        });
    }
    // A host that shows no VMs at all shows no trace of one either.
    let stale = cluster.stale_role.as_ref().filter(|(left_on, ..)| *left_on == host && !residents.is_empty());
    if let Some((_, name, vm_id)) = stale {
        objects.push(object! { Some(vm_id.clone());
            "VMId": vm_id,
            "Name": name,
            "State": "Failed",
            "OwnerNode": owner,
            "Priority": 2000,
            "AntiAffinity": Vec::<&str>::new(),
            "AffinityRules": Vec::<&str>::new(),
            "PreferredOwners": Vec::<&str>::new(),
            "OfflineAction": "Save",
            "VmMonitoring": true,
            "ClusterName": cluster.name,
        });
    }
    objects
}
