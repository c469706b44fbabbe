//! What is not as it should be.

crate::table! {
    /// Health findings: one row per finding. Of each host its own findings, then those of its VMs in
    /// VM order, then those of its files; clusters and datastores stand behind all hosts.
    /// `lustrum schema health` lists the checks.
    pub struct Vhealth as "vhealth" ("vHealth") {
        /// The hypervisor host, as the fleet names it; null for a cluster, and for what several hosts share.
        pub host: Option<String>,
        /// The VM's id, a lower-case GUID; null when the finding is not about a VM.
        pub vm_id: Option<String>,
        /// What the finding is about: a VM, a host, a cluster, a datastore, or the path of a file.
        pub name: String,
        /// The finding in a sentence, as RVTools words it where RVTools has the check; instants in UTC.
        pub message: String,
        /// RVTools' word for the kind of finding, `Snapshot`; a word of ours where RVTools has no such check.
        pub message_type: String,
        /// The check's word, stable between versions: `checkpoint_active`.
        pub check: String,
        /// `info`, `warning` or `critical`.
        pub severity: String,
        /// The cluster's name, or the host's when it stands alone.
        pub sdk_server: Option<String>,
        /// UUIDv5 of that name.
        pub sdk_uuid: Option<String>,
    }
    sheet {
        "Name" (name)
        "Message" (message)
        "Message type" (message_type)
        "VI SDK Server" (sdk_server)
        "VI SDK UUID" (sdk_uuid)
    }
}
