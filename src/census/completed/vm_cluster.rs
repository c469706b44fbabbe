//! How a VM's cluster treats it, in RVTools' words where it has them.

use arrow_array::RecordBatch;

use crate::census::completed::beside::Beside;
use crate::census::filling::Filling;
use crate::census::folded::role::{Role, Roles};
use crate::output::spool::SpoolError;
use crate::tables::columns::Texts;

pub fn fill(filling: &mut Filling, vinfo: &RecordBatch, beside: &Beside<'_>) -> Result<(), SpoolError> {
    let (vrole, of_vms) = beside.by_vm(vinfo, "vrole")?;
    let (vm_id, roles) = (Texts::of(vinfo, "vm_id"), Roles::of(&vrole));
    let own = of_vms.into_iter().map(|mut rows| rows.next().map(|row| roles.at(row)));
    let of_vms: Vec<Option<Role>> = own
        .enumerate()
        .map(|(vm, own)| own.or_else(|| vm_id.at(vm).and_then(|id| beside.strays.get(id).cloned())))
        .collect();
    let role = |vm: usize| of_vms[vm].as_ref();
    filling.texts("ha_restart_priority", |vm| role(vm)?.priority.map(restart));
    filling.texts("ha_isolation_response", |vm| role(vm)?.offline_action.as_deref());
    filling.texts("ha_vm_monitoring", |vm| role(vm)?.vm_monitoring.map(monitoring));
    filling.texts("cluster_rules", |vm| listed(role(vm)?, |(kind, _)| kind.to_owned()));
    filling.texts("cluster_rule_names", |vm| listed(role(vm)?, |(_, names)| names));
    Ok(())
}

/// `Get-ClusterGroup .Priority`: 3000 high, 2000 medium, 1000 low, 0 no automatic start.
fn restart(priority: i64) -> &'static str {
    match priority {
        ..1 => "disabled",
        1..2000 => "low",
        2000..3000 => "medium",
        3000.. => "high",
    }
}

/// The rules that name a VM: their kinds, or their names in the same order.
fn listed(role: &Role, part: fn((&'static str, String)) -> String) -> Option<String> {
    let kinds = [("antiAffinityClass", &role.anti_affinity), ("affinityRule", &role.affinity_rules)];
    let told = kinds.into_iter().filter_map(|(kind, names)| Some(part((kind, names.clone()?))));
    let told: Vec<_> = told.collect();
    (!told.is_empty()).then(|| told.join(", "))
}

fn monitoring(enabled: bool) -> &'static str {
    if enabled { "vmMonitoringOnly" } else { "vmMonitoringDisabled" }
}
