//! VLANs on switches that the nodes of a cluster share.

crate::table! {
    /// Distributed port groups: one row per row of dvswitch and VLAN seen on an adapter of a VM.
    /// Sorted by (sdk_server, switch_name, vlan_id).
    pub struct Dvport as "dvport" ("dvPort") {
        /// What the adapters' tab calls the network, `<switch>` or `<switch>:vlan<id>`.
        pub port: Option<String>,
        /// `Get-VMNetworkAdapter .SwitchName`.
        pub switch_name: Option<String>,
        /// The cluster's name; null for a host that stands alone.
        pub cluster_name: Option<String>,
        /// 0 untagged, 1 to 4094, 4095 for a trunk.
        pub vlan_id: Option<i64>,
        /// Adapters of VMs; null unless every node told its adapters.
        pub ports: Option<i64>,
        /// An adapter receives mirrored frames. `Get-VMNetworkAdapter .PortMirroringMode` is `Destination`.
        pub allow_promiscuous: Option<bool>,
        /// An adapter may use another address. `Get-VMNetworkAdapter .MacAddressSpoofing`.
        pub mac_changes: Option<bool>,
        /// An adapter may send from another address. `Get-VMNetworkAdapter .MacAddressSpoofing`.
        pub forged_transmits: Option<bool>,
        /// How the switch's team spreads load, as the first host tells. Column `policy` of vswitch.
        pub policy: Option<String>,
        /// `dvportgroup-`, and eight digits of a hash of cluster or host, switch and VLAN.
        pub object_id: Option<String>,
        /// The cluster's full name, or the host's.
        pub sdk_server: Option<String>,
        /// UUIDv5 of `sdk_server` in the DNS namespace.
        pub sdk_uuid: Option<String>,
    }
    sheet {
        "Port" (port)
        "Switch" (switch_name)
        "Type" ()
        "# Ports" (ports)
        "VLAN" (vlan_id)
        "Speed" ()
        "Full Duplex" ()
        "Blocked" ()
        "Allow Promiscuous" (allow_promiscuous)
        "Mac Changes" (mac_changes)
        "Active Uplink" ()
        "Standby Uplink" ()
        "Policy" (policy)
        "Forged Transmits" (forged_transmits)
        "In Traffic Shaping" ()
        "In Avg" ()
        "In Peak" ()
        "In Burst" ()
        "Out Traffic Shaping" ()
        "Out Avg" ()
        "Out Peak" ()
        "Out Burst" ()
        "Reverse Policy" ()
        "Notify Switch" ()
        "Rolling Order" ()
        "Check Beacon" ()
        "Live Port Moving" ()
        "Check Duplex" ()
        "Check Error %" ()
        "Check Speed" ()
        "Percentage" ()
        "Block Override" ()
        "Config Reset" ()
        "Shaping Override" ()
        "Vendor Config Override" ()
        "Sec. Policy Override" ()
        "Teaming Override" ()
        "Vlan Override" ()
        "Object ID" (object_id)
        "VI SDK Server" (sdk_server)
        "VI SDK UUID" (sdk_uuid)
    }
}
