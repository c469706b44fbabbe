//! What each collector finds on a simulated host: JSON objects with the cmdlets' names.

use serde_json::Value;

use crate::simulator::guest::{Guest, MIB};
use crate::simulator::machine::{GIB, Machine};

/// One object of a payload: its JSON, and the VM it tells of.
#[derive(Debug)]
pub struct Object {
    pub json: String,
    pub vm_id: Option<String>,
}

/// Writes one flat object. The order is the contract's, for people who read along.
macro_rules! object {
    ($vm_id:expr; $($name:literal: $value:expr),+ $(,)?) => {{
        let mut json = String::with_capacity(512);
        $(
            json.push(if json.is_empty() { '{' } else { ',' });
            json.push_str(concat!("\"", $name, "\":"));
            json.push_str(&serde_json::to_string(&$value).expect("plain values are JSON"));
        )+
        json.push('}');
        Object { json, vm_id: $vm_id }
    }};
}

/// Msvm_VirtualSystemSettingData.SecureBootTemplateId of the two templates in use.
const WINDOWS_TEMPLATE: &str = "1734c6e8-3154-4dda-ba5f-a874cc483422";
const UEFI_CA_TEMPLATE: &str = "272e7447-90a4-4563-a4b9-8e4ab00526ce";

const NULL: Value = Value::Null;

/// What decides whether a host's emptiness is proven.
pub struct Rights {
    pub role_installed: bool,
    pub vmms_running: bool,
    pub may_read_vms: Option<bool>,
    pub constrained_language: bool,
}

pub fn baseline(guests: &[Guest]) -> Vec<Object> {
    each(guests, |guest| object! { id(guest); "VMId": guest.id, "Name": guest.name })
}

pub fn facts(machine: &Machine, rights: &Rights) -> Vec<Object> {
    let module = rights.role_installed.then_some("2.0.0.0");
    vec![object! { None;
        "ComputerName": machine.computer_name,
        "Fqdn": machine.fqdn,
        "OsCaption": machine.windows.caption,
        "OsVersion": machine.os_version(),
        "OsBuild": machine.windows.build.to_string(),
        "Ubr": machine.windows.ubr,
        "PSVersion": format!("5.1.{}.{}", machine.windows.build, machine.windows.ubr),
        "LanguageMode": if rights.constrained_language { "ConstrainedLanguage" } else { "FullLanguage" },
        "HyperVModuleVersion": module,
        "RoleInstalled": rights.role_installed,
        "VmmsRunning": rights.vmms_running,
        "MayReadVms": rights.may_read_vms,
        "ClusterName": machine.cluster,
    }]
}

pub fn host(machine: &Machine) -> Vec<Object> {
    let hardware = machine.hardware;
    vec![object! { None;
        "ComputerName": machine.computer_name,
        "Fqdn": machine.fqdn,
        "Domain": crate::simulator::account::DNS_DOMAIN,
        "Uuid": machine.uuid,
        "Vendor": hardware.vendor,
        "Model": hardware.model,
        "SerialNumber": machine.serial_number,
        "BiosVersion": hardware.bios,
        "BiosReleaseDate": "2023-07-20T00:00:00.0000000Z",
        "OsCaption": machine.windows.caption,
        "OsVersion": machine.os_version(),
        "OsBuild": machine.windows.build.to_string(),
        "Ubr": machine.windows.ubr,
        "LastBootUpTime": machine.started_at,
        "ProcessorName": hardware.processor,
        "MaxClockSpeed": hardware.clock_mhz,
        "SocketCount": hardware.sockets,
        "NumberOfCores": hardware.cores,
        "NumberOfLogicalProcessors": hardware.cores * 2,
        "TotalPhysicalMemory": hardware.memory_gib * GIB - 37 * MIB,
        "FreePhysicalMemory": machine.free_memory_kib * 1024,
        "LoadPercentage": machine.load_percent,
        "VirtualMachinePath": "D:\\Hyper-V",
        "VirtualHardDiskPath": "D:\\Hyper-V\\Virtual Hard Disks",
        "VirtualMachineMigrationEnabled": machine.cluster.is_some(),
        "MaximumVirtualMachineMigrations": 2,
        "MaximumStorageMigrations": 2,
        "NumaSpanningEnabled": true,
        "IovSupport": true,
        "TimeZone": "W. Europe Standard Time",
        "PowerPlan": "High performance",
        "NtpServer": "time.census.example,0x8",
        "W32TimeRunning": true,
        "DnsServers": ["10.0.0.10", "10.0.0.11"],
        "ClusterName": machine.cluster,
        "ClusterNodeState": machine.cluster.as_ref().map(|_| "Up"),
        "HyperVModuleVersion": "2.0.0.0",
        "HypervisorLoadPercentage": NULL,
        "HyperThreadingAvailable": NULL,
        "BiosVendor": NULL,
        "ServiceTag": NULL,
        "OemString": NULL,
        "Dhcp": NULL,
        "DnsSearchOrder": NULL,
        "TimeZoneName": NULL,
        "GmtOffset": NULL,
        "Licenses": NULL,
        "CertificateIssuer": NULL,
        "CertificateSubject": NULL,
        "CertificateNotBefore": NULL,
        "CertificateNotAfter": NULL,
        "WinrmBasic": NULL,
        "WinrmAllowUnencrypted": NULL,
        "WinrmHttpListener": NULL,
        "NtpType": NULL,
        "MaximumVmVersion": NULL,
        "VmmsRunning": NULL,
        "PowerPolicy": NULL,
    }]
}

