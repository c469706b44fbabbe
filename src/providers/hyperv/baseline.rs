//! Collector `baseline`: the VM ids by CIM, a path that shares nothing with Get-VM.

use std::collections::BTreeMap;

use serde::Deserialize;
use uuid::Uuid;

use crate::providers::hyperv::object::objects;
use crate::providers::hyperv::value::{Id, Text};

pub const WORD: &str = "baseline";
pub const SCRIPT: &str = include_str!("scripts/baseline.ps1");

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Payload {
    #[serde(rename = "VMId")]
    vm_id: Id,
    name: Text,
}

/// Adds the VMs of a payload to those known. False when one of them has no id: then the
/// list cannot be trusted to be whole.
pub fn read(payload: &[u8], vms: &mut BTreeMap<Uuid, String>) -> bool {
    let (objects, _, unreadable) = objects::<Payload>(payload);
    let mut whole = unreadable == 0;
    for object in objects {
        match object.vm_id.0 {
            Some(id) => {
                vms.entry(id).or_insert_with(|| object.name.0.unwrap_or_default());
            }
            None => whole = false,
        }
    }
    whole
}
