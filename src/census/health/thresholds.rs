//! Where a check begins to fire, and which checks are not wanted.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::census::health::check::Check;

/// The defaults are RVTools' own where it has the check.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Thresholds {
    /// Fires below it.
    pub datastore_free_percent: f64,
    /// Fires above it.
    pub vcpus_per_core: f64,
    /// Fires above it.
    pub vms_per_datastore: u32,
    /// Fires when no more than so many days are left.
    pub certificate_days: u32,
    /// Fires when a checkpoint is older than so many days.
    pub checkpoint_days: u32,
    /// Fires above it, together with `disk_tip_bytes`.
    pub disk_tip_disks: u32,
    /// Fires above it, together with `disk_tip_disks`.
    pub disk_tip_bytes: u64,
    /// Fires from so many virtual processors on.
    pub memory_tip_vcpus: u32,
    /// Checks that say nothing.
    pub disabled: BTreeSet<Check>,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            datastore_free_percent: 10.0,
            vcpus_per_core: 4.0,
            vms_per_datastore: 30,
            certificate_days: 90,
            checkpoint_days: 7,
            disk_tip_disks: 3,
            disk_tip_bytes: 750 << 30,
            memory_tip_vcpus: 4,
            disabled: BTreeSet::new(),
        }
    }
}
