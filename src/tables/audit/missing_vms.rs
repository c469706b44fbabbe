//! VMs that the baseline holds and a collector did not see.

crate::table! {
    /// Missing VMs: one row per host, collector and VM. Sorted by (host, collector, vm_id).
    /// Written as `missing_vms_by_host.csv`.
    pub struct MissingVm as "missing_vms" ("missing_vms") {
        /// The hypervisor host, as the fleet names it.
        pub host: String,
        /// The collector that did not see the VM.
        pub collector: String,
        /// The VM's id as the baseline has it, a lower-case GUID.
        pub vm_id: String,
        /// The VM's name as the baseline has it.
        pub vm_name: Option<String>,
    }
}
