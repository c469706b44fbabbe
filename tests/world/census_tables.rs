//! The columns that the census reads and fills, under the names their tables give them.

use chrono::{DateTime, Utc};

use lustrum::tables::table::TableSpec;

lustrum::table! {
    /// A table of a test.
    pub struct CensusVinfo as "vinfo" ("vInfo") {
        /// A column.
        pub host: String,
        /// A column.
        pub vm_id: String,
        /// A column.
        pub collected_at: DateTime<Utc>,
        /// A column.
        pub vm_name: Option<String>,
        /// A column.
        pub power_state: Option<String>,
        /// A column.
        pub vcpus: Option<i64>,
        /// A column.
        pub cpu_usage_percent: Option<f64>,
        /// A column.
        pub memory_startup_bytes: Option<i64>,
        /// A column.
        pub memory_assigned_bytes: Option<i64>,
        /// A column.
        pub disks: Option<i64>,
        /// A column.
        pub secure_boot_enabled: Option<bool>,
        /// A column.
        pub secure_boot_template: Option<String>,
        /// A column.
        pub configuration_version: Option<String>,
        /// A column.
        pub guest_os_name: Option<String>,
        /// A column.
        pub site: Option<String>,
        /// A column.
        pub cluster: Option<String>,
        /// A column.
        pub os_configured: Option<String>,
        /// A column.
        pub os_source: Option<String>,
        /// A column.
        pub total_disk_bytes: Option<i64>,
        /// A column.
        pub provisioned_bytes: Option<i64>,
        /// A column.
        pub provisioned_source: Option<String>,
        /// A column.
        pub in_use_bytes: Option<i64>,
        /// A column.
        pub in_use_source: Option<String>,
        /// A column.
        pub unshared_bytes: Option<i64>,
        /// A column.
        pub change_tracking_enabled: Option<bool>,
        /// A column.
        pub primary_ip: Option<String>,
        /// A column.
        pub networks: Option<Vec<String>>,
        /// A column.
        pub network_1: Option<String>,
        /// A column.
        pub network_2: Option<String>,
        /// A column.
        pub ha_restart_priority: Option<String>,
        /// A column.
        pub ha_vm_monitoring: Option<String>,
        /// A column.
        pub ha_isolation_response: Option<String>,
        /// A column.
        pub cluster_rules: Option<String>,
        /// A column.
        pub cluster_rule_names: Option<String>,
        /// A column.
        pub sdk_server: Option<String>,
        /// A column.
        pub sdk_uuid: Option<String>,
        /// A column.
        pub sdk_server_type: Option<String>,
        /// A column.
        pub sdk_api_version: Option<String>,
        /// A column.
        pub hw_upgrade_status: Option<String>,
        /// A column.
        pub provisioned_shown_bytes: Option<i64>,
        /// A column.
        pub in_use_shown_bytes: Option<i64>,
    }
}

lustrum::table! {
    /// A table of a test.
    pub struct CensusVcpu as "vcpu" ("vCPU") {
        /// A column.
        pub host: String,
        /// A column.
        pub vm_id: String,
        /// A column.
        pub collected_at: DateTime<Utc>,
        /// A column.
        pub vm_name: Option<String>,
        /// A column.
        pub vcpus: Option<i64>,
        /// A column.
        pub reservation_percent: Option<f64>,
        /// A column.
        pub limit_percent: Option<f64>,
        /// A column.
        pub max_mhz: Option<i64>,
        /// A column.
        pub overall_mhz: Option<i64>,
        /// A column.
        pub reservation_mhz: Option<i64>,
        /// A column.
        pub limit_mhz: Option<i64>,
    }
}

lustrum::table! {
    /// A table of a test.
    pub struct CensusVdisk as "vdisk" ("vDisk") {
        /// A column.
        pub host: String,
        /// A column.
        pub vm_id: String,
        /// A column.
        pub collected_at: DateTime<Utc>,
        /// A column.
        pub vm_name: Option<String>,
        /// A column.
        pub path: Option<String>,
        /// A column.
        pub capacity_bytes: Option<i64>,
        /// A column.
        pub file_size_bytes: Option<i64>,
        /// A column.
        pub is_passthrough: Option<bool>,
        /// A column.
        pub vhd_type: Option<String>,
        /// A column.
        pub parent_path: Option<String>,
        /// A column.
        pub sharing_mode: Option<String>,
        /// A column.
        pub chain_file_bytes: Option<i64>,
        /// A column.
        pub own_file_bytes: Option<i64>,
        /// A column.
        pub change_tracking_enabled: Option<bool>,
    }
}

