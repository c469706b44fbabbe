//! Collectors `volume` and `file`.

use crate::simulator::payload::object::Object;
use crate::simulator::storage::Volume;
use crate::wire_object as object;

pub fn volume(volumes: &[Volume], cluster: Option<&str>) -> Vec<Object> {
    let object = |volume: &Volume| {
        let state = match (volume.kind, volume.maintenance) {
            ("smb", _) => None,
            (_, Some(true)) => Some("Maintenance"),
            _ => Some("Online"),
        };
        object! { None;
            "Kind": volume.kind,
            "Name": volume.name,
            "Path": volume.path,
            "VolumeId": volume.id,
            "FileSystem": volume.file_system,
            "Size": volume.size,
            "Free": volume.free,
            "OwnerNode": volume.owner,
            "State": state,
            "RedirectedAccess": volume.redirected,
            "Maintenance": volume.maintenance,
            "BlockSize": volume.block_size,
            "ClusterName": cluster_of(volume, cluster),
        }
    };
    volumes.iter().map(object).collect()
}

/// The files this host lists; `but_the_first` leaves out a volume.
pub fn file(volumes: &[Volume], cluster: Option<&str>, but_the_first: bool) -> Vec<Object> {
    let listed = volumes.iter().filter(|volume| volume.content.is_some()).skip(usize::from(but_the_first));
    let mut objects = Vec::new();
    for volume in listed {
        for file in volume.content.iter().flat_map(|content| &content.files) {
            objects.push(object! { None;
                "Path": file.path,
                "Kind": file.kind,
                "Size": file.size,
                "ModifiedAt": file.modified_at,
                "VolumePath": volume.path,
                "ClusterName": cluster_of(volume, cluster),
            });
        }
    }
    objects
}

fn cluster_of<'a>(volume: &Volume, cluster: Option<&'a str>) -> Option<&'a str> {
    cluster.filter(|_| volume.kind == "csv")
}
