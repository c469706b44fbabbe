//! Virtual switches.

use chrono::{DateTime, Utc};

crate::table! {
    /// Virtual switches: one row per switch and host. Sorted by (host, switch_name, switch_id).
    pub struct Vswitch as "vswitch" ("vSwitch") {
        /// The hypervisor host, as the fleet names it.
        pub host: String,
        /// When the host was asked.
        pub collected_at: DateTime<Utc>,
        /// Lower-case GUID. `Get-VMSwitch .Id`.
        pub switch_id: Option<String>,
        /// `Get-VMSwitch .Name`.
        pub switch_name: Option<String>,
        /// `External`, `Internal` or `Private`. `Get-VMSwitch .SwitchType`.
        pub switch_type: Option<String>,
        /// Uplinks. `Get-VMSwitch .NetAdapterInterfaceDescriptions`, or the one
        /// `.NetAdapterInterfaceDescription` before Windows Server 2016; unconfirmed.
        pub uplinks: Option<Vec<String>>,
        /// `Get-VMSwitch .EmbeddedTeamingEnabled`, Windows Server 2016 and later; unconfirmed.
        pub embedded_teaming_enabled: Option<bool>,
        /// `Default`, `Weight`, `Absolute` or `None`. `Get-VMSwitch .BandwidthReservationMode`; unconfirmed.
        pub bandwidth_reservation_mode: Option<String>,
        /// `Get-VMSwitch .IovEnabled`; unconfirmed.
        pub iov_enabled: Option<bool>,
        /// The host itself uses the switch. `Get-VMSwitch .AllowManagementOS`.
        pub management_os_allowed: Option<bool>,
        /// `Get-VMSwitch .PacketDirectEnabled`, Windows Server 2016 and later; unconfirmed.
        pub packet_direct_enabled: Option<bool>,
        /// The smallest of its uplinks'; null without uplinks. `MSFT_NetAdapter.MtuSize`.
        pub mtu: Option<i64>,
        /// How an embedded team shares the load: `Dynamic` or `HyperVPort`.
        /// `Get-VMSwitchTeam .LoadBalancingAlgorithm`, Windows Server 2016 and later; unconfirmed.
        pub policy: Option<String>,
        /// Always null: a Hyper-V switch has no fixed number of ports.
        pub ports: Option<i64>,
    }
    sheet {
        "Host" (host)
        "Datacenter" (place.Datacenter)
        "Cluster" (place.Cluster)
        "Switch" (switch_name)
        "# Ports" (ports)
        "Free Ports" ()
        "Promiscuous Mode" ()
        "Mac Changes" ()
        "Forged Transmits" ()
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
        "MTU" (mtu)
        "VI SDK Server" (place.SdkServer)
        "VI SDK UUID" (place.SdkUuid)
    }
}
