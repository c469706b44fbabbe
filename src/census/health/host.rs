//! Checks of a host by itself.

use chrono::TimeDelta;

use crate::census::health::check::Check;
use crate::census::health::findings::Findings;
use crate::census::health::host_rows::{HostRows, is_bad_node};
use crate::model::status::FinalStatus;
use crate::tables::columns::{Flags, Instants, Ints, Texts};

pub fn check(host: &HostRows, findings: &mut Findings) {
    let name = host.host.as_str();
    for row in 0..host.vhost.num_rows() {
        let text = |column: &'static str| Texts::of(&host.vhost, column).at(row);
        let flag = |column: &'static str| Flags::of(&host.vhost, column).at(row);
        let mut found = |check, message: String| findings.add(check, Some(name), name, message);
        configuration(&text, &flag, &mut found);
        time(&text, &flag, &mut found);
        if let Some(cores) = Ints::of(&host.vhost, "cores").at(row).filter(|cores| *cores > 0) {
            let per_core = running_vcpus(host) as f64 / cores as f64;
            let threshold = host.thresholds.vcpus_per_core;
            if per_core > threshold {
                let shown = hundredths(per_core);
                found(
                    Check::VcpusPerCore,
                    format!(
                        "There are {shown} virtual CPUs active per core on this host. The threshold value is {threshold}"
                    ),
                );
            }
        }
        entrance(&flag, &mut found);
        if let Some(expires_at) = Instants::of(&host.vhost, "certificate_expires_at").at(row) {
            let days = host.thresholds.certificate_days;
            let day = expires_at.format("%Y/%m/%d %H:%M:%S");
            if expires_at <= host.started_at {
                found(Check::Certificate, format!("Certificate has expired on {day}!"));
            } else if expires_at - host.started_at <= TimeDelta::days(days.into()) {
                let message = format!("Certificate expires on {day}! The threshold value is {days} days");
                found(Check::Certificate, message);
            }
        }
    }
    search(host, findings);
}

fn configuration<'a>(
    text: &dyn Fn(&'static str) -> Option<&'a str>,
    flag: &dyn Fn(&'static str) -> Option<bool>,
    found: &mut dyn FnMut(Check, String),
) {
    let state = text("cluster_node_state").filter(|state| *state != "Up");
    // What the node's state says, the colour only repeats.
    let mut explained = state.is_some();
    if let Some(state) = state.filter(|state| is_bad_node(state)) {
        found(Check::HostConfig, format!("Host has a configuration issue! Cluster node state = {state}"));
    }
    if flag("vmms_running") == Some(false) {
        explained = true;
        found(Check::HostConfig, "Host has a configuration issue! VMMS service is not running".to_owned());
    }
    if let Some(colour) = text("config_status").filter(|colour| matches!(*colour, "yellow" | "red"))
        && !explained
    {
        found(Check::HostConfig, format!("Host has a configuration issue! Config status = {colour}"));
    }
}

/// A domain member takes the time from its domain (`NT5DS`) and needs no server's name. A
/// server that is null says something only beside a source that was read.
fn time<'a>(
    text: &dyn Fn(&'static str) -> Option<&'a str>,
    flag: &dyn Fn(&'static str) -> Option<bool>,
    found: &mut dyn FnMut(Check, String),
) {
    match text("ntp_source") {
        Some("NTP" | "AllSync") if text("ntp_server").is_none() => {
            found(Check::NtpServer, "NTP Server value is null!".to_owned());
        }
        Some(source @ ("NoSync" | "Local CMOS Clock" | "Free-running System Clock")) => {
            found(Check::NtpServer, format!("Time is not synchronized! Source = {source}"));
        }
        _ => {}
    }
    if flag("w32time_running") == Some(false) {
        found(Check::NtpService, "NTPD service is not running!".to_owned());
    }
}

/// How strangers may come in.
fn entrance(flag: &dyn Fn(&'static str) -> Option<bool>, found: &mut dyn FnMut(Check, String)) {
    let doors = [
        ("winrm_basic_enabled", Check::WinrmBasic, "WinRM Basic authentication is enabled!"),
        ("winrm_unencrypted_allowed", Check::WinrmUnencrypted, "WinRM allows unencrypted messages!"),
        ("winrm_http_listener", Check::WinrmHttp, "WinRM listens on HTTP!"),
    ];
    for (column, check, message) in doors {
        if flag(column) == Some(true) {
            found(check, message.to_owned());
        }
    }
}

/// A host that told nothing at all failed as a whole; that is the audit's to say.
fn search(host: &HostRows, findings: &mut Findings) {
    if host.standing.status == FinalStatus::InventoryError {
        return;
    }
    let name = host.host.as_str();
    for (table, what) in [("vdatastore", "Volumes"), ("vfile", "Files on VM volumes")] {
        if host.standing.failed.iter().any(|failed| failed.as_str() == table) {
            let message = format!("Search datastore errors! {what} could not be listed");
            findings.add(Check::DatastoreSearch, Some(name), name, message);
        }
    }
}

/// A VM whose count is unknown adds nothing: the sum is what is surely there.
fn running_vcpus(host: &HostRows) -> i64 {
    let vcpus = Ints::of(&host.vinfo, "vcpus");
    let power = Texts::of(&host.vinfo, "power_state");
    let running = (0..host.vinfo.num_rows()).filter(|row| power.at(*row) == Some("poweredOn"));
    running.filter_map(|row| vcpus.at(row)).sum()
}

/// At most two decimals, without zeros at the end: `4.04`, `5.5`, `6`.
fn hundredths(amount: f64) -> String {
    let text = format!("{amount:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
