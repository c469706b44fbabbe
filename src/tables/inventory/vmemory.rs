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
        /// Display name, not unique. `Get-VMMemory .VMName`.
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
    }
}
