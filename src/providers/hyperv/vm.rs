//! Collector `vm` → table `vinfo`.

use std::cmp::Ordering;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use serde::Deserialize;
use uuid::Uuid;

use crate::providers::hyperv::object::{Object, Stamp};
use crate::providers::hyperv::state::{STATES, heartbeat_colour, is_critical, power_state, shown_power};
use crate::providers::hyperv::value::{Flag, Id, Instant, Int, OnOff, Real, Text, Texts, told_version};
use crate::tables::inventory::vinfo::Vinfo;

pub const SCRIPT: &str = include_str!("scripts/vm.ps1");

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
    enabled_state: Int,
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
    differencing_drive_count: Int,
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
        let start_action = self.automatic_start_action.named(&START_ACTIONS);
        Some(Vinfo {
            host: stamp.host.clone(),
            vm_id: self.vm_id.text()?,
            collected_at: stamp.collected_at,
            vm_name: self.name.or_id(&self.vm_id),
            power_state: power.map(str::to_owned),
            config_status: word(config_status(power, critical, self.primary_operational_status.0.as_deref())),
            connection_state: word(if critical { "inaccessible" } else { "connected" }),
            guest_state: word(guest_state(power, self.heartbeat.0.as_deref())),
            heartbeat: word(heartbeat_colour(power, self.heartbeat.0.as_deref())),
            native_heartbeat: self.heartbeat.0,
            native_state: state,
            status_text: self.status.0,
            primary_operational_status: self.primary_operational_status.0,
            consolidation_needed: needs_consolidation(
                self.operational_status.0.as_deref(),
                self.differencing_drive_count.0,
                self.parent_snapshot_name.0.is_some(),
            ),
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
            boot_required: start_action.as_deref().map(|action| action != "Nothing"),
            automatic_start_action: start_action,
            automatic_start_delay_seconds: self.automatic_start_delay.0,
            automatic_stop_action: self.automatic_stop_action.named(&STOP_ACTIONS),
            generation: self.generation.0,
            firmware_shown: word(firmware(self.generation.0).unwrap_or(if self.secure_boot.0.is_some() {
                "efi"
            } else {
                "bios"
            })),
            firmware: firmware(self.generation.0).map(str::to_owned),
            secure_boot_enabled: self.secure_boot.0,
            secure_boot_template: self.secure_boot_template.named(&TEMPLATES),
            configuration_file: configuration_file(
                self.configuration_location.0.as_deref(),
                self.version.0.as_deref(),
                self.vm_id.text()?,
            ),
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
            integration_services_version: told_version(self.integration_services_version.0),
            smbios_uuid: self.bios_guid.text(),
            parent_checkpoint_name: self.parent_snapshot_name.0,
            checkpoint_type: self.checkpoint_type.named(&CHECKPOINT_TYPES),
            replication_state: self.replication_state.0,
            replication_health: self.replication_health.0,
            replication_mode: self.replication_mode.0,
            power_state_shown: word(shown_power(power, self.enabled_state.0)),
            // What follows no cmdlet tells, or only the whole census knows.
            video_monitors: None,
            video_ram_kib: None,
            site: None,
            cluster: None,
            os_configured: None,
            os_source: None,
            total_disk_bytes: None,
            provisioned_bytes: None,
            provisioned_source: None,
            in_use_bytes: None,
            in_use_source: None,
            provisioned_shown_bytes: None,
            in_use_shown_bytes: None,
            unshared_bytes: None,
            change_tracking_enabled: None,
            primary_ip: None,
            networks: None,
            network_1: None,
            network_2: None,
            network_3: None,
            network_4: None,
            network_5: None,
            network_6: None,
            network_7: None,
            network_8: None,
            ha_restart_priority: None,
            ha_vm_monitoring: None,
            ha_isolation_response: None,
            cluster_rules: None,
            cluster_rule_names: None,
            sdk_server: None,
            sdk_uuid: None,
            sdk_server_type: None,
            sdk_api_version: None,
            hw_upgrade_status: None,
        })
    }

    fn order(a: &Vinfo, b: &Vinfo) -> Ordering {
        a.vm_id.cmp(&b.vm_id)
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

/// A merge is under way, or is due: a drive that runs on a difference while the VM runs on
/// no checkpoint.
fn needs_consolidation(
    operational_status: Option<&[String]>,
    differences: Option<i64>,
    on_a_checkpoint: bool,
) -> Option<bool> {
    let merging = |word: &String| matches!(word.as_str(), "MergingDisks" | "ApplyingSnapshot");
    let left_over = differences.is_some_and(|differences| differences > 0) && !on_a_checkpoint;
    if left_over { Some(true) } else { operational_status.map(|words| words.iter().any(merging)) }
}

/// To the minute, for to the second every run would tell another start.
fn powered_on_at(collected_at: DateTime<Utc>, uptime_seconds: i64) -> Option<DateTime<Utc>> {
    let began = collected_at.checked_sub_signed(TimeDelta::try_seconds(uptime_seconds)?)?;
    began.duration_round(TimeDelta::minutes(1)).ok()
}

fn firmware(generation: Option<i64>) -> Option<&'static str> {
    match generation {
        Some(1) => Some("bios"),
        Some(2) => Some("efi"),
        _ => None,
    }
}

/// Configuration files are named by the id in capitals, and are XML below version 6.
fn configuration_file(location: Option<&str>, version: Option<&str>, id: String) -> Option<String> {
    let folder = location?.trim_end_matches('\\');
    let ending = if major(version)? < 6 { "xml" } else { "vmcx" };
    Some(format!(r"{folder}\Virtual Machines\{}.{ending}", id.to_ascii_uppercase()))
}

fn major(version: Option<&str>) -> Option<i64> {
    version?.split('.').next()?.parse().ok()
}
