//! What changed between two runs.

crate::table! {
    /// Changes between two runs, as `lustrum diff` finds them: one row per change. Sorted by (change,
    /// host, vm_id, subject). No run writes it: `lustrum diff --parquet FILE` does, and its `run_id` and
    /// `slot` are those of the later run.
    pub struct Vchange as "vchange" ("vChange") {
        /// `vm_added`, `vm_removed`, `vm_moved`, `vm_renamed`, `vm_resized_cpu`, `vm_resized_memory`,
        /// `state_changed`, `disk_added`, `disk_removed`, `disk_resized`, `disk_grown`,
        /// `checkpoint_added`, `checkpoint_removed`, `checkpoint_old`, `host_unknown`. `vm_appeared` and
        /// `vm_gone` are `vm_added` and `vm_removed` where a host of the same cluster was not collected,
        /// so that the VM may only have moved.
        pub change: String,
        /// Where it was found: the later run's host, the earlier one's for what is there no more.
        pub host: Option<String>,
        /// The VM's id, a lower-case GUID; null when the change is about a host.
        pub vm_id: Option<String>,
        /// Display name in the later run that knows it.
        pub vm_name: Option<String>,
        /// What of the VM: a disk's place and path, a checkpoint's name and id; null for the VM itself.
        pub subject: Option<String>,
        /// The earlier value in text, sizes in bytes; null when there was none.
        pub before: Option<String>,
        /// The later value in text, sizes in bytes; null when there is none.
        pub after: Option<String>,
        /// The earlier run; its retries count with it.
        pub run_a: String,
        /// The later run; its retries count with it.
        pub run_b: String,
    }
}
