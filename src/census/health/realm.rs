//! The hosts that share storage, a cluster or one host alone, and everything they refer to.
//!
//! A file is a zombie only when nobody refers to it, and that takes all of them: one node
//! that did not tell, one disk whose chain was not read, and nothing is said of any file.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::census::health::host_rows::{HostRows, first_label};
use crate::census::health::paths::{disk_stem, extension, is_differencing, is_guid, normal, stem};
use crate::census::health::tally::{Tally, hash_of};
use crate::model::target::HostName;
use crate::tables::columns::{Flags, Ints, Lists, Texts};

/// Tables without which a host's references are not known.
const OWED: [&str; 4] = ["vinfo", "vdisk", "vsnapshot", "vfile"];
/// Node states in which a node's VMs are where it says.
const AT_WORK: [&str; 2] = ["Up", "Paused"];

/// What makes a host and others one realm; text, so that it can stand in longer keys.
pub fn key(host: &HostRows) -> String {
    let rows = host.vcluster.num_rows();
    let fqdn = Texts::of(&host.vcluster, "cluster_fqdn");
    let name = Texts::of(&host.vcluster, "cluster_name");
    let told = (0..rows).find_map(|row| fqdn.at(row).or(name.at(row)));
    let of_host = Texts::of(&host.vhost, "cluster_name");
    let cluster = told.or_else(|| (0..host.vhost.num_rows()).find_map(|row| of_host.at(row)));
    cluster.map_or_else(
        || format!("host {}", host.host.as_str().to_lowercase()),
        |cluster| format!("cluster {}", cluster.to_lowercase()),
    )
}

/// References of a realm: 8 bytes for each path, VM and checkpoint.
#[derive(Default)]
pub struct Realm {
    /// By first label, in lower case; a standalone host is its own node.
    nodes: BTreeSet<String>,
    /// What the nodes said of each other; the first to say it counts.
    states: BTreeMap<String, String>,
    alone: bool,
    /// Nodes that told all they owe, by every name they may have.
    told: BTreeSet<String>,
    /// Somewhere a reference may be missing.
    unsure: bool,
    files: Tally,
    /// Disks whose chain has links between the first and the last that nobody named.
    chains: Tally,
    /// VMs and checkpoints: both keep a `.vmcx`.
    ids: Tally,
    roles: Vec<u64>,
    /// Who lists a shared volume; a volume that changes hands during a run is listed twice.
    listed_by: HashMap<u64, HostName>,
    whole: bool,
}

impl Realm {
    pub fn note(&mut self, host: &HostRows) {
        let told = host.standing.all_vms_seen && OWED.iter().all(|table| host.told(table));
        self.unsure |= !told || lacks_disks(host);
        self.note_nodes(host, told);
        self.note_disks(host);
        self.note_checkpoints(host);
        for id in texts(&host.vinfo, "vm_id") {
            self.ids.say(id_hash(id));
        }
        self.roles.extend(texts(&host.vrole, "vm_id").map(id_hash));
        for volume in texts(&host.vfile, "path").filter_map(shared_volume) {
            self.listed_by.entry(volume).or_insert_with(|| host.host.clone());
        }
    }

    /// Rows of the realm are known to be left out.
    pub fn lacks_references(&mut self) {
        self.unsure = true;
    }

    pub fn close(&mut self) {
        for tally in [&mut self.files, &mut self.chains, &mut self.ids] {
            tally.close();
        }
        let at_work = |node: &String| {
            self.alone || self.states.get(node).is_some_and(|state| AT_WORK.contains(&state.as_str()))
        };
        let complete = |node: &String| self.told.contains(node) && at_work(node);
        // A role without its VM moved from a host not yet asked to one already asked.
        let all_vms = self.roles.iter().all(|id| self.ids.holds(*id));
        self.whole = !self.unsure && all_vms && !self.nodes.is_empty() && self.nodes.iter().all(complete);
    }

    /// Whether every node told everything: only then nobody's file is a zombie.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// Whether a VM or checkpoint refers to the file, or may.
    pub fn refers_to(&self, path: &str) -> bool {
        let link = extension(path).is_some_and(|extension| is_differencing(&extension));
        let of_chain =
            || disk_stem(path).is_some_and(|disk| link && self.chains.holds(hash_of(&["chain", &disk])));
        self.files.holds(file_hash(path)) || of_chain()
    }

    /// A configuration file whose name is the id of no VM and no checkpoint.
    pub fn knows_no_vm_of(&self, path: &str) -> bool {
        stem(path).is_some_and(|id| is_guid(&id) && !self.ids.holds(id_hash(&id)))
    }

    /// Whether it is for this host to say what lies on the path's volume.
    pub fn lists(&self, host: &HostName, path: &str) -> bool {
        shared_volume(path).and_then(|volume| self.listed_by.get(&volume)).is_none_or(|lists| lists == host)
    }

