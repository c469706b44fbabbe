//! What changed from one snapshot to the next: a pure function.
//!
//! What a run did not see it says nothing about. A host that did not tell its VMs in one of
//! the two is *unknown* there: its VMs are neither added nor removed, unless they are seen
//! on another host, and then they moved. Disks and checkpoints are compared only where the
//! host told them both times, and a cell only where it is known both times.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use crate::history::change::{Change, Knowledge, Named, What};
use crate::history::snapshot::{Disk, Snapshot, Told, Vm};
use crate::model::target::HostName;

/// From where on a difference is worth telling.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// A disk grew when its files grew by this share of what they were …
    pub growth_percent: f64,
    /// … and by as many bytes.
    pub growth_bytes: i64,
    /// A checkpoint is old at this age.
    pub checkpoint_days: i64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { growth_percent: 10.0, growth_bytes: 1 << 30, checkpoint_days: 7 }
    }
}

/// What the comparison came to. Every list is sorted by word, host, VM and subject.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diff {
    pub changes: Vec<Change>,
    /// Checkpoints of the later snapshot that are old, whether or not they were before.
    pub old_checkpoints: Vec<Change>,
    /// Hosts that one of the two, or neither, knows.
    pub not_compared: Vec<Change>,
    /// Hosts that both know.
    pub hosts_compared: u64,
}

impl Diff {
    /// All lists, one after the other.
    pub fn all(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().chain(&self.old_checkpoints).chain(&self.not_compared)
    }
}

pub fn diff(a: &Snapshot, b: &Snapshot, thresholds: &Thresholds) -> Diff {
    let mut comparison = Comparison { a, b, thresholds, diff: Diff::default() };
    for (vm_id, before) in &a.vms {
        match b.vms.get(vm_id) {
            Some(after) => comparison.compare(vm_id, before, after),
            None => comparison.removed(vm_id, before),
        }
    }
    for (vm_id, after) in b.vms.iter().filter(|(vm_id, _)| !a.vms.contains_key(*vm_id)) {
        comparison.added(vm_id, after);
    }
    comparison.old_checkpoints();
    comparison.hosts();
    let mut diff = comparison.diff;
    for list in [&mut diff.changes, &mut diff.old_checkpoints, &mut diff.not_compared] {
        list.sort_by_cached_key(|change| {
            let line = change.line();
            (line.change, line.host, line.vm_id, line.subject)
        });
    }
    diff
}

struct Comparison<'a> {
    a: &'a Snapshot,
    b: &'a Snapshot,
    thresholds: &'a Thresholds,
    diff: Diff,
}

