//! The diff: what it tells of single changes, and what holds for every pair of snapshots.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use lustrum::history::change::{Change, What};
use lustrum::history::diff::{Thresholds, diff};
use lustrum::history::snapshot::{Checkpoint, Disk, Snapshot, Told, Vm};
use lustrum::model::run::RunId;
use lustrum::model::target::HostName;
use proptest::prelude::*;

use crate::world::sample_rows::host;

const GIB: i64 = 1 << 30;

fn now() -> DateTime<Utc> {
    "2026-11-21T06:00:00Z".parse().unwrap()
}

fn told(cluster: Option<&str>) -> Told {
    let cluster = cluster.map(str::to_owned);
    Told { vms: true, disks: true, checkpoints: true, cluster, why_not: None }
}

fn unknown() -> Told {
    Told { why_not: Some("unreachable".to_owned()), ..Told::default() }
}

fn snapshot(hosts: &[(&str, Told)], vms: &[(&str, Vm)]) -> Snapshot {
    Snapshot {
        run: RunId::named("daily-20261121T060000.000Z"),
        taken_at: now(),
        hosts: hosts.iter().map(|(name, told)| (host(name), told.clone())).collect(),
        vms: vms.iter().map(|(vm_id, vm)| ((*vm_id).to_owned(), vm.clone())).collect(),
        unseen: Default::default(),
    }
}

fn on(name: &str) -> Vm {
    Vm::on(host(name))
}

fn words(changes: &[Change]) -> Vec<&'static str> {
    changes.iter().map(|change| change.what.word()).collect()
}

fn changed(a: &Snapshot, b: &Snapshot) -> Vec<&'static str> {
    words(&diff(a, b, &Thresholds::default()).changes)
}

#[test]
fn a_vm_comes_goes_and_moves() {
    let both = [("a", told(None)), ("b", told(None))];
    let first = snapshot(&both, &[("1", on("a")), ("2", on("a"))]);
    let second = snapshot(&both, &[("2", on("b")), ("3", on("b"))]);
    assert_eq!(changed(&first, &second), ["vm_added", "vm_moved", "vm_removed"]);
    assert_eq!(changed(&first, &first), [""; 0]);
}

#[test]
fn of_a_host_that_was_not_collected_nothing_is_said_but_that() {
    let vms = [("1", on("a")), ("2", on("b"))];
    let all = snapshot(&[("a", told(None)), ("b", told(None))], &vms);
    let without_b = snapshot(&[("a", told(None)), ("b", unknown())], &vms[..1]);
    let never_heard_of_b = snapshot(&[("a", told(None))], &vms[..1]);
    for lacking in [&without_b, &never_heard_of_b] {
        assert_eq!(changed(&all, lacking), [""; 0]);
        assert_eq!(changed(lacking, &all), [""; 0]);
        let told = diff(&all, lacking, &Thresholds::default());
        assert_eq!((told.hosts_compared, words(&told.not_compared)), (1, vec!["host_unknown"]));
    }
}

#[test]
fn a_vm_of_a_lost_host_that_is_seen_elsewhere_moved() {
    let first = snapshot(&[("a", told(None)), ("b", told(None))], &[("1", on("a"))]);
    let second = snapshot(&[("a", unknown()), ("b", told(None))], &[("1", on("b"))]);
    assert_eq!(changed(&first, &second), ["vm_moved"]);
}

#[test]
fn a_vm_that_may_be_on_a_lost_node_of_its_cluster_is_not_said_to_be_removed() {
    let nodes = |b| [("a", told(Some("c1"))), ("b", b), ("x", told(None))];
    let first = snapshot(&nodes(told(Some("c1"))), &[("1", on("a")), ("2", on("x"))]);
    let second = snapshot(&nodes(unknown()), &[]);
    assert_eq!(changed(&first, &second), ["vm_gone", "vm_removed"]);
    assert_eq!(changed(&second, &first), ["vm_added", "vm_appeared"]);
}

#[test]
fn a_vm_that_only_the_baseline_saw_is_there() {
    let hosts = [("a", told(None))];
    let seen = snapshot(&hosts, &[("1", on("a"))]);
    let mut missed = snapshot(&hosts, &[]);
    missed.unseen.insert("1".to_owned());
    assert_eq!(changed(&seen, &missed), [""; 0]);
    assert_eq!(changed(&missed, &seen), [""; 0]);
}

