//! Collector `disk` → table `vdisk`.

use std::cmp::Ordering;

use serde::Deserialize;
use uuid::Uuid;

use crate::providers::hyperv::object::{Object, Stamp};
use crate::providers::hyperv::value::{Flag, Id, Int, Text};
use crate::tables::inventory::vdisk::Vdisk;

pub const SCRIPT: &str = include_str!("scripts/disk.ps1");

/// Numbers of `Microsoft.Vhd.PowerShell.VhdFormat` and `.VhdType`, and of the controllers.
const FORMATS: [(&str, &str); 3] = [("2", "VHD"), ("3", "VHDX"), ("4", "VHDSet")];
const TYPES: [(&str, &str); 3] = [("2", "Fixed"), ("3", "Dynamic"), ("4", "Differencing")];
const CONTROLLERS: [(&str, &str); 3] = [("0", "IDE"), ("1", "SCSI"), ("2", "PMEM")];

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct DiskObject {
    #[serde(rename = "VMId")]
    vm_id: Id,
    #[serde(rename = "VMName")]
    vm_name: Text,
    id: Text,
    path: Text,
    controller_type: Text,
    controller_number: Int,
    controller_location: Int,
    disk_number: Int,
    pool_name: Text,
    support_persistent_reservations: Flag,
    #[serde(rename = "MinimumIOPS")]
    minimum_iops: Int,
    #[serde(rename = "MaximumIOPS")]
    maximum_iops: Int,
    vhd_format: Text,
    vhd_type: Text,
    size: Int,
    file_size: Int,
    parent_path: Text,
    disk_identifier: Id,
    block_size: Int,
    logical_sector_size: Int,
    physical_sector_size: Int,
    vhd_error: Text,
}

impl Object for DiskObject {
    type Row = Vdisk;

    fn vm_id(&self) -> Option<Uuid> {
        self.vm_id.0
    }

    fn row(self, stamp: &Stamp) -> Option<Vdisk> {
        let shared = self.is_shared();
        let controller = self.controller_type.named(&CONTROLLERS);
        let slot = (self.controller_number.0, self.controller_location.0);
        let vhd_type = self.vhd_type.named(&TYPES);
        Some(Vdisk {
            host: stamp.host.clone(),
            vm_id: self.vm_id.text()?,
            collected_at: stamp.collected_at,
            vm_name: self.vm_name.0,
            disk_key: controller.as_deref().and_then(|controller| disk_key(controller, slot)),
            drive_id: self.id.0,
            disk_uuid: self.disk_identifier.text(),
            capacity_bytes: self.size.positive(),
            file_size_bytes: self.file_size.positive(),
            is_passthrough: Some(self.disk_number.0.is_some()),
            physical_disk_number: self.disk_number.0,
            controller_type: controller,
            controller_number: slot.0,
            controller_location: slot.1,
            vhd_format: self.vhd_format.named(&FORMATS),
            thin: vhd_type.as_deref().and_then(is_thin),
            vhd_type,
            parent_path: self.parent_path.0,
            block_size_bytes: self.block_size.positive(),
            logical_sector_bytes: self.logical_sector_size.positive(),
            physical_sector_bytes: self.physical_sector_size.positive(),
            persistent_reservations_supported: self.support_persistent_reservations.0,
            sharing_mode: shared.map(|yes| if yes { "sharingMultiWriter" } else { "sharingNone" }.to_owned()),
            shared_bus: shared.map(|yes| if yes { "physicalSharing" } else { "noSharing" }.to_owned()),
            iops_minimum: self.minimum_iops.0,
            iops_maximum: self.maximum_iops.0,
            pool_name: self.pool_name.0,
            path: self.path.0,
            vhd_error: self.vhd_error.0,
        })
    }

    fn order(a: &Vdisk, b: &Vdisk) -> Ordering {
        (&a.vm_id, &a.disk_key, &a.path).cmp(&(&b.vm_id, &b.disk_key, &b.path))
    }
}

impl DiskObject {
    /// Whether several VMs may write to it; unknown where neither sign can be read.
    fn is_shared(&self) -> Option<bool> {
        let set = self.path.0.as_ref().map(|path| path.to_ascii_lowercase().ends_with(".vhds"));
        match (self.support_persistent_reservations.0, set) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (None, None) => None,
            _ => Some(false),
        }
    }
}

fn disk_key(controller: &str, (number, location): (Option<i64>, Option<i64>)) -> Option<String> {
    let base = match controller {
        "IDE" => 2000,
        "SCSI" => 3000,
        "PMEM" => 4000,
        _ => return None,
    };
    Some((base + number? * 100 + location?).to_string())
}

fn is_thin(vhd_type: &str) -> Option<bool> {
    match vhd_type {
        "Dynamic" | "Differencing" => Some(true),
        "Fixed" => Some(false),
        _ => None,
    }
}
