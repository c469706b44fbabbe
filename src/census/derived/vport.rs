//! The VLANs that a host's adapters show on its switches.

use arrow_array::RecordBatch;

use crate::census::folded::switch::adapters_by_switch;
use crate::model::target::HostName;
use crate::tables::columns::{Instants, Texts};
use crate::tables::derived::vport::Vport;
use crate::tables::table::Row;

pub fn rows(host: &HostName, vnetwork: &RecordBatch, vswitch: &RecordBatch) -> RecordBatch {
    let collected_at =
        (vnetwork.num_rows() > 0).then(|| Instants::of(vnetwork, "collected_at").at(0)).flatten();
    let (name, policy) = (Texts::of(vswitch, "switch_name"), Texts::of(vswitch, "policy"));
    let policy_of = |switch: &str| {
        let row = (0..vswitch.num_rows()).find(|row| name.at(*row) == Some(switch));
        row.and_then(|row| policy.at(row)).map(str::to_owned)
    };
    let mut rows = Vec::new();
    for (switch_name, switch) in adapters_by_switch(vnetwork) {
        for (vlan_id, port) in &switch.ports {
            rows.push(Vport {
                host: host.to_string(),
                collected_at,
                port_group: Some(port.name_on(switch_name, *vlan_id)),
                switch_name: Some(switch_name.to_owned()),
                vlan_id: Some(*vlan_id),
                promiscuous: port.promiscuous.known(),
                mac_changes: port.spoofing.known(),
                forged_transmits: port.spoofing.known(),
                policy: policy_of(switch_name),
                adapters: Some(port.adapters),
            });
        }
    }
    Vport::batch(rows).columns
}
