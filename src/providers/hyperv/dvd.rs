//! Collector `dvd` → table `vcd`.

use std::cmp::Ordering;

use serde::Deserialize;
use uuid::Uuid;

use crate::providers::hyperv::object::{Object, Stamp};
use crate::providers::hyperv::value::{Id, Int, Text};
use crate::tables::inventory::vcd::Vcd;

pub const SCRIPT: &str = include_str!("scripts/dvd.ps1");

/// Numbers of the controllers and of `DvdMediaType`; the latter unconfirmed.
const CONTROLLERS: [(&str, &str); 2] = [("0", "IDE"), ("1", "SCSI")];
const MEDIA: [(&str, &str); 3] = [("0", "None"), ("1", "ISO"), ("2", "PassThrough")];

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct DvdObject {
    #[serde(rename = "VMId")]
    vm_id: Id,
    #[serde(rename = "VMName")]
    vm_name: Text,
    id: Text,
    kind: Text,
    path: Text,
    media_type: Text,
    controller_type: Text,
    controller_number: Int,
    controller_location: Int,
}

impl Object for DvdObject {
    type Row = Vcd;

    fn vm_id(&self) -> Option<Uuid> {
        self.vm_id.0
    }

    fn row(self, stamp: &Stamp) -> Option<Vcd> {
        let floppy = self.kind.0.as_deref() == Some("Floppy");
        let controller = self.controller_type.named(&CONTROLLERS);
        let media = self.media_type.named(&MEDIA).filter(|_| !floppy);
        let path = self.path.0;
        let of_host = media.as_deref().is_some_and(|media| media.eq_ignore_ascii_case("PassThrough"));
        let empty = media.as_deref().is_some_and(|media| media.eq_ignore_ascii_case("None"));
        // Without a path and without a word about the medium nobody knows.
        let connected = (path.is_some() || media.is_some()).then(|| path.is_some() || !empty);
        let plug = if floppy { Some("Floppy") } else { controller.as_deref() };
        let slot = self.controller_number.0.zip(self.controller_location.0);
        Some(Vcd {
            host: stamp.host.clone(),
            vm_id: self.vm_id.text()?,
            collected_at: stamp.collected_at,
            vm_name: self.vm_name.or_id(&self.vm_id),
            device_node: plug
                .zip(slot)
                .map(|(plug, (number, location))| format!("{plug} {number}:{location}")),
            drive_kind: self.kind.0,
            drive_id: self.id.0,
            connected,
            starts_connected: connected,
            device_type: if of_host { Some("Host drive".to_owned()) } else { path.clone() },
            path,
            media_type: media,
            controller_type: controller,
            controller_number: self.controller_number.0,
            controller_location: self.controller_location.0,
        })
    }

    fn order(a: &Vcd, b: &Vcd) -> Ordering {
        (&a.vm_id, &a.device_node, &a.drive_id).cmp(&(&b.vm_id, &b.device_node, &b.drive_id))
    }
}
