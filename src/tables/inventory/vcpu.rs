//! Virtual processors.

use chrono::{DateTime, Utc};

crate::table! {
    /// Virtual processors: one row per VM and host. Sorted by (host, vm_id).
    pub struct Vcpu as "vcpu" ("vCPU") {
        /// The hypervisor host, as the fleet names it.
        pub host: String,
        /// The VM's id, a lower-case GUID. `Get-VMProcessor .VMId`.
        pub vm_id: String,
        /// When the host was asked.
        pub collected_at: DateTime<Utc>,
        /// Display name, not unique; the id where it is empty. `Get-VMProcessor .VMName`.
        pub vm_name: Option<String>,
        /// `Get-VMProcessor .Count`.
        pub vcpus: Option<i64>,
        /// Sockets the guest is shown: the fewest that divide the processors evenly and hold no more
        /// each than its NUMA limits allow.
        pub sockets: Option<i64>,
        /// Processors over sockets; their product is always `vcpus`.
        pub cores_per_socket: Option<i64>,
        /// Guaranteed share, 0 to 100. `Get-VMProcessor .Reserve`.
        pub reservation_percent: Option<f64>,
        /// Upper bound, 100 for none. `Get-VMProcessor .Maximum`.
        pub limit_percent: Option<f64>,
        /// `normal` for a weight of 100, else `custom`.
        pub shares_level: Option<String>,
        /// 1 to 10,000. `Get-VMProcessor .RelativeWeight`.
        pub relative_weight: Option<i64>,
        /// Processors a virtual NUMA node may hold. `Get-VMProcessor .MaximumCountPerNumaNode`; unconfirmed.
        pub maximum_per_numa_node: Option<i64>,
        /// Virtual NUMA nodes a socket may hold. `Get-VMProcessor .MaximumCountPerNumaSocket`; unconfirmed.
        pub maximum_numa_nodes_per_socket: Option<i64>,
        /// 0 follows the host. `Get-VMProcessor .HwThreadCountPerCore`, Windows Server 2019 and later; unconfirmed.
        pub threads_per_core: Option<i64>,
        /// `Get-VMProcessor .CompatibilityForMigrationEnabled`.
        pub migration_compatibility_enabled: Option<bool>,
        /// Nested virtualization. `Get-VMProcessor .ExposeVirtualizationExtensions`, Windows Server 2016 and later.
        pub nested_virtualization_enabled: Option<bool>,
        /// `vcpus` times the clock of the host, `Win32_Processor .MaxClockSpeed`.
        pub max_mhz: Option<i64>,
        /// `vinfo.cpu_usage_percent` of `max_mhz`.
        pub overall_mhz: Option<i64>,
        /// `reservation_percent` of `max_mhz`.
        pub reservation_mhz: Option<i64>,
        /// `limit_percent` of `max_mhz`; -1 for no limit, 100 percent.
        pub limit_mhz: Option<i64>,
        /// False: Hyper-V adds no processor to a running VM.
        pub hot_add: Option<bool>,
        /// False: Hyper-V takes no processor from a running VM.
        pub hot_remove: Option<bool>,
    }
    sheet {
        "VM" (vm_name)
        "Powerstate" (vm.power_state_shown)
        "Template" ("False")
        "SRM Placeholder" ("False")
        "CPUs" (vcpus)
        "Sockets" (sockets)
        "Cores p/s" (cores_per_socket)
        "Max" (max_mhz)
        "Overall" (overall_mhz)
        "Level" (shares_level)
        "Shares" (relative_weight)
        "Reservation" (reservation_mhz)
        "Entitlement" ()
        "DRS Entitlement" ()
        "Limit" (limit_mhz)
        "Hot Add" (hot_add)
        "Hot Remove" (hot_remove)
        "Numa Hotadd Exposed" ()
        "Annotation" (vm.notes)
        "Datacenter" (place.Datacenter)
        "Cluster" (place.Cluster)
        "Host" (host)
        "Folder" ()
        "OS according to the configuration file" (vm.os_configured)
        "OS according to the VMware Tools" (vm.guest_os_name)
        "VM ID" (vm_id)
        "VM UUID" (vm_id)
        "VI SDK Server" (place.SdkServer)
        "VI SDK UUID" (place.SdkUuid)
    }
}