#[test]
fn cells_are_compared_where_both_are_known() {
    let hosts = [("a", told(None))];
    let vm = |vcpus, memory_bytes, state: Option<&str>, name: Option<&str>| {
        let (state, name) = (state.map(str::to_owned), name.map(str::to_owned));
        snapshot(&hosts, &[("1", Vm { vcpus, memory_bytes, state, name, ..on("a") })])
    };
    let known = vm(Some(2), Some(GIB), Some("Running"), Some("web"));
    let other = vm(Some(4), Some(2 * GIB), Some("Off"), Some("web-1"));
    assert_eq!(
        changed(&known, &other),
        ["state_changed", "vm_renamed", "vm_resized_cpu", "vm_resized_memory"]
    );
    let blank = vm(None, None, None, None);
    assert_eq!((changed(&known, &blank), changed(&blank, &known)), (vec![], vec![]));
}

#[test]
fn a_disk_grows_over_both_thresholds_and_not_by_a_checkpoint_more_or_less() {
    let hosts = [("a", told(None))];
    let with = |path: &str, file: i64, chain: Option<i64>| {
        let disk = Disk {
            path: Some(path.to_owned()),
            capacity_bytes: Some(100 * GIB),
            file_bytes: Some(file),
            chain_bytes: chain,
        };
        snapshot(&hosts, &[("1", Vm { disks: BTreeMap::from([("3000".to_owned(), disk)]), ..on("a") })])
    };
    assert_eq!(changed(&with("a", 10 * GIB, None), &with("a", 12 * GIB, None)), ["disk_grown"]);
    assert_eq!(changed(&with("a", GIB, None), &with("a", GIB + GIB / 2, None)), [""; 0], "too few bytes");
    assert_eq!(changed(&with("a", 90 * GIB, None), &with("a", 92 * GIB, None)), [""; 0], "too small a share");
    assert_eq!(changed(&with("a.avhdx", GIB, None), &with("a.vhdx", 50 * GIB, None)), [""; 0], "merged");
    assert_eq!(changed(&with("a", 1, Some(50 * GIB)), &with("b", 2, Some(60 * GIB))), ["disk_grown"]);
}

#[test]
fn disks_and_checkpoints_count_only_where_their_collector_told_them_both_times() {
    let full = Vm {
        disks: BTreeMap::from([("3000".to_owned(), Disk::default())]),
        checkpoints: BTreeMap::from([("c".to_owned(), Checkpoint::default())]),
        ..on("a")
    };
    let all = snapshot(&[("a", told(None))], &[("1", full)]);
    let bare = |told| snapshot(&[("a", told)], &[("1", on("a"))]);
    assert_eq!(changed(&all, &bare(told(None))), ["checkpoint_removed", "disk_removed"]);
    let only_vms = Told { disks: false, checkpoints: false, ..told(None) };
    assert_eq!(changed(&all, &bare(only_vms)), [""; 0]);
}

#[test]
fn old_checkpoints_stand_beside_the_changes() {
    let aged = |days: i64| Checkpoint { name: None, created_at: Some(now() - TimeDelta::days(days)) };
    let checkpoints = BTreeMap::from([("old".to_owned(), aged(7)), ("young".to_owned(), aged(6))]);
    let both = snapshot(&[("a", told(None))], &[("1", Vm { checkpoints, ..on("a") })]);
    let told = diff(&both, &both, &Thresholds::default());
    assert!(told.changes.is_empty());
    let [old] = told.old_checkpoints.as_slice() else { panic!("{:?}", told.old_checkpoints) };
    assert_eq!(old.line().subject.as_deref(), Some("old"));
}

