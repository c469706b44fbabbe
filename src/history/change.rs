//! One thing that changed, as a typed value and as a row of `vchange`.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::history::snapshot::{Checkpoint, Disk, Vm};
use crate::model::run::RunId;
use crate::model::target::HostName;
use crate::tables::history::vchange::Vchange;

/// A change, or something that stands and wants a look, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The later run's host; the earlier one's for what is there no more.
    pub host: HostName,
    /// Absent when the change is about the host.
    pub vm: Option<Named>,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub vm_id: String,
    pub vm_name: Option<String>,
}

/// What changed. Disks and checkpoints go by the key they have in `Vm`.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// `certain` is false where a host of its cluster was not collected the time before: it
    /// may have come from there.
    VmAdded {
        vm: Box<Vm>,
        certain: bool,
    },
    /// `certain` is false where a host of its cluster was not collected: it may be there.
    VmRemoved {
        certain: bool,
    },
    VmMoved {
        from: HostName,
    },
    VmRenamed {
        before: String,
        after: String,
    },
    VmResizedCpu {
        before: i64,
        after: i64,
    },
    VmResizedMemory {
        before: i64,
        after: i64,
    },
    StateChanged {
        before: String,
        after: String,
    },
    DiskAdded {
        key: String,
        disk: Disk,
    },
    DiskRemoved {
        key: String,
        disk: Disk,
    },
    DiskResized {
        key: String,
        path: Option<String>,
        before: i64,
        after: i64,
    },
    DiskGrown {
        key: String,
        path: Option<String>,
        before: i64,
        after: i64,
    },
    CheckpointAdded {
        id: String,
        checkpoint: Checkpoint,
    },
    CheckpointRemoved {
        id: String,
        checkpoint: Checkpoint,
    },
    CheckpointOld {
        id: String,
        checkpoint: Checkpoint,
        days: i64,
    },
    HostUnknown {
        before: Knowledge,
        after: Knowledge,
    },
}

/// Whether a host told its VMs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Knowledge {
    Collected,
    /// And why.
    NotCollected(String),
    /// The run did not ask it.
    NotAsked,
}

/// A change in words, for every form in which it leaves the program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    pub change: &'static str,
    pub host: String,
    pub vm_id: Option<String>,
    pub vm_name: Option<String>,
    pub subject: Option<String>,
    pub before: Option<String>,
    pub after: Option<String>,
}

impl What {
    /// The word in data.
    pub fn word(&self) -> &'static str {
        match self {
            Self::VmAdded { certain: true, .. } => "vm_added",
            Self::VmAdded { certain: false, .. } => "vm_appeared",
            Self::VmRemoved { certain: true } => "vm_removed",
            Self::VmRemoved { certain: false } => "vm_gone",
            Self::VmMoved { .. } => "vm_moved",
            Self::VmRenamed { .. } => "vm_renamed",
            Self::VmResizedCpu { .. } => "vm_resized_cpu",
            Self::VmResizedMemory { .. } => "vm_resized_memory",
            Self::StateChanged { .. } => "state_changed",
            Self::DiskAdded { .. } => "disk_added",
            Self::DiskRemoved { .. } => "disk_removed",
            Self::DiskResized { .. } => "disk_resized",
            Self::DiskGrown { .. } => "disk_grown",
            Self::CheckpointAdded { .. } => "checkpoint_added",
            Self::CheckpointRemoved { .. } => "checkpoint_removed",
            Self::CheckpointOld { .. } => "checkpoint_old",
            Self::HostUnknown { .. } => "host_unknown",
        }
    }
}

impl Knowledge {
    pub fn is_collected(&self) -> bool {
        *self == Self::Collected
    }

    pub fn word(&self) -> String {
        match self {
            Self::Collected => "collected".to_owned(),
            Self::NotCollected(why) => format!("not collected: {why}"),
            Self::NotAsked => "not asked".to_owned(),
        }
    }
}

impl Change {
    pub fn line(&self) -> Line {
        let (subject, before, after) = self.cells();
        Line {
            change: self.what.word(),
            host: self.host.to_string(),
            vm_id: self.vm.as_ref().map(|vm| vm.vm_id.clone()),
            vm_name: self.vm.as_ref().and_then(|vm| vm.vm_name.clone()),
            subject,
            before,
            after,
        }
    }

    /// The row of `vchange`.
    pub fn row(&self, run_a: &RunId, run_b: &RunId) -> Vchange {
        let line = self.line();
        Vchange {
            change: line.change.to_owned(),
            host: Some(line.host),
            vm_id: line.vm_id,
            vm_name: line.vm_name,
            subject: line.subject,
            before: line.before,
            after: line.after,
            run_a: run_a.to_string(),
            run_b: run_b.to_string(),
        }
    }

    /// Subject, before and after, in text.
    fn cells(&self) -> (Option<String>, Option<String>, Option<String>) {
        let host = || Some(self.host.to_string());
        let numbers = |before: &i64, after: &i64| (Some(before.to_string()), Some(after.to_string()));
        match &self.what {
            What::VmAdded { .. } => (None, None, host()),
            What::VmRemoved { .. } => (None, host(), None),
            What::VmMoved { from } => (None, Some(from.to_string()), host()),
            What::VmRenamed { before, after } | What::StateChanged { before, after } => {
                (None, Some(before.clone()), Some(after.clone()))
            }
            What::VmResizedCpu { before, after } | What::VmResizedMemory { before, after } => {
                let (before, after) = numbers(before, after);
                (None, before, after)
            }
            What::DiskAdded { key, disk } => (
                Some(place(key, disk.path.as_deref())),
                None,
                disk.capacity_bytes.map(|bytes| bytes.to_string()),
            ),
            What::DiskRemoved { key, disk } => (
                Some(place(key, disk.path.as_deref())),
                disk.capacity_bytes.map(|bytes| bytes.to_string()),
                None,
            ),
            What::DiskResized { key, path, before, after } | What::DiskGrown { key, path, before, after } => {
                let (before, after) = numbers(before, after);
                (Some(place(key, path.as_deref())), before, after)
            }
            What::CheckpointAdded { id, checkpoint } | What::CheckpointOld { id, checkpoint, .. } => {
                (Some(title(id, checkpoint)), None, checkpoint.created_at.map(instant))
            }
            What::CheckpointRemoved { id, checkpoint } => {
                (Some(title(id, checkpoint)), checkpoint.created_at.map(instant), None)
            }
            What::HostUnknown { before, after } => (None, Some(before.word()), Some(after.word())),
        }
    }
}

/// Where a disk is plugged in, and its file.
fn place(key: &str, path: Option<&str>) -> String {
    path.filter(|path| *path != key).map_or_else(|| key.to_owned(), |path| format!("{key} {path}"))
}

fn title(id: &str, checkpoint: &Checkpoint) -> String {
    checkpoint.name.as_ref().map_or_else(|| id.to_owned(), |name| format!("{name} ({id})"))
}

fn instant(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}
