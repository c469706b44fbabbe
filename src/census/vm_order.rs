//! Joins by VM: rows of two tables of one host, both in the order of `vm_id`.

use std::ops::Range;

use arrow_array::RecordBatch;

use crate::tables::columns::Texts;

/// For each row of `vms`, the rows of `others` with the same VM id. Both are sorted by it,
/// nulls last, as the spool gives them; one walk through both, no map.
pub fn by_vm(vms: &RecordBatch, others: &RecordBatch) -> Vec<Range<usize>> {
    let (ids, other_ids) = (Texts::of(vms, "vm_id"), Texts::of(others, "vm_id"));
    let mut from = 0;
    let matching = |row| {
        let Some(id) = ids.at(row) else { return from..from };
        while from < others.num_rows() && other_ids.at(from).is_some_and(|other| other < id) {
            from += 1;
        }
        let same = (from..others.num_rows()).take_while(|other| other_ids.at(*other) == Some(id));
        from..from + same.count()
    };
    (0..vms.num_rows()).map(matching).collect()
}