    fn note_nodes(&mut self, host: &HostRows, told_all: bool) {
        let aliases = host.aliases();
        let of_host = Texts::of(&host.vhost, "cluster_name");
        let in_cluster = (0..host.vhost.num_rows()).any(|row| of_host.at(row).is_some());
        if host.vcluster.num_rows() > 0 {
            let nodes = Lists::of(&host.vcluster, "node_names");
            let states = Lists::of(&host.vcluster, "node_states");
            for row in 0..host.vcluster.num_rows() {
                self.nodes.extend(nodes.at(row).iter().flatten().map(|node| first_label(node)));
                for told in states.at(row).into_iter().flatten() {
                    let Some((node, state)) = told.rsplit_once('=') else { continue };
                    let known = self.states.entry(first_label(node)).or_insert_with(|| state.to_owned());
                    if !AT_WORK.contains(&state) {
                        state.clone_into(known);
                    }
                }
            }
        } else if host.told("vcluster") && !in_cluster {
            self.alone = true;
            self.nodes.insert(host.host.as_str().to_lowercase());
        } else {
            self.unsure = true;
        }
        if told_all {
            self.told.extend(aliases);
            self.told.insert(host.host.as_str().to_lowercase());
        }
    }

    fn note_disks(&mut self, host: &HostRows) {
        let paths = Texts::of(&host.vdisk, "path");
        let parents = Texts::of(&host.vdisk, "parent_path");
        let bases = Texts::of(&host.vdisk, "base_path");
        let types = Texts::of(&host.vdisk, "vhd_type");
        let errors = Texts::of(&host.vdisk, "vhd_error");
        let physical = Flags::of(&host.vdisk, "is_passthrough");
        for row in (0..host.vdisk.num_rows()).filter(|row| physical.at(*row) != Some(true)) {
            let (parent, base) = (parents.at(row), bases.at(row));
            for path in [paths.at(row), parent, base].into_iter().flatten() {
                self.files.say(file_hash(path));
            }
            let Some(path) = paths.at(row) else {
                self.unsure = true;
                continue;
            };
            let kind = extension(path).unwrap_or_default();
            let linked = is_differencing(&kind) || types.at(row) == Some("Differencing") || parent.is_some();
            self.unsure |= errors.at(row).is_some() || (linked && base.is_none());
            let between = parent.zip(base).is_some_and(|(parent, base)| normal(parent) != normal(base));
            if let Some(base) = base.filter(|_| between) {
                self.say_chain(base);
            }
            // A disk set keeps its content in an `.avhdx` of its name.
            if kind == "vhds" {
                self.say_chain(path);
            }
        }
    }

    fn note_checkpoints(&mut self, host: &HostRows) {
        let ids = Texts::of(&host.vsnapshot, "checkpoint_id");
        let paths = Lists::of(&host.vsnapshot, "disk_paths");
        for row in 0..host.vsnapshot.num_rows() {
            match (ids.at(row), paths.at(row)) {
                (Some(id), Some(paths)) => {
                    self.ids.say(id_hash(id));
                    paths.iter().for_each(|path| self.files.say(file_hash(path)));
                }
                _ => self.unsure = true,
            }
        }
    }

    fn say_chain(&mut self, disk: &str) {
        if let Some(disk) = stem(disk) {
            self.chains.say(hash_of(&["chain", &disk]));
        }
    }
}

/// Whether a VM has more drives than rows: vInfo counts them by itself.
fn lacks_disks(host: &HostRows) -> bool {
    let mut rows: HashMap<&str, i64> = HashMap::new();
    for id in texts(&host.vdisk, "vm_id") {
        *rows.entry(id).or_default() += 1;
    }
    let ids = Texts::of(&host.vinfo, "vm_id");
    let disks = Ints::of(&host.vinfo, "disks");
    let lacks = |row| {
        let found = ids.at(row).and_then(|id| rows.get(id)).copied().unwrap_or_default();
        disks.at(row).is_some_and(|disks| disks > found)
    };
    (0..host.vinfo.num_rows()).any(lacks)
}

fn texts<'a>(batch: &'a arrow_array::RecordBatch, column: &str) -> impl Iterator<Item = &'a str> + use<'a> {
    let column = Texts::of(batch, column);
    (0..batch.num_rows()).filter_map(move |row| column.at(row))
}

fn file_hash(path: &str) -> u64 {
    hash_of(&["file", &normal(path)])
}

fn id_hash(id: &str) -> u64 {
    hash_of(&["id", &id.to_lowercase()])
}

/// The hash of `c:\clusterstorage\volume1` for a path on it.
fn shared_volume(path: &str) -> Option<u64> {
    let path = normal(path);
    let mut parts = path.split('\\').skip(1);
    let (shared, volume) = (parts.next()?, parts.next()?);
    (shared == "clusterstorage").then(|| hash_of(&["volume", volume]))
}
