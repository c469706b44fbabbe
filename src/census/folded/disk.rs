//! How big the disks of a VM are, read from its rows of vdisk.

use std::ops::Range;

use arrow_array::RecordBatch;

use crate::tables::columns::{Flags, Ints, Texts};

pub struct Disks<'a> {
    path: Texts<'a>,
    capacity: Ints<'a>,
    chain: Ints<'a>,
    own: Ints<'a>,
    file: Ints<'a>,
    parent: Texts<'a>,
    vhd_type: Texts<'a>,
    passthrough: Flags<'a>,
    tracked: Flags<'a>,
    sharing: Texts<'a>,
}

impl<'a> Disks<'a> {
    pub fn of(vdisk: &'a RecordBatch) -> Self {
        Self {
            path: Texts::of(vdisk, "path"),
            capacity: Ints::of(vdisk, "capacity_bytes"),
            chain: Ints::of(vdisk, "chain_file_bytes"),
            own: Ints::of(vdisk, "own_file_bytes"),
            file: Ints::of(vdisk, "file_size_bytes"),
            parent: Texts::of(vdisk, "parent_path"),
            vhd_type: Texts::of(vdisk, "vhd_type"),
            passthrough: Flags::of(vdisk, "is_passthrough"),
            tracked: Flags::of(vdisk, "change_tracking_enabled"),
            sharing: Texts::of(vdisk, "sharing_mode"),
        }
    }

    pub fn path(&self, row: usize) -> Option<&'a str> {
        self.path.at(row)
    }

    /// What the guest sees.
    pub fn capacity(&self, row: usize) -> Option<i64> {
        self.capacity.at(row)
    }

    /// A physical disk: it lies on no volume.
    pub fn is_passthrough(&self, row: usize) -> bool {
        self.passthrough.at(row) == Some(true)
    }

    /// Several VMs may write to it.
    pub fn is_shared(&self, row: usize) -> bool {
        self.sharing.at(row) == Some("sharingMultiWriter")
    }

    /// All files of the chain. A physical disk is in use as a whole; a disk without parents
    /// is a chain of one.
    pub fn in_use(&self, row: usize) -> Option<i64> {
        if self.is_passthrough(row) {
            return self.capacity(row);
        }
        let alone =
            self.parent.at(row).is_none() && matches!(self.vhd_type.at(row), Some("Fixed" | "Dynamic"));
        self.chain.at(row).or_else(|| self.file.at(row).filter(|_| alone))
    }

    /// The files that no other VM refers to.
    pub fn unshared(&self, row: usize) -> Option<i64> {
        if self.is_passthrough(row) { self.capacity(row) } else { self.own.at(row) }
    }

    /// Whether any of the disks is tracked; null when those that told say no, but not all told.
    pub fn any_tracked(&self, mut rows: Range<usize>) -> Option<bool> {
        let any = rows.clone().any(|row| self.tracked.at(row) == Some(true));
        let all_told = rows.all(|row| self.tracked.at(row).is_some());
        if any { Some(true) } else { all_told.then_some(false) }
    }
}

/// The rows are all the disks of the VM: as many as its configuration counts or, where that
/// is unknown, because the collector missed none.
pub fn are_all(rows: &Range<usize>, configured: Option<i64>, told: bool) -> bool {
    configured.map_or(told, |configured| rows.len() as i64 >= configured)
}
