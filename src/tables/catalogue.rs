//! All tables, in the order in which people expect them.

use crate::tables::inventory::vinfo::Vinfo;
use crate::tables::table::{TableId, TableSpec};

/// Every inventory table.
pub static INVENTORY: [&TableSpec; 1] = [&Vinfo::SPEC];

/// The table a person means by `vinfo` or `vInfo`.
pub fn named(text: &str) -> Option<&'static TableSpec> {
    all().find(|spec| spec.title.eq_ignore_ascii_case(text))
}

pub fn spec(id: TableId) -> Option<&'static TableSpec> {
    all().find(|spec| spec.id == id)
}

pub fn all() -> impl Iterator<Item = &'static TableSpec> {
    INVENTORY.into_iter()
}
