//! Collector `disk`.

use std::collections::HashMap;

use serde_json::Value;

use crate::simulator::disk::ImageFile;
use crate::simulator::guest::{Guest, MIB};
use crate::simulator::payload::object::{Object, id};
use crate::wire_object as object;

const NULL: Value = Value::Null;

/// What Get-VHD says of a disk that another node has open.
pub const VHD_IN_USE: &str = "ObjectInUse,Microsoft.Vhd.PowerShell.Cmdlets.GetVHD";

/// Disks; with `vhd_in_use` Get-VHD fails for those that another node holds.
pub fn disk(guests: &[Guest], vhd_in_use: bool) -> Vec<Object> {
    let mut users: HashMap<&str, u32> = HashMap::new();
    for file in guests.iter().flat_map(|guest| &guest.disks).flat_map(|disk| &disk.chain) {
        if file.common {
            *users.entry(&file.path).or_default() += 1;
        }
    }
    let is_own = |file: &ImageFile| !file.common || users.get(file.path.as_str()) == Some(&1);
    let mut objects = Vec::new();
    for guest in guests {
        for disk in &guest.disks {
            let all: u64 = disk.chain.iter().map(|file| file.size).sum();
            let own: u64 = disk.chain.iter().filter(|file| is_own(file)).map(|file| file.size).sum();
            let tracking = disk.tracks_changes.then(|| format!("rctX:{}:00000001", disk.identifier));
            let failed = vhd_in_use && disk.in_use;
            let file = disk.disk_number.is_none() && !failed;
            let known = |value: Value| if file { value } else { NULL };
            objects.push(object! { id(guest);
                "VMId": guest.id,
                "VMName": guest.name,
                "Id": format!("Microsoft:{}\\{}\\{}\\{}\\D", guest.id.to_uppercase(), disk.identifier.to_uppercase(),
                    disk.controller_number, disk.controller_location),
                "Name": "Hard Drive",
                "Path": disk.path,
                "ControllerType": disk.controller_type,
                "ControllerNumber": disk.controller_number,
                "ControllerLocation": disk.controller_location,
                "DiskNumber": disk.disk_number,
                "PoolName": "Primordial",
                "SupportPersistentReservations": false,
                "MinimumIOPS": 0,
                "MaximumIOPS": 0,
                "VhdFormat": known(disk.format.into()),
                "VhdType": known(disk.kind.into()),
                "Size": if disk.disk_number.is_some() { disk.size.into() } else { known(disk.size.into()) },
                "FileSize": known(disk.file_size.into()),
                "ParentPath": known(disk.parent_path.clone().into()),
                "DiskIdentifier": known(disk.identifier.clone().into()),
                "BlockSize": known(if disk.kind == "Fixed" { 0.into() } else { (32 * MIB).into() }),
                "LogicalSectorSize": known(512.into()),
                "PhysicalSectorSize": known(4096.into()),
                "ChangeTrackingFile": known(disk.tracks_changes.into()),
                "VhdError": failed.then_some(VHD_IN_USE),
                "ChainFileSize": known(all.into()),
                "OwnFileSize": known(own.into()),
                "BasePath": known(disk.chain.first().map(|file| file.path.clone()).into()),
                "ChangeTrackingId": known(tracking.into()),
                "UniqueId": disk.disk_number.map(|number| format!("600508B1001C{number:020X}")),
            });
        }
    }
    objects
}
