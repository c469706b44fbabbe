//! Who stands with whom: how the hosts of a fleet are grouped into clusters.

use std::ops::Range;

/// How hosts are grouped, from host 0 on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// Groups of eight neighbours with the same Windows and hardware; seven of ten groups
    /// are clusters, the hosts of the others stand alone.
    #[default]
    Groups,
    /// Clusters of so many nodes each; hosts beyond the last stand alone.
    Clusters(Vec<usize>),
}

/// Where a host stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Seeds what the group shares.
    pub group: usize,
    /// The hosts it stands with, itself among them.
    pub members: Range<usize>,
    /// `None`: the dice of the group say.
    pub clustered: Option<bool>,
}

const HOSTS_PER_GROUP: usize = 8;

impl Layout {
    /// The place of a host in a fleet of `hosts`.
    pub fn place(&self, host: usize, hosts: usize) -> Place {
        let within = |start: usize, size: usize| start..(start + size).min(hosts.max(host + 1));
        let Self::Clusters(sizes) = self else {
            let group = host / HOSTS_PER_GROUP;
            return Place {
                group,
                members: within(group * HOSTS_PER_GROUP, HOSTS_PER_GROUP),
                clustered: None,
            };
        };
        let mut start = 0;
        for (group, size) in sizes.iter().enumerate() {
            if host < start + size {
                return Place { group, members: within(start, *size), clustered: Some(true) };
            }
            start += size;
        }
        Place { group: sizes.len() + host - start, members: host..host + 1, clustered: Some(false) }
    }
}
