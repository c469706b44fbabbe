//! Collector `host` → table `vhost`.

use std::cmp::Ordering;

use serde::Deserialize;
use uuid::Uuid;

use crate::providers::hyperv::object::{Object, Stamp};
use crate::providers::hyperv::value::{Flag, Id, Instant, Int, Real, Text, Texts};
use crate::tables::inventory::vhost::Vhost;

pub const SCRIPT: &str = include_str!("scripts/host.ps1");

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HostObject {
    computer_name: Text,
    fqdn: Text,
    domain: Text,
    uuid: Id,
    vendor: Text,
    model: Text,
    serial_number: Text,
    bios_version: Text,
    bios_release_date: Instant,
    os_caption: Text,
    os_version: Text,
    os_build: Int,
    ubr: Int,
    last_boot_up_time: Instant,
    processor_name: Text,
    max_clock_speed: Int,
    socket_count: Int,
    number_of_cores: Int,
    number_of_logical_processors: Int,
    total_physical_memory: Int,
    free_physical_memory: Int,
    load_percentage: Real,
    virtual_machine_path: Text,
    virtual_hard_disk_path: Text,
    virtual_machine_migration_enabled: Flag,
    maximum_virtual_machine_migrations: Int,
    maximum_storage_migrations: Int,
    numa_spanning_enabled: Flag,
    iov_support: Flag,
    time_zone: Text,
    power_plan: Text,
    ntp_server: Text,
    w32_time_running: Flag,
    dns_servers: Texts,
    cluster_name: Text,
    cluster_node_state: Text,
    #[serde(rename = "HyperVModuleVersion")]
    hyperv_module_version: Text,
    hypervisor_load_percentage: Real,
    hyper_threading_available: Flag,
    bios_vendor: Text,
    service_tag: Text,
    oem_string: Texts,
    dhcp: Flag,
    dns_search_order: Texts,
    time_zone_name: Text,
    gmt_offset: Text,
    licenses: Texts,
    certificate_issuer: Text,
    certificate_subject: Text,
    certificate_not_before: Instant,
    certificate_not_after: Instant,
    winrm_basic: Flag,
    winrm_allow_unencrypted: Flag,
    winrm_http_listener: Flag,
    ntp_type: Text,
    maximum_vm_version: Text,
    vmms_running: Flag,
    power_policy: Text,
}

impl Object for HostObject {
    type Row = Vhost;

    fn vm_id(&self) -> Option<Uuid> {
        None
    }

    fn row(self, stamp: &Stamp) -> Option<Vhost> {
        let os = self.os();
        let (config_status, object_id) = (self.config_status(), self.object_id(stamp));
        let (certificate_status, domain_list) = (self.certificate_status(stamp), self.domain_list());
        let (sockets, cores) = (self.socket_count.positive(), self.number_of_cores.positive());
        let (total, free) = (self.total_physical_memory.positive(), self.free_physical_memory.0);
        let logical = self.number_of_logical_processors.0;
        let hyperthreading_active = logical.zip(cores).map(|(logical, cores)| logical > cores);
        Some(Vhost {
            host: stamp.host.clone(),
            collected_at: stamp.collected_at,
            computer_name: self.computer_name.0,
            fqdn: self.fqdn.0.map(|name| name.to_lowercase()),
            domain: self.domain.0,
            uuid: self.uuid.text(),
            vendor: self.vendor.0,
            model: self.model.0,
            serial_number: self.serial_number.0,
            bios_version: self.bios_version.0,
            bios_released_at: self.bios_release_date.0,
            os,
            os_caption: self.os_caption.0,
            os_version: self.os_version.0,
            os_build: self.os_build.0,
            os_revision: self.ubr.0,
            booted_at: self.last_boot_up_time.0,
            cpu_model: self.processor_name.0,
            cpu_speed_mhz: self.max_clock_speed.positive(),
            cpu_sockets: sockets,
            cores_per_socket: sockets.zip(cores).map(|(sockets, cores)| cores / sockets),
            cores,
            logical_processors: logical,
            hyperthreading_active,
            root_cpu_usage_percent: self.load_percentage.0,
            memory_bytes: total,
            memory_free_bytes: free,
            memory_usage_percent: total
                .zip(free)
                .map(|(total, free)| 100.0 * (total - free) as f64 / total as f64),
            vm_directory: self.virtual_machine_path.0,
            vhd_directory: self.virtual_hard_disk_path.0,
            migration_enabled: self.virtual_machine_migration_enabled.0,
            migrations_maximum: self.maximum_virtual_machine_migrations.0,
            storage_migration_enabled: self.maximum_storage_migrations.0.map(|most| most > 0),
            storage_migrations_maximum: self.maximum_storage_migrations.0,
            numa_spanning_enabled: self.numa_spanning_enabled.0,
            iov_supported: self.iov_support.0,
            time_zone: self.time_zone.0,
            power_plan: self.power_plan.0,
            ntp_server: self.ntp_server.0,
            w32time_running: self.w32_time_running.0,
            dns_servers: self.dns_servers.0,
            in_maintenance: self.cluster_node_state.0.as_ref().map(|state| state == "Paused"),
            cluster_name: self.cluster_name.0,
            cluster_node_state: self.cluster_node_state.0,
            hyperv_module_version: self.hyperv_module_version.0,
            site: None,
            cluster_shown: None,
            cpu_usage_percent: self.hypervisor_load_percentage.0.or(self.load_percentage.0),
            // What is in use is there.
            hyperthreading_available: hyperthreading_active
                .filter(|active| *active)
                .or(self.hyper_threading_available.0),
            nics: None,
            hbas: None,
            vms_total: None,
            vms: None,
            vms_per_core: None,
            vcpus: None,
            vcpus_per_core: None,
            vram_bytes: None,
            vm_used_memory_bytes: None,
            bios_vendor: self.bios_vendor.0,
            service_tag: self.service_tag.0,
            oem_string: one_text(self.oem_string),
            dhcp: self.dhcp.0,
            dns_search_order: self.dns_search_order.0,
            time_zone_name: self.time_zone_name.0,
            gmt_offset: self.gmt_offset.0,
            assigned_licenses: one_text(self.licenses),
            certificate_issuer: self.certificate_issuer.0,
            certificate_subject: self.certificate_subject.0,
            certificate_starts_at: self.certificate_not_before.0,
            certificate_expires_at: self.certificate_not_after.0,
            certificate_status,
            winrm_basic_enabled: self.winrm_basic.0,
            winrm_unencrypted_allowed: self.winrm_allow_unencrypted.0,
            winrm_http_listener: self.winrm_http_listener.0,
            ntp_source: self.ntp_type.0,
            hyperv_version_maximum: self.maximum_vm_version.0,
            config_status,
            power_management_policy: self.power_policy.0.map(|policy| policy_name(&policy)),
            object_id,
            sdk_server: None,
            sdk_uuid: None,
            vmms_running: self.vmms_running.0,
            domain_list,
        })
    }

