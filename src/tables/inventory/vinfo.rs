//! Virtual machines.

use chrono::{DateTime, Utc};

crate::table! {
    /// Virtual machines: one row per VM and host. Sorted by (host, vm_id).
    pub struct Vinfo as "vinfo" ("vInfo") {
        /// The hypervisor host, as the fleet names it.
        pub host: String => "Host",
        /// The VM's id, a lower-case GUID; survives live migration. `Get-VM .VMId`.
        pub vm_id: String => "VM ID",
        /// When the host answered.
        pub collected_at: DateTime<Utc>,
        /// Display name, not unique. `Get-VM .Name`.
        pub vm_name: Option<String> => "VM",
    }
}
