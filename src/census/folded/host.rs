//! What one host tells of itself that others' rows need: about 900 bytes a host.

use arrow_array::RecordBatch;

use crate::tables::columns::{Ints, Texts};
use crate::tables::sheet::Place;

/// One host of the run, also one that told nothing.
#[derive(Clone, Debug, Default)]
pub struct Host {
    pub place: Place,
    /// Place among the clusters; none for a host that stands alone, or whose cluster nobody told.
    pub cluster: Option<usize>,
    pub machine: Machine,
    pub guests: Guests,
}

/// From its row of vhost.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    pub speed_mhz: Option<i64>,
    pub cores: Option<i64>,
    pub threads: Option<i64>,
    pub memory_bytes: Option<i64>,
    pub os: Option<String>,
    pub os_version: Option<String>,
    pub os_build: Option<String>,
    pub os_revision: Option<String>,
    pub vm_version_maximum: Option<String>,
}

/// Counted over its rows. Null where its collector did not end well: a count over some of
/// the rows is no count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guests {
    pub vms: Option<i64>,
    pub running: Option<i64>,
    /// Of running VMs.
    pub vcpus: Option<i64>,
    /// Configured, of running VMs.
    pub memory_bytes: Option<i64>,
    /// Assigned, of running VMs.
    pub used_bytes: Option<i64>,
    pub nics: Option<i64>,
    pub hbas: Option<i64>,
    /// All its VMs are known, and where each disk of each lies.
    pub whole: bool,
}

impl Machine {
    pub fn of(vhost: &RecordBatch) -> Self {
        if vhost.num_rows() == 0 {
            return Self::default();
        }
        let text = |name| Texts::of(vhost, name).at(0).map(str::to_owned);
        let number = |name| Ints::of(vhost, name).at(0);
        Self {
            speed_mhz: number("cpu_speed_mhz"),
            cores: number("cores"),
            threads: number("logical_processors"),
            memory_bytes: number("memory_bytes"),
            os: text("os"),
            os_version: text("os_version"),
            os_build: number("os_build").map(|build| build.to_string()),
            os_revision: number("os_revision").map(|revision| revision.to_string()),
            vm_version_maximum: text("hyperv_version_maximum"),
        }
    }

    /// Cores times their speed.
    pub fn cpu_mhz(&self) -> Option<i64> {
        self.cores?.checked_mul(self.speed_mhz?)
    }
}
