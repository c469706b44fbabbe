//! Which virtual switch a network adapter of the host carries: switches name their uplinks
//! by the adapters' interface descriptions.

use std::collections::HashMap;

use arrow_array::RecordBatch;

use crate::census::completed::beside::Beside;
use crate::census::filling::Filling;
use crate::output::spool::SpoolError;
use crate::tables::columns::{Lists, Texts};

pub fn complete(vnic: &RecordBatch, beside: &Beside<'_>) -> Result<RecordBatch, SpoolError> {
    let (vswitch, of_hosts) = beside.of("vswitch")?;
    let (name, uplinks) = (Texts::of(&vswitch, "switch_name"), Lists::of(&vswitch, "uplinks"));
    let mut carries: Vec<HashMap<String, (&str, usize)>> = Vec::new();
    let mut first = 0;
    for of_host in of_hosts {
        let mut of_switches = HashMap::new();
        for row in first..first + of_host {
            let (Some(name), Some(uplinks)) = (name.at(row), uplinks.at(row)) else { continue };
            for (place, uplink) in uplinks.into_iter().enumerate() {
                of_switches.entry(uplink).or_insert((name, place + 1));
            }
        }
        carries.push(of_switches);
        first += of_host;
    }
    let description = Texts::of(vnic, "interface_description");
    let carried = |row: usize| carries[beside.host_of[row]].get(description.at(row)?);
    let mut filling = Filling::of(vnic);
    filling.texts("switch_name", |row| carried(row).map(|(name, _)| *name));
    filling.texts("uplink_port", |row| carried(row).map(|(_, place)| format!("Uplink {place}")));
    Ok(filling.done())
}
