//! Switches that the nodes of a cluster share by name.

crate::table! {
    /// Distributed switches: one row per cluster, or host that stands alone, and switch name.
    /// Hyper-V has none; switches of one name on the nodes of a cluster serve as one, because a
    /// VM finds its switch by name when it moves. A name counts when every node that told its
    /// switches has it, or an adapter of a VM names it. Sorted by (sdk_server, switch_name).
    pub struct Dvswitch as "dvswitch" ("dvSwitch") {
        /// `Get-VMSwitch .Name`.
        pub switch_name: Option<String>,
        /// Labels of the places its hosts stand in, joined by `, `.
        pub site: Option<String>,
        /// The cluster's name; null for a host that stands alone.
        pub cluster_name: Option<String>,
        /// Always `Microsoft Corporation`.
        pub vendor: Option<String>,
        /// Hosts that have a switch of this name, as the fleet names them; null when none told its switches.
        pub host_members: Option<Vec<String>>,
        /// Adapters of VMs; null unless every node told its adapters.
        pub ports: Option<i64>,
        /// VMs with an adapter on it; null unless every node told its adapters.
        pub vms: Option<i64>,
        /// The largest of its hosts. Column `mtu` of vswitch.
        pub max_mtu: Option<i64>,
        /// `dvs-`, and eight digits of a hash of cluster or host and name.
        pub object_id: Option<String>,
        /// The cluster's full name, or the host's.
        pub sdk_server: Option<String>,
        /// UUIDv5 of `sdk_server` in the DNS namespace.
        pub sdk_uuid: Option<String>,
    }
    sheet {
        "Switch" (switch_name)
        "Datacenter" (site)
        "Name" (switch_name)
        "Vendor" (vendor)
        "Version" ()
        "Description" ()
        "Created" ()
        "Host members" (host_members)
        "Max Ports" ()
        "# Ports" (ports)
        "# VMs" (vms)
        "In Traffic Shaping" ()
        "In Avg" ()
        "In Peak" ()
        "In Burst" ()
        "Out Traffic Shaping" ()
        "Out Avg" ()
        "Out Peak" ()
        "Out Burst" ()
        "CDP Type" ()
        "CDP Operation" ()
        "LACP Name" ()
        "LACP Mode" ()
        "LACP Load Balance Alg." ()
        "Max MTU" (max_mtu)
        "Contact" ()
        "Admin Name" ()
        "Object ID" (object_id)
        "VI SDK Server" (sdk_server)
        "VI SDK UUID" (sdk_uuid)
    }
}
