//! Storage adapters of hosts.

use chrono::{DateTime, Utc};

crate::table! {
    /// Storage adapters: one row per controller on a bus of the host and per initiator port. Sorted by (host, device, wwn).
    pub struct Vhba as "vhba" ("vHBA") {
        /// The hypervisor host, as the fleet names it.
        pub host: String,
        /// When the host was asked.
        pub collected_at: DateTime<Utc>,
        /// The device's id in Windows. `Win32_SCSIController.PNPDeviceID`, or
        /// `MSFT_InitiatorPort.InstanceName` of a port without controller.
        pub device: Option<String>,
        /// `FC`, `iSCSI`, `SAS`, `RAID`, `SATA`, `NVMe` or `SCSI`. `MSFT_InitiatorPort.ConnectionType`, else the PCI
        /// class among `Enum\<device>\CompatibleIDs` of the registry; unconfirmed.
        pub adapter_type: Option<String>,
        /// `OK`, `Degraded`, `Error`, … `Win32_SCSIController.Status`.
        pub status: Option<String>,
        /// Number of the PCI bus. Registry `Enum\<device>\LocationInformation`; unconfirmed.
        pub bus: Option<String>,
        /// `0000:03:00.0`. Registry `Enum\<device>\LocationInformation`; unconfirmed.
        pub pci: Option<String>,
        /// `Win32_SCSIController.DriverName`.
        pub driver: Option<String>,
        /// `Win32_SCSIController.Name`.
        pub model: Option<String>,
        /// The port's address: WWPN of Fibre Channel, SAS address. `MSFT_InitiatorPort.PortAddress`; unconfirmed.
        pub wwn: Option<String>,
        /// WWNN of Fibre Channel, IQN of iSCSI. `MSFT_InitiatorPort.NodeAddress`.
        pub node_address: Option<String>,
    }
    sheet {
        "Host" (host)
        "Datacenter" (place.Datacenter)
        "Cluster" (place.Cluster)
        "Device" (device)
        "Type" (adapter_type)
        "Status" (status)
        "Bus" (bus)
        "Pci" (pci)
        "Driver" (driver)
        "Model" (model)
        "WWN" (wwn)
        "VI SDK Server" (place.SdkServer)
        "VI SDK UUID" (place.SdkUuid)
    }
}