/// Puts the changes into a snapshot.
fn applied(a: &Snapshot, changes: &[Change]) -> BTreeMap<String, Vm> {
    let mut vms = a.vms.clone();
    for Change { host, vm, what } in changes {
        let vm_id = vm.as_ref().unwrap().vm_id.clone();
        if let What::VmAdded { vm, .. } = what {
            assert!(vms.insert(vm_id, (**vm).clone()).is_none(), "added twice");
            continue;
        }
        if let What::VmRemoved { .. } = what {
            assert!(vms.remove(&vm_id).is_some(), "removed what was not there");
            continue;
        }
        let vm = vms.get_mut(&vm_id).unwrap();
        match what.clone() {
            What::VmMoved { from } => {
                assert_eq!(vm.host, from);
                vm.host = host.clone();
            }
            What::VmRenamed { after, .. } => vm.name = Some(after),
            What::VmResizedCpu { after, .. } => vm.vcpus = Some(after),
            What::VmResizedMemory { after, .. } => vm.memory_bytes = Some(after),
            What::StateChanged { after, .. } => vm.state = Some(after),
            What::DiskAdded { key, disk } => assert!(vm.disks.insert(key, disk).is_none()),
            What::DiskRemoved { key, .. } => assert!(vm.disks.remove(&key).is_some()),
            What::DiskResized { key, after, .. } => {
                vm.disks.get_mut(&key).unwrap().capacity_bytes = Some(after)
            }
            What::DiskGrown { key, after, .. } => vm.disks.get_mut(&key).unwrap().chain_bytes = Some(after),
            What::CheckpointAdded { id, checkpoint } => {
                assert!(vm.checkpoints.insert(id, checkpoint).is_none())
            }
            What::CheckpointRemoved { id, .. } => assert!(vm.checkpoints.remove(&id).is_some()),
            other => panic!("{other:?} is no change of a VM"),
        }
    }
    vms
}

/// What must be the same in `applied(a, diff)` and in `b`: the VMs that `b` knows and `a`
/// could know, and of each the cells that both know.
fn known_part(of: &BTreeMap<String, Vm>, a: &Snapshot, b: &Snapshot) -> BTreeMap<String, Vm> {
    let tells = |snapshot: &Snapshot, host: &HostName, what: fn(&Told) -> bool| {
        snapshot.hosts.get(host).is_some_and(what)
    };
    let mut part = BTreeMap::new();
    for (vm_id, vm) in of {
        let (was, is) = (a.vms.get(vm_id), b.vms.get(vm_id));
        let comparable = match (was, is) {
            (Some(_), Some(_)) => true,
            (Some(was), None) => tells(b, &was.host, |told| told.vms),
            (None, Some(is)) => tells(a, &is.host, |told| told.vms),
            (None, None) => panic!("a VM from nowhere"),
        };
        if !comparable {
            continue;
        }
        let mut vm = vm.clone();
        if let (Some(was), Some(is)) = (was, is) {
            let both = |what: fn(&Told) -> bool| tells(a, &was.host, what) && tells(b, &is.host, what);
            vm.name = vm.name.filter(|_| was.name.is_some() && is.name.is_some());
            vm.vcpus = vm.vcpus.filter(|_| was.vcpus.is_some() && is.vcpus.is_some());
            vm.memory_bytes =
                vm.memory_bytes.filter(|_| was.memory_bytes.is_some() && is.memory_bytes.is_some());
            vm.state = vm.state.filter(|_| was.state.is_some() && is.state.is_some());
            if !both(|told| told.disks) {
                vm.disks.clear();
            }
            if !both(|told| told.checkpoints) {
                vm.checkpoints.clear();
            }
            for (key, disk) in &mut vm.disks {
                // Files: only what grew is told. Paths change with every checkpoint and are not told.
                (disk.file_bytes, disk.path) = (None, None);
                if let (Some(was), Some(is)) = (was.disks.get(key), is.disks.get(key)) {
                    let known = was.capacity_bytes.is_some() && is.capacity_bytes.is_some();
                    disk.capacity_bytes = disk.capacity_bytes.filter(|_| known);
                    let grew = was.chain_bytes.zip(is.chain_bytes).is_some_and(|(was, is)| is >= was);
                    disk.chain_bytes = disk.chain_bytes.filter(|_| grew);
                }
            }
            for (id, checkpoint) in &mut vm.checkpoints {
                if was.checkpoints.contains_key(id) && is.checkpoints.contains_key(id) {
                    *checkpoint = Checkpoint::default();
                }
            }
        } else {
            for disk in vm.disks.values_mut() {
                (disk.file_bytes, disk.path) = (None, None);
            }
        }
        part.insert(vm_id.clone(), vm);
    }
    part
}

fn a_disk() -> impl Strategy<Value = Disk> {
    let bytes = || proptest::option::of(1_i64..50);
    (bytes(), bytes(), bytes(), proptest::option::of("[ab]")).prop_map(|(capacity, file, chain, path)| Disk {
        path,
        capacity_bytes: capacity.map(|gib| gib * GIB),
        file_bytes: file.map(|gib| gib * GIB),
        chain_bytes: chain.map(|gib| gib * GIB),
    })
}

