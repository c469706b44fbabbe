//! What changed, for people: grouped, each change on a line.

use crate::cli::columns::{Columns, count, counted, size};
use crate::cli::diff::Compared;
use crate::cli::runs_text::LONGEST_LIST;
use crate::cli::terminal::{Look, Paint};
use crate::history::change::{Change, Knowledge, What};
use crate::history::picture::Picture;
use crate::history::snapshot::{Checkpoint, Disk, Vm};

/// By word, in the order in which they are told.
const SECTIONS: [(&str, &str); 16] = [
    ("vm_added", "VMs added"),
    ("vm_appeared", "VMs added, or come from a host of the cluster that was not collected before"),
    ("vm_removed", "VMs removed"),
    ("vm_gone", "VMs removed, or gone to a host of the cluster that was not collected"),
    ("vm_moved", "VMs moved"),
    ("vm_renamed", "VMs renamed"),
    ("vm_resized_cpu", "CPU resized"),
    ("vm_resized_memory", "Memory resized"),
    ("state_changed", "State changed"),
    ("disk_added", "Disks added"),
    ("disk_removed", "Disks removed"),
    ("disk_resized", "Disks resized"),
    ("disk_grown", "Disks grown"),
    ("checkpoint_added", "Checkpoints added"),
    ("checkpoint_removed", "Checkpoints removed"),
    ("checkpoint_old", "Old checkpoints"),
];

pub fn render(compared: &Compared<'_>, look: Look) -> String {
    let Compared { a, b, diff } = compared;
    let mut lines = vec![look.paint(Paint::Strong, &format!("What changed in {}", b.root().job))];
    lines.push(format!("  from {}", named(a)));
    lines.push(format!("  to   {}", named(b)));
    let not = match diff.not_compared.len() {
        0 => String::new(),
        hosts => format!(", {} not", count(hosts as u64)),
    };
    lines.push(format!("  {} compared{not}", counted(diff.hosts_compared, "host", "hosts")));
    if diff.changes.is_empty() {
        lines.extend([String::new(), "Nothing changed.".to_owned()]);
    }
    for (word, title) in SECTIONS {
        let listed = || diff.changes.iter().chain(&diff.old_checkpoints);
        section(&mut lines, look, title, listed().filter(|change| change.what.word() == word));
    }
    section(&mut lines, look, "Hosts not compared", diff.not_compared.iter());
    lines.join("\n")
}

fn named(picture: &Picture) -> String {
    let retries = picture.retries().len() as u64;
    let merged =
        if retries == 0 { String::new() } else { format!(" with {}", counted(retries, "retry", "retries")) };
    format!("{}{merged}", picture.root().run_id)
}

fn section<'a>(lines: &mut Vec<String>, look: Look, title: &str, changes: impl Iterator<Item = &'a Change>) {
    let changes: Vec<_> = changes.collect();
    if changes.is_empty() {
        return;
    }
    lines.push(String::new());
    lines.push(format!("{}  {}", look.paint(Paint::Strong, title), count(changes.len() as u64)));
    let mut columns = Columns::default();
    for change in changes.iter().take(LONGEST_LIST) {
        let host = change.host.as_str();
        match &change.vm {
            Some(vm) => {
                let name = vm.vm_name.as_deref().unwrap_or(&vm.vm_id);
                columns.row([name, &place(change, host), &detail(change)]);
            }
            None => columns.row([host, &detail(change)]),
        }
    }
    lines.extend(columns.lines(look.width));
    if changes.len() > LONGEST_LIST {
        let rest = count((changes.len() - LONGEST_LIST) as u64);
        lines.push(look.paint(Paint::Faint, &format!("  and {rest} more; --json has them all")));
    }
}

fn place(change: &Change, host: &str) -> String {
    match &change.what {
        What::VmRemoved { .. } => format!("was on {host}"),
        What::VmMoved { from } => format!("{from} -> {host}"),
        _ => format!("on {host}"),
    }
}

fn detail(change: &Change) -> String {
    let vm_id = change.vm.as_ref().map_or("", |vm| vm.vm_id.as_str());
    match &change.what {
        What::VmAdded { vm, .. } => made_of(vm, vm_id),
        What::VmRemoved { .. } => vm_id.to_owned(),
        What::VmMoved { .. } => String::new(),
        What::VmRenamed { before, .. } => format!("was {before}"),
        What::VmResizedCpu { before, after } => format!("{before} -> {after} vCPUs"),
        What::VmResizedMemory { before, after } => format!("{} -> {}", bytes(*before), bytes(*after)),
        What::StateChanged { before, after } => format!("{before} -> {after}"),
        What::DiskAdded { key, disk } | What::DiskRemoved { key, disk } => whole_disk(key, disk),
        What::DiskResized { key, path, before, after } | What::DiskGrown { key, path, before, after } => {
            let file = path.as_deref().unwrap_or(key);
            format!("{} -> {}  {file}", bytes(*before), bytes(*after))
        }
        What::CheckpointAdded { id, checkpoint } | What::CheckpointRemoved { id, checkpoint } => {
            dated(id, checkpoint)
        }
        What::CheckpointOld { id, checkpoint, days } => {
            format!(
                "{}, {}",
                counted(u64::try_from(*days).unwrap_or_default(), "day", "days"),
                dated(id, checkpoint)
            )
        }
        What::HostUnknown { before, after } => match (before, after) {
            (Knowledge::Collected, after) => format!("later run: {}", after.word()),
            (before, Knowledge::Collected) => format!("earlier run: {}", before.word()),
            (before, after) if before == after => format!("both runs: {}", before.word()),
            (before, after) => format!("earlier run: {}; later run: {}", before.word(), after.word()),
        },
    }
}

fn made_of(vm: &Vm, vm_id: &str) -> String {
    let vcpus =
        vm.vcpus.and_then(|vcpus| u64::try_from(vcpus).ok()).map(|vcpus| counted(vcpus, "vCPU", "vCPUs"));
    let known = [vcpus, vm.memory_bytes.map(bytes), vm.state.clone()];
    let known: Vec<_> = known.into_iter().flatten().chain([vm_id.to_owned()]).collect();
    known.join(", ")
}

fn whole_disk(key: &str, disk: &Disk) -> String {
    let path = disk.path.as_deref().unwrap_or(key);
    disk.capacity_bytes.map_or_else(|| path.to_owned(), |capacity| format!("{}  {path}", bytes(capacity)))
}

fn dated(id: &str, checkpoint: &Checkpoint) -> String {
    let name = checkpoint.name.as_deref().unwrap_or(id);
    let at = checkpoint.created_at.map(|at| at.format("%Y-%m-%d %H:%M UTC").to_string());
    at.map_or_else(|| name.to_owned(), |at| format!("{name}, taken {at}"))
}

fn bytes(number: i64) -> String {
    u64::try_from(number).map_or_else(|_| number.to_string(), size)
}
