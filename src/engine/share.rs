//! Which part of its plan a process carries out.

use crate::model::manifest::Cancelled;
use crate::model::shard::Shard;
use crate::model::target::HostName;
use crate::output::lease::Extent;

/// A share of a run. It is no part of the question: whatever one share has collected, every
/// other may use.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Share {
    /// Asks every host and commits.
    #[default]
    Whole,
    /// Asks the hosts of a shard, stages them and commits nothing.
    Shard(Shard),
    /// Asks nobody and commits what the shards have staged. When one of them was cancelled,
    /// so is the run.
    Finalizer { cancelled: Option<Cancelled> },
}

impl Share {
    pub fn asks(&self, host: &HostName) -> bool {
        match self {
            Self::Whole => true,
            Self::Shard(shard) => shard.holds(host),
            Self::Finalizer { .. } => false,
        }
    }

    /// Whether the outcome of a host is this process' to tell.
    pub fn tells(&self, host: &HostName) -> bool {
        matches!(self, Self::Finalizer { .. }) || self.asks(host)
    }

    pub fn shard(&self) -> Option<Shard> {
        match self {
            Self::Shard(shard) => Some(*shard),
            Self::Whole | Self::Finalizer { .. } => None,
        }
    }

    /// What nobody else may be at work on meanwhile.
    pub fn extent(&self) -> Extent {
        match self {
            Self::Shard(shard) => Extent::Shard { index: shard.index(), of: shard.of() },
            Self::Whole | Self::Finalizer { .. } => Extent::Whole,
        }
    }

    /// What stands in the name of its spool, so that shares on one machine do not meet.
    pub fn word(&self) -> Option<String> {
        match self {
            Self::Whole => None,
            Self::Shard(shard) => Some(shard.word()),
            Self::Finalizer { .. } => Some("finalizer".to_owned()),
        }
    }
}
