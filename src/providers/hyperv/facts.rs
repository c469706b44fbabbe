//! Collector `facts`: who answers, and what proves that an empty list is empty.

use serde::Deserialize;

use crate::providers::hyperv::object::objects;
use crate::providers::hyperv::value::{Flag, Text};

pub const WORD: &str = "facts";
pub const SCRIPT: &str = include_str!("scripts/facts.ps1");

/// The one object of the payload, as far as anyone reads it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Facts {
    pub os_caption: Text,
    pub os_version: Text,
    #[serde(rename = "PSVersion")]
    pub ps_version: Text,
    pub language_mode: Text,
    #[serde(rename = "HyperVModuleVersion")]
    pub hyperv_module_version: Text,
    /// The service `vmms` exists.
    pub role_installed: Flag,
    pub vmms_running: Flag,
    /// The account is in Administrators (S-1-5-32-544) or Hyper-V Administrators (S-1-5-32-578).
    pub may_read_vms: Flag,
}

impl Facts {
    pub fn read(payload: &[u8]) -> Option<Self> {
        objects(payload).0.into_iter().next()
    }

    /// With no VMs in sight: whether there are none. Anyone else than an administrator is
    /// shown an empty list without an error, and so is everyone while VMMS is down.
    pub fn prove_zero(&self) -> bool {
        [&self.role_installed, &self.vmms_running, &self.may_read_vms]
            .into_iter()
            .all(|fact| fact.0 == Some(true))
    }
}
