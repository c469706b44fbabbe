//! DVD and floppy drives of virtual machines.

use chrono::{DateTime, Utc};

crate::table! {
    /// DVD drives of virtual machines, and floppy drives that hold a disk: one row per drive. Sorted by (host, vm_id, device_node).
    pub struct Vcd as "vcd" ("vCD") {
        /// The hypervisor host, as the fleet names it.
        pub host: String,
        /// The VM's id, a lower-case GUID. `Get-VMDvdDrive .VMId`.
        pub vm_id: String,
        /// When the host was asked.
        pub collected_at: DateTime<Utc>,
        /// Display name, not unique; the id where it is empty. `Get-VMDvdDrive .VMName`.
        pub vm_name: Option<String>,
        /// `Dvd` for `Get-VMDvdDrive`, `Floppy` for `Get-VMFloppyDiskDrive`.
        pub drive_kind: Option<String>,
        /// The drive's id in the configuration. `Get-VMDvdDrive .Id`.
        pub drive_id: Option<String>,
        /// Where it is plugged in: `IDE 1:0`, `SCSI 0:1`, `Floppy 0:0`.
        pub device_node: Option<String>,
        /// Something is inserted: a path, or a drive of the host.
        pub connected: Option<bool>,
        /// The same: what is inserted stays so over a restart.
        pub starts_connected: Option<bool>,
        /// The image's path, or `Host drive`; null when empty. `Get-VMDvdDrive .DvdMediaType`.
        pub device_type: Option<String>,
        /// `Get-VMDvdDrive .Path`.
        pub path: Option<String>,
        /// `None`, `ISO` or `PassThrough`; null for a floppy. `Get-VMDvdDrive .DvdMediaType`.
        pub media_type: Option<String>,
        /// `IDE` or `SCSI`. `Get-VMDvdDrive .ControllerType`.
        pub controller_type: Option<String>,
        /// `Get-VMDvdDrive .ControllerNumber`.
        pub controller_number: Option<i64>,
        /// `Get-VMDvdDrive .ControllerLocation`.
        pub controller_location: Option<i64>,
    }
    sheet {
        "VM" (vm_name)
        "Powerstate" (vm.power_state_shown)
        "Template" ("False")
        "SRM Placeholder" ("False")
        "Device Node" (device_node)
        "Connected" (connected)
        "Starts Connected" (starts_connected)
        "Device Type" (device_type)
        "Annotation" (vm.notes)
        "Datacenter" (place.Datacenter)
        "Cluster" (place.Cluster)
        "Host" (host)
        "Folder" ()
        "OS according to the configuration file" (vm.os_configured)
        "OS according to the VMware Tools" (vm.guest_os_name)
        "VMRef" ()
        "VM ID" (vm_id)
        "VM UUID" (vm_id)
        "VI SDK Server" (place.SdkServer)
        "VI SDK UUID" (place.SdkUuid)
    }
}