lustrum::table! {
    /// A table of a test.
    pub struct CensusVnetwork as "vnetwork" ("vNetwork") {
        /// A column.
        pub host: String,
        /// A column.
        pub vm_id: String,
        /// A column.
        pub collected_at: DateTime<Utc>,
        /// A column.
        pub vm_name: Option<String>,
        /// A column.
        pub switch_name: Option<String>,
        /// A column.
        pub ipv4_addresses: Option<Vec<String>>,
        /// A column.
        pub mac_spoofing_enabled: Option<bool>,
        /// A column.
        pub port_mirroring_mode: Option<String>,
        /// A column.
        pub vlan_id: Option<i64>,
        /// A column.
        pub network_name: Option<String>,
    }
}

lustrum::table! {
    /// A table of a test.
    pub struct CensusVtools as "vtools" ("vTools") {
        /// A column.
        pub host: String,
        /// A column.
        pub vm_id: String,
        /// A column.
        pub collected_at: DateTime<Utc>,
        /// A column.
        pub vm_name: Option<String>,
        /// A column.
        pub required_version: Option<String>,
    }
}

lustrum::table! {
    /// A table of a test.
    pub struct CensusVhost as "vhost" ("vHost") {
        /// A column.
        pub host: String,
        /// A column.
        pub collected_at: DateTime<Utc>,
        /// A column.
        pub computer_name: Option<String>,
        /// A column.
        pub fqdn: Option<String>,
        /// A column.
        pub domain: Option<String>,
        /// A column.
        pub os: Option<String>,
        /// A column.
        pub os_version: Option<String>,
        /// A column.
        pub os_build: Option<i64>,
        /// A column.
        pub os_revision: Option<i64>,
        /// A column.
        pub cpu_speed_mhz: Option<i64>,
        /// A column.
        pub cores: Option<i64>,
        /// A column.
        pub logical_processors: Option<i64>,
        /// A column.
        pub memory_bytes: Option<i64>,
        /// A column.
        pub cluster_name: Option<String>,
        /// A column.
        pub site: Option<String>,
        /// A column.
        pub cluster_shown: Option<String>,
        /// A column.
        pub nics: Option<i64>,
        /// A column.
        pub hbas: Option<i64>,
        /// A column.
        pub vms_total: Option<i64>,
        /// A column.
        pub vms: Option<i64>,
        /// A column.
        pub vms_per_core: Option<f64>,
        /// A column.
        pub vcpus: Option<i64>,
        /// A column.
        pub vcpus_per_core: Option<f64>,
        /// A column.
        pub vram_bytes: Option<i64>,
        /// A column.
        pub vm_used_memory_bytes: Option<i64>,
        /// A column.
        pub hyperv_version_maximum: Option<String>,
        /// A column.
        pub sdk_server: Option<String>,
        /// A column.
        pub sdk_uuid: Option<String>,
    }
}

lustrum::table! {
    /// A table of a test.
    pub struct CensusVhba as "vhba" ("vHBA") {
        /// A column.
        pub host: String,
        /// A column.
        pub collected_at: DateTime<Utc>,
        /// A column.
        pub device: Option<String>,
    }
}

lustrum::table! {
    /// A table of a test.
    pub struct CensusVnic as "vnic" ("vNIC") {
        /// A column.
        pub host: String,
        /// A column.
        pub collected_at: DateTime<Utc>,
        /// A column.
        pub interface_description: Option<String>,
        /// A column.
        pub switch_name: Option<String>,
        /// A column.
        pub uplink_port: Option<String>,
    }
}

lustrum::table! {
    /// A table of a test.
    pub struct CensusVswitch as "vswitch" ("vSwitch") {
        /// A column.
        pub host: String,
        /// A column.
        pub collected_at: DateTime<Utc>,
        /// A column.
        pub switch_name: Option<String>,
        /// A column.
        pub uplinks: Option<Vec<String>>,
        /// A column.
        pub mtu: Option<i64>,
        /// A column.
        pub policy: Option<String>,
    }
}

