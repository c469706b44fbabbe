//! Which hosts make up a cluster, from what each says of itself.
//!
//! A cluster is known by its full name. Where no node tells it, it is the cluster's name in
//! the domain of the node: the nodes of a cluster share a domain, so a run in which the
//! collector failed gives the same name as the one before it.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;

use crate::census::folded::best::Best;
use crate::census::identity;
use crate::model::target::HostName;
use crate::tables::columns::{Lists, Texts};

/// One cluster: about 200 bytes, and 40 a node.
#[derive(Clone, Debug, Default)]
pub struct Cluster {
    pub name: String,
    /// Lower-case.
    pub fqdn: String,
    pub uuid: String,
    /// Hosts of the run that belong to it, in name order.
    pub members: Vec<usize>,
    /// Every node by its own name, and the host it is; `None` when no node told them.
    pub nodes: Option<Vec<Node>>,
    /// The row of vcluster that is published.
    pub told_by: Option<Best>,
    /// Labels of the places its members stand in, joined by `, `.
    pub site: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    pub name: String,
    /// None for a node that this run was not asked to visit.
    pub host: Option<usize>,
}

/// What a host says of the cluster it is in.
#[derive(Clone, Debug, Default)]
pub struct Claim {
    /// Lower-case label under which clusters list it as a node.
    label: String,
    domain: Option<String>,
    cluster_name: Option<String>,
    cluster_domain: Option<String>,
    nodes: Option<Vec<String>>,
    row: Option<Best>,
    /// It told of itself: that it names no cluster then means that it is in none.
    spoke: bool,
}

impl Claim {
    pub fn of(index: usize, host: &HostName, vhost: &RecordBatch, vcluster: &RecordBatch) -> Self {
        let at_first = |rows: &RecordBatch, column: &str| {
            let told = (rows.num_rows() > 0).then(|| Texts::of(rows, column).at(0)).flatten();
            told.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let own_fqdn = at_first(vhost, "fqdn");
        let domain = at_first(vhost, "domain").filter(|domain| domain.contains('.'));
        let domain = domain
            .or_else(|| own_fqdn.as_deref().and_then(identity::domain_of).map(str::to_owned))
            .or_else(|| identity::domain_of(host.as_str()).map(str::to_owned));
        let label = at_first(vhost, "computer_name").unwrap_or_else(|| host.to_string());
        let fqdn = at_first(vcluster, "cluster_fqdn");
        Self {
            label: identity::label_of(&label).to_lowercase(),
            domain,
            cluster_name: at_first(vcluster, "cluster_name").or_else(|| at_first(vhost, "cluster_name")),
            cluster_domain: fqdn.as_deref().and_then(identity::domain_of).map(str::to_owned),
            nodes: (vcluster.num_rows() > 0).then(|| Lists::of(vcluster, "node_names").at(0)).flatten(),
            row: (vcluster.num_rows() > 0).then(|| Best::of(index, 0, vcluster)),
            spoke: vhost.num_rows() > 0,
        }
    }

    fn domain_of_cluster(&self) -> Option<&str> {
        self.cluster_domain.as_deref().or(self.domain.as_deref())
    }
}

/// The clusters in the order of their full names, and each host's place among them.
/// Claims are by host, in name order.
pub fn settle(claims: &[Claim], sites: &[&str]) -> (Vec<Cluster>, Vec<Option<usize>>) {
    let mut names = full_names(claims);
    let mut clusters: BTreeMap<String, Cluster> = BTreeMap::new();
    for (claim, name) in claims.iter().zip(&names) {
        let (Some(fqdn), Some(cluster_name)) = (name, &claim.cluster_name) else { continue };
        let cluster = clusters.entry(fqdn.clone()).or_default();
        if cluster.name.is_empty() {
            (cluster.name, cluster.fqdn) = (cluster_name.clone(), fqdn.clone());
        }
        if let Some(row) = claim.row
            && row.is_better_than(cluster.told_by.as_ref())
        {
            cluster.told_by = Some(row);
            cluster.name.clone_from(cluster_name);
            let node = |name: &String| Node { name: name.clone(), host: None };
            cluster.nodes = claim.nodes.as_ref().map(|nodes| nodes.iter().map(node).collect());
        }
    }
    for (claim, name) in claims.iter().zip(&mut names) {
        if name.is_none() && !claim.spoke {
            *name = named_by(claim, clusters.values());
        }
    }
    let mut clusters: Vec<_> = clusters.into_values().collect();
    let place = |fqdn: &String| clusters.binary_search_by(|cluster| cluster.fqdn.cmp(fqdn)).ok();
    let places: Vec<_> = names.iter().map(|name| name.as_ref().and_then(place)).collect();
    for (host, place) in places.iter().enumerate() {
        if let Some(place) = place {
            clusters[*place].members.push(host);
        }
    }
    clusters.iter_mut().for_each(|cluster| complete(cluster, claims, sites));
    (clusters, places)
}

/// The full name of each host's cluster. A name without a domain is that of the only
/// cluster of that name, where there is one.
fn full_names(claims: &[Claim]) -> Vec<Option<String>> {
    let mut known: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for claim in claims {
        if let (Some(name), Some(domain)) = (&claim.cluster_name, claim.domain_of_cluster()) {
            let (name, domain) = (name.to_lowercase(), domain.to_lowercase());
            let domains = known.entry(name).or_default();
            if !domains.contains(&domain) {
                domains.push(domain);
            }
        }
    }
    let full = |claim: &Claim| {
        let name = claim.cluster_name.as_ref()?.to_lowercase();
        let domain = claim.domain_of_cluster().map(str::to_lowercase);
        let only = || known.get(&name).filter(|domains| domains.len() == 1).map(|domains| domains[0].clone());
        Some(domain.or_else(only).map_or_else(|| name.clone(), |domain| format!("{name}.{domain}")))
    };
    claims.iter().map(full).collect()
}

/// The only cluster that lists a silent host as its node.
fn named_by<'a>(claim: &Claim, clusters: impl Iterator<Item = &'a Cluster>) -> Option<String> {
    let lists = |cluster: &&Cluster| {
        let same_domain = match (&claim.domain, identity::domain_of(&cluster.fqdn)) {
            (Some(own), Some(of_cluster)) => own.eq_ignore_ascii_case(of_cluster),
            _ => true,
        };
        same_domain && cluster.nodes.iter().flatten().any(|node| is_called(claim, &node.name))
    };
    let mut listing = clusters.filter(lists);
    listing.next().filter(|_| listing.next().is_none()).map(|cluster| cluster.fqdn.clone())
}

fn is_called(claim: &Claim, node: &str) -> bool {
    identity::label_of(node).to_lowercase() == claim.label
}

fn complete(cluster: &mut Cluster, claims: &[Claim], sites: &[&str]) {
    cluster.uuid = identity::uuid_of(&cluster.fqdn);
    for node in cluster.nodes.iter_mut().flatten() {
        node.host = cluster.members.iter().copied().find(|host| is_called(&claims[*host], &node.name));
    }
    let mut labels: Vec<_> = cluster.members.iter().map(|host| sites[*host]).collect();
    labels.sort_unstable();
    labels.dedup();
    cluster.site = labels.join(", ");
}
