//! Collector `service` → table `vtools`.

use std::cmp::Ordering;

use serde::Deserialize;
use uuid::Uuid;

use crate::providers::hyperv::object::{Object, Stamp};
use crate::providers::hyperv::state::{STATES, heartbeat_colour, power_state};
use crate::providers::hyperv::value::{Flag, Id, Text, told_version};
use crate::tables::inventory::vtools::Vtools;

pub const SCRIPT: &str = include_str!("scripts/service.ps1");

/// Numbers of `VMIntegrationComponentOperationalStatus`; unconfirmed.
const OPERATIONAL: [(&str, &str); 8] = [
    ("2", "Ok"),
    ("3", "Degraded"),
    ("6", "Error"),
    ("7", "NonRecoverableError"),
    ("12", "NoContact"),
    ("13", "LostCommunication"),
    ("32775", "ProtocolMismatch"),
    ("32896", "Disabled"),
];

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ServiceObject {
    #[serde(rename = "VMId")]
    vm_id: Id,
    #[serde(rename = "VMName")]
    vm_name: Text,
    state: Text,
    heartbeat: Text,
    integration_services_state: Text,
    integration_services_version: Text,
    version: Text,
    time_synchronization: Flag,
    kvp_exchange: Flag,
    shutdown: Flag,
    backup: Flag,
    guest_service: Flag,
    heartbeat_service: Flag,
    kvp_status: Text,
    heartbeat_status: Text,
}

impl Object for ServiceObject {
    type Row = Vtools;
    const ONE_PER_VM: bool = true;

    fn vm_id(&self) -> Option<Uuid> {
        self.vm_id.0
    }

    fn row(self, stamp: &Stamp) -> Option<Vtools> {
        let state = self.state.named(&STATES);
        let power = state.as_deref().and_then(power_state);
        let beat = self.heartbeat.0.as_deref();
        let version = told_version(self.integration_services_version.0);
        let kvp_status = self.kvp_status.named(&OPERATIONAL);
        let heartbeat_status = self.heartbeat_status.named(&OPERATIONAL);
        let word = |word: &str| Some(word.to_owned());
        let status = power.and_then(|power| {
            Signs {
                running: power == "poweredOn",
                old: self.integration_services_state.0.as_deref() == Some(UPDATE_REQUIRED),
                seen: version.is_some(),
                heartbeat: beat.or(heartbeat_status.as_deref()).filter(|beat| *beat != "Disabled"),
                exchange: kvp_status.as_deref().filter(|_| self.kvp_exchange.0 != Some(false)),
            }
            .status()
        });
        Some(Vtools {
            host: stamp.host.clone(),
            vm_id: self.vm_id.text()?,
            collected_at: stamp.collected_at,
            vm_name: self.vm_name.or_id(&self.vm_id),
            tools_status: status.map(str::to_owned),
            upgradeable: status.map(|status| status == "toolsOld"),
            app_status: word(app_colour(power, beat)),
            heartbeat_status: word(heartbeat_colour(power, beat)),
            tools_version: version,
            required_version: None,
            sync_time: self.time_synchronization.0,
            configuration_version: self.version.0,
            kvp_enabled: self.kvp_exchange.0,
            shutdown_enabled: self.shutdown.0,
            backup_enabled: self.backup.0,
            guest_service_enabled: self.guest_service.0,
            heartbeat_enabled: self.heartbeat_service.0,
            kvp_status,
            heartbeat_service_status: heartbeat_status,
            services_state: self.integration_services_state.0,
        })
    }

    fn order(a: &Vtools, b: &Vtools) -> Ordering {
        a.vm_id.cmp(&b.vm_id)
    }
}

/// What an English Windows before Server 2016 says of services that are older than its own;
/// in another language, and later, nobody says it.
const UPDATE_REQUIRED: &str = "Update required";

/// What tells whether the services run in the guest.
struct Signs<'a> {
    running: bool,
    old: bool,
    /// They told their version.
    seen: bool,
    /// Absent when switched off or not told.
    heartbeat: Option<&'a str>,
    exchange: Option<&'a str>,
}

impl Signs<'_> {
    fn status(&self) -> Option<&'static str> {
        let well = |sign: &str| sign.starts_with("Ok");
        match (self.heartbeat, self.exchange) {
            _ if !self.running => Some("toolsNotRunning"),
            _ if self.old => Some("toolsOld"),
            (None, None) => None,
            (beat, exchange) if beat.is_none_or(well) && exchange.is_none_or(well) => Some("toolsOk"),
            // Neither was ever heard of, nor a version of theirs.
            (beat, exchange)
                if !self.seen && [beat, exchange].iter().flatten().all(|sign| *sign == "NoContact") =>
            {
                Some("toolsNotInstalled")
            }
            _ => Some("toolsNotRunning"),
        }
    }
}

/// The second half of the native heartbeat: how the guest's applications are.
fn app_colour(power: Option<&str>, heartbeat: Option<&str>) -> &'static str {
    match heartbeat.filter(|_| power == Some("poweredOn")) {
        Some("OkApplicationsHealthy") => "green",
        Some("OkApplicationsCritical") => "red",
        _ => "gray",
    }
}
