//! Hypervisor hosts.

use chrono::{DateTime, Utc};

crate::table! {
    /// Hypervisor hosts: one row per host. Sorted by host.
    pub struct Vhost as "vhost" ("vHost") {
        /// The hypervisor host, as the fleet names it.
        pub host: String,
        /// When the host was asked.
        pub collected_at: DateTime<Utc>,
        /// The host's own name. `Win32_ComputerSystem.Name`.
        pub computer_name: Option<String>,
        /// The host's own full name. `Win32_ComputerSystem.DNSHostName` and `.Domain`.
        pub fqdn: Option<String>,
        /// The domain, or the workgroup. `Win32_ComputerSystem.Domain`.
        pub domain: Option<String>,
        /// SMBIOS UUID, lower-case. `Win32_ComputerSystemProduct.UUID`.
        pub uuid: Option<String>,
        /// `Win32_ComputerSystem.Manufacturer`.
        pub vendor: Option<String>,
        /// `Win32_ComputerSystem.Model`.
        pub model: Option<String>,
        /// `Win32_BIOS.SerialNumber`.
        pub serial_number: Option<String>,
        /// `Win32_BIOS.SMBIOSBIOSVersion`.
        pub bios_version: Option<String>,
        /// `Win32_BIOS.ReleaseDate`.
        pub bios_released_at: Option<DateTime<Utc>>,
        /// Name, build and revision in one text, `Microsoft Windows Server 2022 Datacenter 10.0.20348.2700`.
        pub os: Option<String>,
        /// `Win32_OperatingSystem.Caption`.
        pub os_caption: Option<String>,
        /// `Win32_OperatingSystem.Version`.
        pub os_version: Option<String>,
        /// `Win32_OperatingSystem.BuildNumber`.
        pub os_build: Option<i64>,
        /// Update build revision. Registry `CurrentVersion\UBR`; absent before Windows Server 2016.
        pub os_revision: Option<i64>,
        /// `Win32_OperatingSystem.LastBootUpTime`.
        pub booted_at: Option<DateTime<Utc>>,
        /// `Win32_Processor.Name`.
        pub cpu_model: Option<String>,
        /// `Win32_Processor.MaxClockSpeed`.
        pub cpu_speed_mhz: Option<i64>,
        /// Occupied sockets: instances of `Win32_Processor`.
        pub cpu_sockets: Option<i64>,
        /// Cores over sockets.
        pub cores_per_socket: Option<i64>,
        /// Sum of `Win32_Processor.NumberOfCores`.
        pub cores: Option<i64>,
        /// Sum of `Win32_Processor.NumberOfLogicalProcessors`.
        pub logical_processors: Option<i64>,
        /// More logical processors than cores.
        pub hyperthreading_active: Option<bool>,
        /// Average of `Win32_Processor.LoadPercentage`; on a hypervisor it sees only the root partition.
        pub root_cpu_usage_percent: Option<f64>,
        /// `Win32_ComputerSystem.TotalPhysicalMemory`.
        pub memory_bytes: Option<i64>,
        /// `Win32_OperatingSystem.FreePhysicalMemory`.
        pub memory_free_bytes: Option<i64>,
        /// Memory not free over memory, 0 to 100.
        pub memory_usage_percent: Option<f64>,
        /// Where new VMs go. `Get-VMHost .VirtualMachinePath`.
        pub vm_directory: Option<String>,
        /// Where new disks go. `Get-VMHost .VirtualHardDiskPath`.
        pub vhd_directory: Option<String>,
        /// `Get-VMHost .VirtualMachineMigrationEnabled`.
        pub migration_enabled: Option<bool>,
        /// `Get-VMHost .MaximumVirtualMachineMigrations`.
        pub migrations_maximum: Option<i64>,
        /// `Get-VMHost .MaximumStorageMigrations` above 0.
        pub storage_migration_enabled: Option<bool>,
        /// `Get-VMHost .MaximumStorageMigrations`.
        pub storage_migrations_maximum: Option<i64>,
        /// `Get-VMHost .NumaSpanningEnabled`.
        pub numa_spanning_enabled: Option<bool>,
        /// `Get-VMHost .IovSupport`.
        pub iov_supported: Option<bool>,
        /// Windows' id of the time zone. Registry `TimeZoneInformation\TimeZoneKeyName`.
        pub time_zone: Option<String>,
        /// The active plan's name in the host's language. `Win32_PowerPlan.ElementName`; unconfirmed.
        pub power_plan: Option<String>,
        /// Registry `W32Time\Parameters\NtpServer`; unconfirmed.
        pub ntp_server: Option<String>,
        /// Service `W32Time` is running.
        pub w32time_running: Option<bool>,
        /// IPv4 only, without repeats. `Win32_NetworkAdapterConfiguration.DNSServerSearchOrder`.
        pub dns_servers: Option<Vec<String>>,
        /// Null on a standalone host. Registry `HKLM\Cluster\ClusterName`; unconfirmed.
        pub cluster_name: Option<String>,
        /// `Up`, `Down`, `Paused`, `Joining`. `MSCluster_Node.State`; unconfirmed.
        pub cluster_node_state: Option<String>,
        /// The cluster node is paused; null on a standalone host. Unconfirmed.
        pub in_maintenance: Option<bool>,
        /// Version of the `Hyper-V` PowerShell module that answered.
        pub hyperv_module_version: Option<String>,
    }
}
