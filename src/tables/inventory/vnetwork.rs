//! Network adapters of virtual machines.

use chrono::{DateTime, Utc};

crate::table! {
    /// Network adapters of virtual machines: one row per adapter. Sorted by (host, vm_id, adapter_id).
    pub struct Vnetwork as "vnetwork" ("vNetwork") {
        /// The hypervisor host, as the fleet names it.
        pub host: String,
        /// The VM's id, a lower-case GUID. `Get-VMNetworkAdapter .VMId`.
        pub vm_id: String,
        /// When the host was asked.
        pub collected_at: DateTime<Utc>,
        /// Display name, not unique. `Get-VMNetworkAdapter .VMName`.
        pub vm_name: Option<String>,
        /// The adapter's id in the configuration. `Get-VMNetworkAdapter .Id`.
        pub adapter_id: Option<String>,
        /// Not unique within a VM. `Get-VMNetworkAdapter .Name`.
        pub adapter_name: Option<String>,
        /// `Legacy` or `Synthetic`. `Get-VMNetworkAdapter .IsLegacy`.
        pub adapter_type: Option<String>,
        /// `<switch>`, or `<switch>:vlan<id>` in access mode.
        pub network: Option<String>,
        /// Null when not connected. `Get-VMNetworkAdapter .SwitchName`.
        pub switch_name: Option<String>,
        /// Lower-case GUID. `Get-VMNetworkAdapter .SwitchId`.
        pub switch_id: Option<String>,
        /// `Get-VMNetworkAdapter .Connected`.
        pub connected: Option<bool>,
        /// A switch is configured.
        pub starts_connected: Option<bool>,
        /// `00:15:5d:01:02:03`; null for a dynamic address never given. `Get-VMNetworkAdapter .MacAddress`.
        pub mac_address: Option<String>,
        /// `generated` for a dynamic address, else `manual`. `Get-VMNetworkAdapter .DynamicMacAddressEnabled`.
        pub mac_type: Option<String>,
        /// Told by the guest. `Get-VMNetworkAdapter .IPAddresses`.
        pub ipv4_addresses: Option<Vec<String>>,
        /// Told by the guest. `Get-VMNetworkAdapter .IPAddresses`.
        pub ipv6_addresses: Option<Vec<String>>,
        /// `Get-VMNetworkAdapter .Status`.
        pub status: Option<Vec<String>>,
        /// `Get-VMNetworkAdapter .MacAddressSpoofing`.
        pub mac_spoofing_enabled: Option<bool>,
        /// 0 for no SR-IOV. `Get-VMNetworkAdapter .IovWeight`.
        pub iov_weight: Option<i64>,
        /// `None`, `Source` or `Destination`. `Get-VMNetworkAdapter .PortMirroringMode`.
        pub port_mirroring_mode: Option<String>,
        /// `Untagged`, `Access`, `Trunk` or `Private`. `Get-VMNetworkAdapter .VlanSetting.OperationMode`; unconfirmed.
        pub vlan_mode: Option<String>,
        /// Null unless in access mode. `.VlanSetting.AccessVlanId`; unconfirmed.
        pub access_vlan_id: Option<i64>,
        /// Null unless in trunk mode. `.VlanSetting.NativeVlanId`; unconfirmed.
        pub native_vlan_id: Option<i64>,
        /// Ranges, `10,20-29`; null unless in trunk mode. `.VlanSetting.AllowedVlanIdList`; unconfirmed.
        pub allowed_vlan_ids: Option<String>,
    }
}