pub fn vm(guests: &[Guest], machine: &Machine) -> Vec<Object> {
    each(guests, |guest| {
        let state = guest.state;
        let beating = state.running && state.word == "Running";
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
            "EnabledState": NULL,
            "Status": state.status,
            "PrimaryOperationalStatus": state.operational_status,
            "OperationalStatus": [state.operational_status],
            "StatusDescriptions": [state.status],
            "Generation": guest.generation,
            "Version": if state.critical { NULL } else { Value::from(machine.windows.vm_version) },
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
            "Heartbeat": beating.then_some("OkApplicationsUnknown"),
            "IntegrationServicesState": if beating { "Up to date" } else { "" },
            "IntegrationServicesVersion": match (beating, guest.linux) {
                (false, _) => "",
                (true, true) => "0.0",
                (true, false) => "10.0.20348",
            },
            "AutomaticStartAction": "StartIfRunning",
            "AutomaticStartDelay": 0,
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
            "ReplicationHealth": if guest.replicated { "Normal" } else { "NotApplicable" },
            "ReplicationMode": if guest.replicated { "Primary" } else { "None" },
            "NetworkAdapterCount": guest.nics.len(),
            "HardDriveCount": guest.disks.len(),
            "DvdDriveCount": guest.generation % 2,
            "DifferencingDriveCount": NULL,
            "BIOSGUID": guest.bios_guid,
            "SecureBoot": (guest.generation == 2).then_some("On"),
            "SecureBootTemplate": (guest.generation == 2)
                .then_some(if guest.linux { UEFI_CA_TEMPLATE } else { WINDOWS_TEMPLATE }),
            "GuestOSName": guest_os.0,
            "GuestOSVersion": guest_os.1,
            "GuestFqdn": beating.then(|| format!("{}.{}", &guest.id[..8], crate::simulator::account::DNS_DOMAIN)),
        }
    })
}

pub fn processor(guests: &[Guest]) -> Vec<Object> {
    each(guests, |guest| {
        object! { id(guest);
            "VMId": guest.id,
            "VMName": guest.name,
            "Count": guest.processors,
            "Reserve": 0,
            "Maximum": 100,
            "RelativeWeight": 100,
            "MaximumCountPerNumaNode": 24,
            "MaximumCountPerNumaSocket": 1,
            "HwThreadCountPerCore": 0,
            "CompatibilityForMigrationEnabled": guest.clustered,
            "ExposeVirtualizationExtensions": false,
        }
    })
}

pub fn memory(guests: &[Guest]) -> Vec<Object> {
    each(guests, |guest| {
        object! { id(guest);
            "VMId": guest.id,
            "VMName": guest.name,
            "DynamicMemoryEnabled": guest.dynamic_memory,
            "Startup": guest.memory_startup,
            "Minimum": guest.memory_minimum,
            "Maximum": guest.memory_maximum,
            "Buffer": 20,
            "Priority": 50,
            "MaximumPerNumaNode": 193_000,
            "MemoryAssigned": guest.memory_assigned,
            "MemoryDemand": guest.memory_demand,
            "Version": NULL,
        }
    })
}

/// What Get-VHD says of a disk that another node has open.
pub const VHD_IN_USE: &str = "ObjectInUse,Microsoft.Vhd.PowerShell.Cmdlets.GetVHD";

