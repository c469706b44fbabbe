//! What is said of hosts.

use lustrum::census::health::check::Check;
use serde_json::json;

use crate::world::health_cases::case::{Case, case, first, host, patched, vm};

pub fn cases() -> Vec<Case> {
    vec![
        case(
            Check::HostConfig,
            "hv01",
            "Host has a configuration issue! Cluster node state = Paused",
            host(json!({ "cluster_node_state": "Paused", "vmms_running": true, "config_status": "yellow" })),
            [
                ("up", first("vhost", json!({ "cluster_node_state": "Up", "config_status": "green" }))),
                ("on its way", first("vhost", json!({ "cluster_node_state": "Joining" }))),
                ("unknown", first("vhost", json!({ "cluster_node_state": null, "config_status": "gray" }))),
            ],
        ),
        case(
            Check::HostConfig,
            "hv01",
            "Host has a configuration issue! VMMS service is not running",
            host(json!({ "vmms_running": false })),
            [("unknown", first("vhost", json!({ "vmms_running": null })))],
        ),
        case(
            Check::HostConfig,
            "hv01",
            "Host has a configuration issue! Config status = red",
            host(json!({ "config_status": "red" })),
            [("gray", first("vhost", json!({ "config_status": "gray" })))],
        ),
        case(
            Check::NtpServer,
            "hv01",
            "NTP Server value is null!",
            host(json!({ "ntp_source": "NTP" })),
            [
                ("named", first("vhost", json!({ "ntp_server": "time.example.com,0x8" }))),
                ("of the domain", first("vhost", json!({ "ntp_source": "NT5DS" }))),
                ("never read", first("vhost", json!({ "ntp_source": null }))),
            ],
        ),
        case(
            Check::NtpServer,
            "hv01",
            "Time is not synchronized! Source = NoSync",
            host(json!({ "ntp_source": "NoSync", "ntp_server": "time.example.com" })),
            [("synchronized", first("vhost", json!({ "ntp_source": "NTP" })))],
        ),
        case(
            Check::NtpService,
            "hv01",
            "NTPD service is not running!",
            host(json!({ "w32time_running": false })),
            [
                ("runs", first("vhost", json!({ "w32time_running": true }))),
                ("unknown", first("vhost", json!({ "w32time_running": null }))),
            ],
        ),
        case(
            Check::VcpusPerCore,
            "hv01",
            "There are 4.25 virtual CPUs active per core on this host. The threshold value is 4",
            patched(vm(json!({ "vcpus": 17 })), &host(json!({ "cores": 4 }))),
            [
                ("as many as the threshold", first("vinfo", json!({ "vcpus": 16 }))),
                ("not running", first("vinfo", json!({ "power_state": "poweredOff" }))),
                ("cores unknown", first("vhost", json!({ "cores": null }))),
                ("vcpus unknown", first("vinfo", json!({ "vcpus": null }))),
            ],
        ),
        case(
            Check::WinrmBasic,
            "hv01",
            "WinRM Basic authentication is enabled!",
            host(json!({ "winrm_basic_enabled": true })),
            [
                ("off", first("vhost", json!({ "winrm_basic_enabled": false }))),
                ("unknown", first("vhost", json!({ "winrm_basic_enabled": null }))),
            ],
        ),
        case(
            Check::WinrmUnencrypted,
            "hv01",
            "WinRM allows unencrypted messages!",
            host(json!({ "winrm_unencrypted_allowed": true })),
            [(
                "http alone",
                first("vhost", json!({ "winrm_unencrypted_allowed": false, "winrm_http_listener": true })),
            )],
        ),
        case(
            Check::WinrmHttp,
            "hv01",
            "WinRM listens on HTTP!",
            host(json!({ "winrm_http_listener": true })),
            [("https only", first("vhost", json!({ "winrm_http_listener": false })))],
        ),
        case(
            Check::Certificate,
            "hv01",
            "Certificate expires on 2027/02/19 06:00:00! The threshold value is 90 days",
            host(json!({ "certificate_expires_at": "@2027-02-19T06:00:00Z" })),
            [
                (
                    "a second later",
                    first("vhost", json!({ "certificate_expires_at": "@2027-02-19T06:00:01Z" })),
                ),
                ("none", first("vhost", json!({ "certificate_expires_at": null }))),
            ],
        ),
        case(
            Check::Certificate,
            "hv01",
            "Certificate has expired on 2026/11/21 06:00:00!",
            host(json!({ "certificate_expires_at": "@2026-11-21T06:00:00Z" })),
            [("far", first("vhost", json!({ "certificate_expires_at": "@2036-11-21T06:00:00Z" })))],
        ),
        case(
            Check::DatastoreSearch,
            "hv01",
            "Search datastore errors! Files on VM volumes could not be listed",
            json!({ "hv01": { "_failed": ["vfile"], "_told": ["vinfo"] } }),
            [
                ("listed", json!({ "hv01": { "_failed": [] } })),
                ("not asked", json!({ "hv01": { "_failed": [], "_told": [] } })),
                ("never collected", json!({ "hv01": { "_status": "inventory_error" } })),
                ("other trouble", json!({ "hv01": { "_failed": ["vdisk"] } })),
            ],
        ),
    ]
}
