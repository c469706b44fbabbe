//! Whose a shared thing is: a cluster's, or one host's that stands alone.

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// Place among the clusters.
    Cluster(usize),
    /// Place among the hosts.
    Host(usize),
}
