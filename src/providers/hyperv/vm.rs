//! Collector `vm` → table `vinfo`.

use std::cmp::Ordering;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use serde::Deserialize;
use uuid::Uuid;

use crate::providers::hyperv::object::{Object, Stamp};
use crate::providers::hyperv::value::{Flag, Id, Instant, Int, OnOff, Real, Text, Texts};
use crate::tables::inventory::vinfo::Vinfo;

pub const SCRIPT: &str = include_str!("scripts/vm.ps1");

/// Numbers of `VMState` that are the same on every version of Windows. Those of critical
/// states are not, so they stay numbers.
pub const STATES: [(&str, &str); 13] = [
    ("1", "Other"),
    ("2", "Running"),
    ("3", "Off"),
    ("4", "Stopping"),
    ("6", "Saved"),
    ("9", "Paused"),
    ("10", "Starting"),
    ("11", "Reset"),
    ("32773", "Saving"),
    ("32776", "Pausing"),
    ("32777", "Resuming"),
    ("32779", "FastSaved"),
    ("32780", "FastSaving"),
];
const START_ACTIONS: [(&str, &str); 3] = [("2", "Nothing"), ("3", "StartIfRunning"), ("4", "Start")];
const STOP_ACTIONS: [(&str, &str); 3] = [("2", "TurnOff"), ("3", "Save"), ("4", "ShutDown")];
const CHECKPOINT_TYPES: [(&str, &str); 4] =
    [("2", "Disabled"), ("3", "Production"), ("4", "ProductionOnly"), ("5", "Standard")];
/// Ids of the secure boot templates; unconfirmed.
const TEMPLATES: [(&str, &str); 3] = [
    ("1734c6e8-3154-4dda-ba5f-a874cc483422", "MicrosoftWindows"),
    ("272e7447-90a4-4563-a4b9-8e4ab00526ce", "MicrosoftUEFICertificateAuthority"),
    ("4292ae2b-ee2c-42b5-a969-dd8f8689f6f3", "OpenSourceShieldedVM"),
];

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct VmObject {
    #[serde(rename = "VMId")]
    vm_id: Id,
    name: Text,
    state: Text,
    status: Text,
    primary_operational_status: Text,
    operational_status: Texts,
    status_descriptions: Texts,
    generation: Int,
    version: Text,
    processor_count: Int,
    #[serde(rename = "CPUUsage")]
    cpu_usage: Real,
    memory_startup: Int,
    memory_minimum: Int,
    memory_maximum: Int,
    memory_assigned: Int,
    memory_demand: Int,
    dynamic_memory_enabled: Flag,
    uptime: Int,
    creation_time: Instant,
    heartbeat: Text,
    integration_services_state: Text,
    integration_services_version: Text,
    automatic_start_action: Text,
    automatic_start_delay: Int,
    automatic_stop_action: Text,
    is_clustered: Flag,
    notes: Text,
    path: Text,
    configuration_location: Text,
    snapshot_file_location: Text,
    smart_paging_file_path: Text,
    parent_snapshot_name: Text,
    checkpoint_type: Text,
    replication_state: Text,
    replication_health: Text,
    replication_mode: Text,
    network_adapter_count: Int,
    hard_drive_count: Int,
    dvd_drive_count: Int,
    #[serde(rename = "BIOSGUID")]
    bios_guid: Id,
    secure_boot: OnOff,
    secure_boot_template: Text,
    #[serde(rename = "GuestOSName")]
    guest_os_name: Text,
    #[serde(rename = "GuestOSVersion")]
    guest_os_version: Text,
    guest_fqdn: Text,
}

impl Object for VmObject {
    type Row = Vinfo;
    const ONE_PER_VM: bool = true;

    fn vm_id(&self) -> Option<Uuid> {
        self.vm_id.0
    }

