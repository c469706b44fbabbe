//! How a cluster treats a VM: its role, as the node that owned it told.

use arrow_array::RecordBatch;

use crate::tables::columns::{Flags, Ints, Lists, Texts};

/// A VM's role: about 150 bytes. Kept only for VMs whose own host tells no role of theirs,
/// because the role changed hands while the cluster was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Role {
    pub priority: Option<i64>,
    pub offline_action: Option<String>,
    pub vm_monitoring: Option<bool>,
    pub anti_affinity: Option<String>,
    pub affinity_rules: Option<String>,
}

/// The columns of vrole.
pub struct Roles<'a> {
    priority: Ints<'a>,
    offline_action: Texts<'a>,
    vm_monitoring: Flags<'a>,
    anti_affinity: Lists<'a>,
    affinity_rules: Lists<'a>,
}

impl<'a> Roles<'a> {
    pub fn of(vrole: &'a RecordBatch) -> Self {
        Self {
            priority: Ints::of(vrole, "priority"),
            offline_action: Texts::of(vrole, "offline_action"),
            vm_monitoring: Flags::of(vrole, "vm_monitoring"),
            anti_affinity: Lists::of(vrole, "anti_affinity"),
            affinity_rules: Lists::of(vrole, "affinity_rules"),
        }
    }

    pub fn at(&self, row: usize) -> Role {
        let joined =
            |names: Option<Vec<String>>| names.filter(|names| !names.is_empty()).map(|n| n.join(", "));
        Role {
            priority: self.priority.at(row),
            offline_action: self.offline_action.at(row).map(str::to_owned),
            vm_monitoring: self.vm_monitoring.at(row),
            anti_affinity: joined(self.anti_affinity.at(row)),
            affinity_rules: joined(self.affinity_rules.at(row)),
        }
    }
}
