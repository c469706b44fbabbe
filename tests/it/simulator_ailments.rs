//! What is wrong with a default fleet of 50 hosts with 20 VMs: something for every health
//! check, listed in a golden file by check, with the first hosts and VMs it strikes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use lustrum::simulator::fleet::FleetSpec;
use serde_json::Value;

use crate::world::golden::assert_golden;
use crate::world::told::Told;

/// Day 0 is 2026-11-01.
const A_MONTH_BEFORE: &str = "2026-10-02";
const NINETY_DAYS_AFTER: &str = "2027-01-30";

#[derive(Default)]
struct Findings(BTreeMap<&'static str, Vec<String>>);

impl Findings {
    fn note(&mut self, check: &'static str, hit: bool, object: impl FnOnce() -> String) {
        let found = self.0.entry(check).or_default();
        if hit {
            found.push(object());
        }
    }
}

fn text<'a>(object: &'a Value, property: &str) -> &'a str {
    object[property].as_str().unwrap_or_default()
}

fn number(object: &Value, property: &str) -> u64 {
    object[property].as_u64().unwrap_or_default()
}

fn ailments_of_host(told: &Told, found: &mut Findings) {
    let host = &told.of("host")[0];
    let name = || text(host, "ComputerName").to_owned();
    found.note("ntp_server_null", host["NtpServer"].is_null(), name);
    found.note("ntpd_not_running", host["W32TimeRunning"] == false, name);
    found.note("host_paused", text(host, "ClusterNodeState") == "Paused", name);
    found.note("winrm_basic", host["WinrmBasic"] == true, name);
    found.note("winrm_unencrypted", host["WinrmAllowUnencrypted"] == true, name);
    found.note("winrm_http_listener", host["WinrmHttpListener"] == true, name);
    let ends = text(host, "CertificateNotAfter");
    found.note("certificate_expires", !ends.is_empty() && ends < NINETY_DAYS_AFTER, name);
    let running = told.of("vm").iter().filter(|vm| text(vm, "State") == "Running");
    let vcpus: u64 = running.map(|vm| number(vm, "ProcessorCount")).sum();
    found.note("vcpus_per_core", vcpus > 4 * number(host, "NumberOfCores"), name);
}

fn ailments_of_storage(told: &Told, found: &mut Findings) {
    let owner = text(&told.of("host")[0], "ComputerName").to_owned();
    let own = |volume: &&Value| text(volume, "Kind") == "local" || text(volume, "OwnerNode") == owner;
    for volume in told.of("volume").iter().filter(own) {
        let name = || format!("{owner} {}", text(volume, "Path"));
        found.note("volume_free", number(volume, "Free") * 10 < number(volume, "Size"), name);
        let off = volume["RedirectedAccess"] == true || volume["Maintenance"] == true;
        found.note("volume_state", off, name);
    }
    let cluster = told.of("cluster").iter();
    for cluster in cluster.filter(|cluster| text(cluster, "WitnessState") == "Offline") {
        found.note("cluster_witness", true, || text(cluster, "Name").to_owned());
    }
}

fn ailments_of_vms(told: &Told, found: &mut Findings) {
    let host = &told.of("host")[0];
    let parts = |word: &str, id: &str| -> Vec<Value> {
        told.of(word).iter().filter(|object| text(object, "VMId") == id).cloned().collect()
    };
    for vm in told.of("vm") {
        let id = text(vm, "VMId");
        let name = || format!("{} {id} {}", text(host, "ComputerName"), text(vm, "Name"));
        let running = text(vm, "State") == "Running";
        for drive in parts("dvd", id).iter().filter(|drive| !drive["Path"].is_null()) {
            found.note("cdrom", text(drive, "Kind") == "Dvd", name);
            found.note("floppy", text(drive, "Kind") == "Floppy", name);
        }
        let checkpoints = parts("checkpoint", id);
        found.note("checkpoint", !checkpoints.is_empty(), name);
        let old = |checkpoint: &Value| text(checkpoint, "CreationTime") < A_MONTH_BEFORE;
        found.note("checkpoint_old", checkpoints.iter().any(old), name);
        found.note("checkpoint_young", checkpoints.iter().any(|checkpoint| !old(checkpoint)), name);
        found.note("tools_old", text(vm, "IntegrationServicesState") == "Update required", name);
        let silent = matches!(text(vm, "Heartbeat"), "NoContact" | "LostCommunication");
        found.note("tools_not_running", running && silent, name);
        let folder = text(vm, "Path").rsplit('\\').next().unwrap_or_default();
        found.note("folder_name", !folder.is_empty() && folder != text(vm, "Name"), name);
        let disks = parts("disk", id);
        let differs = |disk: &Value| text(disk, "Path").ends_with(".avhdx");
        found.note("consolidation", checkpoints.is_empty() && disks.iter().any(differs), name);
        found.note("vm_state", text(vm, "PrimaryOperationalStatus") != "Ok", name);
        let large = disks.iter().map(|disk| number(disk, "Size")).sum::<u64>() > 750 << 30;
        found.note("tip_disk_io", running && disks.len() > 3 && large, name);
        let dynamic = vm["DynamicMemoryEnabled"] == true;
        found.note("tip_memory", running && number(vm, "ProcessorCount") >= 4 && dynamic, name);
        let health = text(vm, "ReplicationHealth");
        found.note("replication_warning", health == "Warning", name);
        found.note("replication_critical", health == "Critical", name);
        let version = |object: &Value, property| text(object, property).parse::<f64>().unwrap_or(99.0);
        found.note("vm_version", version(vm, "Version") < version(host, "MaximumVmVersion"), name);
        found.note("start_action", text(vm, "AutomaticStartAction") == "Nothing", name);
        found.note("secure_boot_off", text(vm, "SecureBoot") == "Off", name);
    }
}

