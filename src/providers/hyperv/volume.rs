//! Collector `volume` → table `vdatastore`.

use std::cmp::Ordering;

use serde::Deserialize;
use uuid::Uuid;

use crate::providers::hyperv::clustered::RESOURCE_STATES;
use crate::providers::hyperv::object::{Object, Stamp};
use crate::providers::hyperv::value::{Flag, Id, Int, Text};
use crate::tables::inventory::vdatastore::Vdatastore;

pub const SCRIPT: &str = include_str!("scripts/volume.ps1");

/// Numbers of `MSFT_Volume.FileSystemType`, and the names of a cluster shared volume's.
const FILE_SYSTEMS: [(&str, &str); 6] = [
    ("14", "NTFS"),
    ("15", "ReFS"),
    ("32768", "CSV-NTFS"),
    ("32769", "CSVFS_ReFS"),
    ("CSVFS_NTFS", "CSV-NTFS"),
    ("CSVFS_REFS", "CSVFS_ReFS"),
];

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct VolumeObject {
    kind: Text,
    name: Text,
    path: Text,
    volume_id: Text,
    file_system: Text,
    size: Int,
    free: Int,
    owner_node: Text,
    state: Text,
    redirected_access: Flag,
    maintenance: Flag,
    block_size: Int,
    cluster_name: Text,
}

impl Object for VolumeObject {
    type Row = Vdatastore;

    fn vm_id(&self) -> Option<Uuid> {
        None
    }

    fn row(self, stamp: &Stamp) -> Option<Vdatastore> {
        let state = self.state.named(&RESOURCE_STATES);
        let capacity = self.size.positive();
        Some(Vdatastore {
            host: stamp.host.clone(),
            collected_at: stamp.collected_at,
            datastore_name: self.name.0.or_else(|| self.path.0.clone()),
            kind: self.kind.0.map(|kind| kind.to_lowercase()),
            volume_id: self.volume_id.0.as_deref().map(volume_id),
            path: self.path.0,
            filesystem_type: self.file_system.named(&FILE_SYSTEMS),
            capacity_bytes: capacity,
            // 0 is a full volume, unless its size is unknown as well.
            free_bytes: self.free.0.filter(|free| *free > 0 || capacity.is_some()),
            owner_node: self.owner_node.0,
            accessible: state.as_ref().map(|state| state == "Online"),
            state,
            redirected_access: self.redirected_access.0,
            in_maintenance: self.maintenance.0,
            block_size_bytes: self.block_size.positive(),
            cluster_name: self.cluster_name.0,
            config_status: None,
            vms_total: None,
            vms: None,
            provisioned_bytes: None,
            in_use_bytes: None,
            free_percent: None,
            hosts: None,
            host_names: None,
            object_id: None,
            sdk_server: None,
            sdk_uuid: None,
            site: None,
        })
    }

    fn order(a: &Vdatastore, b: &Vdatastore) -> Ordering {
        (&a.path, &a.volume_id).cmp(&(&b.path, &b.volume_id))
    }
}

/// The GUID in `\\?\Volume{…}\`, or the text as it is.
fn volume_id(text: &str) -> String {
    let guid = text.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map(|(guid, _)| guid);
    let id = serde_json::from_value::<Id>(guid.unwrap_or(text).into()).ok().and_then(|id| id.text());
    id.unwrap_or_else(|| text.to_owned())
}
