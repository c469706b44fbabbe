//! Virtual machines.

use chrono::{DateTime, Utc};

crate::table! {
    /// Virtual machines: one row per VM and host. Sorted by (host, vm_id).
    pub struct Vinfo as "vinfo" ("vInfo") {
        /// The hypervisor host, as the fleet names it.
        pub host: String,
        /// The VM's id, a lower-case GUID; survives live migration. `Get-VM .VMId`.
        pub vm_id: String,
        /// When the host was asked.
        pub collected_at: DateTime<Utc>,
        /// Display name, not unique. `Get-VM .Name`.
        pub vm_name: Option<String>,
        /// `poweredOn`, `poweredOff` or `suspended`; null when the native word leads to none of them.
        pub power_state: Option<String>,
        /// The native word, `Running`, `Off`, `SavedCritical`, … `Get-VM .State`.
        pub native_state: Option<String>,
        /// `green`, `yellow`, `red` or `gray`. From the state and `Get-VM .PrimaryOperationalStatus`.
        pub config_status: Option<String>,
        /// `connected`, or `inaccessible` when the state is critical: its storage is gone.
        pub connection_state: Option<String>,
        /// `running` when the heartbeat is well, `notRunning` when off, else `unknown`.
        pub guest_state: Option<String>,
        /// `green`, `yellow`, `red` or `gray`. From the native heartbeat.
        pub heartbeat: Option<String>,
        /// The native word, null when off. `Get-VM .Heartbeat`.
        pub native_heartbeat: Option<String>,
        /// In the host's language. `Get-VM .Status`.
        pub status_text: Option<String>,
        /// `Ok`, `Degraded`, `InService`, … `Get-VM .PrimaryOperationalStatus`.
        pub primary_operational_status: Option<String>,
        /// `Get-VM .OperationalStatus`.
        pub operational_status: Option<Vec<String>>,
        /// In the host's language. `Get-VM .StatusDescriptions`.
        pub status_descriptions: Option<Vec<String>>,
        /// Disks are being merged, or a checkpoint is being applied. `Get-VM .OperationalStatus`.
        pub consolidation_needed: Option<bool>,
        /// When it was started: `collected_at` less the uptime, to the minute; null unless running.
        pub powered_on_at: Option<DateTime<Utc>>,
        /// Null unless running. `Get-VM .Uptime`.
        pub uptime_seconds: Option<i64>,
        /// `Get-VM .CreationTime`.
        pub created_at: Option<DateTime<Utc>>,
        /// Virtual processors. `Get-VM .ProcessorCount`.
        pub vcpus: Option<i64>,
        /// Share of its virtual processors in use, 0 to 100; null unless running. `Get-VM .CPUUsage`.
        pub cpu_usage_percent: Option<f64>,
        /// Configured memory. `Get-VM .MemoryStartup`.
        pub memory_startup_bytes: Option<i64>,
        /// Null without dynamic memory. `Get-VM .MemoryMinimum`.
        pub memory_minimum_bytes: Option<i64>,
        /// Null without dynamic memory, where 1 TiB is a default and no size. `Get-VM .MemoryMaximum`.
        pub memory_maximum_bytes: Option<i64>,
        /// Null when off, where the cmdlet says 0. `Get-VM .MemoryAssigned`.
        pub memory_assigned_bytes: Option<i64>,
        /// Null when off or not told, where the cmdlet says 0. `Get-VM .MemoryDemand`.
        pub memory_demand_bytes: Option<i64>,
        /// `Get-VM .DynamicMemoryEnabled`.
        pub dynamic_memory_enabled: Option<bool>,
        /// Network adapters. Count of `Get-VM .NetworkAdapters`.
        pub nics: Option<i64>,
        /// Hard drives. Count of `Get-VM .HardDrives`.
        pub disks: Option<i64>,
        /// Count of `Get-VM .DVDDrives`.
        pub dvd_drives: Option<i64>,
        /// Made highly available in a cluster. `Get-VM .IsClustered`.
        pub is_clustered: Option<bool>,
        /// `Nothing`, `StartIfRunning` or `Start`. `Get-VM .AutomaticStartAction`.
        pub automatic_start_action: Option<String>,
        /// `Get-VM .AutomaticStartDelay`.
        pub automatic_start_delay_seconds: Option<i64>,
        /// `Save`, `TurnOff` or `ShutDown`. `Get-VM .AutomaticStopAction`.
        pub automatic_stop_action: Option<String>,
        /// 1 or 2; null on Windows Server 2012, which knows one only. `Get-VM .Generation`.
        pub generation: Option<i64>,
        /// `bios` for generation 1, `efi` for generation 2.
        pub firmware: Option<String>,
        /// Null for generation 1. `Msvm_VirtualSystemSettingData.SecureBootEnabled`; unconfirmed.
        pub secure_boot_enabled: Option<bool>,
        /// `MicrosoftWindows`, `MicrosoftUEFICertificateAuthority`, … or the template's id.
        /// `Msvm_VirtualSystemSettingData.SecureBootTemplateId`; unconfirmed.
        pub secure_boot_template: Option<String>,
        /// Configuration version, `9.0`. `Get-VM .Version`.
        pub configuration_version: Option<String>,
        /// `Get-VM .Path`.
        pub path: Option<String>,
        /// `Get-VM .ConfigurationLocation`.
        pub configuration_location: Option<String>,
        /// `Get-VM .SnapshotFileLocation`.
        pub checkpoint_directory: Option<String>,
        /// `Get-VM .SmartPagingFilePath`.
        pub smart_paging_directory: Option<String>,
        /// As written by people: may hold line breaks and control characters. `Get-VM .Notes`.
        pub notes: Option<String>,
        /// Told by the guest. Item `OSName` of `Msvm_KvpExchangeComponent.GuestIntrinsicExchangeItems`.
        pub guest_os_name: Option<String>,
        /// Told by the guest. KVP item `OSVersion`.
        pub guest_os_version: Option<String>,
        /// Told by the guest. KVP item `FullyQualifiedDomainName`.
        pub guest_fqdn: Option<String>,
        /// In the host's language; null when the host says nothing. `Get-VM .IntegrationServicesState`.
        pub integration_services_state: Option<String>,
        /// Null when empty or `0.0`. `Get-VM .IntegrationServicesVersion`.
        pub integration_services_version: Option<String>,
        /// Lower-case, without braces. `Msvm_VirtualSystemSettingData.BIOSGUID`.
        pub smbios_uuid: Option<String>,
        /// The checkpoint the VM runs on. `Get-VM .ParentSnapshotName`.
        pub parent_checkpoint_name: Option<String>,
        /// `Disabled`, `Production`, `ProductionOnly` or `Standard`. `Get-VM .CheckpointType`.
        pub checkpoint_type: Option<String>,
        /// `Get-VM .ReplicationState`; its numbers differ between module versions, its words do not.
        pub replication_state: Option<String>,
        /// `Get-VM .ReplicationHealth`.
        pub replication_health: Option<String>,
        /// `Get-VM .ReplicationMode`.
        pub replication_mode: Option<String>,
        /// For the tab, which is not to be blank: `provisioned_bytes`, which the last committed run fills
        /// where a disk does not tell its size.
        pub provisioned_shown_bytes: Option<i64>,
        /// For the tab, which is not to be blank: `in_use_bytes`, else `provisioned_shown_bytes`; `in_use_source` says
        /// which.
        pub in_use_shown_bytes: Option<i64>,
    }
}
