//! A fleet as one picture shows it: plain values, ready to be compared.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::model::run::RunId;
use crate::model::target::HostName;

/// Everything that is compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    pub run: RunId,
    /// When the run began: the instant to which ages are counted.
    pub taken_at: DateTime<Utc>,
    /// Every host of the picture, also those that told nothing.
    pub hosts: BTreeMap<HostName, Told>,
    /// By VM id.
    pub vms: BTreeMap<String, Vm>,
    /// VMs that are known to exist without a row: the baseline holds them and `vinfo` did not
    /// see them, or they moved between hosts that were collected at different times. Their
    /// absence means nothing.
    pub unseen: BTreeSet<String>,
}

/// Which tables a host told whole: only there does the absence of a row mean something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    pub vms: bool,
    pub disks: bool,
    pub checkpoints: bool,
    /// The failover cluster it belongs to, in lower case.
    pub cluster: Option<String>,
    /// Why it did not tell its VMs.
    pub why_not: Option<String>,
}

/// A VM. `None` is unknown, and what is unknown on one side is not compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Vm {
    pub host: HostName,
    pub name: Option<String>,
    pub vcpus: Option<i64>,
    /// What it starts with.
    pub memory_bytes: Option<i64>,
    /// The native word.
    pub state: Option<String>,
    /// By where they are plugged in (`disk_key`), or by path where that is unknown.
    pub disks: BTreeMap<String, Disk>,
    /// By checkpoint id.
    pub checkpoints: BTreeMap<String, Checkpoint>,
}

impl Vm {
    /// A VM of which nothing is known but that it is there.
    pub fn on(host: HostName) -> Self {
        Self {
            host,
            name: None,
            vcpus: None,
            memory_bytes: None,
            state: None,
            disks: BTreeMap::new(),
            checkpoints: BTreeMap::new(),
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disk {
    pub path: Option<String>,
    /// What the guest sees.
    pub capacity_bytes: Option<i64>,
    /// Of the active file.
    pub file_bytes: Option<i64>,
    /// Of all files of the chain: unlike `file_bytes` it does not fall and rise with checkpoints.
    pub chain_bytes: Option<i64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checkpoint {
    pub name: Option<String>,
    pub created_at: Option<DateTime<Utc>>,
}
