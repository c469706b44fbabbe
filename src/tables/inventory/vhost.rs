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
        /// The site label of the configuration. Completed by the census.
        pub site: Option<String>,
        /// The cluster, or the host's own name when it stands alone. Completed by the census.
        pub cluster_shown: Option<String>,
        /// All partitions' share of the processors, 0 to 100, null where the counter is missing:
        /// `Win32_PerfFormattedData_HvStats_HyperVHypervisorLogicalProcessor.PercentTotalRunTime`, instance
        /// `_Total`; else the root partition's own share.
        pub cpu_usage_percent: Option<f64>,
        /// The processors have more threads than cores, in use or not. `Win32_Processor.ThreadCount`,
        /// Windows Server 2016 and later; unconfirmed.
        pub hyperthreading_available: Option<bool>,
        /// Physical network adapters. Counted by the census in vnic.
        pub nics: Option<i64>,
        /// Storage adapters. Counted by the census in vhba.
        pub hbas: Option<i64>,
        /// Virtual machines. Counted by the census in vinfo.
        pub vms_total: Option<i64>,
        /// Virtual machines that are powered on. Counted by the census in vinfo.
        pub vms: Option<i64>,
        /// Powered-on virtual machines over cores. Computed by the census.
        pub vms_per_core: Option<f64>,
        /// Virtual processors of powered-on virtual machines. Summed by the census from vinfo.
        pub vcpus: Option<i64>,
        /// Those virtual processors over cores. Computed by the census.
        pub vcpus_per_core: Option<f64>,
        /// Memory of powered-on virtual machines as configured. Summed by the census from vinfo.
        pub vram_bytes: Option<i64>,
        /// Memory assigned to virtual machines. Summed by the census from vinfo.
        pub vm_used_memory_bytes: Option<i64>,
        /// `Win32_BIOS.Manufacturer`.
        pub bios_vendor: Option<String>,
        /// The enclosure's serial number. `Win32_SystemEnclosure.SerialNumber`; unconfirmed.
        pub service_tag: Option<String>,
        /// Texts of the maker, joined by `; `. `Win32_ComputerSystem.OEMStringArray`; unconfirmed.
        pub oem_string: Option<String>,
        /// The first adapter with a default gateway has its address by DHCP.
        /// `Win32_NetworkAdapterConfiguration.DHCPEnabled`.
        pub dhcp: Option<bool>,
        /// Suffixes that are tried behind short names, without repeats.
        /// `Win32_NetworkAdapterConfiguration.DNSDomainSuffixSearchOrder`.
        pub dns_search_order: Option<Vec<String>>,
        /// The time zone's name in the host's language. `Win32_TimeZone.Caption`.
        pub time_zone_name: Option<String>,
        /// Standard time ahead of UTC, `+01:00`. `Win32_TimeZone.Bias`; unconfirmed.
        pub gmt_offset: Option<String>,
        /// Windows licences with a key, in the host's language, joined by `; `.
        /// `SoftwareLicensingProduct.Name`; unconfirmed.
        pub assigned_licenses: Option<String>,
        /// Of the certificate of the WinRM HTTPS listener; null without one. Registry
        /// `WSMAN\Listener\*+HTTPS\certThumbprint`, then `Cert:\LocalMachine\My`, `.Issuer`.
        pub certificate_issuer: Option<String>,
        /// Of the certificate of the WinRM HTTPS listener, `.Subject`.
        pub certificate_subject: Option<String>,
        /// Of the certificate of the WinRM HTTPS listener, `.NotBefore`.
        pub certificate_starts_at: Option<DateTime<Utc>>,
        /// Of the certificate of the WinRM HTTPS listener, `.NotAfter`.
        pub certificate_expires_at: Option<DateTime<Utc>>,
        /// `good`, `expired`, or `unknown` before it begins, by its two dates; null without a certificate.
        pub certificate_status: Option<String>,
        /// The WinRM service takes Basic authentication. Registry `WinRM\Service\AllowBasic` of the policies,
        /// else `WSMAN\Service\auth_basic`, else Windows' default, off; unconfirmed.
        pub winrm_basic_enabled: Option<bool>,
        /// The WinRM service takes messages in clear. Registry `WinRM\Service\AllowUnencryptedTraffic` of the
        /// policies, else `WSMAN\Service\allow_unencrypted`, else Windows' default, off; unconfirmed.
        pub winrm_unencrypted_allowed: Option<bool>,
        /// WinRM listens on HTTP. Registry `WSMAN\Listener\*+HTTP`, or policy `AllowAutoConfig`.
        pub winrm_http_listener: Option<bool>,
        /// Whom w32time follows: `NT5DS` the domain, `NTP` the servers of `ntp_server`, `AllSync` both, `NoSync`
        /// nobody but the machine's own clock. Registry `W32Time\Parameters\Type`; unconfirmed.
        pub ntp_source: Option<String>,
        /// The highest configuration version of VMs it runs, previews left out.
        /// `Get-VMHostSupportedVersion .Version`, Windows Server 2016 and later; unconfirmed.
        pub hyperv_version_maximum: Option<String>,
        /// `green`; `yellow` while its cluster node is paused or joining; `red` when the node is down or the
        /// management service is not running. Null when neither is known.
        pub config_status: Option<String>,
        /// The active power plan in English, or its id where it is none of Windows' own. Registry
        /// `Power\User\PowerSchemes\ActivePowerScheme`; unconfirmed.
        pub power_management_policy: Option<String>,
        /// `host-` and the first 8 digits of `uuid`, or the host's name where that is unknown.
        pub object_id: Option<String>,
        /// What was asked: the cluster's name, or the host's when it stands alone. Completed by the census.
        pub sdk_server: Option<String>,
        /// UUIDv5 of that name. Completed by the census.
        pub sdk_uuid: Option<String>,
        /// The virtual machine management service is running. Service `vmms`, or its process.
        pub vmms_running: Option<bool>,
        /// Its domain and the suffixes of `dns_search_order`, without repeats, joined by `, `.
        pub domain_list: Option<String>,
    }
    sheet {
        "Host" (host)
        "Datacenter" (place.Datacenter)
        "Cluster" (place.Cluster)
        "Config status" (config_status)
        "Compliance Check State" ()
        "in Maintenance Mode" (in_maintenance)
        "in Quarantine Mode" ()
        "vSAN Fault Domain Name" ()
        "CPU Model" (cpu_model)
        "Speed" (cpu_speed_mhz)
        "HT Available" (hyperthreading_available)
        "HT Active" (hyperthreading_active)
        "# CPU" (cpu_sockets)
        "Cores per CPU" (cores_per_socket)
        "# Cores" (cores)
        "CPU usage %" (cpu_usage_percent)
        "# Memory" (memory_bytes in Mib)
        "Memory Tiering Type" ()
        "Memory usage %" (memory_usage_percent)
        "Console" ()
        "# NICs" (nics)
        "# HBAs" (hbas)
        "# VMs total" (vms_total)
        "# VMs" (vms)
        "VMs per Core" (vms_per_core)
        "# vCPUs" (vcpus)
        "vCPUs per Core" (vcpus_per_core)
        "vRAM" (vram_bytes in Mib)
        "VM Used memory" (vm_used_memory_bytes in Mib)
        "VM Memory Swapped" ()
        "VM Memory Ballooned" ()
        "VMotion support" (migration_enabled)
        "Storage VMotion support" (storage_migration_enabled)
        "Current EVC" ()
        "Max EVC" ()
        "Assigned License(s)" (assigned_licenses)
        "ATS Heartbeat" ()
        "ATS Locking" ()
        "Current CPU power man. policy" (power_management_policy)
        "Supported CPU power man." ()
        "Host Power Policy" (power_plan)
        "ESX Version" (os)
        "Boot time" (booted_at)
        "DNS Servers" (dns_servers)
        "DHCP" (dhcp)
        "Domain" (domain)
        "Domain List" (domain_list)
        "DNS Search Order" (dns_search_order)
        "NTP Server(s)" (ntp_server)
        "NTPD running" (w32time_running)
        "Time Zone" (time_zone)
        "Time Zone Name" (time_zone_name)
        "GMT Offset" (gmt_offset)
        "Vendor" (vendor)
        "Model" (model)
        "Serial number" (serial_number)
        "Service tag" (service_tag)
        "OEM specific string" (oem_string)
        "BIOS Vendor" (bios_vendor)
        "BIOS Version" (bios_version)
        "BIOS Date" (bios_released_at)
        "Certificate Issuer" (certificate_issuer)
        "Certificate Start Date" (certificate_starts_at)
        "Certificate Expiry Date" (certificate_expires_at)
        "Certificate Status" (certificate_status)
        "Certificate Subject" (certificate_subject)
        "Object ID" (object_id)
        "UUID" (uuid)
        "VI SDK Server" (place.SdkServer)
        "VI SDK UUID" (place.SdkUuid)
    }
}