impl Comparison<'_> {
    fn change(&mut self, vm_id: &str, vm: &Vm, what: What) {
        let named = Named { vm_id: vm_id.to_owned(), vm_name: vm.name.clone() };
        self.diff.changes.push(Change { host: vm.host.clone(), vm: Some(named), what });
    }

    fn removed(&mut self, vm_id: &str, before: &Vm) {
        if tells(self.b, &before.host) && !self.b.unseen.contains(vm_id) {
            let certain = !self.may_be_elsewhere(self.b, &before.host);
            self.change(vm_id, before, What::VmRemoved { certain });
        }
    }

    fn added(&mut self, vm_id: &str, after: &Vm) {
        if tells(self.a, &after.host) && !self.a.unseen.contains(vm_id) {
            let certain = !self.may_be_elsewhere(self.a, &after.host);
            self.change(vm_id, after, What::VmAdded { vm: Box::new(after.clone()), certain });
        }
    }

    /// Whether a host of the same cluster did not tell its VMs.
    fn may_be_elsewhere(&self, snapshot: &Snapshot, host: &HostName) -> bool {
        let cluster = |host: &HostName| {
            let of = |snapshot: &Snapshot| snapshot.hosts.get(host).and_then(|told| told.cluster.clone());
            of(self.b).or_else(|| of(self.a))
        };
        let Some(ours) = cluster(host) else { return false };
        let known_hosts = self.a.hosts.keys().chain(self.b.hosts.keys());
        let mut others = known_hosts.filter(|other| *other != host && !tells(snapshot, other));
        others.any(|other| cluster(other).as_ref() == Some(&ours))
    }

    fn compare(&mut self, vm_id: &str, before: &Vm, after: &Vm) {
        if before.host != after.host {
            self.change(vm_id, after, What::VmMoved { from: before.host.clone() });
        }
        let renamed = differ(&before.name, &after.name);
        let renamed = renamed.map(|(before, after)| What::VmRenamed { before, after });
        let cpu = differ(&before.vcpus, &after.vcpus);
        let cpu = cpu.map(|(before, after)| What::VmResizedCpu { before, after });
        let memory = differ(&before.memory_bytes, &after.memory_bytes);
        let memory = memory.map(|(before, after)| What::VmResizedMemory { before, after });
        let state = differ(&before.state, &after.state);
        let state = state.map(|(before, after)| What::StateChanged { before, after });
        for what in [renamed, cpu, memory, state].into_iter().flatten() {
            self.change(vm_id, after, what);
        }
        let told = (self.a.hosts.get(&before.host), self.b.hosts.get(&after.host));
        let (Some(told_before), Some(told_after)) = told else { return };
        if told_before.disks && told_after.disks {
            self.disks(vm_id, before, after);
        }
        if told_before.checkpoints && told_after.checkpoints {
            self.checkpoints(vm_id, before, after);
        }
    }

    fn disks(&mut self, vm_id: &str, before: &Vm, after: &Vm) {
        for (key, disk) in only_in(&before.disks, &after.disks) {
            self.change(vm_id, after, What::DiskRemoved { key, disk });
        }
        for (key, disk) in only_in(&after.disks, &before.disks) {
            self.change(vm_id, after, What::DiskAdded { key, disk });
        }
        for (key, disk) in &after.disks {
            let Some(was) = before.disks.get(key) else { continue };
            let path = disk.path.clone();
            if let Some((before, now)) = differ(&was.capacity_bytes, &disk.capacity_bytes) {
                let (key, path) = (key.clone(), path.clone());
                self.change(vm_id, after, What::DiskResized { key, path, before, after: now });
            }
            if let Some((before, now)) = self.grown(was, disk) {
                self.change(vm_id, after, What::DiskGrown { key: key.clone(), path, before, after: now });
            }
        }
    }

    /// By the whole chain where it is known; the active file alone can be compared only with
    /// itself, for a checkpoint begins a new one.
    fn grown(&self, before: &Disk, after: &Disk) -> Option<(i64, i64)> {
        let by_chain = before.chain_bytes.zip(after.chain_bytes);
        let same_file = before.path.is_some() && before.path == after.path;
        let by_file = || before.file_bytes.zip(after.file_bytes).filter(|_| same_file);
        let (before, after) = by_chain.or_else(by_file)?;
        let grown = after.saturating_sub(before);
        let enough = grown as f64 >= before as f64 * self.thresholds.growth_percent / 100.0;
        (grown > 0 && enough && grown >= self.thresholds.growth_bytes).then_some((before, after))
    }

    fn checkpoints(&mut self, vm_id: &str, before: &Vm, after: &Vm) {
        for (id, checkpoint) in only_in(&before.checkpoints, &after.checkpoints) {
            self.change(vm_id, after, What::CheckpointRemoved { id, checkpoint });
        }
        for (id, checkpoint) in only_in(&after.checkpoints, &before.checkpoints) {
            self.change(vm_id, after, What::CheckpointAdded { id, checkpoint });
        }
    }

    fn old_checkpoints(&mut self) {
        let limit = TimeDelta::try_days(self.thresholds.checkpoint_days).unwrap_or(TimeDelta::MAX);
        for (vm_id, vm) in &self.b.vms {
            for (id, checkpoint) in &vm.checkpoints {
                let Some(age) = checkpoint.created_at.map(|at| self.b.taken_at - at) else { continue };
                if age >= limit {
                    let (id, checkpoint, days) = (id.clone(), checkpoint.clone(), age.num_days());
                    let named = Named { vm_id: vm_id.clone(), vm_name: vm.name.clone() };
                    let what = What::CheckpointOld { id, checkpoint, days };
                    let old = Change { host: vm.host.clone(), vm: Some(named), what };
                    self.diff.old_checkpoints.push(old);
                }
            }
        }
    }

    fn hosts(&mut self) {
        let hosts: std::collections::BTreeSet<_> = self.a.hosts.keys().chain(self.b.hosts.keys()).collect();
        for host in hosts {
            let (before, after) = (knowledge(self.a, host), knowledge(self.b, host));
            if before.is_collected() && after.is_collected() {
                self.diff.hosts_compared += 1;
            } else {
                let what = What::HostUnknown { before, after };
                self.diff.not_compared.push(Change { host: host.clone(), vm: None, what });
            }
        }
    }
}

/// Whether a host told all its VMs.
fn tells(snapshot: &Snapshot, host: &HostName) -> bool {
    snapshot.hosts.get(host).is_some_and(|told| told.vms)
}

fn knowledge(snapshot: &Snapshot, host: &HostName) -> Knowledge {
    match snapshot.hosts.get(host) {
        None => Knowledge::NotAsked,
        Some(Told { vms: true, .. }) => Knowledge::Collected,
        Some(told) => Knowledge::NotCollected(told.why_not.clone().unwrap_or_else(|| "unknown".to_owned())),
    }
}

/// Both values, where both are known and differ.
fn differ<T: PartialEq + Clone>(before: &Option<T>, after: &Option<T>) -> Option<(T, T)> {
    let (before, after) = (before.as_ref()?, after.as_ref()?);
    (before != after).then(|| (before.clone(), after.clone()))
}

fn only_in<T: Clone>(these: &BTreeMap<String, T>, those: &BTreeMap<String, T>) -> Vec<(String, T)> {
    let only = these.iter().filter(|(key, _)| !those.contains_key(*key));
    only.map(|(key, value)| (key.clone(), value.clone())).collect()
}
