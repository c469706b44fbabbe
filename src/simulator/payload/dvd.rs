//! Collector `dvd`: optical drives, and floppy drives with a disk in.

use crate::simulator::guest::Guest;
use crate::simulator::payload::object::{Object, id};
use crate::wire_object as object;

pub fn dvd(guests: &[Guest]) -> Vec<Object> {
    let mut objects = Vec::new();
    for guest in guests {
        for drive in &guest.setup.drives {
            objects.push(object! { id(guest);
                "VMId": guest.id,
                "VMName": guest.name,
                "Id": format!("Microsoft:{}\\{}\\{}\\{}\\D", guest.id.to_uppercase(), drive.id.to_uppercase(),
                    drive.controller_number, drive.controller_location),
                "Kind": drive.kind,
                "Path": drive.path,
                "ControllerType": drive.controller_type,
                "ControllerNumber": drive.controller_number,
                "ControllerLocation": drive.controller_location,
                "MediaType": drive.media,
            });
        }
    }
    objects
}
