//! The catalogue of checks: of each its word, its RVTools type, how bad it is, what it means.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Good to know.
    Info,
    /// To be looked at.
    Warning,
    /// Something does not work, or is about to stop.
    Critical,
}

impl Severity {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// Declares a check in one place: `Name "word" "Message type" Severity (number in RVTools'
/// list) [keys of its thresholds in `[health]`]`.
macro_rules! checks {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident $word:literal $message_type:literal $severity:ident ($($rvtools:literal)?) [$($key:literal),*]
    )+) => {
        /// A check, in the order in which a VM's or host's findings are listed.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
        )]
        pub enum Check {
            $($(#[doc = $doc])+ #[serde(rename = $word)] $name,)+
        }

        impl Check {
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The word in data and in `health.disable`; it never changes.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }

            /// RVTools' `Message type`, or a new one where RVTools has no such check.
            pub const fn message_type(self) -> &'static str {
                match self {
                    $(Self::$name => $message_type,)+
                }
            }

            pub const fn severity(self) -> Severity {
                match self {
                    $(Self::$name => Severity::$severity,)+
                }
            }

            /// Its number in RVTools' list of 24; none for a check of Hyper-V's own.
            pub fn rvtools(self) -> Option<u8> {
                let number: &[u8] = match self {
                    $(Self::$name => &[$($rvtools)?],)+
                };
                number.first().copied()
            }

            /// The settings in `[health]` that move it.
            pub const fn settings(self) -> &'static [&'static str] {
                match self {
                    $(Self::$name => &[$($key),*],)+
                }
            }

            /// When it fires, and what it reads.
            pub const fn doc(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($doc),+),)+
                }
            }
        }
    };
}

