//! Disk and configuration files on VM volumes.

use chrono::{DateTime, Utc};

crate::table! {
    /// Disk and configuration files in the VM folders of local volumes and on the cluster shared volumes a node owns.
    /// Sorted by (host, path).
    pub struct Vfile as "vfile" ("vFile") {
        /// The hypervisor host that listed it, as the fleet names it.
        pub host: String,
        /// When the host was asked.
        pub collected_at: DateTime<Utc>,
        /// `System.IO.FileInfo.FullName`.
        pub path: Option<String>,
        /// Lower-case extension: `vhdx`, `vhd`, `avhdx`, `avhd`, `vhds`, `vmcx` or `iso`.
        pub file_kind: Option<String>,
        /// `System.IO.FileInfo.Length`.
        pub size_bytes: Option<i64>,
        /// `System.IO.FileInfo.LastWriteTimeUtc`.
        pub modified_at: Option<DateTime<Utc>>,
        /// Mount point of its volume, `C:\ClusterStorage\Volume1` or `D:\`.
        pub volume_path: Option<String>,
        /// Null for a local volume. Registry `HKLM\Cluster\ClusterName`; unconfirmed.
        pub cluster_name: Option<String>,
    }
}
