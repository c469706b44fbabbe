//! From a picture to a snapshot: the rows that are compared, by column name.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;

use crate::history::ledger::HistoryError;
use crate::history::picture::{Picture, Residences, Standing};
use crate::history::snapshot::{Checkpoint, Disk, Snapshot, Told, Vm};
use crate::model::target::HostName;
use crate::output::store::Store;
use crate::tables::columns::{Instants, Ints, Texts};

/// Reads what a picture knows of VMs, disks and checkpoints. Memory holds the snapshot.
pub async fn capture(store: &Store, picture: &Picture) -> Result<Snapshot, HistoryError> {
    let root = picture.root();
    if !picture.holds("vinfo") {
        let run = &root.run_id;
        let message = format!("run `{run}` has no vInfo in Parquet: there is nothing to compare it by");
        return Err(HistoryError::NotFound(message));
    }
    let residences = picture.residences(store).await?;
    let mut snapshot = Snapshot {
        run: root.run_id.clone(),
        taken_at: root.started_at,
        hosts: picture.hosts().map(|(host, standing)| (host.clone(), told(standing))).collect(),
        vms: BTreeMap::new(),
        unseen: unseen(picture),
    };
    let reading = Reading { store, picture, residences: &residences };
    let columns = ["vm_name", "vcpus", "memory_startup_bytes", "native_state", "power_state"];
    reading.rows("vinfo", &columns, |rows| vms(&mut snapshot, rows)).await?;
    let columns = ["disk_key", "path", "capacity_bytes", "file_size_bytes", "chain_file_bytes"];
    reading.rows("vdisk", &columns, |rows| disks(&mut snapshot, rows)).await?;
    let columns = ["checkpoint_id", "checkpoint_name", "created_at"];
    reading.rows("vsnapshot", &columns, |rows| checkpoints(&mut snapshot, rows)).await?;
    reading.rows("vhost", &["cluster_name"], |rows| clusters(&mut snapshot, rows)).await?;
    Ok(snapshot)
}

struct Reading<'a> {
    store: &'a Store,
    picture: &'a Picture,
    residences: &'a Residences,
}

impl Reading<'_> {
    async fn rows(
        &self,
        table: &str,
        columns: &[&str],
        show: impl FnMut(&RecordBatch),
    ) -> Result<(), HistoryError> {
        self.picture.read(self.store, self.residences, table, columns, show).await
    }
}

fn told(standing: Standing<'_>) -> Told {
    let vms = standing.told("vinfo");
    let reasons = standing.record.verdict.iter().flat_map(|verdict| &verdict.reasons);
    let reasons: Vec<_> = reasons.map(|reason| reason.word()).collect();
    let why = if reasons.is_empty() { "no whole vinfo".to_owned() } else { reasons.join(", ") };
    Told {
        vms,
        disks: standing.told("vdisk"),
        checkpoints: standing.told("vsnapshot"),
        cluster: None,
        why_not: (!vms).then_some(why),
    }
}

/// VMs that the baseline holds and `vinfo` did not see, and VMs that were kept on a host
/// whose rows then came from another run: that run cannot have them any more, and the host
/// they had left was not asked again.
fn unseen(picture: &Picture) -> std::collections::BTreeSet<String> {
    let mut unseen = std::collections::BTreeSet::new();
    for (host, standing) in picture.hosts() {
        let coverage = standing.record.verdict.iter().flat_map(|verdict| &verdict.coverage);
        let gaps = coverage.filter(|(step, _)| step.0 == "vinfo");
        unseen.extend(gaps.flat_map(|(_, gap)| gap.missing.iter().map(|vm| vm.vm_id.clone())));
        for run in picture.runs().filter(|run| run.run_id != standing.run.run_id) {
            let left = run.moved_vms.iter().filter(|(_, moved)| moved.kept == *host);
            unseen.extend(left.map(|(vm_id, _)| vm_id.clone()));
        }
    }
    unseen
}

fn vms(snapshot: &mut Snapshot, rows: &RecordBatch) {
    let text = |name| Texts::of(rows, name);
    let (hosts, vm_ids, names) = (text("host"), text("vm_id"), text("vm_name"));
    let (native, power) = (text("native_state"), text("power_state"));
    let (vcpus, memory) = (Ints::of(rows, "vcpus"), Ints::of(rows, "memory_startup_bytes"));
    for row in 0..rows.num_rows() {
        let (Some(host), Some(vm_id)) = (hosts.at(row), vm_ids.at(row)) else { continue };
        let Ok(host) = HostName::parse(host) else { continue };
        let vm = Vm {
            name: names.at(row).map(str::to_owned),
            vcpus: vcpus.at(row),
            memory_bytes: memory.at(row),
            state: native.at(row).or(power.at(row)).map(str::to_owned),
            ..Vm::on(host)
        };
        snapshot.vms.insert(vm_id.to_owned(), vm);
    }
}

fn disks(snapshot: &mut Snapshot, rows: &RecordBatch) {
    let (vm_ids, keys, paths) =
        (Texts::of(rows, "vm_id"), Texts::of(rows, "disk_key"), Texts::of(rows, "path"));
    let int = |name| Ints::of(rows, name);
    let (capacity, file, chain) = (int("capacity_bytes"), int("file_size_bytes"), int("chain_file_bytes"));
    for row in 0..rows.num_rows() {
        let vm = vm_ids.at(row).and_then(|vm_id| snapshot.vms.get_mut(vm_id));
        let (Some(vm), Some(key)) = (vm, keys.at(row).or(paths.at(row))) else { continue };
        let disk = Disk {
            path: paths.at(row).map(str::to_owned),
            capacity_bytes: capacity.at(row),
            file_bytes: file.at(row),
            chain_bytes: chain.at(row),
        };
        vm.disks.insert(key.to_owned(), disk);
    }
}

fn checkpoints(snapshot: &mut Snapshot, rows: &RecordBatch) {
    let (vm_ids, ids, names) =
        (Texts::of(rows, "vm_id"), Texts::of(rows, "checkpoint_id"), Texts::of(rows, "checkpoint_name"));
    let created = Instants::of(rows, "created_at");
    for row in 0..rows.num_rows() {
        let vm = vm_ids.at(row).and_then(|vm_id| snapshot.vms.get_mut(vm_id));
        let (Some(vm), Some(id)) = (vm, ids.at(row).or(names.at(row))) else { continue };
        let checkpoint = Checkpoint { name: names.at(row).map(str::to_owned), created_at: created.at(row) };
        vm.checkpoints.insert(id.to_owned(), checkpoint);
    }
}

fn clusters(snapshot: &mut Snapshot, rows: &RecordBatch) {
    let (hosts, names) = (Texts::of(rows, "host"), Texts::of(rows, "cluster_name"));
    for row in 0..rows.num_rows() {
        let host = hosts.at(row).and_then(|host| HostName::parse(host).ok());
        let told = host.and_then(|host| snapshot.hosts.get_mut(&host));
        if let (Some(told), Some(cluster)) = (told, names.at(row)) {
            told.cluster = Some(cluster.to_lowercase());
        }
    }
}
