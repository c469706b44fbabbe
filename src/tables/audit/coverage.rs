//! How well each collector saw each host.

crate::table! {
    /// Coverage of the independent baseline: one row per host and collector that owes a row for
    /// every VM, or one row without collector for a host that never came to collecting. Sorted by
    /// (host, collector). Written as `host_inventory_coverage.csv`.
    pub struct CoverageRow as "coverage" ("coverage") {
        /// The hypervisor host, as the fleet names it.
        pub host: String,
        /// The collector judged; null when the host was never asked.
        pub collector: Option<String>,
        /// Whether the host answered at all.
        pub reachable: bool,
        /// VMs in the baseline; null when there is no trusted baseline.
        pub baseline_vms: Option<i64>,
        /// VMs of the baseline that the collector saw.
        pub seen: Option<i64>,
        /// VMs of the baseline that the collector did not see; named in `missing_vms`.
        pub missing: Option<i64>,
        /// VMs the collector saw that the baseline does not hold.
        pub unexpected: Option<i64>,
        /// `seen` over `baseline_vms`, 0 to 1; null when the baseline is empty or unknown.
        pub share: Option<f64>,
        /// The host's final status, `inventory_ok` and its like.
        pub final_status: String,
        /// Why the host is not `inventory_ok`, sorted; empty when it is.
        pub reasons: Vec<String>,
        /// The ids behind `unexpected`, sorted.
        pub unexpected_vm_ids: Option<Vec<String>>,
    }
}
