//! Checks of datastores: a shared one counts once, whoever told of it.

use std::collections::{BTreeMap, HashSet};

use crate::census::health::check::Check;
use crate::census::health::findings::Findings;
use crate::census::health::host_rows::{HostRows, first_label};
use crate::census::health::paths::{is_below, normal};
use crate::census::health::thresholds::Thresholds;
use crate::model::target::HostName;
use crate::tables::columns::{Flags, Ints, Texts};

/// All datastores of a run, by what makes them one: the volume's id in its cluster, the
/// share's path, or the path on its host.
#[derive(Default)]
pub struct Datastores(BTreeMap<String, Datastore>);

pub struct Datastore {
    name: String,
    pub told_by: HostName,
    /// Absent when several hosts share it.
    host: Option<HostName>,
    facts: Facts,
    /// Running VMs with a disk on it.
    vms: u64,
}

struct Facts {
    capacity_bytes: Option<i64>,
    free_bytes: Option<i64>,
    accessible: Option<bool>,
    state: Option<String>,
    in_maintenance: Option<bool>,
    redirected_access: Option<bool>,
}

impl Datastores {
    /// `realm` is the key of the host's cluster.
    pub fn note(&mut self, host: &HostRows, realm: &str) {
        let rows = &host.vdatastore;
        let aliases = host.aliases();
        let mut folders = Vec::new();
        for row in 0..rows.num_rows() {
            let text = |column| Texts::of(rows, column).at(row);
            let path = text("path").map(normal);
            let shared = matches!(text("kind"), Some("csv" | "smb"));
            let key = match (text("kind"), text("volume_id"), path.as_deref()) {
                (Some("csv"), Some(id), _) | (Some("csv"), None, Some(id)) => {
                    format!("{realm} csv {}", id.to_lowercase())
                }
                (Some("smb"), _, Some(path)) => format!("smb {path}"),
                (_, _, Some(path)) => format!("host {} {path}", host.host),
                (_, Some(id), None) => format!("host {} {id}", host.host),
                (_, None, None) => continue,
            };
            folders.extend(path.clone().map(|path| (path, key.clone())));
            let facts = Facts::of(host, row);
            // Of a shared volume its owner knows best.
            let owns = text("owner_node").is_some_and(|owner| aliases.contains(&first_label(owner)));
            if let Some(known) = self.0.get_mut(&key) {
                if owns {
                    known.facts = facts;
                }
                continue;
            }
            let name = text("datastore_name").or(text("path")).unwrap_or("unnamed").to_owned();
            let told_by = host.host.clone();
            let of_host = (!shared).then(|| host.host.clone());
            self.0.insert(key, Datastore { name, told_by, host: of_host, facts, vms: 0 });
        }
        self.count_vms(host, &folders);
    }

    /// A volume mounted in another one's folder is the nearer of the two.
    fn count_vms(&mut self, host: &HostRows, folders: &[(String, String)]) {
        let vms = host.vms();
        let ids = Texts::of(&host.vdisk, "vm_id");
        let paths = Texts::of(&host.vdisk, "path");
        let mut counted = HashSet::new();
        for row in 0..host.vdisk.num_rows() {
            let Some((id, path)) = ids.at(row).zip(paths.at(row).map(normal)) else { continue };
            if !vms.get(id).is_some_and(|vm| vm.running) {
                continue;
            }
            let around = folders.iter().filter(|(folder, _)| is_below(&path, folder));
            let Some((_, key)) = around.max_by_key(|(folder, _)| folder.len()) else { continue };
            if counted.insert((id, key.as_str()))
                && let Some(datastore) = self.0.get_mut(key)
            {
                datastore.vms += 1;
            }
        }
    }

    pub fn all(&self) -> impl Iterator<Item = &Datastore> {
        self.0.values()
    }
}

impl Datastore {
    pub fn check(&self, thresholds: &Thresholds, findings: &mut Findings) {
        let host = self.host.as_ref().map(HostName::as_str);
        let mut found = |check, message: String| findings.add(check, host, &self.name, message);
        let threshold = thresholds.datastore_free_percent;
        if let Some(percent) = self.facts.free_percent().filter(|percent| *percent < threshold) {
            // Rounded down, so that no text says 10 % where 10 % is the threshold.
            let shown = percent.floor();
            found(
                Check::DatastoreFree,
                format!(
                    "On datastore {} is {shown}% disk space available! The threshold value is {threshold}%",
                    self.name
                ),
            );
        }
        let threshold = thresholds.vms_per_datastore;
        if self.vms > threshold.into() {
            let vms = self.vms;
            found(
                Check::VmsPerDatastore,
                format!("There are {vms} VMs active on this datastore. The threshold value is {threshold}"),
            );
        }
        for trouble in self.facts.troubles() {
            found(Check::DatastoreConfig, format!("Datastore has a configuration issue! {trouble}"));
        }
    }
}

impl Facts {
    fn of(host: &HostRows, row: usize) -> Self {
        let number = |column| Ints::of(&host.vdatastore, column).at(row);
        let flag = |column| Flags::of(&host.vdatastore, column).at(row);
        Self {
            capacity_bytes: number("capacity_bytes"),
            free_bytes: number("free_bytes"),
            accessible: flag("accessible"),
            state: Texts::of(&host.vdatastore, "state").at(row).map(str::to_owned),
            in_maintenance: flag("in_maintenance"),
            redirected_access: flag("redirected_access"),
        }
    }

    fn free_percent(&self) -> Option<f64> {
        let capacity = self.capacity_bytes.filter(|bytes| *bytes > 0)?;
        Some(self.free_bytes? as f64 / capacity as f64 * 100.0)
    }

    fn troubles(&self) -> impl Iterator<Item = String> {
        let bad =
            ["Offline", "OfflinePending", "Failed", "PartialOnline", "Degraded", "Unhealthy", "NoAccess"];
        let state = self.state.as_deref().filter(|state| bad.contains(state));
        let state = state.map(|state| format!("State = {state}"));
        let flags = [
            (self.accessible == Some(false) && state.is_none(), "Not accessible"),
            (self.in_maintenance == Some(true), "In maintenance"),
            (self.redirected_access == Some(true), "Redirected access"),
        ];
        let flags = flags.into_iter().filter(|(bad, _)| *bad).map(|(_, trouble)| trouble.to_owned());
        state.into_iter().chain(flags)
    }
}