fn ailments_of_fleet(fleet: &[Told], found: &mut Findings) {
    let (mut names, mut macs) =
        (BTreeMap::<&str, BTreeSet<&str>>::new(), BTreeMap::<&str, BTreeSet<&str>>::new());
    let mut on_volume = BTreeMap::<(&str, &str), u64>::new();
    let mut refers = BTreeMap::<&str, BTreeSet<String>>::new();
    for told in fleet {
        let host = &told.of("host")[0];
        let place = host["ClusterName"].as_str().unwrap_or(text(host, "ComputerName"));
        for vm in told.of("vm") {
            names.entry(text(vm, "Name")).or_default().insert(text(vm, "VMId"));
            if let Some(volume) = text(vm, "Path").get(..25).filter(|_| text(vm, "State") == "Running") {
                *on_volume.entry((place, volume)).or_default() += 1;
            }
            refers.entry(place).or_default().insert(format!("{}.vmcx", text(vm, "VMId").to_uppercase()));
        }
        for nic in told.of("nic").iter().filter(|nic| nic["DynamicMacAddressEnabled"] == true) {
            if text(nic, "MacAddress") != "000000000000" {
                macs.entry(text(nic, "MacAddress")).or_default().insert(text(nic, "Id"));
            }
        }
        let paths = refers.entry(place).or_default();
        for property in ["Path", "ParentPath", "BasePath"] {
            paths.extend(told.texts("disk", property).into_iter().map(str::to_owned));
        }
        for checkpoint in told.of("checkpoint") {
            let files = checkpoint["HardDrivePaths"].as_array().unwrap();
            paths.extend(files.iter().map(|path| path.as_str().unwrap().to_owned()));
        }
    }
    for told in fleet {
        let host = &told.of("host")[0];
        let place = host["ClusterName"].as_str().unwrap_or(text(host, "ComputerName"));
        for file in told.of("file") {
            let path = text(file, "Path");
            let name = || format!("{place} {path}");
            let disk = matches!(text(file, "Kind"), "vhdx" | "vhd" | "avhdx");
            found.note("zombie_disk", disk && !refers[place].contains(path), name);
            let configuration = path.split_once("\\Virtual Machines\\").map(|(_, file)| file);
            let known = configuration.is_some_and(|file| refers[place].contains(file));
            found.note("zombie_vm", configuration.is_some() && !known, name);
        }
    }
    for (name, ids) in names {
        found.note("duplicate_name", ids.len() > 1, || format!("{name} x{}", ids.len()));
    }
    for (mac, ids) in macs {
        found.note("mac_clash", ids.len() > 1, || format!("{mac} x{}", ids.len()));
    }
    for ((place, volume), count) in on_volume {
        found.note("vms_per_volume", count > 30, || format!("{place} {volume} x{count}"));
    }
}

#[tokio::test]
async fn a_default_fleet_has_something_for_every_check() {
    let fleet = Told::by_fleet(&FleetSpec::new(50, 20, 7)).await;
    let mut found = Findings::default();
    for told in &fleet {
        ailments_of_host(told, &mut found);
        ailments_of_storage(told, &mut found);
        ailments_of_vms(told, &mut found);
    }
    ailments_of_fleet(&fleet, &mut found);
    let vms: usize = fleet.iter().map(|told| told.of("vm").len()).sum();
    let mut listing = format!("50 hosts, {vms} VMs, seed 7\n");
    for (check, objects) in &found.0 {
        writeln!(listing, "{check}: {}", objects.len()).unwrap();
        objects.iter().take(2).for_each(|object| writeln!(listing, "  {}", object.escape_debug()).unwrap());
    }
    assert_golden("tests/it/golden/simulated_ailments.txt", &listing);
    let without: Vec<_> = found.0.iter().filter(|(_, objects)| objects.is_empty()).collect();
    assert!(without.is_empty(), "{without:?}");
    // A fleet is not ill all over.
    for check in ["ntpd_not_running", "certificate_expires", "volume_state", "secure_boot_off", "vm_version"]
    {
        assert!(found.0[check].len() < vms / 5, "{check}");
    }
}
