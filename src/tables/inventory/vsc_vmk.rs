//! Network addresses of the hosts themselves.

use chrono::{DateTime, Utc};

crate::table! {
    /// The host's own network adapters: one row per virtual adapter of its management system and per other
    /// adapter with an address. Sorted by (host, device, port_group).
    pub struct VscVmk as "vsc_vmk" ("vSC_VMK") {
        /// The hypervisor host, as the fleet names it.
        pub host: String,
        /// When the host was asked.
        pub collected_at: DateTime<Utc>,
        /// `Get-VMNetworkAdapter -ManagementOS .Name`, or the device's name.
        pub port_group: Option<String>,
        /// `vEthernet (Management)`. `MSFT_NetAdapter.Name`.
        pub device: Option<String>,
        /// Null for an adapter outside of virtual switches. `Get-VMNetworkAdapter -ManagementOS .SwitchName`.
        pub switch_name: Option<String>,
        /// `00:15:5d:01:02:03`. `Win32_NetworkAdapterConfiguration.MACAddress`.
        pub mac_address: Option<String>,
        /// `Win32_NetworkAdapterConfiguration.DHCPEnabled`.
        pub dhcp: Option<bool>,
        /// IPv4, comma separated. `Win32_NetworkAdapterConfiguration.IPAddress`.
        pub ip_address: Option<String>,
        /// IPv6, comma separated. `Win32_NetworkAdapterConfiguration.IPAddress`.
        pub ip6_address: Option<String>,
        /// Of the first IPv4 address, `255.255.255.0`. `Win32_NetworkAdapterConfiguration.IPSubnet`.
        pub subnet_mask: Option<String>,
        /// First IPv4 gateway. `Win32_NetworkAdapterConfiguration.DefaultIPGateway`.
        pub gateway: Option<String>,
        /// First IPv6 gateway. `Win32_NetworkAdapterConfiguration.DefaultIPGateway`.
        pub ip6_gateway: Option<String>,
        /// `MSFT_NetAdapter.MtuSize`.
        pub mtu: Option<i64>,
        /// 0 untagged, 1 to 4094, 4095 for a trunk; null outside of virtual switches.
        /// `Get-VMNetworkAdapter -ManagementOS .VlanSetting`; unconfirmed.
        pub vlan_id: Option<i64>,
    }
    sheet {
        "Host" (host)
        "Datacenter" (place.Datacenter)
        "Cluster" (place.Cluster)
        "Port Group" (port_group)
        "Device" (device)
        "Mac Address" (mac_address)
        "DHCP" (dhcp)
        "IP Address" (ip_address)
        "IP 6 Address" (ip6_address)
        "Subnet mask" (subnet_mask)
        "Gateway" (gateway)
        "IP 6 Gateway" (ip6_gateway)
        "MTU" (mtu)
        "VI SDK Server" (place.SdkServer)
        "VI SDK UUID" (place.SdkUuid)
    }
}