    fn row(self, stamp: &Stamp) -> Option<Vinfo> {
        let state = self.state.named(&STATES);
        let power = state.as_deref().and_then(power_state);
        let on = power == Some("poweredOn");
        let critical = state.as_deref().is_some_and(is_critical);
        let dynamic = self.dynamic_memory_enabled.0 == Some(true);
        let uptime = self.uptime.positive().filter(|_| on);
        let word = |word: &str| Some(word.to_owned());
        Some(Vinfo {
            host: stamp.host.clone(),
            vm_id: self.vm_id.text()?,
            collected_at: stamp.collected_at,
            vm_name: self.name.0,
            power_state: power.map(str::to_owned),
            config_status: word(config_status(power, critical, self.primary_operational_status.0.as_deref())),
            connection_state: word(if critical { "inaccessible" } else { "connected" }),
            guest_state: word(guest_state(power, self.heartbeat.0.as_deref())),
            heartbeat: word(heartbeat_colour(power, self.heartbeat.0.as_deref())),
            native_heartbeat: self.heartbeat.0,
            native_state: state,
            status_text: self.status.0,
            primary_operational_status: self.primary_operational_status.0,
            consolidation_needed: self.operational_status.0.as_ref().map(|words| needs_consolidation(words)),
            operational_status: self.operational_status.0,
            status_descriptions: self.status_descriptions.0,
            powered_on_at: uptime.and_then(|uptime| powered_on_at(stamp.collected_at, uptime)),
            uptime_seconds: uptime,
            created_at: self.creation_time.0,
            vcpus: self.processor_count.positive(),
            cpu_usage_percent: self.cpu_usage.0.filter(|_| on),
            memory_startup_bytes: self.memory_startup.positive(),
            memory_minimum_bytes: self.memory_minimum.positive().filter(|_| dynamic),
            memory_maximum_bytes: self.memory_maximum.positive().filter(|_| dynamic),
            memory_assigned_bytes: self.memory_assigned.positive(),
            memory_demand_bytes: self.memory_demand.positive(),
            dynamic_memory_enabled: self.dynamic_memory_enabled.0,
            nics: self.network_adapter_count.0,
            disks: self.hard_drive_count.0,
            dvd_drives: self.dvd_drive_count.0,
            is_clustered: self.is_clustered.0,
            automatic_start_action: self.automatic_start_action.named(&START_ACTIONS),
            automatic_start_delay_seconds: self.automatic_start_delay.0,
            automatic_stop_action: self.automatic_stop_action.named(&STOP_ACTIONS),
            generation: self.generation.0,
            firmware: self.generation.0.and_then(firmware),
            secure_boot_enabled: self.secure_boot.0,
            secure_boot_template: self.secure_boot_template.named(&TEMPLATES),
            configuration_version: self.version.0,
            path: self.path.0,
            configuration_location: self.configuration_location.0,
            checkpoint_directory: self.snapshot_file_location.0,
            smart_paging_directory: self.smart_paging_file_path.0,
            notes: self.notes.0,
            guest_os_name: self.guest_os_name.0,
            guest_os_version: self.guest_os_version.0,
            guest_fqdn: self.guest_fqdn.0,
            integration_services_state: self.integration_services_state.0,
            integration_services_version: self
                .integration_services_version
                .0
                .filter(|version| !version.split('.').all(|part| part == "0")),
            smbios_uuid: self.bios_guid.text(),
            parent_checkpoint_name: self.parent_snapshot_name.0,
            checkpoint_type: self.checkpoint_type.named(&CHECKPOINT_TYPES),
            replication_state: self.replication_state.0,
            replication_health: self.replication_health.0,
            replication_mode: self.replication_mode.0,
            provisioned_shown_bytes: None,
            in_use_shown_bytes: None,
        })
    }

    fn order(a: &Vinfo, b: &Vinfo) -> Ordering {
        a.vm_id.cmp(&b.vm_id)
    }
}

/// A critical state: the configuration's storage is gone, the word before stays true.
fn is_critical(state: &str) -> bool {
    state.ends_with("Critical")
}

fn power_state(state: &str) -> Option<&'static str> {
    match state.strip_suffix("Critical").unwrap_or(state) {
        "Running" | "Starting" | "Stopping" | "Saving" | "Pausing" | "Resuming" | "Reset" | "FastSaving"
        | "ForceShutdown" | "ForceReboot" => Some("poweredOn"),
        "Off" => Some("poweredOff"),
        "Saved" | "FastSaved" | "Paused" | "Hibernated" => Some("suspended"),
        _ => None,
    }
}

fn config_status(power: Option<&str>, critical: bool, operational: Option<&str>) -> &'static str {
    match operational {
        _ if critical => "red",
        Some(status) if status.contains("Critical") || status == "NonRecoverableError" => "red",
        // A state nobody knows is worth a look whatever else is said.
        _ if power.is_none() => "yellow",
        Some("Ok") => "green",
        Some(_) => "yellow",
        None => "gray",
    }
}

fn guest_state(power: Option<&str>, heartbeat: Option<&str>) -> &'static str {
    match (power, heartbeat) {
        (Some("poweredOn"), Some(beat)) if beat.starts_with("Ok") => "running",
        (Some("poweredOff"), _) => "notRunning",
        _ => "unknown",
    }
}

fn heartbeat_colour(power: Option<&str>, heartbeat: Option<&str>) -> &'static str {
    if power != Some("poweredOn") {
        return "gray";
    }
    match heartbeat {
        Some("Ok" | "OkApplicationsHealthy" | "OkApplicationsUnknown") => "green",
        Some(beat) if beat.starts_with("Ok") => "yellow",
        Some("LostCommunication" | "NoContact" | "Error") => "red",
        _ => "gray",
    }
}

fn needs_consolidation(operational_status: &[String]) -> bool {
    operational_status.iter().any(|word| matches!(word.as_str(), "MergingDisks" | "ApplyingSnapshot"))
}

/// To the minute, for to the second every run would tell another start.
fn powered_on_at(collected_at: DateTime<Utc>, uptime_seconds: i64) -> Option<DateTime<Utc>> {
    let began = collected_at.checked_sub_signed(TimeDelta::try_seconds(uptime_seconds)?)?;
    began.duration_round(TimeDelta::minutes(1)).ok()
}

fn firmware(generation: i64) -> Option<String> {
    match generation {
        1 => Some("bios".to_owned()),
        2 => Some("efi".to_owned()),
        _ => None,
    }
}
