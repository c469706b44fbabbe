//! Words of the failover cluster that several collectors meet.

/// Numbers of `MSCluster_Resource.State`.
pub const RESOURCE_STATES: [(&str, &str); 8] = [
    ("0", "Inherited"),
    ("1", "Initializing"),
    ("2", "Online"),
    ("3", "Offline"),
    ("4", "Failed"),
    ("128", "Pending"),
    ("129", "OnlinePending"),
    ("130", "OfflinePending"),
];
