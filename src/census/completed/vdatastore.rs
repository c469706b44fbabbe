//! Volumes, each published once, with what lies on them.

use arrow_array::RecordBatch;

use crate::census::filling::Filling;
use crate::census::folded::fleet::Fleet;
use crate::census::folded::owner::Owner;
use crate::census::folded::volume::Volume;
use crate::census::identity;
use crate::tables::columns::{Flags, Ints, Texts};

/// `of` is the volume of each row.
pub fn complete(rows: &RecordBatch, of: &[&Volume], fleet: &Fleet) -> RecordBatch {
    let (capacity, free) = (Ints::of(rows, "capacity_bytes"), Ints::of(rows, "free_bytes"));
    let (kind, id, path) = (Texts::of(rows, "kind"), Texts::of(rows, "volume_id"), Texts::of(rows, "path"));
    let places: Vec<_> = of.iter().map(|volume| fleet.place(volume.owner)).collect();
    // A node that was not heard, or whose disks are not all known, may have more on it.
    let whole: Vec<_> =
        of.iter().map(|volume| fleet.is_whole(volume.owner, |host| fleet.hosts[host].guests.whole)).collect();
    let counted = |row: usize, count: i64| whole[row].then_some(count);
    let hosts = |row: usize| host_names(of[row], kind.at(row), fleet);

    let mut filling = Filling::of(rows);
    filling.texts("config_status", |row| Some(status(rows, row)));
    filling.ints("vms_total", |row| counted(row, of[row].vms));
    filling.ints("vms", |row| counted(row, of[row].running_vms).filter(|_| !of[row].state_unknown));
    filling.ints("provisioned_bytes", |row| {
        counted(row, of[row].provisioned_bytes).filter(|_| !of[row].size_unknown)
    });
    filling.ints("in_use_bytes", |row| capacity.at(row)?.checked_sub(free.at(row)?));
    filling.reals("free_percent", |row| {
        let capacity = capacity.at(row).filter(|capacity| *capacity > 0)?;
        Some(free.at(row)? as f64 * 100.0 / capacity as f64)
    });
    filling.ints("hosts", |row| Some(hosts(row).len() as i64));
    filling.lists("host_names", |row| Some(hosts(row)));
    filling.texts("object_id", |row| {
        let made_up = || identity::object_id("datastore", &[&places[row].sdk_server, path.at(row)?]).into();
        id.at(row).map(str::to_owned).or_else(made_up)
    });
    filling.texts("sdk_server", |row| Some(&places[row].sdk_server));
    filling.texts("sdk_uuid", |row| Some(&places[row].sdk_uuid));
    filling.texts("site", |row| Some(&places[row].datacenter));
    filling.done()
}

/// `red` when it cannot be reached, `yellow` when it is redirected or being worked on,
/// `gray` when nobody says.
fn status(rows: &RecordBatch, row: usize) -> &'static str {
    let flag = |name| Flags::of(rows, name).at(row);
    let state = Texts::of(rows, "state").at(row).unwrap_or_default();
    let accessible = flag("accessible");
    if accessible == Some(false) || matches!(state, "Offline" | "Failed" | "PartialOnline") {
        "red"
    } else if flag("redirected_access") == Some(true) || flag("in_maintenance") == Some(true) {
        "yellow"
    } else if accessible == Some(true) || state == "Online" {
        "green"
    } else {
        "gray"
    }
}

/// Who can reach it: every node for a shared volume of a cluster, by the fleet's name where
/// the node is a host of this run; those that told of a share; its host.
fn host_names(volume: &Volume, kind: Option<&str>, fleet: &Fleet) -> Vec<String> {
    let named = |host: &usize| fleet.names[*host].to_string();
    let tellers = || volume.tellers.iter().map(|host| named(&(*host as usize))).collect();
    match (volume.owner, kind) {
        (Owner::Cluster(cluster), Some("csv")) => match &fleet.clusters[cluster].nodes {
            Some(nodes) => {
                let name =
                    |host: Option<usize>, own: &String| host.map_or_else(|| own.clone(), |h| named(&h));
                let mut names: Vec<_> = nodes.iter().map(|node| name(node.host, &node.name)).collect();
                names.sort_unstable();
                names
            }
            None => tellers(),
        },
        _ => tellers(),
    }
}
