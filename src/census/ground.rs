//! What the census knows beside the rows: how each host ended, and where it stands.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};

use crate::census::health::thresholds::Thresholds;
use crate::model::remembered::Remembered;
use crate::model::status::FinalStatus;
use crate::model::target::HostName;
use crate::tables::table::TableId;

/// Everything about a run that is not in its rows.
#[derive(Clone, Debug)]
pub struct Ground {
    /// Every host of the run, also those that told nothing.
    pub hosts: BTreeMap<HostName, HostStanding>,
    /// When the run began: the instant to which ages are counted.
    pub started_at: DateTime<Utc>,
    pub program_version: String,
    /// What the last committed run knew, by VM id.
    pub remembered: HashMap<String, Remembered>,
    /// Hosts that showed a VM whose rows are kept for another host, each with that host.
    pub moved: BTreeSet<(HostName, HostName)>,
    /// Where health findings begin.
    pub health: Thresholds,
}

/// One host of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostStanding {
    /// The site label of the configuration.
    pub site: String,
    pub status: FinalStatus,
    /// Tables whose collector ended well: only their silence means something.
    pub told: BTreeSet<TableId>,
    /// The host has a trusted baseline and vInfo has all its VMs: what is not there is not on
    /// the host.
    pub all_vms_seen: bool,
    /// Tables whose collector ended in trouble; a host that lacks what the collector asks
    /// for is not in trouble.
    pub failed: BTreeSet<TableId>,
}
