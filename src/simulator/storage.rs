//! Volumes and the files on them: what VMs refer to, images for everyone, and strays.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::simulator::calendar;
use crate::simulator::cluster::{Cluster, SharedVolume};
use crate::simulator::dice::Dice;
use crate::simulator::guest::{CLUSTER_STORAGE, Guest, MIB};
use crate::simulator::layout::Place;
use crate::simulator::machine::GIB;
use crate::simulator::setup;
use crate::simulator::world::World;

const FOR_STRAYS: u64 = 510;
const FOR_LOCAL: u64 = 511;
/// Of a `.vmcx`.
pub const CONFIGURATION_BYTES: u64 = 88 * 1024;
/// What a VM's disks take on average.
const EXPECTED_VM_BYTES: u64 = 400 * GIB;
/// Volumes are sized in steps of half a TiB.
const STEP_BYTES: u64 = 512 * GIB;

/// A file on a volume.
#[derive(Debug)]
pub struct StoredFile {
    pub path: String,
    /// Its extension.
    pub kind: &'static str,
    pub size: u64,
    pub modified_at: String,
}

/// A volume as one host tells of it.
#[derive(Debug)]
pub struct Volume {
    /// `csv`, `local`, `smb`.
    pub kind: &'static str,
    pub name: String,
    pub path: String,
    pub id: Option<String>,
    pub file_system: String,
    /// Unknown for a share.
    pub size: Option<u64>,
    pub free: Option<u64>,
    pub owner: Option<String>,
    pub redirected: Option<bool>,
    pub maintenance: Option<bool>,
    pub block_size: Option<u64>,
    /// What lies on it, where it is this host that lists it.
    pub content: Option<Arc<Content>>,
}

/// What lies on a volume.
#[derive(Debug, Default)]
pub struct Content {
    pub files: Vec<StoredFile>,
    /// Files and saved memory.
    bytes: u64,
    /// Parent images that are among the files already.
    images: BTreeSet<String>,
}

/// What lies on the shared volumes of a cluster, in their order.
#[derive(Debug)]
pub struct SharedContent {
    volumes: Vec<Arc<Content>>,
    /// Nodes whose VMs use the fleet's share.
    share_users: BTreeSet<usize>,
}

/// The volumes of a host: the cluster's shared ones, its own, and shares its VMs use.
pub fn volumes(world: &World, host: usize, cluster: Option<&Cluster>) -> Vec<Volume> {
    let place = world.place(host);
    let per_host = world.vms_per_host as u64 * EXPECTED_VM_BYTES;
    let mut volumes = Vec::new();
    let mut local = Content::strays(world, LOCAL_FOLDER, host as u64);
    let share_in_use = match cluster {
        Some(cluster) => {
            let shared = world.shelf.get(place.group, || shared_content(world, &place, cluster));
            let expected = per_host * place.members.len() as u64 / cluster.volumes.len() as u64;
            let pairs = cluster.volumes.iter().zip(&shared.volumes);
            volumes.extend(
                pairs.map(|(volume, content)| csv(volume, cluster, expected, content, volume.owner == host)),
            );
            shared.share_users.contains(&host)
        }
        None => {
            let residents = world.residents(host);
            residents.iter().for_each(|guest| local.add(guest, world.day));
            residents.iter().any(uses_share)
        }
    };
    let mut dice = Dice::for_path(&[world.seed, FOR_LOCAL, host as u64]);
    let expected = if cluster.is_some() { STEP_BYTES } else { per_host * dice.between(95, 180) / 100 };
    let size = capacity(expected, local.bytes);
    volumes.push(Volume {
        kind: "local",
        name: "Data".to_owned(),
        path: "D:\\".to_owned(),
        id: Some(volume_id(&dice.guid())),
        file_system: "NTFS".to_owned(),
        size: Some(size),
        free: Some(size - local.bytes),
        owner: None,
        redirected: None,
        maintenance: None,
        block_size: Some(4096),
        content: Some(Arc::new(local)),
    });
    if share_in_use {
        volumes.push(share());
    }
    volumes
}

/// As Windows names a volume.
fn volume_id(guid: &str) -> String {
    format!("\\\\?\\Volume{{{}}}\\", guid.to_lowercase())
}

fn csv(
    volume: &SharedVolume,
    cluster: &Cluster,
    expected: u64,
    content: &Arc<Content>,
    listed: bool,
) -> Volume {
    let size = capacity(expected * volume.room_percent / 100, content.bytes);
    Volume {
        kind: "csv",
        name: format!("Volume{}", volume.number),
        path: format!("{CLUSTER_STORAGE}Volume{}", volume.number),
        id: Some(volume_id(&volume.id)),
        file_system: format!("CSVFS_{}", volume.file_system),
        size: Some(size),
        free: Some(size - content.bytes),
        owner: cluster.name_of(volume.owner).map(str::to_owned),
        redirected: Some(volume.redirected),
        maintenance: Some(volume.maintenance),
        block_size: Some(4096),
        content: listed.then(|| content.clone()),
    }
}

