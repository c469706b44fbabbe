//! Hard drives of virtual machines.

use chrono::{DateTime, Utc};

crate::table! {
    /// Hard drives of virtual machines: one row per drive. Sorted by (host, vm_id, disk_key, path).
    pub struct Vdisk as "vdisk" ("vDisk") {
        /// The hypervisor host, as the fleet names it.
        pub host: String,
        /// The VM's id, a lower-case GUID. `Get-VMHardDiskDrive .VMId`.
        pub vm_id: String,
        /// When the host was asked.
        pub collected_at: DateTime<Utc>,
        /// Display name, not unique. `Get-VMHardDiskDrive .VMName`.
        pub vm_name: Option<String>,
        /// Where it is plugged in, as a number in text: 2000 for IDE, 3000 for SCSI, 4000 for PMEM,
        /// plus 100 for each controller number, plus the location.
        pub disk_key: Option<String>,
        /// The drive's id in the configuration. `Get-VMHardDiskDrive .Id`.
        pub drive_id: Option<String>,
        /// Identity of the virtual disk, lower-case. `Get-VHD .DiskIdentifier`.
        pub disk_uuid: Option<String>,
        /// The active file, may be an `.avhdx`; a description for a pass-through disk. `Get-VMHardDiskDrive .Path`.
        pub path: Option<String>,
        /// What the guest sees; null when the file could not be opened. `Get-VHD .Size`.
        pub capacity_bytes: Option<i64>,
        /// Size of the active file alone; null when it could not be opened. `Get-VHD .FileSize`.
        pub file_size_bytes: Option<i64>,
        /// A physical disk of the host. `Get-VMHardDiskDrive .DiskNumber` is present.
        pub is_passthrough: Option<bool>,
        /// Number of the physical disk on the host. `Get-VMHardDiskDrive .DiskNumber`.
        pub physical_disk_number: Option<i64>,
        /// `IDE`, `SCSI` or `PMEM`. `Get-VMHardDiskDrive .ControllerType`.
        pub controller_type: Option<String>,
        /// `Get-VMHardDiskDrive .ControllerNumber`.
        pub controller_number: Option<i64>,
        /// `Get-VMHardDiskDrive .ControllerLocation`.
        pub controller_location: Option<i64>,
        /// `VHD`, `VHDX` or `VHDSet`. `Get-VHD .VhdFormat`.
        pub vhd_format: Option<String>,
        /// `Fixed`, `Dynamic` or `Differencing`. `Get-VHD .VhdType`.
        pub vhd_type: Option<String>,
        /// Dynamic or differencing; null when the type is unknown.
        pub thin: Option<bool>,
        /// The next file of the chain. `Get-VHD .ParentPath`.
        pub parent_path: Option<String>,
        /// `Get-VHD .BlockSize`.
        pub block_size_bytes: Option<i64>,
        /// `Get-VHD .LogicalSectorSize`.
        pub logical_sector_bytes: Option<i64>,
        /// `Get-VHD .PhysicalSectorSize`.
        pub physical_sector_bytes: Option<i64>,
        /// Shared between VMs. `Get-VMHardDiskDrive .SupportPersistentReservations`; unconfirmed.
        pub persistent_reservations_supported: Option<bool>,
        /// `sharingMultiWriter` for a shared disk or disk set, else `sharingNone`; unconfirmed.
        pub sharing_mode: Option<String>,
        /// `physicalSharing` for a shared disk or disk set, else `noSharing`; unconfirmed.
        pub shared_bus: Option<String>,
        /// 0 for none. `Get-VMHardDiskDrive .MinimumIOPS`, Windows Server 2012 R2 and later.
        pub iops_minimum: Option<i64>,
        /// 0 for none. `Get-VMHardDiskDrive .MaximumIOPS`, Windows Server 2012 R2 and later.
        pub iops_maximum: Option<i64>,
        /// `Get-VMHardDiskDrive .PoolName`.
        pub pool_name: Option<String>,
        /// Why the file could not be opened: the FullyQualifiedErrorId of `Get-VHD`.
        pub vhd_error: Option<String>,
    }
}
