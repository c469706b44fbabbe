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
        /// Display name, not unique; the id where it is empty. `Get-VMHardDiskDrive .VMName`.
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
        /// What the guest sees; null when the file could not be opened. `Get-VHD .Size`, for a pass-through disk
        /// `MSFT_Disk .Size`.
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
        /// `Hard disk 1`, `Hard disk 2`, … of the VM, in the order of `disk_key`.
        pub disk_label: Option<String>,
        /// Sum of the file sizes of the whole chain, from the active file to its root; null when one of them
        /// could not be opened. `Get-VHD .FileSize`, along `.ParentPath`.
        pub chain_file_bytes: Option<i64>,
        /// The part of `chain_file_bytes` in files that no other VM of the host was seen to refer to.
        pub own_file_bytes: Option<i64>,
        /// Root of the chain, the active file itself where it has no parent. `Get-VHD .ParentPath`.
        pub base_path: Option<String>,
        /// Resilient change tracking: an id, or a local `.rct` file beside the disk.
        /// `Get-VHD .ResilientChangeTrackingId`; unconfirmed.
        pub change_tracking_enabled: Option<bool>,
        /// `persistent`: Hyper-V keeps what a guest writes.
        pub disk_mode: Option<String>,
        /// Identity of a pass-through disk. `MSFT_Disk .UniqueId` of the disk with that number; unconfirmed.
        pub raw_lun_id: Option<String>,
        /// `normal` without a bound on IOPS, else `custom`.
        pub level: Option<String>,
        /// `iops_maximum`; -1 for none.
        pub iops_limit: Option<i64>,
        /// `SCSI controller 0`. `Get-VMHardDiskDrive .ControllerType` and `.ControllerNumber`.
        pub controller: Option<String>,
        /// Location on a SCSI controller; null on others. `Get-VMHardDiskDrive .ControllerLocation`.
        pub scsi_unit: Option<i64>,
    }
    sheet {
        "VM" (vm_name)
        "Powerstate" (vm.power_state_shown)
        "Template" ("False")
        "SRM Placeholder" ("False")
        "Disk" (disk_label)
        "Disk Key" (disk_key)
        "Disk UUID" (disk_uuid)
        "Disk Path" (path)
        "Capacity MiB" (capacity_bytes in Mib)
        "Raw" (is_passthrough)
        "Disk Mode" (disk_mode)
        "Sharing mode" (sharing_mode)
        "Thin" (thin)
        "Eagerly Scrub" ()
        "Split" ()
        "Write Through" ()
        "Level" (level)
        "Shares" ()
        "Reservation" (iops_minimum)
        "Limit" (iops_limit)
        "Controller" (controller)
        "Label" (disk_label)
        "SCSI Unit #" (scsi_unit)
        "Unit #" (controller_location)
        "Shared Bus" (shared_bus)
        "Path" (path)
        "Raw LUN ID" (raw_lun_id)
        "Raw Comp. Mode" ()
        "Internal Sort Column" ()
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
