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
        /// Display name, not unique; the id where it is empty. `Get-VM .Name`.
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
        /// Disks are being merged, a checkpoint is being applied, or a drive runs on an `.avhdx` while the VM
        /// runs on no checkpoint. `Get-VM .OperationalStatus`, `.ParentSnapshotName`, `.HardDrives.Path`; unconfirmed.
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
        /// What the tab shows, never null: `power_state`; where that is unknown `poweredOff` if
        /// `Msvm_ComputerSystem .EnabledState` says off (3), else `suspended`, with `config_status` yellow.
        pub power_state_shown: Option<String>,
        /// Started with the host: `automatic_start_action` is not `Nothing`.
        pub boot_required: Option<bool>,
        /// The file under `configuration_location`, `Virtual Machines\\<ID>.vmcx`, or `.xml` below version 6;
        /// unconfirmed.
        pub configuration_file: Option<String>,
        /// What the tab shows, never null: `firmware`; where the generation is unknown `efi` if Secure Boot
        /// is told of, else `bios`.
        pub firmware_shown: Option<String>,
        /// Monitors of the virtual video adapter. Null: no cmdlet tells it.
        pub video_monitors: Option<i64>,
        /// Memory of the virtual video adapter. Null: no cmdlet tells it.
        pub video_ram_kib: Option<i64>,
        /// The site label of the configuration.
        pub site: Option<String>,
        /// The cluster's name, or the host's own when it stands alone.
        pub cluster: Option<String>,
        /// The guest's system: as the guest tells it, as it told it in an earlier run, or as the Secure Boot
        /// template suggests. Hyper-V configures no guest system.
        pub os_configured: Option<String>,
        /// Where `os_configured` comes from: `guest`, `history`, `secure_boot_template` or `none`.
        pub os_source: Option<String>,
        /// Sum of `vdisk.capacity_bytes`; null when one of them is unknown.
        pub total_disk_bytes: Option<i64>,
        /// Sum of the disks' capacities, without memory: what a copy of the disks needs at most.
        pub provisioned_bytes: Option<i64>,
        /// Where `provisioned_bytes` comes from: `vhd`, or `history` when a disk could not be read.
        pub provisioned_source: Option<String>,
        /// Sum of `vdisk.chain_file_bytes`: files of all chains, parents included.
        pub in_use_bytes: Option<i64>,
        /// Where `in_use_bytes` comes from: `vhd`, `provisioned` or `history`.
        pub in_use_source: Option<String>,
        /// What the tab shows of `provisioned_bytes`.
        pub provisioned_shown_bytes: Option<i64>,
        /// What the tab shows: `in_use_bytes`, or what is provisioned where that is unknown: it cannot be more.
        pub in_use_shown_bytes: Option<i64>,
        /// Sum of `vdisk.own_file_bytes`: files that no other VM of the host refers to.
        pub unshared_bytes: Option<i64>,
        /// Some disk of it has `vdisk.change_tracking_enabled`.
        pub change_tracking_enabled: Option<bool>,
        /// The first IPv4 address of `vnetwork` that is not link-local, in adapter order.
        pub primary_ip: Option<String>,
        /// Networks in adapter order, `<switch>` or `<switch>:vlan<id>`.
        pub networks: Option<Vec<String>>,
        /// Number 1 of `networks`.
        pub network_1: Option<String>,
        /// Number 2 of `networks`.
        pub network_2: Option<String>,
        /// Number 3 of `networks`.
        pub network_3: Option<String>,
        /// Number 4 of `networks`.
        pub network_4: Option<String>,
        /// Number 5 of `networks`.
        pub network_5: Option<String>,
        /// Number 6 of `networks`.
        pub network_6: Option<String>,
        /// Number 7 of `networks`.
        pub network_7: Option<String>,
        /// Number 8 of `networks`.
        pub network_8: Option<String>,
        /// `high`, `medium`, `low` or `disabled`. From `vrole.priority`, `Get-ClusterGroup .Priority`.
        pub ha_restart_priority: Option<String>,
        /// Whether the cluster watches the guest's heartbeat. From `vrole.vm_monitoring`; unconfirmed.
        pub ha_vm_monitoring: Option<String>,
        /// What happens to the VM when its role goes offline. From `vrole.offline_action`; unconfirmed.
        pub ha_isolation_response: Option<String>,
        /// Kinds of the cluster rules that name the VM. From `vrole`; unconfirmed.
        pub cluster_rules: Option<String>,
        /// Names of those rules. From `vrole.anti_affinity` and `vrole.affinity_rules`; unconfirmed.
        pub cluster_rule_names: Option<String>,
        /// What was asked: the cluster's name, or the host's when it stands alone.
        pub sdk_server: Option<String>,
        /// UUIDv5 of `sdk_server`, the same in every run.
        pub sdk_uuid: Option<String>,
        /// `Microsoft Hyper-V`.
        pub sdk_server_type: Option<String>,
        /// The build of the host's Windows. From `vhost`.
        pub sdk_api_version: Option<String>,
        /// `configuration_version` against the highest that the host supports, `vhost.hyperv_version_maximum`.
        pub hw_upgrade_status: Option<String>,
    }
    sheet {
        "VM" (vm_name)
        "Powerstate" (power_state_shown)
        "Template" ("False")
        "SRM Placeholder" ("False")
        "Config status" (config_status)
        "DNS Name" (guest_fqdn)
        "Connection state" (connection_state)
        "Guest state" (guest_state)
        "Heartbeat" (heartbeat)
        "Consolidation Needed" (consolidation_needed)
        "PowerOn" (powered_on_at)
        "Suspended To Memory" ()
        "Suspend time" ()
        "Suspend Interval" ()
        "Creation date" (created_at)
        "Change Version" ()
        "CPUs" (vcpus)
        "Overall Cpu Readiness" ()
        "Memory" (memory_startup_bytes in Mib)
        "Active Memory" (memory_demand_bytes in Mib)
        "NICs" (nics)
        "Disks" (disks)
        "Total disk capacity MiB" (total_disk_bytes in Mib)
        "Fixed Passthru HotPlug" ()
        "min Required EVC Mode Key" ()
        "Latency Sensitivity" ()
        "Op Notification Timeout" ()
        "EnableUUID" ()
        "CBT" (change_tracking_enabled)
        "Primary IP Address" (primary_ip)
        "Network #1" (network_1)
        "Network #2" (network_2)
        "Network #3" (network_3)
        "Network #4" (network_4)
        "Network #5" (network_5)
        "Network #6" (network_6)
        "Network #7" (network_7)
        "Network #8" (network_8)
        "Num Monitors" (video_monitors)
        "Video Ram KiB" (video_ram_kib)
        "Resource pool" ()
        "Folder ID" ()
        "Folder" ()
        "vApp" ()
        "DAS protection" (is_clustered)
        "FT State" ("notConfigured")
        "FT Role" ()
        "FT Latency" ()
        "FT Bandwidth" ()
        "FT Sec. Latency" ()
        "Vm Failover In Progress" ()
        "Provisioned MiB" (provisioned_shown_bytes in Mib)
        "In Use MiB" (in_use_shown_bytes in Mib)
        "Unshared MiB" (unshared_bytes in Mib)
        "HA Restart Priority" (ha_restart_priority)
        "HA Isolation Response" (ha_isolation_response)
        "HA VM Monitoring" (ha_vm_monitoring)
        "Cluster rule(s)" (cluster_rules)
        "Cluster rule name(s)" (cluster_rule_names)
        "Boot Required" (boot_required)
        "Boot delay" (automatic_start_delay_seconds in Milliseconds)
        "Boot retry delay" ()
        "Boot retry enabled" ()
        "Boot BIOS setup" ()
        "Reboot PowerOff" ()
        "EFI Secure boot" (secure_boot_enabled)
        "Firmware" (firmware_shown)
        "HW version" (configuration_version)
        "HW upgrade status" (hw_upgrade_status)
        "HW upgrade policy" ()
        "HW target" ()
        "Path" (configuration_file)
        "Log directory" ()
        "Snapshot directory" (checkpoint_directory)
        "Suspend directory" (smart_paging_directory)
        "Annotation" (notes)
        "Datacenter" (place.Datacenter)
        "Cluster" (place.Cluster)
        "Host" (host)
        "OS according to the configuration file" (os_configured)
        "OS according to the VMware Tools" (os_configured)
        "Customization Info" ()
        "Guest Detailed Data" ()
        "VM ID" (vm_id)
        "SMBIOS UUID" (smbios_uuid)
        "VM UUID" (vm_id)
        "VI SDK Server type" (sdk_server_type)
        "VI SDK API Version" (sdk_api_version)
        "VI SDK Server" (place.SdkServer)
        "VI SDK UUID" (place.SdkUuid)
    }
}
