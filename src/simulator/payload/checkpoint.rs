//! Collector `checkpoint`.

use crate::simulator::disk;
use crate::simulator::guest::Guest;
use crate::simulator::machine::Machine;
use crate::simulator::payload::object::{Object, id};
use crate::simulator::payload::vm::version;
use crate::simulator::storage::CONFIGURATION_BYTES;
use crate::wire_object as object;

pub fn checkpoint(guests: &[Guest], machine: &Machine) -> Vec<Object> {
    let mut objects = Vec::new();
    for guest in guests {
        for (number, checkpoint) in guest.checkpoints.iter().enumerate() {
            let files: Vec<_> = disk::files_at(guest, number).collect();
            let differences = files.iter().filter(|file| file.path.contains(".avhd"));
            let parent = checkpoint.parent.and_then(|number| guest.checkpoints.get(number));
            objects.push(object! { id(guest);
                "VMId": guest.id,
                "VMName": guest.name,
                "Id": checkpoint.id,
                "Name": checkpoint.name,
                "SnapshotType": if checkpoint.production { "Production" } else { "Standard" },
                "CreationTime": checkpoint.created_at,
                "ParentSnapshotId": parent.map(|parent| parent.id.as_str()),
                "ParentSnapshotName": parent.map(|parent| parent.name.as_str()),
                "Notes": "",
                "Path": guest.folder,
                "Version": version(guest, machine),
                "State": if checkpoint.memory_file_size.is_some() { "Saved" } else { "Off" },
                "IsAutomaticCheckpoint": checkpoint.automatic,
                "HardDrivePaths": files.iter().map(|file| &file.path).collect::<Vec<_>>(),
                "DiskFileSize": differences.map(|file| file.size).sum::<u64>(),
                "MemoryFileSize": CONFIGURATION_BYTES + checkpoint.memory_file_size.unwrap_or(0),
            });
        }
    }
    objects
}
