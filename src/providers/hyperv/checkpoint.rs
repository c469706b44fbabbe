//! Collector `checkpoint` → table `vsnapshot`.

use std::cmp::Ordering;

use serde::Deserialize;
use uuid::Uuid;

use crate::providers::hyperv::object::{Object, Stamp};
use crate::providers::hyperv::state::STATES;
use crate::providers::hyperv::value::{Flag, Id, Instant, Int, Text, Texts};
use crate::tables::inventory::vsnapshot::Vsnapshot;

pub const SCRIPT: &str = include_str!("scripts/checkpoint.ps1");

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct CheckpointObject {
    #[serde(rename = "VMId")]
    vm_id: Id,
    #[serde(rename = "VMName")]
    vm_name: Text,
    id: Id,
    name: Text,
    snapshot_type: Text,
    creation_time: Instant,
    parent_snapshot_id: Id,
    parent_snapshot_name: Text,
    notes: Text,
    path: Text,
    version: Text,
    state: Text,
    is_automatic_checkpoint: Flag,
    hard_drive_paths: Texts,
    disk_file_size: Int,
    memory_file_size: Int,
}

impl Object for CheckpointObject {
    type Row = Vsnapshot;

    fn vm_id(&self) -> Option<Uuid> {
        self.vm_id.0
    }

    fn row(self, stamp: &Stamp) -> Option<Vsnapshot> {
        // A checkpoint without saved memory has 0 bytes of it.
        let memory_file_bytes = self.memory_file_size.0;
        Some(Vsnapshot {
            host: stamp.host.clone(),
            vm_id: self.vm_id.text()?,
            collected_at: stamp.collected_at,
            vm_name: self.vm_name.or_id(&self.vm_id),
            checkpoint_id: self.id.text(),
            checkpoint_name: self.name.0,
            notes: self.notes.0,
            created_at: self.creation_time.0,
            is_automatic: self.is_automatic_checkpoint.0,
            quiesced: self.snapshot_type.0.as_deref().and_then(is_quiesced),
            checkpoint_type: self.snapshot_type.0,
            parent_checkpoint_id: self.parent_snapshot_id.text(),
            parent_checkpoint_name: self.parent_snapshot_name.0,
            path: self.path.0,
            configuration_version: self.version.0,
            native_state: self.state.named(&STATES),
            disk_paths: self.hard_drive_paths.0,
            disk_file_bytes: self.disk_file_size.0,
            memory_file_bytes,
            total_bytes: self.disk_file_size.0.zip(memory_file_bytes).map(|(disks, memory)| disks + memory),
            snapshot_state: None,
        })
    }

    fn order(a: &Vsnapshot, b: &Vsnapshot) -> Ordering {
        (&a.vm_id, &a.checkpoint_id).cmp(&(&b.vm_id, &b.checkpoint_id))
    }

    fn together(rows: &mut [Vsnapshot]) {
        let states: Vec<_> = rows.iter().map(|row| state(row, &ancestors(row, rows))).collect();
        for (row, state) in rows.iter_mut().zip(states) {
            row.snapshot_state = state;
        }
    }
}

/// Names of the checkpoints that one stands on, the oldest first.
fn ancestors<'a>(row: &'a Vsnapshot, family: &'a [Vsnapshot]) -> Vec<&'a str> {
    let mut names = Vec::new();
    let mut child = row;
    // A family that names itself as its own parents would have no end.
    while child.parent_checkpoint_id.is_some() && names.len() < family.len() {
        match family.iter().find(|other| other.checkpoint_id == child.parent_checkpoint_id) {
            Some(parent) => {
                names.push(parent.checkpoint_name.as_deref().unwrap_or_default());
                child = parent;
            }
            None => break,
        }
    }
    // A parent that was not told has its name all the same.
    if names.len() < family.len() || names.is_empty() {
        names.extend(child.parent_checkpoint_name.as_deref());
    }
    names.reverse();
    names
}

fn state(row: &Vsnapshot, ancestors: &[&str]) -> Option<String> {
    let chain = ancestors.join(" > ");
    match row.checkpoint_type.as_deref() {
        Some(special) if special != "Standard" && chain.is_empty() => Some(special.to_owned()),
        Some(special) if special != "Standard" => Some(format!("{special}: {chain}")),
        _ => Some(chain).filter(|chain| !chain.is_empty()),
    }
}

fn is_quiesced(snapshot_type: &str) -> Option<bool> {
    match snapshot_type {
        "Production" | "ProductionOnly" | "AppConsistentReplica" => Some(true),
        "Standard" => Some(false),
        _ => None,
    }
}