lustrum::table! {
    /// A table of a test.
    pub struct CensusVdatastore as "vdatastore" ("vDatastore") {
        /// A column.
        pub host: String,
        /// A column.
        pub collected_at: DateTime<Utc>,
        /// A column.
        pub datastore_name: Option<String>,
        /// A column.
        pub kind: Option<String>,
        /// A column.
        pub volume_id: Option<String>,
        /// A column.
        pub path: Option<String>,
        /// A column.
        pub capacity_bytes: Option<i64>,
        /// A column.
        pub free_bytes: Option<i64>,
        /// A column.
        pub state: Option<String>,
        /// A column.
        pub accessible: Option<bool>,
        /// A column.
        pub redirected_access: Option<bool>,
        /// A column.
        pub in_maintenance: Option<bool>,
        /// A column.
        pub cluster_name: Option<String>,
        /// A column.
        pub config_status: Option<String>,
        /// A column.
        pub vms_total: Option<i64>,
        /// A column.
        pub vms: Option<i64>,
        /// A column.
        pub provisioned_bytes: Option<i64>,
        /// A column.
        pub in_use_bytes: Option<i64>,
        /// A column.
        pub free_percent: Option<f64>,
        /// A column.
        pub hosts: Option<i64>,
        /// A column.
        pub host_names: Option<Vec<String>>,
        /// A column.
        pub object_id: Option<String>,
        /// A column.
        pub site: Option<String>,
        /// A column.
        pub sdk_server: Option<String>,
        /// A column.
        pub sdk_uuid: Option<String>,
    }
}

lustrum::table! {
    /// A table of a test.
    pub struct CensusVcluster as "vcluster" ("vCluster") {
        /// A column.
        pub host: String,
        /// A column.
        pub collected_at: DateTime<Utc>,
        /// A column.
        pub cluster_name: Option<String>,
        /// A column.
        pub cluster_fqdn: Option<String>,
        /// A column.
        pub node_names: Option<Vec<String>>,
        /// A column.
        pub node_states: Option<Vec<String>>,
        /// A column.
        pub witness_state: Option<String>,
        /// A column.
        pub balancer_mode: Option<i64>,
        /// A column.
        pub balancer_level: Option<i64>,
        /// A column.
        pub config_status: Option<String>,
        /// A column.
        pub nodes: Option<i64>,
        /// A column.
        pub effective_nodes: Option<i64>,
        /// A column.
        pub total_cpu_mhz: Option<i64>,
        /// A column.
        pub cores: Option<i64>,
        /// A column.
        pub threads: Option<i64>,
        /// A column.
        pub effective_cpu_mhz: Option<i64>,
        /// A column.
        pub memory_bytes: Option<i64>,
        /// A column.
        pub effective_memory_bytes: Option<i64>,
        /// A column.
        pub ha_enabled: Option<bool>,
        /// A column.
        pub failover_level: Option<i64>,
        /// A column.
        pub drs_enabled: Option<bool>,
        /// A column.
        pub drs_behavior: Option<String>,
        /// A column.
        pub object_id: Option<String>,
        /// A column.
        pub site: Option<String>,
        /// A column.
        pub sdk_server: Option<String>,
        /// A column.
        pub sdk_uuid: Option<String>,
    }
}

lustrum::table! {
    /// A table of a test.
    pub struct CensusVrole as "vrole" ("vRole") {
        /// A column.
        pub host: String,
        /// A column.
        pub collected_at: DateTime<Utc>,
        /// A column.
        pub vm_id: Option<String>,
        /// A column.
        pub role_name: Option<String>,
        /// A column.
        pub priority: Option<i64>,
        /// A column.
        pub anti_affinity: Option<Vec<String>>,
        /// A column.
        pub affinity_rules: Option<Vec<String>>,
        /// A column.
        pub offline_action: Option<String>,
        /// A column.
        pub vm_monitoring: Option<bool>,
    }
}

pub static TABLES: [&TableSpec; 12] = [
    &CensusVinfo::SPEC,
    &CensusVcpu::SPEC,
    &CensusVdisk::SPEC,
    &CensusVnetwork::SPEC,
    &CensusVtools::SPEC,
    &CensusVhost::SPEC,
    &CensusVhba::SPEC,
    &CensusVnic::SPEC,
    &CensusVswitch::SPEC,
    &CensusVdatastore::SPEC,
    &CensusVcluster::SPEC,
    &CensusVrole::SPEC,
];
