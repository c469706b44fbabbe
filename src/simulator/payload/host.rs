//! Collectors `facts` and `host`.

use crate::simulator::account::DNS_DOMAIN;
use crate::simulator::guest::MIB;
use crate::simulator::machine::{GIB, Machine};
use crate::simulator::payload::object::Object;
use crate::simulator::posture::{self, Posture};
use crate::wire_object as object;

/// What decides whether a host's emptiness is proven.
pub struct Rights {
    pub role_installed: bool,
    pub vmms_running: bool,
    pub may_read_vms: Option<bool>,
    pub constrained_language: bool,
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

/// `node_state` is the host's in its cluster.
pub fn host(machine: &Machine, posture: &Posture, rights: &Rights, node_state: Option<&str>) -> Vec<Object> {
    let hardware = machine.hardware;
    let certificate = posture.certificate.as_ref();
    let role = rights.role_installed;
    vec![object! { None;
        "ComputerName": machine.computer_name,
        "Fqdn": machine.fqdn,
        "Domain": DNS_DOMAIN,
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
        "NtpServer": posture.ntp_server,
        "W32TimeRunning": posture.w32time_running,
        "DnsServers": ["10.0.0.10", "10.0.0.11"],
        "ClusterName": machine.cluster,
        "ClusterNodeState": node_state,
        "HyperVModuleVersion": role.then_some("2.0.0.0"),
        "HypervisorLoadPercentage": role.then_some(machine.load_percent + 7),
        "HyperThreadingAvailable": true,
        "BiosVendor": hardware.vendor,
        "ServiceTag": machine.serial_number,
        "OemString": [format!("{} system", hardware.vendor)],
        "Dhcp": posture.dhcp,
        "DnsSearchOrder": posture::DNS_SEARCH_ORDER,
        "TimeZoneName": "(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna",
        "GmtOffset": "+01:00",
        "Licenses": [format!("Windows(R), Server{} edition", machine.windows.edition())],
        "CertificateIssuer": certificate.map(|it| if it.issuer.is_empty() { &it.subject } else { it.issuer }),
        "CertificateSubject": certificate.map(|it| &it.subject),
        "CertificateNotBefore": certificate.map(|it| &it.not_before),
        "CertificateNotAfter": certificate.map(|it| &it.not_after),
        "WinrmBasic": posture.winrm_basic,
        "WinrmAllowUnencrypted": posture.winrm_allows_unencrypted,
        "WinrmHttpListener": posture.winrm_http_listener,
        "NtpType": posture.ntp_type,
        "MaximumVmVersion": role.then_some(machine.windows.vm_version),
        "VmmsRunning": rights.vmms_running,
        "PowerPolicy": "8c5e7fda-e8bf-4a96-9a85-a6e23a8c635c",
    }]
}
