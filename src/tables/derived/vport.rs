//! VLANs on the switches of a host.

use chrono::{DateTime, Utc};

crate::table! {
    /// Port groups: one row per host, switch and VLAN seen on an adapter of a VM; Hyper-V has no
    /// such object. Sorted by (host, switch_name, vlan_id).
    pub struct Vport as "vport" ("vPort") {
        /// The hypervisor host, as the fleet names it.
        pub host: String,
        /// When the host was asked.
        pub collected_at: Option<DateTime<Utc>>,
        /// What the adapters' tab calls the network, `<switch>` or `<switch>:vlan<id>`.
        pub port_group: Option<String>,
        /// `Get-VMNetworkAdapter .SwitchName`.
        pub switch_name: Option<String>,
        /// 0 untagged, 1 to 4094, 4095 for a trunk.
        pub vlan_id: Option<i64>,
        /// An adapter receives mirrored frames. `Get-VMNetworkAdapter .PortMirroringMode` is `Destination`.
        pub promiscuous: Option<bool>,
        /// An adapter may use another address. `Get-VMNetworkAdapter .MacAddressSpoofing`.
        pub mac_changes: Option<bool>,
        /// An adapter may send from another address. `Get-VMNetworkAdapter .MacAddressSpoofing`.
        pub forged_transmits: Option<bool>,
        /// How the switch's team spreads load. Column `policy` of vswitch.
        pub policy: Option<String>,
        /// Adapters of VMs.
        pub adapters: Option<i64>,
    }
    sheet {
        "Host" (host)
        "Datacenter" (place.Datacenter)
        "Cluster" (place.Cluster)
        "Port Group" (port_group)
        "Switch" (switch_name)
        "VLAN" (vlan_id)
        "Promiscuous Mode" (promiscuous)
        "Mac Changes" (mac_changes)
        "Forged Transmits" (forged_transmits)
        "Traffic Shaping" ()
        "Width" ()
        "Peak" ()
        "Burst" ()
        "Policy" (policy)
        "Reverse Policy" ()
        "Notify Switch" ()
        "Rolling Order" ()
        "Offload" ()
        "TSO" ()
        "Zero Copy Xmit" ()
        "VI SDK Server" (place.SdkServer)
        "VI SDK UUID" (place.SdkUuid)
    }
}
