//! A zombie is named only when every node of its cluster told everything.

use proptest::prelude::*;
use serde_json::{Value, json};

use lustrum::census::health::check::Check;
use lustrum::census::health::paths::{disk_stem, is_below, last_part, normal};
use lustrum::census::health::thresholds::Thresholds;

use crate::world::told_fleet::{Found, TABLES, health};

const ROOT: &str = "C:\\ClusterStorage\\Volume1";

fn vm_id(cluster: usize, number: usize) -> String {
    format!("0e3c2b44-0000-4000-8000-{cluster:04}{number:08}")
}

fn name(cluster: usize, node: usize) -> String {
    format!("cl{cluster}n{node}.example.com")
}

/// A cluster in which node `owner` lists the shared volume: every VM's disks and
/// configuration, and of each kind one file that belongs to nobody.
fn cluster(number: usize, nodes: usize, vms: usize, owner: usize) -> Vec<(String, Value)> {
    let label = |node: usize| format!("CL{number}N{node}");
    let labels: Vec<String> = (0..nodes).map(label).collect();
    let states: Vec<String> = labels.iter().map(|label| format!("{label}=Up")).collect();
    let mut files = vec![
        json!({ "path": format!("{ROOT}\\old\\old.vhdx"), "file_kind": "vhdx" }),
        json!({ "path": format!("{ROOT}\\old\\{}.vmcx", vm_id(number, 9_999)), "file_kind": "vmcx" }),
    ];
    let mut told: Vec<Value> = (0..nodes)
        .map(|node| {
            json!({
                "vcluster": [{ "cluster_name": format!("CL{number}"), "node_names": labels, "node_states": states }],
                "vhost": [{ "computer_name": label(node), "cluster_name": format!("CL{number}") }],
                "vinfo": [], "vdisk": [], "vsnapshot": [], "vfile": [],
            })
        })
        .collect();
    for vm in 0..vms {
        let id = vm_id(number, vm);
        let disk = |suffix: &str| format!("{ROOT}\\vm{vm}\\disk{suffix}");
        let links = ["_0e3c2b44-0000-4000-8000-00000000000a", "_0e3c2b44-0000-4000-8000-00000000000b"];
        let [first, second] = links.map(|link| disk(&format!("{link}.avhdx")));
        let row = if vm % 2 == 0 {
            json!({ "vm_id": id, "path": disk(".vhdx") })
        } else {
            // A chain of four: nobody names the second link but by its disk.
            json!({ "vm_id": id, "path": disk("_top.avhdx"), "parent_path": first, "base_path": disk(".vhdx") })
        };
        let host = &mut told[vm % nodes];
        host["vinfo"].as_array_mut().unwrap().push(json!({ "vm_id": id, "vm_name": format!("vm{vm}") }));
        host["vdisk"].as_array_mut().unwrap().push(row);
        files.push(json!({ "path": disk(".vhdx").to_uppercase(), "file_kind": "vhdx" }));
        files.push(json!({ "path": format!("{ROOT}\\vm{vm}\\{id}.vmcx"), "file_kind": "vmcx" }));
        if vm % 2 == 1 {
            files.extend([first, second].map(|path| json!({ "path": path, "file_kind": "avhdx" })));
        }
    }
    told[owner]["vfile"] = Value::Array(files);
    (0..nodes).map(|node| name(number, node)).zip(told).collect()
}

fn fleet(clusters: impl IntoIterator<Item = Vec<(String, Value)>>) -> Value {
    Value::Object(clusters.into_iter().flatten().collect())
}

fn zombies(fleet: &Value) -> Vec<Found> {
    let words = [Check::ZombieDisk.word(), Check::ZombieVm.word()];
    let found = health(fleet, &Thresholds::default()).into_iter();
    found.filter(|finding| words.contains(&finding.check.as_str())).collect()
}

fn of_cluster(found: &[Found], cluster: usize) -> usize {
    let prefix = format!("cl{cluster}n");
    found.iter().filter(|finding| finding.host.as_ref().is_some_and(|host| host.starts_with(&prefix))).count()
}

