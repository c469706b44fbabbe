//! Integration services of virtual machines.

use chrono::{DateTime, Utc};

crate::table! {
    /// Integration services of virtual machines: one row per VM and host. Sorted by (host, vm_id).
    pub struct Vtools as "vtools" ("vTools") {
        /// The hypervisor host, as the fleet names it.
        pub host: String,
        /// The VM's id, a lower-case GUID. `Get-VM .VMId`.
        pub vm_id: String,
        /// When the host was asked.
        pub collected_at: DateTime<Utc>,
        /// Display name, not unique; the id where it is empty. `Get-VM .Name`.
        pub vm_name: Option<String>,
        /// `toolsOk`, `toolsOld`, `toolsNotRunning` or `toolsNotInstalled`, from the state, the heartbeat and the data
        /// exchange; null when they tell too little. `Get-VM .Heartbeat`, `Get-VMIntegrationService`.
        pub tools_status: Option<String>,
        /// Null when empty or `0.0`. `Get-VM .IntegrationServicesVersion`.
        pub tools_version: Option<String>,
        /// The version that the host brings. From `vhost`; unconfirmed.
        pub required_version: Option<String>,
        /// They are `toolsOld`; later guests are kept up to date by Windows Update.
        pub upgradeable: Option<bool>,
        /// The time synchronization service is enabled. `Get-VMIntegrationService .Enabled`.
        pub sync_time: Option<bool>,
        /// `green`, `red` or `gray`: what the guest says of its applications. From `Get-VM .Heartbeat`.
        pub app_status: Option<String>,
        /// `green`, `yellow`, `red` or `gray`, as `vinfo.heartbeat`. From `Get-VM .Heartbeat`.
        pub heartbeat_status: Option<String>,
        /// Configuration version, `9.0`. `Get-VM .Version`.
        pub configuration_version: Option<String>,
        /// The data exchange service is enabled. `Get-VMIntegrationService .Enabled`.
        pub kvp_enabled: Option<bool>,
        /// The shutdown service is enabled. `Get-VMIntegrationService .Enabled`.
        pub shutdown_enabled: Option<bool>,
        /// The volume shadow copy service is enabled. `Get-VMIntegrationService .Enabled`.
        pub backup_enabled: Option<bool>,
        /// The guest service interface is enabled, Windows Server 2012 R2 and later. `Get-VMIntegrationService .Enabled`.
        pub guest_service_enabled: Option<bool>,
        /// The heartbeat service is enabled. `Get-VMIntegrationService .Enabled`.
        pub heartbeat_enabled: Option<bool>,
        /// `Ok`, `NoContact`, … of the data exchange. `Get-VMIntegrationService .PrimaryOperationalStatus`.
        pub kvp_status: Option<String>,
        /// `Ok`, `NoContact`, … of the heartbeat. `Get-VMIntegrationService .PrimaryOperationalStatus`.
        pub heartbeat_service_status: Option<String>,
        /// In the host's language; null when the host says nothing. `Get-VM .IntegrationServicesState`.
        pub services_state: Option<String>,
    }
    sheet {
        "VM" (vm_name)
        "Powerstate" (vm.power_state_shown)
        "Template" ("False")
        "SRM Placeholder" ("False")
        "VM Version" (configuration_version)
        "Tools" (tools_status)
        "Tools Version" (tools_version)
        "Required Version" (required_version)
        "Upgradeable" (upgradeable in YesNo)
        "Upgrade Policy" ()
        "Sync time" (sync_time)
        "App status" (app_status)
        "Heartbeat status" (heartbeat_status)
        "Kernel Crash state" ()
        "Operation Ready" ()
        "State change support" ()
        "Interactive Guest" ()
        "Annotation" (vm.notes)
        "Datacenter" (place.Datacenter)
        "Cluster" (place.Cluster)
        "Host" (host)
        "Folder" ()
        "OS according to the configuration file" (vm.os_configured)
        "OS according to the VMware Tools" (vm.guest_os_name)
        "VMRef" ()
        "VM ID" (vm_id)
        "VM UUID" (vm_id)
        "VI SDK Server" (place.SdkServer)
        "VI SDK UUID" (place.SdkUuid)
    }
}
