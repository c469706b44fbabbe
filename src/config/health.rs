//! Where the findings of vHealth begin, and which checks are not wanted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::census::health::check::Check;
use crate::census::health::thresholds::Thresholds;
use crate::config::form;

/// Thresholds of the health checks; `lustrum schema health` lists the checks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Health {
    /// Percent of a datastore below which its free space is a finding.
    #[schemars(range(min = 0.0, max = 100.0))]
    pub datastore_free_percent: f64,
    /// Virtual processors of running VMs per core, above which a host is a finding.
    #[schemars(range(min = 0.0, max = 1000.0))]
    pub vcpus_per_core: f64,
    /// Running VMs above which a datastore is a finding.
    #[schemars(range(min = 0))]
    pub vms_per_datastore: u32,
    /// Days before its end from which on a host's certificate is a finding.
    #[schemars(range(min = 0, max = 36500))]
    pub certificate_days: u32,
    /// Days after which a checkpoint is old.
    #[schemars(range(min = 0, max = 36500))]
    pub checkpoint_days: u32,
    /// Disks above which a large VM is expected to have a second SCSI controller.
    #[schemars(range(min = 0))]
    pub disk_tip_disks: u32,
    /// Capacity of all disks above which a VM is large.
    #[serde(with = "form::size")]
    #[schemars(schema_with = "form::schema::size")]
    pub disk_tip_size: u64,
    /// Virtual processors from which on a VM should have fixed memory on one NUMA node.
    #[schemars(range(min = 1))]
    pub memory_tip_vcpus: u32,
    /// Checks that say nothing, by their words.
    pub disable: Vec<Check>,
}

impl Default for Health {
    fn default() -> Self {
        let Thresholds {
            datastore_free_percent,
            vcpus_per_core,
            vms_per_datastore,
            certificate_days,
            checkpoint_days,
            disk_tip_disks,
            disk_tip_bytes: disk_tip_size,
            memory_tip_vcpus,
            disabled,
        } = Thresholds::default();
        let disable = disabled.into_iter().collect();
        Self {
            datastore_free_percent,
            vcpus_per_core,
            vms_per_datastore,
            certificate_days,
            checkpoint_days,
            disk_tip_disks,
            disk_tip_size,
            memory_tip_vcpus,
            disable,
        }
    }
}

impl Health {
    pub fn thresholds(&self) -> Thresholds {
        Thresholds {
            datastore_free_percent: self.datastore_free_percent,
            vcpus_per_core: self.vcpus_per_core,
            vms_per_datastore: self.vms_per_datastore,
            certificate_days: self.certificate_days,
            checkpoint_days: self.checkpoint_days,
            disk_tip_disks: self.disk_tip_disks,
            disk_tip_bytes: self.disk_tip_size,
            memory_tip_vcpus: self.memory_tip_vcpus,
            disabled: self.disable.iter().copied().collect(),
        }
    }
}
