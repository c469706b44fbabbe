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
}

impl Object for HostObject {
    type Row = Vhost;

    fn vm_id(&self) -> Option<Uuid> {
        None
    }

    fn row(self, stamp: &Stamp) -> Option<Vhost> {
        let os = self.os();
        let (sockets, cores) = (self.socket_count.positive(), self.number_of_cores.positive());
        let (total, free) = (self.total_physical_memory.positive(), self.free_physical_memory.0);
        let logical = self.number_of_logical_processors.0;
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
            hyperthreading_active: logical.zip(cores).map(|(logical, cores)| logical > cores),
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
}
