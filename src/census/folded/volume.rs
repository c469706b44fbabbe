//! Volumes, each once for the cluster or host whose it is, and what lies on them.

use std::collections::{HashMap, HashSet};

use arrow_array::RecordBatch;

use crate::census::folded::best::Best;
use crate::census::folded::owner::Owner;
use crate::tables::columns::Texts;

/// One volume: about 250 bytes, and its path twice.
#[derive(Clone, Debug)]
pub struct Volume {
    pub owner: Owner,
    /// Lower-case, ends with `\`; empty for a volume that told none.
    pub path: String,
    /// The row of vdatastore that is published.
    pub told_by: Best,
    /// Every host that told of it, in name order.
    pub tellers: Vec<u32>,
    /// VMs with a disk on it.
    pub vms: i64,
    pub running_vms: i64,
    /// A VM on it is in a state that nobody knows.
    pub state_unknown: bool,
    /// Sum of what guests see of their disks on it.
    pub provisioned_bytes: i64,
    /// A disk on it would not tell its size.
    pub size_unknown: bool,
}

/// All volumes of a fleet.
#[derive(Default)]
pub struct Volumes {
    pub all: Vec<Volume>,
    known: HashMap<(Owner, String), usize>,
    /// Of each owner, the longest path first.
    of_owner: HashMap<Owner, Vec<usize>>,
    /// Disks that several VMs use, counted already: only these cost memory, a path each.
    shared: HashSet<(usize, String)>,
}

impl Volumes {
    /// Takes the rows of vdatastore of one host; hosts come in name order.
    pub fn tell(&mut self, host: usize, cluster: Option<usize>, vdatastore: &RecordBatch) {
        let column = |name| Texts::of(vdatastore, name);
        let (kind, path, id, name) =
            (column("kind"), column("path"), column("volume_id"), column("datastore_name"));
        for row in 0..vdatastore.num_rows() {
            let owner = match (kind.at(row), cluster) {
                (Some("csv" | "smb"), Some(cluster)) => Owner::Cluster(cluster),
                _ => Owner::Host(host),
            };
            let path = path.at(row).map(as_prefix).unwrap_or_default();
            let named = || id.at(row).or(name.at(row)).unwrap_or_default().to_lowercase();
            let key = if path.is_empty() { named() } else { path.clone() };
            let told = Best::of(host, row, vdatastore);
            let Some(index) = self.known.get(&(owner, key.clone())).copied() else {
                self.known.insert((owner, key), self.all.len());
                self.all.push(Volume {
                    owner,
                    path,
                    told_by: told,
                    tellers: vec![host as u32],
                    vms: 0,
                    running_vms: 0,
                    state_unknown: false,
                    provisioned_bytes: 0,
                    size_unknown: false,
                });
                continue;
            };
            let volume = &mut self.all[index];
            if volume.tellers.last() != Some(&(host as u32)) {
                volume.tellers.push(host as u32);
            }
            if told.is_better_than(Some(&volume.told_by)) {
                volume.told_by = told;
            }
        }
    }

    /// Every host has told: disks can be laid on volumes.
    pub fn close(&mut self) {
        for (index, volume) in self.all.iter().enumerate().filter(|(_, volume)| !volume.path.is_empty()) {
            self.of_owner.entry(volume.owner).or_default().push(index);
        }
        for of_owner in self.of_owner.values_mut() {
            of_owner.sort_by_key(|index| std::cmp::Reverse(self.all[*index].path.len()));
        }
    }

    /// The volume that a file of a host lies on: the one with the longest path above it.
    pub fn holding(&self, host: usize, cluster: Option<usize>, file: &str) -> Option<usize> {
        let owners = [Some(Owner::Host(host)), cluster.map(Owner::Cluster)];
        let holding = |owner: Owner| {
            let mut of_owner = self.of_owner.get(&owner)?.iter().copied();
            of_owner.find(|index| lies_below(file, &self.all[*index].path))
        };
        let found = owners.into_iter().flatten().filter_map(holding);
        found.max_by_key(|index| self.all[*index].path.len())
    }

    /// Lays a disk on its volume. One that several VMs use counts once.
    pub fn lay(&mut self, volume: usize, capacity_bytes: Option<i64>, shared_file: Option<&str>) {
        if shared_file.is_some_and(|file| !self.shared.insert((volume, file.to_lowercase()))) {
            return;
        }
        let volume = &mut self.all[volume];
        match capacity_bytes.and_then(|bytes| volume.provisioned_bytes.checked_add(bytes)) {
            Some(sum) => volume.provisioned_bytes = sum,
            None => volume.size_unknown = true,
        }
    }

    /// Counts a VM that has disks there; `running` is null when nobody knows.
    pub fn count_vm(&mut self, volume: usize, running: Option<bool>) {
        let volume = &mut self.all[volume];
        volume.vms += 1;
        volume.running_vms += i64::from(running == Some(true));
        volume.state_unknown |= running.is_none();
    }
}

/// A volume's path as the beginning of the paths on it.
fn as_prefix(path: &str) -> String {
    let path = path.trim_end_matches('\\').to_lowercase();
    if path.is_empty() { path } else { path + "\\" }
}

/// Windows compares paths without case. Beyond ASCII this asks for the same spelling.
fn lies_below(file: &str, folder: &str) -> bool {
    let begins = file.as_bytes().get(..folder.len());
    begins.is_some_and(|begins| begins.eq_ignore_ascii_case(folder.as_bytes()))
}
