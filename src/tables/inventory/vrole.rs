//! Clustered roles of virtual machines.

use chrono::{DateTime, Utc};

crate::table! {
    /// Clustered roles of virtual machines: one row per role, told by the node that owns it. Sorted by (host, vm_id).
    pub struct Vrole as "vrole" ("vRole") {
        /// The node that owns it, as the fleet names it.
        pub host: String,
        /// When the host was asked.
        pub collected_at: DateTime<Utc>,
        /// The VM's id, a lower-case GUID; null for a role whose VM resource is gone. Private property `VmID` of the
        /// `MSCluster_Resource` of type `Virtual Machine`.
        pub vm_id: Option<String>,
        /// `MSCluster_ResourceGroup.Name`.
        pub role_name: Option<String>,
        /// `Online`, `Offline`, `Failed`, `PartialOnline` or `Pending`. `MSCluster_ResourceGroup.State`.
        pub role_state: Option<String>,
        /// `MSCluster_ResourceGroup.OwnerNode`.
        pub owner_node: Option<String>,
        /// 3000 high, 2000 medium, 1000 low, 0 no automatic start. `MSCluster_ResourceGroup.Priority`.
        pub priority: Option<i64>,
        /// `MSCluster_ResourceGroup.AntiAffinityClassNames`.
        pub anti_affinity: Option<Vec<String>>,
        /// Rules that name the role. `MSCluster_AffinityRule.Name`, Windows Server 2022 and later.
        pub affinity_rules: Option<Vec<String>>,
        /// `MSCluster_ResourceGroupToPreferredNode`.
        pub preferred_owners: Option<Vec<String>>,
        /// `TurnOff`, `Save`, `ShutDown` or `ForcedShutDown`. Private property `OfflineAction`; unconfirmed.
        pub offline_action: Option<String>,
        /// A VM without heartbeat is restarted. Private property `CheckHeartbeat`; unconfirmed.
        pub vm_monitoring: Option<bool>,
        /// Registry `HKLM\Cluster\ClusterName`; unconfirmed.
        pub cluster_name: Option<String>,
    }
}
