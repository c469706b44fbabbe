//! Checkpoints of virtual machines.

use chrono::{DateTime, Utc};

crate::table! {
    /// Checkpoints of virtual machines: one row per checkpoint. Sorted by (host, vm_id, checkpoint_id).
    pub struct Vsnapshot as "vsnapshot" ("vSnapshot") {
        /// The hypervisor host, as the fleet names it.
        pub host: String,
        /// The VM's id, a lower-case GUID. `Get-VMSnapshot .VMId`.
        pub vm_id: String,
        /// When the host was asked.
        pub collected_at: DateTime<Utc>,
        /// Display name, not unique; the id where it is empty. `Get-VMSnapshot .VMName`.
        pub vm_name: Option<String>,
        /// Lower-case GUID. `Get-VMSnapshot .Id`.
        pub checkpoint_id: Option<String>,
        /// `Get-VMSnapshot .Name`.
        pub checkpoint_name: Option<String>,
        /// `Get-VMSnapshot .Notes`.
        pub notes: Option<String>,
        /// `Get-VMSnapshot .CreationTime`.
        pub created_at: Option<DateTime<Utc>>,
        /// `Standard`, `Recovery`, `Replica`, `AppConsistentReplica`, … `Get-VMSnapshot .SnapshotType`.
        pub checkpoint_type: Option<String>,
        /// Taken by Windows itself when the VM started. `Get-VMSnapshot .IsAutomaticCheckpoint`, Windows Server 2019 and later.
        pub is_automatic: Option<bool>,
        /// The guest was asked to be consistent: a production or application-consistent type; unconfirmed.
        pub quiesced: Option<bool>,
        /// Null for the first of a chain. `Get-VMSnapshot .ParentSnapshotId`.
        pub parent_checkpoint_id: Option<String>,
        /// `Get-VMSnapshot .ParentSnapshotName`.
        pub parent_checkpoint_name: Option<String>,
        /// `Get-VMSnapshot .Path`.
        pub path: Option<String>,
        /// `Get-VMSnapshot .Version`.
        pub configuration_version: Option<String>,
        /// The VM's state as kept, the native word. `Get-VMSnapshot .State`.
        pub native_state: Option<String>,
        /// Disk files the checkpoint refers to. `Get-VMSnapshot .HardDrives.Path`.
        pub disk_paths: Option<Vec<String>>,
        /// Sum of the sizes of those files that are differencing disks, null when one could not be read.
        /// `System.IO.FileInfo.Length`; unconfirmed.
        pub disk_file_bytes: Option<i64>,
        /// The checkpoint's configuration and saved memory; 0 without. `Get-VMSnapshot .SizeOfSystemFiles`; unconfirmed.
        pub memory_file_bytes: Option<i64>,
        /// `disk_file_bytes` and `memory_file_bytes`; null when either is unknown.
        pub total_bytes: Option<i64>,
        /// The checkpoints it stands on, the oldest first, as `first > second`, behind the type and a colon where
        /// that is not `Standard`; null for a standard checkpoint that stands on none.
        pub snapshot_state: Option<String>,
    }
    sheet {
        "VM" (vm_name)
        "Powerstate" (vm.power_state_shown)
        "Name" (checkpoint_name)
        "Description" (notes)
        "Date / time" (created_at)
        "Filename" (path)
        "Size MiB (vmsn)" (memory_file_bytes in Mib)
        "Size MiB (total)" (total_bytes in Mib)
        "Quiesced" (quiesced)
        "State" (snapshot_state)
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
