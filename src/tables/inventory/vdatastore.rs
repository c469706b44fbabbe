//! Where VM files lie.

use chrono::{DateTime, Utc};

crate::table! {
    /// Volumes and shares that hold VM files. Each node tells what it sees; the census publishes a cluster shared
    /// volume once per cluster. Sorted by (host, path).
    pub struct Vdatastore as "vdatastore" ("vDatastore") {
        /// The hypervisor host that told it, as the fleet names it.
        pub host: String,
        /// When the host was asked.
        pub collected_at: DateTime<Utc>,
        /// Folder of a cluster shared volume, label or mount point of a local one, the share.
        pub datastore_name: Option<String>,
        /// `csv`, `local` or `smb`.
        pub kind: Option<String>,
        /// Lower-case GUID; null for a share. `MSCluster_ClusterSharedVolume.VolumeName`, `Win32_Volume.DeviceID`.
        pub volume_id: Option<String>,
        /// `C:\ClusterStorage\Volume1`, `D:\`, `\\server\share`. `MSCluster_ClusterSharedVolume.Name`, `Win32_Volume.Name`.
        pub path: Option<String>,
        /// `CSV-NTFS`, `CSVFS_ReFS`, `NTFS`, `ReFS`, `SMB`. `MSFT_Volume.FileSystemType`, else
        /// `Win32_Volume.FileSystem`; unconfirmed.
        pub filesystem_type: Option<String>,
        /// Null for a share, which the host's logon may not ask. `Win32_Volume.Capacity`.
        pub capacity_bytes: Option<i64>,
        /// Null for a share. `Win32_Volume.FreeSpace`.
        pub free_bytes: Option<i64>,
        /// The node that coordinates a cluster shared volume. `MSCluster_Resource.OwnerNode`.
        pub owner_node: Option<String>,
        /// `Online`, `Offline`, `Failed`, `Pending`, `NoAccess`, … `MSCluster_Resource.State` and
        /// `MSCluster_ClusterSharedVolume.FaultState`; `Online` for a local volume.
        pub state: Option<String>,
        /// Its state is `Online`; null where no state is known.
        pub accessible: Option<bool>,
        /// Access goes through the owner. `MSCluster_ClusterSharedVolume.FaultState`, bit 1; unconfirmed.
        pub redirected_access: Option<bool>,
        /// `MSCluster_ClusterSharedVolume.FaultState`, bit 4; unconfirmed.
        pub in_maintenance: Option<bool>,
        /// Allocation unit. `Win32_Volume.BlockSize`.
        pub block_size_bytes: Option<i64>,
        /// Null for what belongs to one host, and for shares. Registry `HKLM\Cluster\ClusterName`; unconfirmed.
        pub cluster_name: Option<String>,
        /// `green`, `yellow` or `red`. Completed by the census.
        pub config_status: Option<String>,
        /// Virtual machines with files on it. Completed by the census.
        pub vms_total: Option<i64>,
        /// Powered-on virtual machines with files on it. Completed by the census.
        pub vms: Option<i64>,
        /// Capacity of the disks on it. Completed by the census.
        pub provisioned_bytes: Option<i64>,
        /// Capacity less free space. Completed by the census.
        pub in_use_bytes: Option<i64>,
        /// Free space over capacity, 0 to 100. Completed by the census.
        pub free_percent: Option<f64>,
        /// Hosts that see it. Completed by the census.
        pub hosts: Option<i64>,
        /// Hosts that see it. Completed by the census.
        pub host_names: Option<Vec<String>>,
        /// Stable between runs. Completed by the census.
        pub object_id: Option<String>,
        /// What was asked: the cluster's name, or the host's. Completed by the census.
        pub sdk_server: Option<String>,
        /// UUIDv5 of that name. Completed by the census.
        pub sdk_uuid: Option<String>,
        /// The site label of the configuration. Completed by the census.
        pub site: Option<String>,
    }
    sheet {
        "Name" (datastore_name)
        "Config status" (config_status)
        "Address" ()
        "Accessible" (accessible)
        "Type" (filesystem_type)
        "# VMs total" (vms_total)
        "# VMs" (vms)
        "Capacity MiB" (capacity_bytes in Mib)
        "Provisioned MiB" (provisioned_bytes in Mib)
        "In Use MiB" (in_use_bytes in Mib)
        "Free MiB" (free_bytes in Mib)
        "Free %" (free_percent)
        "SIOC enabled" ()
        "SIOC Threshold" ()
        "# Hosts" (hosts)
        "Hosts" (host_names)
        "Cluster name" (cluster_name)
        "Cluster capacity MiB" ()
        "Cluster free space MiB" ()
        "Block size" ()
        "Max Blocks" ()
        "# Extents" ()
        "Major Version" ()
        "Version" ()
        "VMFS Upgradeable" ()
        "MHA" ()
        "URL" (path)
        "Object ID" (object_id)
        "VI SDK Server" (sdk_server)
        "VI SDK UUID" (sdk_uuid)
    }
}
