//! Memory of virtual machines.

use chrono::{DateTime, Utc};

crate::table! {
    /// Memory of virtual machines: one row per VM and host. Sorted by (host, vm_id).
    pub struct Vmemory as "vmemory" ("vMemory") {
        /// The hypervisor host, as the fleet names it.
        pub host: String,
        /// The VM's id, a lower-case GUID. `Get-VMMemory .VMId`.
        pub vm_id: String,
        /// When the host was asked.
        pub collected_at: DateTime<Utc>,
        /// Display name, not unique; the id where it is empty. `Get-VMMemory .VMName`.
        pub vm_name: Option<String>,
        /// `Get-VMMemory .DynamicMemoryEnabled`.
        pub dynamic_memory_enabled: Option<bool>,
        /// Configured memory. `Get-VMMemory .Startup`.
        pub startup_bytes: Option<i64>,
        /// Null without dynamic memory. `Get-VMMemory .Minimum`.
        pub minimum_bytes: Option<i64>,
        /// Null without dynamic memory, where 1 TiB is a default and no size. `Get-VMMemory .Maximum`.
        pub maximum_bytes: Option<i64>,
        /// The most it can have: the maximum with dynamic memory, else the startup memory.
        pub ceiling_bytes: Option<i64>,
        /// What it is sure to have: the minimum with dynamic memory, else the startup memory.
        pub reserved_bytes: Option<i64>,
        /// All of it is reserved: no dynamic memory.
        pub reservation_locked: Option<bool>,
        /// Headroom kept above demand, 5 to 2,000; null without dynamic memory. `Get-VMMemory .Buffer`.
        pub buffer_percent: Option<f64>,
        /// `normal` for a priority of 50, else `custom`.
        pub shares_level: Option<String>,
        /// 0 to 100. `Get-VMMemory .Priority`.
        pub priority: Option<i64>,
        /// Memory a virtual NUMA node may hold, in the cmdlet's own unit. `Get-VMMemory .MaximumPerNumaNode`.
        pub maximum_per_numa_node_mib: Option<i64>,
        /// Null when off, where the cmdlet says 0. `Get-VM .MemoryAssigned`.
        pub assigned_bytes: Option<i64>,
        /// Null when off or not told, where the cmdlet says 0. `Get-VM .MemoryDemand`.
        pub demand_bytes: Option<i64>,
        /// The maximum of dynamic memory in MiB; -1 for none, without dynamic memory. `Get-VMMemory .Maximum`.
        pub limit_mib: Option<i64>,
        /// Memory can be added while it runs: configuration version 8.0, Windows Server 2016, and later.
        /// `Get-VM .Version`; unconfirmed.
        pub hot_add: Option<bool>,
    }
    sheet {
        "VM" (vm_name)
        "Powerstate" (vm.power_state_shown)
        "Template" ("False")
        "SRM Placeholder" ("False")
        "Size MiB" (startup_bytes in Mib)
        "Memory Reservation Locked To Max" (reservation_locked)
        "Overhead" ()
        "Max" (ceiling_bytes in Mib)
        "Consumed" (assigned_bytes in Mib)
        "Consumed Overhead" ()
        "Private" ()
        "Shared" ()
        "Swapped" ()
        "Ballooned" ()
        "Active" (demand_bytes in Mib)
        "Entitlement" ()
        "DRS Entitlement" ()
        "Level" (shares_level)
        "Shares" (priority)
        "Reservation" (reserved_bytes in Mib)
        "Limit" (limit_mib)
        "Hot Add" (hot_add)
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
