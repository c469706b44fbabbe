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
        /// Display name, not unique; the id where it is empty. `Get-VMNetworkAdapter .VMName`.
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
        /// 0 untagged, 1 to 4094 in access mode, the primary id in private mode, 4095 for a trunk; null when the
        /// mode is unknown. `Get-VMNetworkAdapter .VlanSetting`; unconfirmed.
        pub vlan_id: Option<i64>,
        /// `<switch>`, or `<switch>:vlan<id>` in access and private mode; null without a switch.
        pub network_name: Option<String>,
        /// The adapter's name, with ` (2)`, ` (3)`, … where the VM has it again.
        pub nic_label: Option<String>,
        /// `ipv4_addresses`, separated by commas; null when there is none.
        pub ipv4_text: Option<String>,
        /// `ipv6_addresses`, separated by commas; null when there is none.
        pub ipv6_text: Option<String>,
        /// SR-IOV is wanted and a virtual function is in use. `Get-VMNetworkAdapter .IovWeight`
        /// and `.IovUsage`; unconfirmed.
        pub direct_path_io: Option<bool>,
    }
    sheet {
        "VM" (vm_name)
        "Powerstate" (vm.power_state_shown)
        "Template" ("False")
        "SRM Placeholder" ("False")
        "NIC label" (nic_label)
        "Adapter" (adapter_type)
        "Network" (network_name)
        "Switch" (switch_name)
        "Connected" (connected)
        "Starts Connected" (starts_connected)
        "Mac Address" (mac_address)
        "Type" (mac_type)
        "IPv4 Address" (ipv4_text)
        "IPv6 Address" (ipv6_text)
        "Direct Path IO" (direct_path_io)
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