/// The ways in which a node can fail to have told all.
#[derive(Clone, Debug)]
enum Missing {
    Host,
    Rows,
    Table(&'static str),
    Vm,
    Down,
    NotInFleet,
}

fn missing() -> impl Strategy<Value = Missing> {
    prop_oneof![
        Just(Missing::Host),
        Just(Missing::Rows),
        prop::sample::select(vec!["vinfo", "vdisk", "vsnapshot", "vfile"]).prop_map(Missing::Table),
        Just(Missing::Vm),
        Just(Missing::Down),
        Just(Missing::NotInFleet),
    ]
}

fn lose(fleet: &mut Value, cluster: usize, node: usize, how: &Missing) {
    let host = name(cluster, node);
    match how {
        Missing::Host => fleet[&host] = json!({ "_told": [], "_status": "inventory_error" }),
        Missing::Rows => fleet[&host]["_told"] = json!([]),
        Missing::Table(table) => {
            fleet[&host]["_told"] = TABLES.iter().filter(|told| *told != table).copied().collect();
        }
        Missing::Vm => fleet[&host]["_unseen"] = json!(true),
        Missing::Down => {
            for (_, told) in fleet.as_object_mut().unwrap() {
                for state in told["vcluster"][0]["node_states"].as_array_mut().into_iter().flatten() {
                    if *state == format!("CL{cluster}N{node}=Up") {
                        *state = json!(format!("CL{cluster}N{node}=Down"));
                    }
                }
            }
        }
        Missing::NotInFleet => drop(fleet.as_object_mut().unwrap().remove(&host)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_missing_node_silences_its_cluster_and_no_other(
        nodes in 1_usize..5,
        vms in 0_usize..9,
        owner in any::<prop::sample::Index>(),
        lost in any::<prop::sample::Index>(),
        how in missing(),
    ) {
        let whole = fleet([cluster(1, nodes, vms, owner.index(nodes)), cluster(2, 2, vms, 0)]);
        let found = zombies(&whole);
        prop_assert_eq!((of_cluster(&found, 1), of_cluster(&found, 2)), (2, 2), "{:#?}", found);

        let mut torn = whole;
        lose(&mut torn, 1, lost.index(nodes), &how);
        let found = zombies(&torn);
        prop_assert_eq!((of_cluster(&found, 1), of_cluster(&found, 2)), (0, 2), "{:#?}", found);
    }

    #[test]
    fn every_spelling_of_a_path_is_one_path(
        parts in prop::collection::vec("[a-zA-Z0-9 _.-]{1,8}[a-zA-Z0-9]", 1..5),
        upper in any::<bool>(),
        slashes in any::<bool>(),
        device in any::<bool>(),
        detour in any::<bool>(),
    ) {
        let path = format!("C:\\{}", parts.join("\\"));
        let mut spelled = if upper { path.to_uppercase() } else { path.clone() };
        if detour {
            spelled = spelled.replacen("C:\\", "C:\\.\\x\\..\\\\", 1);
        }
        if device {
            spelled = format!("\\\\?\\{spelled}");
        }
        if slashes {
            spelled = spelled.replace('\\', "/");
        }
        prop_assert_eq!(normal(&spelled), normal(&path));
        prop_assert_eq!(normal(&normal(&path)), normal(&path));
    }
}

#[test]
fn paths_by_example() {
    assert_eq!(normal("\\\\?\\C:/VMs//Web\\.\\a.VHDX"), "c:\\vms\\web\\a.vhdx");
    assert_eq!(normal("\\\\?\\UNC\\Srv\\Share\\"), "\\\\srv\\share");
    assert_eq!(normal("\\\\Srv/Share"), "\\\\srv\\share");
    assert_ne!(normal("\\\\c\\x"), normal("c\\x"));
    assert!(is_below("c:\\clusterstorage\\volume1\\a", "c:\\clusterstorage\\volume1"));
    assert!(!is_below("c:\\clusterstorage\\volume10\\a", "c:\\clusterstorage\\volume1"));
    assert_eq!(last_part("D:\\VMs\\Web\\"), Some("Web"));
    assert_eq!(last_part("D:\\"), None);
    assert_eq!(disk_stem("C:\\a\\Web_0E3C2B44-0000-4000-8000-000000000001.avhdx").as_deref(), Some("web"));
    assert_eq!(disk_stem("C:\\a\\web_1.vhdx").as_deref(), Some("web_1"));
}

#[test]
fn a_link_of_no_known_chain_is_a_zombie() {
    let mut fleet = fleet([cluster(1, 2, 4, 0)]);
    let files = fleet[name(1, 0)]["vfile"].as_array_mut().unwrap();
    files.push(json!({ "path": format!("{ROOT}\\old\\gone_{}.avhdx", vm_id(7, 7)), "file_kind": "avhdx" }));
    assert_eq!(zombies(&fleet).len(), 3);
}

#[test]
fn a_volume_that_changed_hands_is_told_by_one_node() {
    let mut fleet = fleet([cluster(1, 2, 4, 0)]);
    fleet[name(1, 1)]["vfile"] = fleet[name(1, 0)]["vfile"].clone();
    let found = zombies(&fleet);
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|finding| finding.host.as_deref() == Some("cl1n0.example.com")));
}

#[test]
fn the_content_of_a_disk_set_is_no_zombie() {
    let mut fleet = fleet([cluster(1, 1, 1, 0)]);
    let host = &mut fleet[name(1, 0)];
    let set = json!({ "vm_id": vm_id(1, 0), "path": format!("{ROOT}\\shared.vhds") });
    host["vdisk"].as_array_mut().unwrap().push(set);
    let content = format!("{ROOT}\\shared_{}.avhdx", vm_id(8, 8));
    host["vfile"].as_array_mut().unwrap().push(json!({ "path": content, "file_kind": "avhdx" }));
    assert_eq!(zombies(&fleet).len(), 2);
}

#[test]
fn a_vm_whose_rows_are_kept_in_another_cluster_leaves_its_files_in_doubt() {
    let mut fleet = fleet([cluster(1, 2, 3, 0), cluster(2, 2, 3, 0)]);
    fleet[name(1, 1)]["_moved_to"] = json!(name(1, 0));
    assert_eq!(of_cluster(&zombies(&fleet), 1), 2, "within the cluster nothing is lost");
    fleet[name(1, 1)]["_moved_to"] = json!(name(2, 0));
    let found = zombies(&fleet);
    assert_eq!((of_cluster(&found, 1), of_cluster(&found, 2)), (0, 2));
}

#[test]
fn a_drive_without_a_row_leaves_the_files_in_doubt() {
    let mut fleet = fleet([cluster(1, 2, 3, 0)]);
    fleet[name(1, 1)]["vinfo"][0]["disks"] = json!(1);
    assert_eq!(zombies(&fleet).len(), 2);
    fleet[name(1, 1)]["vinfo"][0]["disks"] = json!(2);
    assert_eq!(zombies(&fleet), []);
}
