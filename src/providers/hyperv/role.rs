//! Collector `role` → table `vrole`.

use std::cmp::Ordering;

use serde::Deserialize;
use uuid::Uuid;

use crate::providers::hyperv::object::{Object, Stamp};
use crate::providers::hyperv::value::{Flag, Id, Int, Text, Texts};
use crate::tables::inventory::vrole::Vrole;

pub const SCRIPT: &str = include_str!("scripts/role.ps1");

/// Numbers of `MSCluster_ResourceGroup.State` and of the VM resource's `OfflineAction`.
const STATES: [(&str, &str); 5] =
    [("0", "Online"), ("1", "Offline"), ("2", "Failed"), ("3", "PartialOnline"), ("4", "Pending")];
const OFFLINE_ACTIONS: [(&str, &str); 4] =
    [("0", "TurnOff"), ("1", "Save"), ("2", "ShutDown"), ("3", "ForcedShutDown")];

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RoleObject {
    #[serde(rename = "VMId")]
    vm_id: Id,
    name: Text,
    state: Text,
    owner_node: Text,
    priority: Int,
    anti_affinity: Texts,
    affinity_rules: Texts,
    preferred_owners: Texts,
    offline_action: Text,
    vm_monitoring: Flag,
    cluster_name: Text,
}

impl Object for RoleObject {
    type Row = Vrole;

    fn vm_id(&self) -> Option<Uuid> {
        self.vm_id.0
    }

    fn row(self, stamp: &Stamp) -> Option<Vrole> {
        Some(Vrole {
            host: stamp.host.clone(),
            collected_at: stamp.collected_at,
            vm_id: self.vm_id.text(),
            role_name: self.name.0,
            role_state: self.state.named(&STATES),
            owner_node: self.owner_node.0,
            priority: self.priority.0,
            anti_affinity: self.anti_affinity.0,
            affinity_rules: self.affinity_rules.0,
            preferred_owners: self.preferred_owners.0,
            offline_action: self.offline_action.named(&OFFLINE_ACTIONS),
            vm_monitoring: self.vm_monitoring.0,
            cluster_name: self.cluster_name.0,
        })
    }

    fn order(a: &Vrole, b: &Vrole) -> Ordering {
        let key = |row: &Vrole| (row.vm_id.is_none(), row.vm_id.clone(), row.role_name.clone());
        key(a).cmp(&key(b))
    }
}