checks! {
    /// The cluster node is down, paused, isolated or quarantined, VMMS does not run, or the host's configuration
    /// status is yellow or red for another reason.
    /// `vhost.cluster_node_state`, `.vmms_running`, `.config_status`.
    HostConfig "host_config" "Host config" Critical (16) []
    /// Time is to be taken from a named server and none is named, or it is taken from no source at all.
    /// `vhost.ntp_source`, `.ntp_server`.
    NtpServer "ntp_server" "NTP" Warning (17) []
    /// The time service W32Time does not run. `vhost.w32time_running`.
    NtpService "ntp_service" "NTPD" Warning (17) []
    /// Virtual processors of running VMs per core: more than the threshold. `vinfo.vcpus`, `vhost.cores`.
    VcpusPerCore "vcpus_per_core" "vCPU per core" Warning (7) ["vcpus-per-core"]
    /// WinRM accepts Basic authentication. `vhost.winrm_basic_enabled`.
    WinrmBasic "winrm_basic" "WinRM Basic" Warning (20) []
    /// WinRM accepts messages in clear. `vhost.winrm_unencrypted_allowed`.
    WinrmUnencrypted "winrm_unencrypted" "WinRM unencrypted" Critical (21) []
    /// WinRM listens on HTTP; messages may still be sealed. `vhost.winrm_http_listener`.
    WinrmHttp "winrm_http" "WinRM HTTP" Info (21) []
    /// The certificate of the WinRM HTTPS listener ends within the threshold, that day included, or has ended.
    /// `vhost.certificate_expires_at`.
    Certificate "certificate" "Certificate" Warning (24) ["certificate-days"]
    /// A host that answered could not list its volumes or the files on them: collector `vdatastore` or `vfile`.
    DatastoreSearch "datastore_search" "Search datastore" Warning (14) []
    /// A DVD drive of the VM holds a medium. `vcd.drive_kind`, `.connected`.
    CdromConnected "cdrom_connected" "CDROM" Info (1) []
    /// A floppy drive of the VM holds a medium. `vcd.drive_kind`, `.connected`.
    FloppyConnected "floppy_connected" "Floppy" Info (2) []
    /// The VM has a checkpoint; restore points of backups and of replica do not count.
    /// `vsnapshot.checkpoint_type`.
    CheckpointActive "checkpoint_active" "Snapshot" Warning (3) []
    /// Such a checkpoint is older than the threshold. `vsnapshot.created_at`.
    CheckpointOld "checkpoint_old" "Snapshot age" Warning () ["checkpoint-days"]
    /// Integration services of a running VM are out of date, silent or absent. `vtools.tools_status`.
    VmTools "vm_tools" "VM Tools" Warning (4) []
    /// The VM's own folder is not named like the VM, whatever the case; a folder that is the host's default, a
    /// volume's root or shared by VMs is nobody's own. `vinfo.path`, `vhost.vm_directory`.
    FolderName "folder_name" "Foldername" Info (11) []
    /// Disks are being merged, or a VM without checkpoints runs on a differencing `.avhd(x)` file.
    /// `vinfo.consolidation_needed`, `vdisk.path`, `vsnapshot`.
    Consolidation "consolidation" "Consolidation" Warning (13) []
    /// The VM's state is critical, its operational status says failure or degradation, or its configuration
    /// status is red. `vinfo.native_state`, `.primary_operational_status`, `.config_status`.
    VmConfig "vm_config" "VM config" Critical (15) []
    /// Hyper-V Replica says `Warning` or `Critical`. `vinfo.replication_health`.
    ReplicationHealth "replication_health" "Replication health" Critical () []
    /// The VM's configuration version is below the highest its host supports.
    /// `vinfo.configuration_version`, `vhost.hyperv_version_maximum`.
    VmVersionOld "vm_version_old" "VM version" Info () []
    /// Another VM of the fleet has the same name, whatever the case; replicas do not count. `vinfo.vm_name`.
    DuplicateName "duplicate_name" "Duplicate name" Info () []
    /// Another adapter at the same site has the same MAC address, and a host gave one of them; replicas do not
    /// count. `vnetwork.mac_address`, `.mac_type`.
    MacClash "mac_clash" "MAC clash" Critical () []
    /// A VM of generation 2 starts without Secure Boot. `vinfo.secure_boot_enabled`.
    SecureBootOff "secure_boot_off" "Secure Boot" Warning () []
    /// A running VM that no cluster restarts stays off when its host restarts. `vinfo.automatic_start_action`,
    /// `.is_clustered`.
    StartActionNothing "start_action_nothing" "Start action" Info () []
    /// A running VM with more disks and more capacity than the thresholds on fewer than two SCSI controllers; or
    /// one of generation 1 with a disk beside the first on IDE. `vdisk.controller_type`, `.capacity_bytes`.
    DiskTip "disk_tip" "Performance tip" Info (22) ["disk-tip-disks", "disk-tip-size"]
    /// A running VM with at least so many virtual processors has dynamic memory, or more processors than one
    /// virtual NUMA node holds on a host that spans nodes. `vinfo.dynamic_memory_enabled`, `vhost.numa_spanning_enabled`.
    MemoryTip "memory_tip" "Performance tip" Info (23) ["memory-tip-vcpus"]
    /// A virtual disk on a VM volume to which no VM of the cluster (or of the standalone host) refers; only when
    /// every node was collected whole. `vfile.path`.
    ZombieDisk "zombie_disk" "Zombie" Warning (9) []
    /// A VM configuration on a VM volume that no node of the cluster (or the standalone host) knows; only when
    /// every node was collected whole. `vfile.path`.
    ZombieVm "zombie_vm" "Zombie" Warning (10) []
    /// A node is down, paused, isolated or quarantined, or the quorum witness is offline or failed.
    /// `vcluster.node_states`, `.witness_state`.
    ClusterConfig "cluster_config" "Cluster config" Critical (18) []
    /// Nodes run different builds of Windows, or the functional level is below what the build of every node can do
    /// (9, 10, 11, 12 for Windows Server 2016, 2019, 2022, 2025). `vcluster.functional_level`, `vhost.os_build`.
    ClusterLevel "cluster_level" "Cluster config" Info (18) []
    /// Free space is below the threshold. `vdatastore.free_bytes`, `.capacity_bytes`.
    DatastoreFree "datastore_free" "Storage" Critical (6) ["datastore-free-percent"]
    /// More running VMs than the threshold have a disk on the datastore. `vdisk.path`, `vinfo.power_state`.
    VmsPerDatastore "vms_per_datastore" "VMs per datastore" Warning (8) ["vms-per-datastore"]
    /// The datastore cannot be used, is offline, failed or degraded, in maintenance, or reached by redirected access.
    /// `vdatastore.accessible`, `.state`, `.in_maintenance`, `.redirected_access`.
    DatastoreConfig "datastore_config" "Datastore config" Critical (19) []
}