    fn order(_: &Vhost, _: &Vhost) -> Ordering {
        Ordering::Equal
    }
}

impl HostObject {
    /// Caption, version and revision in one text, without the revision where it is unknown.
    fn os(&self) -> Option<String> {
        let (caption, version) = (self.os_caption.0.as_ref()?, self.os_version.0.as_ref()?);
        let revision = self.ubr.0.map(|revision| format!(".{revision}")).unwrap_or_default();
        Some(format!("{caption} {version}{revision}"))
    }

    fn config_status(&self) -> Option<String> {
        let node = self.cluster_node_state.0.as_deref();
        let colour = match (self.vmms_running.0, node) {
            (Some(false), _) | (_, Some("Down")) => "red",
            (_, Some("Paused" | "Joining")) => "yellow",
            (Some(true), _) | (_, Some("Up")) => "green",
            (None, _) => return None,
        };
        Some(colour.to_owned())
    }

    /// By its dates alone: whether it is trusted is for who connects to say.
    fn certificate_status(&self, stamp: &Stamp) -> Option<String> {
        let expires_at = self.certificate_not_after.0?;
        let word = if expires_at <= stamp.collected_at {
            "expired"
        } else if self.certificate_not_before.0.is_some_and(|starts_at| starts_at > stamp.collected_at) {
            "unknown"
        } else {
            "good"
        };
        Some(word.to_owned())
    }

    fn object_id(&self, stamp: &Stamp) -> Option<String> {
        let uuid = self.uuid.text();
        Some(format!("host-{}", uuid.as_deref().map_or(stamp.host.as_str(), |uuid| &uuid[..8])))
    }

    fn domain_list(&self) -> Option<String> {
        let mut domains: Vec<&String> = self.domain.0.iter().collect();
        for suffix in self.dns_search_order.0.iter().flatten() {
            if !domains.iter().any(|domain| domain.eq_ignore_ascii_case(suffix)) {
                domains.push(suffix);
            }
        }
        let joined = domains.into_iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        Some(joined).filter(|text| !text.is_empty())
    }
}

/// Several texts in one; null for none.
fn one_text(texts: Texts) -> Option<String> {
    texts.0.filter(|texts| !texts.is_empty()).map(|texts| texts.join("; "))
}

/// Windows' own power plans by their id; others keep theirs.
fn policy_name(policy: &str) -> String {
    let name = match policy.trim_matches(['{', '}']).to_ascii_lowercase().as_str() {
        "381b4222-f694-41f0-9685-ff5bb260df2e" => "Balanced",
        "8c5e7fda-e8bf-4a96-9a85-a6e23a8c635c" => "High performance",
        "a1841308-3541-4fab-bc81-f71556f20b4a" => "Power saver",
        "e9a42b02-d5df-448d-aa00-03f14749eb61" => "Ultimate Performance",
        _ => policy,
    };
    name.to_owned()
}