/// Disks; with `vhd_in_use` Get-VHD fails for those that another node holds.
pub fn disk(guests: &[Guest], vhd_in_use: bool) -> Vec<Object> {
    let mut objects = Vec::new();
    for guest in guests {
        for disk in &guest.disks {
            let failed = vhd_in_use && disk.in_use;
            let file = disk.disk_number.is_none() && !failed;
            let known = |value: Value| if file { value } else { NULL };
            objects.push(object! { id(guest);
                "VMId": guest.id,
                "VMName": guest.name,
                "Id": format!("Microsoft:{}\\{}\\{}\\{}\\D", guest.id.to_uppercase(), disk.identifier.to_uppercase(),
                    disk.controller_number, disk.controller_location),
                "Name": "Hard Drive",
                "Path": disk.path,
                "ControllerType": disk.controller_type,
                "ControllerNumber": disk.controller_number,
                "ControllerLocation": disk.controller_location,
                "DiskNumber": disk.disk_number,
                "UniqueId": NULL,
                "PoolName": "Primordial",
                "SupportPersistentReservations": false,
                "MinimumIOPS": 0,
                "MaximumIOPS": 0,
                "VhdFormat": known(disk.format.into()),
                "VhdType": known(disk.kind.into()),
                "Size": known(disk.size.into()),
                "FileSize": known(disk.file_size.into()),
                "ParentPath": known(disk.parent_path.clone().into()),
                "ChainFileSize": NULL,
                "OwnFileSize": NULL,
                "BasePath": NULL,
                "ChangeTrackingId": NULL,
                "ChangeTrackingFile": NULL,
                "DiskIdentifier": known(disk.identifier.clone().into()),
                "BlockSize": known(if disk.kind == "Fixed" { 0.into() } else { (32 * MIB).into() }),
                "LogicalSectorSize": known(512.into()),
                "PhysicalSectorSize": known(4096.into()),
                "VhdError": failed.then_some(VHD_IN_USE),
            });
        }
    }
    objects
}

pub fn nic(guests: &[Guest], machine: &Machine) -> Vec<Object> {
    let mut objects = Vec::new();
    for guest in guests {
        for nic in &guest.nics {
            let switch = nic.switch.and_then(|number| machine.switches.get(number));
            objects.push(object! { id(guest);
                "VMId": guest.id,
                "VMName": guest.name,
                "Id": format!("Microsoft:{}\\{}", guest.id.to_uppercase(), nic.id),
                "Name": nic.name,
                "SwitchName": switch.map(|switch| switch.name),
                "SwitchId": switch.map(|switch| switch.id.as_str()),
                "MacAddress": nic.mac_address,
                "DynamicMacAddressEnabled": nic.dynamic_mac,
                "IsLegacy": nic.legacy,
                "Connected": switch.is_some(),
                "Status": if guest.state.running { vec!["Ok"] } else { Vec::new() },
                "IPAddresses": nic.ip_addresses,
                "MacAddressSpoofing": "Off",
                "IovWeight": 0,
                "IovUsage": 0,
                "PortMirroringMode": "None",
                "VlanOperationMode": if nic.vlan == 0 { "Untagged" } else { "Access" },
                "AccessVlanId": nic.vlan,
                "NativeVlanId": 0,
                "PrimaryVlanId": 0,
                "AllowedVlanIdList": Vec::<u64>::new(),
            });
        }
    }
    objects
}

pub fn checkpoint(guests: &[Guest], machine: &Machine) -> Vec<Object> {
    let mut objects = Vec::new();
    for guest in guests {
        for checkpoint in &guest.checkpoints {
            let parent = checkpoint.parent.and_then(|number| guest.checkpoints.get(number));
            objects.push(object! { id(guest);
                "VMId": guest.id,
                "VMName": guest.name,
                "Id": checkpoint.id,
                "Name": checkpoint.name,
                "SnapshotType": "Standard",
                "CreationTime": checkpoint.created_at,
                "ParentSnapshotId": parent.map(|parent| parent.id.as_str()),
                "ParentSnapshotName": parent.map(|parent| parent.name.as_str()),
                "Notes": "",
                "Path": guest.folder,
                "Version": machine.windows.vm_version,
                "State": "Off",
                "IsAutomaticCheckpoint": checkpoint.automatic,
                "HardDrivePaths": guest.disks.iter().map(|disk| disk.parent_path.as_ref().unwrap_or(&disk.path)).collect::<Vec<_>>(),
                "DiskFileSize": checkpoint.disk_file_size,
                "MemoryFileSize": 0,
            });
        }
    }
    objects
}

pub fn switch(machine: &Machine) -> Vec<Object> {
    let object = |switch: &crate::simulator::machine::Switch| {
        object! { None;
            "Id": switch.id,
            "Name": switch.name,
            "SwitchType": switch.kind,
            "NetAdapterInterfaceDescriptions": switch.adapters,
            "EmbeddedTeamingEnabled": switch.teamed,
            "BandwidthReservationMode": if switch.teamed { "Weight" } else { "Absolute" },
            "IovEnabled": false,
            "AllowManagementOS": switch.allow_management_os,
            "PacketDirectEnabled": false,
            "Mtu": NULL,
            "LoadBalancingAlgorithm": NULL,
        }
    };
    machine.switches.iter().map(object).collect()
}

pub fn service(guests: &[Guest]) -> Vec<Object> {
    each(
        guests,
        |guest| object! { id(guest); "VMId": guest.id, "VMName": guest.name, "State": guest.state.word },
    )
}

fn each(guests: &[Guest], object: impl Fn(&Guest) -> Object) -> Vec<Object> {
    guests.iter().map(object).collect()
}

fn id(guest: &Guest) -> Option<String> {
    Some(guest.id.clone())
}
