//! Checks of clusters, by what all their nodes said.

use std::collections::{BTreeMap, BTreeSet};

use crate::census::health::check::Check;
use crate::census::health::findings::Findings;
use crate::census::health::host_rows::{HostRows, first_label, is_bad_node};
use crate::model::target::HostName;
use crate::tables::columns::{Ints, Lists, Texts};

/// Builds of Windows Server and the cluster functional level each can do.
const LEVELS: [(i64, i64); 4] = [(14_393, 9), (17_763, 10), (20_348, 11), (26_100, 12)];

/// One cluster. Of what nodes say differently, the first host's word counts, and bad news
/// before good.
pub struct Cluster {
    name: String,
    /// The first host that told of it.
    pub told_by: HostName,
    nodes: BTreeSet<String>,
    /// By node as told.
    states: BTreeMap<String, String>,
    witness: Option<(String, String)>,
    functional_level: Option<i64>,
    /// By node, those of the nodes that answered.
    builds: BTreeMap<String, i64>,
}

/// Nothing for a host that is in no cluster, or did not tell of it.
pub fn note(known: Option<Cluster>, host: &HostRows) -> Option<Cluster> {
    if host.vcluster.num_rows() == 0 {
        return known;
    }
    let text = |column| Texts::of(&host.vcluster, column).at(0);
    let mut cluster = known.unwrap_or_else(|| Cluster {
        name: text("cluster_name").or(text("cluster_fqdn")).unwrap_or_default().to_owned(),
        told_by: host.host.clone(),
        nodes: BTreeSet::new(),
        states: BTreeMap::new(),
        witness: None,
        functional_level: None,
        builds: BTreeMap::new(),
    });
    let list = |column| Lists::of(&host.vcluster, column).at(0).unwrap_or_default();
    cluster.nodes.extend(list("node_names").iter().map(|node| first_label(node)));
    for told in list("node_states") {
        let Some((node, state)) = told.rsplit_once('=') else { continue };
        let known = cluster.states.entry(node.to_owned()).or_insert_with(|| state.to_owned());
        if is_bad_node(state) && !is_bad_node(known) {
            state.clone_into(known);
        }
    }
    if let Some(state) = text("witness_state").filter(|_| cluster.witness.is_none()) {
        cluster.witness = Some((text("witness_name").unwrap_or("witness").to_owned(), state.to_owned()));
    }
    cluster.functional_level =
        cluster.functional_level.or(Ints::of(&host.vcluster, "functional_level").at(0));
    let build = (host.vhost.num_rows() > 0).then(|| Ints::of(&host.vhost, "os_build").at(0)).flatten();
    for alias in build.iter().flat_map(|_| host.aliases()) {
        cluster.builds.extend(build.map(|build| (alias, build)));
    }
    Some(cluster)
}

impl Cluster {
    pub fn check(&self, findings: &mut Findings) {
        let mut found = |check, message: String| findings.add(check, None, &self.name, message);
        for (node, state) in self.states.iter().filter(|(_, state)| is_bad_node(state)) {
            found(Check::ClusterConfig, format!("Cluster has a configuration issue! Node {node} = {state}"));
        }
        if let Some((name, state)) = &self.witness
            && matches!(state.as_str(), "Offline" | "Failed")
        {
            found(
                Check::ClusterConfig,
                format!("Cluster has a configuration issue! Quorum witness {name} = {state}"),
            );
        }
        let builds: BTreeSet<i64> = self.builds.values().copied().collect();
        if builds.len() > 1 {
            let builds = builds.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
            found(
                Check::ClusterLevel,
                format!("Cluster nodes run different builds of Windows! Builds = {builds}"),
            );
        }
        if let Some((level, possible)) = self.functional_level.zip(self.possible_level())
            && level < possible
        {
            found(
                Check::ClusterLevel,
                format!("Cluster functional level {level} is old! All nodes support level {possible}"),
            );
        }
    }

    /// The level that every node can do; unknown unless every node said its build.
    fn possible_level(&self) -> Option<i64> {
        let level = |build: i64| LEVELS.iter().find(|(known, _)| *known == build).map(|(_, level)| *level);
        let of_nodes = self.nodes.iter().map(|node| self.builds.get(node).copied().and_then(level));
        of_nodes.collect::<Option<Vec<_>>>()?.into_iter().min()
    }
}
