//! The rows of the tabs, cell by cell, in the order in which they are written: host by host,
//! then what belongs to no single host.

use arrow_array::RecordBatch;

use crate::model::target::HostName;
use crate::output::shown::{Cell, Shown, Vms};
use crate::output::source::TableSource;
use crate::output::spool::SpoolError;
use crate::tables::columns::Texts;
use crate::tables::inventory::vinfo::Vinfo;
use crate::tables::sheet::{Form, Place};
use crate::tables::tabs::Tab;

/// Hands every row to `each` with the index of its tab. Rows of one tab come in order; tabs
/// take turns, host by host, so that a host's vInfo is read once for all of them. A row
/// without a single filled cell is left out: readers stop at it. Memory is two tables of
/// one host.
pub fn walk<E: From<SpoolError>>(
    source: &dyn TableSource,
    tabs: &[Tab],
    mut each: impl FnMut(usize, &[Cell<'_>]) -> Result<(), E>,
) -> Result<(), E> {
    let of_vms = |tab: &Tab| tab.columns.iter().any(|column| matches!(column.form, Form::Vm(..)));
    let needs_vms = tabs.iter().any(|tab| tab.table.is_some() && of_vms(tab));
    let nothing = RecordBatch::new_empty((Vinfo::SPEC.schema)());
    let vinfo: &'static _ = &Vinfo::SPEC;
    for host in source.hosts() {
        let vm_rows = if needs_vms { source.host_rows(vinfo, host)? } else { nothing.clone() };
        let vms = Vms::of(&vm_rows);
        let place = source.place(host);
        for (index, tab) in tabs.iter().enumerate() {
            let Some(table) = tab.table else { continue };
            let rows = match table.id == vinfo.id && needs_vms {
                true => vm_rows.clone(),
                false => source.host_rows(table, host)?,
            };
            hand_on(index, &Shown::of(tab, &rows, &vms, Some(&place)), &mut each)?;
        }
    }
    let vms = Vms::of(&nothing);
    for (index, tab) in tabs.iter().enumerate() {
        let Some(table) = tab.table else { continue };
        let rows = source.fleet_rows(table)?;
        for row in 0..rows.num_rows() {
            let row = rows.slice(row, 1);
            let place = place_of(source, &row);
            hand_on(index, &Shown::of(tab, &row, &vms, place.as_ref()), &mut each)?;
        }
    }
    Ok(())
}

/// A row of the whole fleet may still name the host that told it.
fn place_of(source: &dyn TableSource, row: &RecordBatch) -> Option<Place> {
    let host = HostName::parse(Texts::of(row, "host").at(0)?).ok()?;
    source.hosts().binary_search(&host).is_ok().then(|| source.place(&host))
}

fn hand_on<E>(
    tab: usize,
    shown: &Shown<'_>,
    each: &mut impl FnMut(usize, &[Cell<'_>]) -> Result<(), E>,
) -> Result<(), E> {
    let mut cells = Vec::new();
    for row in 0..shown.rows() {
        cells.clear();
        cells.extend(shown.row(row));
        if cells.iter().any(|cell| *cell != Cell::Empty) {
            each(tab, &cells)?;
        }
    }
    Ok(())
}
