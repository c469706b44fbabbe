//! Simulated hard disks: files, and the chains that differencing makes of them.

use crate::simulator::dice::Dice;
use crate::simulator::guest::{Checkpoint, Guest, MIB};
use crate::simulator::machine::GIB;
use crate::simulator::names;

/// A file of a disk's chain.
#[derive(Clone, Debug)]
pub struct ImageFile {
    pub path: String,
    pub size: u64,
    /// A parent image that lies beside the VMs, for any of them.
    pub common: bool,
}

/// A virtual hard disk as Get-VMHardDiskDrive and Get-VHD show it.
#[derive(Debug)]
pub struct Disk {
    /// The file in use, or what the cmdlets call a pass-through disk.
    pub path: String,
    pub controller_type: &'static str,
    pub controller_number: u64,
    pub controller_location: u64,
    /// A pass-through disk has a number and no file.
    pub disk_number: Option<u64>,
    pub format: &'static str,
    /// `Dynamic`, `Fixed` or `Differencing`: the file in use.
    pub kind: &'static str,
    pub size: u64,
    pub file_size: u64,
    pub parent_path: Option<String>,
    pub identifier: String,
    /// Another node holds it.
    pub in_use: bool,
    /// From the root to the file in use; none of a pass-through disk.
    pub chain: Vec<ImageFile>,
    pub tracks_changes: bool,
}

/// Parent images, where VMs use them beside the VMs, and what they take there.
pub const IMAGES: [(&str, u64); 2] =
    [("Images\\ws2022-gold.vhdx", 11 * GIB), ("Images\\ubuntu-2204-gold.vhdx", 3 * GIB)];

/// The disks of a VM as they were made; [`link`] makes chains of them.
pub fn disks(folder: &str, name: &str, generation: u64, has_checkpoints: bool, dice: &mut Dice) -> Vec<Disk> {
    let count = *dice.pick(&[0, 1, 1, 1, 2, 2, 3, 4]);
    let in_use = dice.chance(0.15);
    (0..count)
        .map(|number| {
            let kind = if dice.chance(0.8) { "Dynamic" } else { "Fixed" };
            let format = if generation == 1 && dice.chance(0.3) { "VHD" } else { "VHDX" };
            let size = *dice.pick(&[40, 60, 80, 127, 200, 500, 2048]) * GIB;
            let (controller_type, controller_number) =
                if generation == 1 && number < 2 { ("IDE", 0) } else { ("SCSI", 0) };
            let pass_through = (generation == 1 && dice.chance(0.03)).then_some(4 + number);
            let identifier = dice.guid().to_lowercase();
            let differencing = has_checkpoints && pass_through.is_none();
            let file_size = if kind == "Fixed" && !differencing {
                size
            } else {
                size * dice.between(3, 90) / 100 / MIB * MIB
            };
            Disk {
                path: match pass_through {
                    Some(disk) => format!("Disk {disk} 500.00 GB Bus 0 Lun {disk} Target 0"),
                    None => format!(
                        "{folder}\\Virtual Hard Disks\\{}_{number}.{}",
                        names::file(name),
                        format.to_lowercase()
                    ),
                },
                controller_type,
                controller_number,
                controller_location: number,
                disk_number: pass_through,
                format,
                kind,
                size,
                file_size,
                parent_path: None,
                identifier,
                in_use,
                chain: Vec::new(),
                tracks_changes: false,
            }
        })
        .collect()
}

/// Gives every disk its chain: a parent image where the setup says so, the disk's own file,
/// and one differencing file for each checkpoint, or one that a merge left behind.
pub fn link(guest: &mut Guest) {
    let store = guest.store().to_owned();
    let image = guest.setup.parent_image.and_then(|image| IMAGES.get(image));
    let files = guest.disks.iter().filter(|disk| disk.disk_number.is_none()).count() as u64;
    for (number, disk) in guest.disks.iter_mut().enumerate() {
        if disk.disk_number.is_some() {
            continue;
        }
        let base = std::mem::take(&mut disk.path);
        if let Some((path, size)) = image.filter(|_| number == 0 && disk.format == "VHDX") {
            let path = format!("{store}\\{path}");
            disk.chain.push(ImageFile { path, size: *size, common: true });
        }
        let root_size = match (disk.kind, guest.checkpoints.is_empty()) {
            ("Fixed", _) => disk.size,
            (_, true) => disk.file_size,
            // What the checkpoints hold came on top of it.
            (_, false) => disk.file_size / 2 / MIB * MIB,
        };
        disk.chain.push(ImageFile { path: base.clone(), size: root_size, common: false });
        let mut difference = |id: &str, size| {
            let path = base.replacen(".vhd", &format!("_{}.avhd", id.to_uppercase()), 1);
            disk.chain.push(ImageFile { path, size, common: false });
        };
        for checkpoint in &guest.checkpoints {
            let piece = &checkpoint.id[..8];
            difference(piece, checkpoint.disk_file_size / files.max(1) / MIB * MIB);
        }
        if guest.setup.unmerged {
            difference(&disk.identifier[..8], 300 * MIB);
        }
        let leaf = disk.chain.last().expect("its own file at least");
        (disk.path, disk.file_size) = (leaf.path.clone(), leaf.size);
        disk.parent_path = disk.chain.iter().rev().nth(1).map(|parent| parent.path.clone());
        if disk.parent_path.is_some() {
            disk.kind = "Differencing";
        }
    }
}

/// The files that a VM's drives held when one of its checkpoints was taken.
pub fn files_at<'a>(guest: &'a Guest, checkpoint: usize) -> impl Iterator<Item = &'a ImageFile> + use<'a> {
    let later = guest.checkpoints.len() - checkpoint + usize::from(guest.setup.unmerged);
    guest.disks.iter().filter_map(move |disk| disk.chain.iter().rev().nth(later))
}

/// A checkpoint taken on a day of the fleet.
pub fn checkpoint(day: u32, parent: Option<usize>, label: &str, dice: &mut Dice) -> Checkpoint {
    let created_at =
        crate::simulator::calendar::instant(i64::from(day) - 1, dice.between(3_600, 86_000) as i64);
    Checkpoint {
        id: dice.guid().to_lowercase(),
        name: format!("{label} ({})", &created_at[..10]),
        created_at,
        parent,
        automatic: false,
        production: dice.chance(0.7),
        memory_file_size: None,
        disk_file_size: dice.between(64, 4_000) * MIB,
    }
}
