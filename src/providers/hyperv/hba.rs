//! Collector `hba` → table `vhba`.

use std::cmp::Ordering;

use serde::Deserialize;
use uuid::Uuid;

use crate::providers::hyperv::object::{Object, Stamp};
use crate::providers::hyperv::value::Text;
use crate::tables::inventory::vhba::Vhba;

pub const SCRIPT: &str = include_str!("scripts/hba.ps1");

/// Numbers and names of `MSFT_InitiatorPort.ConnectionType`.
const TYPES: [(&str, &str); 6] = [
    ("2", "FC"),
    ("3", "SCSI"),
    ("7", "iSCSI"),
    ("8", "SAS"),
    ("Fibre Channel", "FC"),
    ("Parallel SCSI", "SCSI"),
];

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HbaObject {
    name: Text,
    #[serde(rename = "Type")]
    kind: Text,
    status: Text,
    bus: Text,
    pci: Text,
    driver: Text,
    model: Text,
    node_address: Text,
    port_address: Text,
}

impl Object for HbaObject {
    type Row = Vhba;

    fn vm_id(&self) -> Option<Uuid> {
        None
    }

    fn row(self, stamp: &Stamp) -> Option<Vhba> {
        Some(Vhba {
            host: stamp.host.clone(),
            collected_at: stamp.collected_at,
            device: self.name.0,
            adapter_type: self.kind.named(&TYPES),
            status: self.status.0,
            bus: self.bus.0,
            pci: self.pci.0,
            driver: self.driver.0,
            model: self.model.0,
            wwn: self.port_address.0,
            node_address: self.node_address.0,
        })
    }

    fn order(a: &Vhba, b: &Vhba) -> Ordering {
        (&a.device, &a.wwn).cmp(&(&b.device, &b.wwn))
    }
}
