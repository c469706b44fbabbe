//! Failover clusters.

use chrono::{DateTime, Utc};

crate::table! {
    /// Failover clusters. Every node tells its own; the census publishes each cluster once. Sorted by (host, cluster_name).
    pub struct Vcluster as "vcluster" ("vCluster") {
        /// The node that told it, as the fleet names it.
        pub host: String,
        /// When the host was asked.
        pub collected_at: DateTime<Utc>,
        /// `MSCluster_Cluster.Name`.
        pub cluster_name: Option<String>,
        /// Lower-case. `MSCluster_Cluster.Fqdn`.
        pub cluster_fqdn: Option<String>,
        /// 9 for Windows Server 2016, 10 for 2019, 11 for 2022, 12 for 2025. `MSCluster_Cluster.ClusterFunctionalLevel`.
        pub functional_level: Option<i64>,
        /// Sorted. `MSCluster_Node.Name`.
        pub node_names: Option<Vec<String>>,
        /// `hv01=Up`: `Up`, `Down`, `Paused` or `Joining`, in the order of the names. `MSCluster_Node.State`.
        pub node_states: Option<Vec<String>>,
        /// `MSCluster_Cluster.QuorumType`.
        pub quorum_type: Option<String>,
        /// Null without a witness. `MSCluster_ClusterToQuorumResource`; unconfirmed.
        pub witness_name: Option<String>,
        /// `Online`, `Offline`, `Failed`, … `MSCluster_Resource.State`.
        pub witness_state: Option<String>,
        /// 0 never, 1 when a node joins, 2 always. `MSCluster_Cluster.AutoBalancerMode`, Windows Server 2016 and later.
        pub balancer_mode: Option<i64>,
        /// 1 low, 2 medium, 3 high. `MSCluster_Cluster.AutoBalancerLevel`.
        pub balancer_level: Option<i64>,
        /// Storage Spaces Direct. `MSCluster_Cluster.S2DEnabled`; unconfirmed.
        pub s2d_enabled: Option<bool>,
        /// `green`, `yellow` or `red`. Completed by the census.
        pub config_status: Option<String>,
        /// All nodes. Completed by the census.
        pub nodes: Option<i64>,
        /// Nodes that are up. Completed by the census.
        pub effective_nodes: Option<i64>,
        /// Cores times clock, over all nodes. Completed by the census.
        pub total_cpu_mhz: Option<i64>,
        /// Of all nodes. Completed by the census.
        pub cores: Option<i64>,
        /// Logical processors of all nodes. Completed by the census.
        pub threads: Option<i64>,
        /// Cores times clock, over the nodes that are up. Completed by the census.
        pub effective_cpu_mhz: Option<i64>,
        /// Of all nodes. Completed by the census.
        pub memory_bytes: Option<i64>,
        /// Of the nodes that are up. Completed by the census.
        pub effective_memory_bytes: Option<i64>,
        /// A failover cluster restarts its roles. Completed by the census.
        pub ha_enabled: Option<bool>,
        /// Nodes that may fail. Completed by the census.
        pub failover_level: Option<i64>,
        /// The balancer is not off. Completed by the census.
        pub drs_enabled: Option<bool>,
        /// The balancer's level in words. Completed by the census.
        pub drs_behavior: Option<String>,
        /// Stable between runs. Completed by the census.
        pub object_id: Option<String>,
        /// What was asked: the cluster's name. Completed by the census.
        pub sdk_server: Option<String>,
        /// UUIDv5 of that name. Completed by the census.
        pub sdk_uuid: Option<String>,
        /// The site label of the configuration. Completed by the census.
        pub site: Option<String>,
    }
    sheet {
        "Name" (cluster_name)
        "Config status" (config_status)
        "OverallStatus" (config_status)
        "NumHosts" (nodes)
        "numEffectiveHosts" (effective_nodes)
        "TotalCpu" (total_cpu_mhz)
        "NumCpuCores" (cores)
        "NumCpuThreads" (threads)
        "Effective Cpu" (effective_cpu_mhz)
        "TotalMemory" (memory_bytes in Mib)
        "Effective Memory" (effective_memory_bytes in Mib)
        "Num VMotions" ()
        "HA enabled" (ha_enabled)
        "Failover Level" (failover_level)
        "AdmissionControlEnabled" ()
        "Host monitoring" ()
        "HB Datastore Candidate Policy" ()
        "Isolation Response" ()
        "Restart Priority" ()
        "Cluster Settings" ()
        "Max Failures" ()
        "Max Failure Window" ()
        "Failure Interval" ()
        "Min Up Time" ()
        "VM Monitoring" ()
        "DRS enabled" (drs_enabled)
        "DRS default VM behavior" (drs_behavior)
        "DRS vmotion rate" ()
        "DPM enabled" ()
        "DPM default behavior" ()
        "DPM Host Power Action Rate" ()
        "Object ID" (object_id)
        "VI SDK Server" (sdk_server)
        "VI SDK UUID" (sdk_uuid)
    }
}
