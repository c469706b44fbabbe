//! Collector `cluster` → table `vcluster`.

use std::cmp::Ordering;

use serde::Deserialize;
use uuid::Uuid;

use crate::providers::hyperv::clustered::RESOURCE_STATES;
use crate::providers::hyperv::object::{Object, Stamp};
use crate::providers::hyperv::value::{Flag, Int, Text, Texts};
use crate::tables::inventory::vcluster::Vcluster;

pub const SCRIPT: &str = include_str!("scripts/cluster.ps1");

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ClusterObject {
    name: Text,
    fqdn: Text,
    functional_level: Int,
    node_names: Texts,
    node_states: Texts,
    quorum_type: Text,
    witness_name: Text,
    witness_state: Text,
    auto_balancer_mode: Int,
    auto_balancer_level: Int,
    #[serde(rename = "S2DEnabled")]
    s2d_enabled: Flag,
}

impl Object for ClusterObject {
    type Row = Vcluster;

    fn vm_id(&self) -> Option<Uuid> {
        None
    }

    fn row(self, stamp: &Stamp) -> Option<Vcluster> {
        Some(Vcluster {
            host: stamp.host.clone(),
            collected_at: stamp.collected_at,
            cluster_name: self.name.0,
            cluster_fqdn: self.fqdn.0.map(|name| name.to_lowercase()),
            functional_level: self.functional_level.positive(),
            node_names: sorted(self.node_names),
            node_states: sorted(self.node_states),
            quorum_type: self.quorum_type.0,
            witness_name: self.witness_name.0,
            witness_state: self.witness_state.named(&RESOURCE_STATES),
            balancer_mode: self.auto_balancer_mode.0,
            balancer_level: self.auto_balancer_level.0,
            s2d_enabled: self.s2d_enabled.0,
            config_status: None,
            nodes: None,
            effective_nodes: None,
            total_cpu_mhz: None,
            cores: None,
            threads: None,
            effective_cpu_mhz: None,
            memory_bytes: None,
            effective_memory_bytes: None,
            ha_enabled: None,
            failover_level: None,
            drs_enabled: None,
            drs_behavior: None,
            object_id: None,
            sdk_server: None,
            sdk_uuid: None,
            site: None,
        })
    }

    fn order(a: &Vcluster, b: &Vcluster) -> Ordering {
        a.cluster_name.cmp(&b.cluster_name)
    }
}

/// Nodes come in no order; every node of a cluster is to tell the same row.
fn sorted(texts: Texts) -> Option<Vec<String>> {
    let mut texts = texts.0?;
    texts.sort_unstable_by(|a, b| a.split('=').next().cmp(&b.split('=').next()));
    Some(texts)
}