fn a_checkpoint() -> impl Strategy<Value = Checkpoint> {
    let created = proptest::option::of(0_i64..20);
    (proptest::option::of("[ab]"), created).prop_map(|(name, days)| Checkpoint {
        name,
        created_at: days.map(|days| now() - TimeDelta::days(days)),
    })
}

fn a_vm() -> impl Strategy<Value = Vm> {
    let disks = proptest::collection::btree_map("[12]", a_disk(), 0..3);
    let checkpoints = proptest::collection::btree_map("[pq]", a_checkpoint(), 0..3);
    let cells =
        (proptest::option::of("[ab]"), proptest::option::of(1_i64..4), proptest::option::of(1_i64..4));
    (0_u8..4, cells, proptest::option::of("[xy]"), disks, checkpoints).prop_map(
        |(on, (name, vcpus, memory_bytes), state, disks, checkpoints)| Vm {
            host: host(&format!("h{on}")),
            name,
            vcpus,
            memory_bytes,
            state,
            disks,
            checkpoints,
        },
    )
}

/// Four hosts of which some were not asked or did not tell, and up to eight VMs. What was not
/// told is not there: a host that did not tell its VMs shows a few of them at most.
fn a_snapshot() -> impl Strategy<Value = Snapshot> {
    let telling = (any::<bool>(), any::<bool>(), any::<bool>(), proptest::option::of("[cd]"));
    let hosts = proptest::collection::vec(proptest::option::of(telling), 4);
    let vms = proptest::collection::btree_map("[a-h]", a_vm(), 0..8);
    (hosts, vms).prop_map(|(hosts, mut vms)| {
        let told = |(vms, disks, checkpoints, cluster): (bool, bool, bool, Option<String>)| Told {
            vms,
            disks,
            checkpoints,
            cluster,
            why_not: (!vms).then(|| "unreachable".to_owned()),
        };
        let hosts: BTreeMap<_, _> = hosts
            .into_iter()
            .enumerate()
            .filter_map(|(number, telling)| Some((host(&format!("h{number}")), told(telling?))))
            .collect();
        vms.retain(|_, vm: &mut Vm| hosts.contains_key(&vm.host));
        Snapshot { hosts, vms, ..snapshot(&[], &[]) }
    })
}

const EVERYTHING: Thresholds = Thresholds { growth_percent: 0.0, growth_bytes: 0, checkpoint_days: 7 };

proptest! {
    #[test]
    fn applying_the_diff_to_a_gives_b(a in a_snapshot(), b in a_snapshot()) {
        let changes = diff(&a, &b, &EVERYTHING).changes;
        prop_assert_eq!(known_part(&applied(&a, &changes), &a, &b), known_part(&b.vms, &a, &b));
    }

    #[test]
    fn a_host_that_was_not_collected_loses_and_gains_nothing(a in a_snapshot(), b in a_snapshot()) {
        for change in diff(&a, &b, &EVERYTHING).changes {
            let told = |snapshot: &Snapshot| snapshot.hosts.get(&change.host).is_some_and(|told| told.vms);
            match change.what {
                What::VmRemoved { .. } => prop_assert!(told(&b), "{:?}", change),
                What::VmAdded { .. } => prop_assert!(told(&a), "{:?}", change),
                _ => {}
            }
        }
    }

    #[test]
    fn nothing_changes_from_a_snapshot_to_itself(a in a_snapshot()) {
        prop_assert_eq!(diff(&a, &a, &EVERYTHING).changes, Vec::<Change>::new());
    }

    #[test]
    fn to_and_fro_the_same_vms_come_and_go(a in a_snapshot(), b in a_snapshot()) {
        let of = |from, to, wanted: fn(&What) -> bool| {
            let changes = diff(from, to, &EVERYTHING).changes;
            let ids = changes.into_iter().filter(|change| wanted(&change.what)).map(|change| change.vm.unwrap().vm_id);
            let mut ids: Vec<_> = ids.collect();
            ids.sort();
            ids
        };
        let added = of(&a, &b, |what| matches!(what, What::VmAdded { .. }));
        prop_assert_eq!(added, of(&b, &a, |what| matches!(what, What::VmRemoved { .. })));
    }
}
