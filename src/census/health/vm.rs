//! Checks of a VM by what vInfo says of it.

use std::collections::HashMap;

use crate::census::health::check::Check;
use crate::census::health::findings::Findings;
use crate::census::health::host_rows::HostRows;
use crate::census::health::paths::{last_part, normal};
use crate::census::health::tally::{Tally, hash_of};
use crate::tables::columns::{Flags, Texts};

/// Words of `VMOperationalStatus` that no VM in order shows; work in progress is no trouble.
const TROUBLES: [&str; 8] = [
    "Degraded",
    "PredictiveFailure",
    "SupportingEntityInError",
    "NonRecoverableError",
    "Error",
    "LostCommunication",
    "NoContact",
    "Aborted",
];

/// The hash under which a VM's name is counted.
pub fn name_hash(name: &str) -> u64 {
    hash_of(&[&name.to_lowercase()])
}

/// `names` holds every name of the fleet, replicas left out.
pub fn check(host: &HostRows, names: &Tally, findings: &mut Findings) {
    let vms = host.vms();
    let folders = Folders::of(host);
    let troubles = Troubles::of(host);
    let highest = highest_version(host);
    let ids = Texts::of(&host.vinfo, "vm_id");
    let actions = Texts::of(&host.vinfo, "automatic_start_action");
    let clustered = Flags::of(&host.vinfo, "is_clustered");
    let secure_boot = Flags::of(&host.vinfo, "secure_boot_enabled");
    let versions = Texts::of(&host.vinfo, "configuration_version");
    let health = Texts::of(&host.vinfo, "replication_health");
    let states = Texts::of(&host.vinfo, "replication_state");
    let consolidation = Flags::of(&host.vinfo, "consolidation_needed");
    for row in 0..host.vinfo.num_rows() {
        let Some((id, vm)) = ids.at(row).and_then(|id| Some((id, vms.get(id)?))) else { continue };
        let mut found = |check, message: String| {
            findings.add_vm(check, host.host.as_str(), id, vm.name, message);
        };
        if let Some((name, folder)) = vm.name.and_then(|name| Some((name, folders.foreign(row, name)?))) {
            let message = format!("Inconsistent Foldername! VMname = {name} Foldername = {folder}");
            found(Check::FolderName, message);
        }
        if consolidation.at(row) == Some(true) {
            found(Check::Consolidation, "VM disk consolidation is needed!".to_owned());
        }
        if let Some(trouble) = troubles.at(row) {
            found(Check::VmConfig, format!("VM has a configuration issue! {trouble}"));
        }
        if let Some(health @ ("Warning" | "Critical")) = health.at(row)
            && states.at(row) != Some("Disabled")
        {
            found(Check::ReplicationHealth, format!("VM replication health is {health}!"));
        }
        if let (Some(version), Some((most, highest))) = (versions.at(row), highest)
            && parsed(version).is_some_and(|version| version < most)
        {
            let message = format!("VM version {version} is old! The host supports version {highest}");
            found(Check::VmVersionOld, message);
        }
        if let Some(name) = vm.name.filter(|_| !vm.replica) {
            let same = names.count(name_hash(name));
            if same > 1 {
                found(Check::DuplicateName, format!("VM name is used by {same} VMs!"));
            }
        }
        if vm.generation == Some(2) && secure_boot.at(row) == Some(false) {
            found(Check::SecureBootOff, "Secure Boot is off!".to_owned());
        }
        let alone = clustered.at(row) == Some(false);
        if vm.running && alone && actions.at(row) == Some("Nothing") {
            let message = "VM will not start when its host restarts! Automatic start action = Nothing";
            found(Check::StartActionNothing, message.to_owned());
        }
    }
}

/// What is wrong with a VM's configuration or state, in the native words.
struct Troubles<'a> {
    states: Texts<'a>,
    operational: Texts<'a>,
    colours: Texts<'a>,
}

impl<'a> Troubles<'a> {
    fn of(host: &'a HostRows) -> Self {
        Self {
            states: Texts::of(&host.vinfo, "native_state"),
            operational: Texts::of(&host.vinfo, "primary_operational_status"),
            colours: Texts::of(&host.vinfo, "config_status"),
        }
    }

    fn at(&self, row: usize) -> Option<String> {
        let critical = |word: &&str| word.ends_with("Critical");
        if let Some(state) = self.states.at(row).filter(critical) {
            return Some(format!("State = {state}"));
        }
        match self.operational.at(row) {
            Some(status) if TROUBLES.contains(&status) || critical(&status) => {
                Some(format!("Operational status = {status}"))
            }
            _ => (self.colours.at(row) == Some("red")).then(|| "Config status = red".to_owned()),
        }
    }
}

/// `9.0` as numbers; versions compare part by part, not as text.
fn parsed(version: &str) -> Option<(u32, u32)> {
    let (major, minor) = version.split_once('.').unwrap_or((version, "0"));
    Some((major.parse().ok()?, minor.parse().ok()?))
}

fn highest_version<'a>(host: &'a HostRows) -> Option<((u32, u32), &'a str)> {
    let highest: Option<&'a str> =
        (host.vhost.num_rows() > 0).then(|| Texts::of(&host.vhost, "hyperv_version_maximum").at(0))?;
    highest.and_then(|text| Some((parsed(text)?, text)))
}

/// Which folders of a host belong to one VM.
struct Folders<'a> {
    paths: Texts<'a>,
    /// How many VMs say this folder is theirs.
    owners: HashMap<String, usize>,
    /// The host's folder for new VMs and the roots of its volumes; nothing when the host
    /// did not tell: then a folder may be such a one.
    nobodys: Option<Vec<String>>,
}

impl<'a> Folders<'a> {
    fn of(host: &'a HostRows) -> Self {
        let paths = Texts::of(&host.vinfo, "path");
        let mut owners = HashMap::new();
        for path in (0..host.vinfo.num_rows()).filter_map(|row| paths.at(row)) {
            *owners.entry(normal(path)).or_default() += 1;
        }
        let default =
            (host.vhost.num_rows() > 0).then(|| Texts::of(&host.vhost, "vm_directory").at(0)).flatten();
        let volumes = Texts::of(&host.vdatastore, "path");
        let volumes = (0..host.vdatastore.num_rows()).filter_map(|row| volumes.at(row));
        let nobodys = default.map(|default| volumes.chain([default]).map(normal).collect());
        Self { paths, owners, nobodys }
    }

    /// The last part of the VM's own folder, when it is not the VM's name.
    fn foreign(&self, row: usize, name: &str) -> Option<&'a str> {
        let path = self.paths.at(row)?;
        let folder = normal(path);
        let own = self.owners.get(&folder) == Some(&1) && !self.nobodys.as_ref()?.contains(&folder);
        let last = last_part(path).filter(|_| own && !is_csv_root(&folder))?;
        (last.to_lowercase() != name.to_lowercase()).then_some(last)
    }
}

/// `c:\clusterstorage\volume1`: a shared volume, also when the host did not tell its volumes.
fn is_csv_root(folder: &str) -> bool {
    let mut parts = folder.split('\\').skip(1);
    parts.next() == Some("clusterstorage") && parts.nth(1).is_none()
}

/// Counts the names of a host's VMs.
pub fn note(host: &HostRows, names: &mut Tally) {
    let vms = host.vms();
    vms.values()
        .filter(|vm| !vm.replica)
        .filter_map(|vm| vm.name)
        .for_each(|name| names.say(name_hash(name)));
}
