//! Physical network adapters of hosts.

use chrono::{DateTime, Utc};

crate::table! {
    /// Physical network adapters: one row per adapter and host. Sorted by (host, adapter_name).
    pub struct Vnic as "vnic" ("vNIC") {
        /// The hypervisor host, as the fleet names it.
        pub host: String,
        /// When the host was asked.
        pub collected_at: DateTime<Utc>,
        /// Unique on its host. `MSFT_NetAdapter.Name` of an adapter with a connector, what
        /// `Get-NetAdapter -Physical` shows; unconfirmed.
        pub adapter_name: Option<String>,
        /// By which a switch names its uplinks. `MSFT_NetAdapter.InterfaceDescription`.
        pub interface_description: Option<String>,
        /// File of the driver. `MSFT_NetAdapter.DriverName`.
        pub driver: Option<String>,
        /// `MSFT_NetAdapter.DriverVersionString`.
        pub driver_version: Option<String>,
        /// Null when it does not say. `MSFT_NetAdapter.Speed`.
        pub link_speed_mbps: Option<i64>,
        /// `MSFT_NetAdapter.FullDuplex`.
        pub full_duplex: Option<bool>,
        /// `00:15:5d:01:02:03`. `MSFT_NetAdapter.NetworkAddresses`, else `.PermanentAddress`.
        pub mac_address: Option<String>,
        /// `Up`, `Down`, `Testing`, `Dormant`, `NotPresent`, `LowerLayerDown`, `Unknown`, or `Disabled`.
        /// `MSFT_NetAdapter.InterfaceOperationalStatus` and `.InterfaceAdminStatus`.
        pub status: Option<String>,
        /// `0000:03:00.0`. Registry `Enum\<device>\LocationInformation`; unconfirmed.
        pub pci: Option<String>,
        /// It wakes the host on a magic packet; false where it cannot.
        /// `MSFT_NetAdapterPowerManagementSettingData.WakeOnMagicPacket`; unconfirmed.
        pub wake_on_lan: Option<bool>,
        /// `MSFT_NetAdapter.MtuSize`.
        pub mtu: Option<i64>,
        /// The virtual switch it is an uplink of. Completed by the census.
        pub switch_name: Option<String>,
        /// Its place among the uplinks of that switch. Completed by the census.
        pub uplink_port: Option<String>,
    }
    sheet {
        "Host" (host)
        "Datacenter" (place.Datacenter)
        "Cluster" (place.Cluster)
        "Network Device" (adapter_name)
        "Driver" (driver)
        "Speed" (link_speed_mbps)
        "Duplex" (full_duplex)
        "MAC" (mac_address)
        "Switch" (switch_name)
        "Uplink port" (uplink_port)
        "PCI" (pci)
        "WakeOn" (wake_on_lan)
        "VI SDK Server" (place.SdkServer)
        "VI SDK UUID" (place.SdkUuid)
    }
}
