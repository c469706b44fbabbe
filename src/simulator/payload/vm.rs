//! Collectors `baseline` and `vm`.

use serde_json::Value;

use crate::simulator::account::DNS_DOMAIN;
use crate::simulator::guest::Guest;
use crate::simulator::machine::Machine;
use crate::simulator::payload::object::{Object, each, id};
use crate::wire_object as object;

/// Msvm_VirtualSystemSettingData.SecureBootTemplateId of the two templates in use.
const WINDOWS_TEMPLATE: &str = "1734c6e8-3154-4dda-ba5f-a874cc483422";
const UEFI_CA_TEMPLATE: &str = "272e7447-90a4-4563-a4b9-8e4ab00526ce";

const NULL: Value = Value::Null;

pub fn baseline(guests: &[Guest]) -> Vec<Object> {
    each(guests, |guest| object! { id(guest); "VMId": guest.id, "Name": guest.name })
}

/// The configuration version; unknown where the configuration cannot be read.
pub fn version(guest: &Guest, machine: &Machine) -> Option<&'static str> {
    let own = guest.setup.old_version.unwrap_or(machine.windows.vm_version);
    (!guest.state.critical).then_some(own)
}

/// What the integration services say of themselves; nothing while the guest does not run.
pub fn services_state(guest: &Guest) -> &'static str {
    if guest.state.word == "Running" { guest.setup.services_state } else { "" }
}

/// Linux guests tell no version worth the name.
pub fn services_version(guest: &Guest) -> &'static str {
    match (guest.state.word == "Running", guest.linux) {
        (false, _) => "",
        (true, true) => "0.0",
        (true, false) => "10.0.20348",
    }
}

pub fn vm(guests: &[Guest], machine: &Machine) -> Vec<Object> {
    each(guests, |guest| {
        let state = guest.state;
        let setup = &guest.setup;
        let running = state.running && state.word == "Running";
        let beating = running && setup.heartbeat.starts_with("Ok");
        let generation2 = guest.generation == 2;
        let readable = |text: String| if state.critical { NULL } else { Value::from(text) };
        let guest_os = match (beating, guest.linux) {
            (false, _) => (NULL, NULL),
            (true, true) => (Value::from("Ubuntu 22.04.4 LTS"), Value::from("5.15.0-105-generic")),
            (true, false) => (Value::from("Windows Server 2022 Standard"), Value::from("10.0.20348")),
        };
        object! { id(guest);
            "VMId": guest.id,
            "Name": guest.name,
            "State": state.word,
            "EnabledState": state.enabled_state,
            "Status": state.status,
            "PrimaryOperationalStatus": state.operational_status,
            "OperationalStatus": [state.operational_status],
            "StatusDescriptions": [state.status],
            "Generation": guest.generation,
            "Version": version(guest, machine),
            "ProcessorCount": guest.processors,
            "CPUUsage": guest.cpu_usage,
            "MemoryStartup": guest.memory_startup,
            "MemoryMinimum": guest.memory_minimum,
            "MemoryMaximum": guest.memory_maximum,
            "MemoryAssigned": guest.memory_assigned,
            "MemoryDemand": guest.memory_demand,
            "DynamicMemoryEnabled": guest.dynamic_memory,
            "Uptime": guest.uptime_s,
            "CreationTime": guest.created_at,
            "Heartbeat": running.then_some(setup.heartbeat),
            "IntegrationServicesState": services_state(guest),
            "IntegrationServicesVersion": services_version(guest),
            "AutomaticStartAction": setup.start_action,
            "AutomaticStartDelay": setup.start_delay_s,
            "AutomaticStopAction": "Save",
            "IsClustered": guest.clustered,
            "Notes": guest.notes,
            "Path": readable(guest.folder.clone()),
            "ConfigurationLocation": readable(guest.folder.clone()),
            "SnapshotFileLocation": readable(guest.folder.clone()),
            "SmartPagingFilePath": readable(guest.folder.clone()),
            "ParentSnapshotName": guest.checkpoints.last().map(|checkpoint| checkpoint.name.as_str()),
            "CheckpointType": "Production",
            "ReplicationState": if guest.replicated { "Replicating" } else { "Disabled" },
            "ReplicationHealth": if guest.replicated { setup.replication_health } else { "NotApplicable" },
            "ReplicationMode": if guest.replicated { "Primary" } else { "None" },
            "NetworkAdapterCount": guest.nics.len(),
            "HardDriveCount": guest.disks.len(),
            "DvdDriveCount": setup.drives.iter().filter(|drive| drive.kind == "Dvd").count(),
            "DifferencingDriveCount": guest.disks.iter().filter(|disk| disk.path.contains(".avhd")).count(),
            "BIOSGUID": guest.bios_guid,
            "SecureBoot": generation2.then_some(if setup.secure_boot_off { "Off" } else { "On" }),
            "SecureBootTemplate": generation2
                .then_some(if guest.linux { UEFI_CA_TEMPLATE } else { WINDOWS_TEMPLATE }),
            "GuestOSName": guest_os.0,
            "GuestOSVersion": guest_os.1,
            "GuestFqdn": beating.then(|| format!("{}.{}", &guest.id[..8], DNS_DOMAIN)),
        }
    })
}
