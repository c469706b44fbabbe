//! Joins by VM: rows of two tables of one host, both in the order of `vm_id`.

use std::ops::Range;

use arrow_array::RecordBatch;

use crate::tables::columns::Texts;

/// For each row of `vms`, the rows of `others` with the same VM id. Both are sorted by it,
/// nulls last, as the spool gives them; one walk through both, no map.
pub fn by_vm(vms: &RecordBatch, others: &RecordBatch) -> Vec<Range<usize>> {
    by_vm_of_each((vms, &[vms.num_rows()]), (others, &[others.num_rows()]))
}

/// The same for rows of several hosts, each table with the number of rows of each host.
pub fn by_vm_of_each(
    (vms, of_hosts): (&RecordBatch, &[usize]),
    (others, others_of_hosts): (&RecordBatch, &[usize]),
) -> Vec<Range<usize>> {
    let (ids, other_ids) = (Texts::of(vms, "vm_id"), Texts::of(others, "vm_id"));
    let mut matching = Vec::with_capacity(vms.num_rows());
    let mut end = 0;
    for (of_host, others_of_host) in of_hosts.iter().zip(others_of_hosts) {
        let mut from = end;
        end += others_of_host;
        for row in matching.len()..matching.len() + of_host {
            let Some(id) = ids.at(row) else {
                matching.push(from..from);
                continue;
            };
            while from < end && other_ids.at(from).is_some_and(|other| other < id) {
                from += 1;
            }
            let same = (from..end).take_while(|other| other_ids.at(*other) == Some(id));
            matching.push(from..from + same.count());
        }
    }
    matching
}
