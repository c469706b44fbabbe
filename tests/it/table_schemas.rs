//! Published schemas change only on purpose: each table against its golden file.

use lustrum::tables::catalogue::{INVENTORY, all, named, spec};
use lustrum::tables::table::TableSpec;

use crate::world::golden::assert_golden;

fn described(table: &TableSpec) -> String {
    let schema = (table.schema)();
    let lines = schema.fields().iter().map(|field| {
        let null = if field.is_nullable() { "null" } else { "required" };
        format!("{} {} {null}\n", field.name(), field.data_type())
    });
    lines.collect()
}

#[test]
fn schemas_are_the_golden_ones() {
    for table in all() {
        let file = format!("tests/it/golden/schema_{}.txt", table.id);
        assert_golden(&file, &described(table));
    }
}

#[test]
fn columns_are_declared_as_they_are_published() {
    for table in all() {
        let columns = (table.columns)();
        let schema = (table.schema)();
        assert_eq!(columns.len(), schema.fields().len());
        for (column, field) in columns.iter().zip(schema.fields()) {
            assert_eq!((column.name, &column.data_type), (field.name().as_str(), field.data_type()));
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            assert!(column.name.chars().all(plain) && column.name.len() <= 40, "{}", column.name);
            assert!(
                column.doc.len() > 10 && column.doc.ends_with('.'),
                "{}.{}: {}",
                table.id,
                column.name,
                column.doc
            );
        }
        let names: std::collections::BTreeSet<_> = columns.iter().map(|column| column.name).collect();
        assert_eq!(names.len(), columns.len(), "{} names a column twice", table.id);
    }
}

#[test]
fn inventory_rows_say_where_and_when_they_come_from() {
    for table in INVENTORY {
        let columns = (table.columns)();
        let required: Vec<_> =
            columns.iter().filter(|column| !column.nullable).map(|column| column.name).collect();
        let per_host =
            ["vhost", "vswitch", "vhba", "vnic", "vsc_vmk", "vdatastore", "vcluster", "vrole", "vfile"];
        let per_vm = !per_host.contains(&table.id.as_str());
        let expected: &[_] =
            if per_vm { &["host", "vm_id", "collected_at"] } else { &["host", "collected_at"] };
        assert_eq!(required, expected, "{}", table.id);
    }
}

#[test]
fn tables_answer_to_either_spelling() {
    assert_eq!(named("vInfo").unwrap().id, named("VINFO").unwrap().id);
    assert!(named("vinfos").is_none());
    assert!(all().all(|table| spec(table.id).is_some()));
}