/// Where VMs lie on a local volume.
const LOCAL_FOLDER: &str = "D:\\Hyper-V";

fn share() -> Volume {
    Volume {
        kind: "smb",
        name: "iso".to_owned(),
        path: setup::SHARE.to_owned(),
        id: None,
        file_system: "SMB".to_owned(),
        size: None,
        free: None,
        owner: None,
        redirected: None,
        maintenance: None,
        block_size: None,
        content: None,
    }
}

/// At least what is expected, never full, in whole steps.
fn capacity(expected: u64, used: u64) -> u64 {
    expected.max(used + used / 20).max(1).div_ceil(STEP_BYTES) * STEP_BYTES
}

fn shared_content(world: &World, place: &Place, cluster: &Cluster) -> SharedContent {
    let roots: Vec<_> =
        cluster.volumes.iter().map(|volume| format!("{CLUSTER_STORAGE}Volume{}", volume.number)).collect();
    let strays = |(volume, root): (&SharedVolume, &String)| {
        Content::strays(world, root, 1_000_000 + place.group as u64 * 64 + volume.number)
    };
    let mut contents: Vec<_> = cluster.volumes.iter().zip(&roots).map(strays).collect();
    let mut share_users = BTreeSet::new();
    world.visit_cluster(place, |at, guest| {
        if uses_share(&guest) {
            share_users.insert(at);
        }
        if let Some(number) = roots.iter().position(|root| root == guest.volume()) {
            contents[number].add(&guest, world.day);
        }
    });
    SharedContent { volumes: contents.into_iter().map(Arc::new).collect(), share_users }
}

fn uses_share(guest: &Guest) -> bool {
    let paths = guest.setup.drives.iter().filter_map(|drive| drive.path.as_deref());
    paths.into_iter().any(|path| path.starts_with(setup::SHARE))
}

impl Content {
    /// An installation medium on every volume; on two of five a disk that no
    /// VM refers to, on one of five the configuration of no VM. `key` is the volume's own.
    fn strays(world: &World, root: &str, key: u64) -> Self {
        let mut content = Self::default();
        let mut dice = Dice::for_path(&[world.seed, FOR_STRAYS, key]);
        let media = format!("{root}\\{}", setup::INSTALLATION_MEDIUM);
        content.put(5 * GIB, media, calendar::instant(-400, 36_000));
        if dice.chance(0.4) {
            let size = dice.between(5, 300) * GIB;
            let age = -(dice.between(30, 900) as i64);
            let path = format!("{root}\\alt-fileserver\\Virtual Hard Disks\\alt-fileserver_{key}.vhdx");
            content.put(size, path, calendar::instant(age, 4_000));
        }
        if dice.chance(0.2) {
            let id = dice.guid();
            let path = format!("{root}\\test-alt\\Virtual Machines\\{id}.vmcx");
            content.put(CONFIGURATION_BYTES, path, calendar::instant(-300, 4_000));
        }
        content
    }

    /// The files of a VM: its disks, its configuration, those of its checkpoints.
    fn add(&mut self, guest: &Guest, day: u32) {
        let written = |running: bool| {
            if running { calendar::instant(i64::from(day), 0) } else { guest.created_at.clone() }
        };
        for disk in &guest.disks {
            let last = disk.chain.len().saturating_sub(1);
            for (number, file) in disk.chain.iter().enumerate() {
                if file.common && !self.images.insert(file.path.clone()) {
                    continue;
                }
                let active = number == last && guest.state.running;
                self.put(file.size, file.path.clone(), written(active));
            }
        }
        self.put(CONFIGURATION_BYTES, guest.configuration_path(), written(guest.state.running));
        for checkpoint in &guest.checkpoints {
            let memory = checkpoint.memory_file_size.unwrap_or(0);
            self.bytes += memory;
            let path = format!("{}\\Snapshots\\{}.vmcx", guest.folder, checkpoint.id.to_uppercase());
            self.put(CONFIGURATION_BYTES, path, checkpoint.created_at.clone());
        }
        if guest.state.word == "Saved" {
            self.bytes += guest.memory_startup / MIB * MIB;
        }
    }

    fn put(&mut self, size: u64, path: String, modified_at: String) {
        self.bytes += size;
        self.files.push(StoredFile { kind: extension(&path), path, size, modified_at });
    }
}

fn extension(path: &str) -> &'static str {
    let ending = path.rsplit('.').next().unwrap_or_default();
    let known = ["vhdx", "vhd", "avhdx", "avhd", "vhds", "vmcx", "iso"];
    known.into_iter().find(|kind| *kind == ending).unwrap_or("other")
}
