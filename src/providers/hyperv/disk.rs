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
    chain_file_size: Int,
    own_file_size: Int,
    base_path: Text,
    change_tracking_id: Text,
    change_tracking_file: Flag,
    unique_id: Text,
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
        let bounds = (self.minimum_iops.0, self.maximum_iops.0);
        Some(Vdisk {
            host: stamp.host.clone(),
            vm_id: self.vm_id.text()?,
            collected_at: stamp.collected_at,
            vm_name: self.vm_name.or_id(&self.vm_id),
            disk_key: controller.as_deref().and_then(|controller| disk_key(controller, slot)),
            drive_id: self.id.0,
            disk_uuid: self.disk_identifier.text(),
            capacity_bytes: self.size.positive(),
            file_size_bytes: self.file_size.positive(),
            change_tracking_enabled: self.change_tracking_id.0.map(|_| true).or(self.change_tracking_file.0),
            chain_file_bytes: self.chain_file_size.positive(),
            // Nothing of its own is an answer: all its files are shared.
            own_file_bytes: self.own_file_size.0,
            base_path: self.base_path.0,
            disk_label: None,
            disk_mode: Some("persistent".to_owned()),
            raw_lun_id: self.unique_id.0.filter(|_| self.disk_number.0.is_some()),
            level: level(bounds),
            iops_limit: bounds.1.map(|most| if most == 0 { -1 } else { most }),
            controller: controller
                .as_deref()
                .zip(slot.0)
                .map(|(controller, number)| format!("{controller} controller {number}")),
            scsi_unit: slot.1.filter(|_| controller.as_deref() == Some("SCSI")),
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
            iops_minimum: bounds.0,
            iops_maximum: bounds.1,
            pool_name: self.pool_name.0,
            path: self.path.0,
            vhd_error: self.vhd_error.0,
        })
    }

    fn order(a: &Vdisk, b: &Vdisk) -> Ordering {
        (&a.vm_id, &a.disk_key, &a.path).cmp(&(&b.vm_id, &b.disk_key, &b.path))
    }

    fn together(rows: &mut [Vdisk]) {
        for (row, number) in rows.iter_mut().zip(1..) {
            row.disk_label = Some(format!("Hard disk {number}"));
        }
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

/// Whether somebody bounded its IOPS.
fn level(bounds: (Option<i64>, Option<i64>)) -> Option<String> {
    let (least, most) = (bounds.0?, bounds.1?);
    Some(if least == 0 && most == 0 { "normal" } else { "custom" }.to_owned())
}
