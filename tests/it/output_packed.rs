//! Packed rows: what goes in comes out, and no bytes whatever make the reader panic.

use arrow_array::RecordBatch;
use lustrum::output::packed::{pack, unpack, unpack_some};
use lustrum::tables::columns::{part, part_of};
use lustrum::tables::table::Row;
use proptest::prelude::*;

use crate::world::sample_rows::{Plain, Sample, named, tricky};

fn packed(rows: &RecordBatch) -> Vec<u8> {
    let mut out = b"before".to_vec();
    pack(rows, &mut out).unwrap();
    out.split_off(6)
}

fn samples() -> RecordBatch {
    Sample::batch(tricky("hv01")).columns
}

#[test]
fn every_slice_comes_back() {
    let rows = samples();
    for from in 0..=rows.num_rows() {
        for count in 0..=rows.num_rows() - from {
            let slice = rows.slice(from, count);
            assert_eq!(unpack(&[&packed(&slice)], rows.schema()).unwrap(), slice);
        }
    }
}

#[test]
fn any_columns_come_back_without_the_others() {
    let rows = samples();
    let unknown = Sample::batch(vec![Sample { vm_name: None, ..named("hv02", "vm-0001", "") }]).columns;
    let parts = [rows.slice(3, 9), unknown, rows.slice(1, 0), rows.slice(0, 1)];
    let blocks: Vec<_> = parts.iter().map(packed).collect();
    let blocks: Vec<_> = blocks.iter().map(Vec::as_slice).collect();
    let together = arrow_select::concat::concat_batches(&rows.schema(), &parts).unwrap();
    let names: Vec<_> = rows.schema().fields().iter().map(|field| field.name().clone()).collect();
    for chosen in 0..1_u32 << names.len() {
        let stays =
            |name: &str| names.iter().enumerate().any(|(at, known)| known == name && chosen >> at & 1 == 1);
        let of_names: Vec<&str> = names.iter().map(String::as_str).filter(|name| stays(name)).collect();
        let some = unpack_some(&blocks, &rows.schema(), part_of(&rows.schema(), stays)).unwrap();
        assert_eq!(some, part(&together, &of_names));
    }
}

#[test]
fn blocks_come_back_as_one_batch() {
    let rows = samples();
    let unknown = Sample::batch(vec![Sample { vm_name: None, ..named("hv02", "vm-0001", "") }]).columns;
    let parts = [rows.slice(0, 1), unknown, rows.slice(1, 0), rows.slice(3, 9)];
    let blocks: Vec<_> = parts.iter().map(packed).collect();
    let blocks: Vec<_> = blocks.iter().map(Vec::as_slice).collect();
    let together = arrow_select::concat::concat_batches(&rows.schema(), &parts).unwrap();
    assert_eq!(unpack(&blocks, rows.schema()).unwrap(), together);
    assert_eq!(unpack(&[], rows.schema()).unwrap(), rows.slice(0, 0));
}

#[test]
fn cells_that_are_unknown_or_alike_take_no_room() {
    let unknown = |rows: usize| {
        let row = |row| Sample { vm_name: None, ..named("hv01", &format!("{row:02}"), "") };
        Sample::batch((0..rows).map(row).collect()).columns
    };
    let known = |rows: usize| {
        let row = |row| Plain { host: format!("hv01{row:02}"), note: None };
        Plain::batch((0..rows).map(row).collect()).columns
    };
    assert_eq!(unpack(&[&packed(&unknown(9))], unknown(9).schema()).unwrap(), unknown(9));
    let alike = |rows| Plain::batch(vec![Plain { host: "hv01".to_owned(), note: None }; rows]).columns;
    assert_eq!(unpack(&[&packed(&alike(9))], alike(9).schema()).unwrap(), alike(9));
    assert_eq!(packed(&alike(9)).len(), packed(&alike(2)).len());
    // Ten rows more: an offset and six bytes for each, rounded to eights.
    assert!(packed(&known(20)).len() - packed(&known(10)).len() <= 10 * (4 + 6) + 8);
}

proptest! {
    #[test]
    fn damaged_bytes_are_rows_or_an_error(at in 0usize..4096, bit in 0u8..8, cut in 0usize..4096) {
        let mut block = packed(&samples());
        let at = at % block.len();
        block[at] ^= 1 << bit;
        block.truncate(block.len() - cut % 64);
        if let Ok(rows) = unpack(&[&block], samples().schema()) {
            prop_assert_eq!(rows.num_columns(), samples().num_columns());
        }
    }

    #[test]
    fn strangers_bytes_are_rows_or_an_error(block in proptest::collection::vec(any::<u8>(), 0..256)) {
        let _ = unpack(&[&block], samples().schema());
    }
}
