//! What a table is: a name, columns in a fixed order, and row types that fill it.
//!
//! A table is declared once with [`table!`]; the declaration gives the row struct, the
//! Arrow schema, the column docs that `lustrum schema` prints, and the RVTools tab.

use std::fmt;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, SchemaRef};

use crate::tables::sheet::{Form, Sheet};

/// The name of a table in data: lowercase, `vinfo`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableId(pub &'static str);

impl TableId {
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for TableId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for TableId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// One column as declared.
#[derive(Clone, Debug)]
pub struct Column {
    /// snake_case ASCII, with its unit at the end.
    pub name: &'static str,
    pub data_type: DataType,
    pub nullable: bool,
    /// What it holds and which cmdlet, WMI class or rule it comes from.
    pub doc: &'static str,
}

/// One table as declared.
pub struct TableSpec {
    pub id: TableId,
    /// The RVTools spelling, `vInfo`; people may write either.
    pub title: &'static str,
    pub doc: &'static str,
    pub columns: fn() -> Vec<Column>,
    pub schema: fn() -> SchemaRef,
    /// Its RVTools tab; absent where RVTools has none.
    pub sheet: Option<Sheet>,
}

impl TableSpec {
    /// The headers under which RVTools' tab shows a column; several when it shows it twice.
    pub fn headers_of(&self, column: &str) -> Vec<&'static str> {
        let shown = self.sheet.map_or_else(Vec::new, |sheet| (sheet.columns)());
        let of_column =
            shown.into_iter().filter(|shown| matches!(shown.form, Form::Own(name, _) if name == column));
        of_column.map(|shown| shown.header).collect()
    }
}

/// A row type of a table.
pub trait Row: Sized {
    const TABLE: TableId;

    /// Columns of these rows, in declared order.
    fn batch(rows: Vec<Self>) -> RowBatch;
}

/// Rows of one table as columns. The schema is the table's own.
#[derive(Clone, Debug)]
pub struct RowBatch {
    pub table: TableId,
    pub columns: RecordBatch,
}

impl RowBatch {
    pub fn rows(&self) -> u64 {
        self.columns.num_rows() as u64
    }
}

/// One line of a doc comment comes with a leading space; a column's doc is one paragraph.
pub fn paragraph(lines: &'static str) -> &'static str {
    lines.trim()
}

/// The schema of declared columns.
pub fn schema_of(columns: &[Column]) -> SchemaRef {
    let fields = columns
        .iter()
        .map(|column| arrow_schema::Field::new(column.name, column.data_type.clone(), column.nullable));
    Arc::new(arrow_schema::Schema::new(fields.collect::<Vec<_>>()))
}

/// Declares a table: its row struct, its columns, its spec and, where RVTools has one, its
/// tab. A cell of a tab is one of
///
/// * `()`: no such fact, always empty
/// * `("False")`: the same word in every row
/// * `(vcpus)`, `(capacity_bytes in Mib)`: a column of this table, in a [`Unit`]
/// * `(vm.power_state)`, `(vm.notes in AsIs)`: a column of vInfo, of the row's VM
/// * `(place.Cluster)`: a [`PlaceFact`] of the row's host
///
/// ```ignore
/// table! {
///     /// Virtual machines, one row per VM and host.
///     pub struct Vinfo as "vinfo" ("vInfo") {
///         /// The VM's display name; not unique. `Get-VM .Name`.
///         pub vm_name: Option<String>,
///         /// Configured memory. `Get-VM .MemoryStartup`.
///         pub memory_startup_bytes: Option<i64>,
///     }
///     sheet {
///         "VM" (vm_name)
///         "Template" ("False")
///         "Memory" (memory_startup_bytes in Mib)
///         "vApp" ()
///         "Cluster" (place.Cluster)
///     }
/// }
/// ```
///
/// [`Unit`]: crate::tables::sheet::Unit
/// [`PlaceFact`]: crate::tables::sheet::PlaceFact
#[macro_export]
macro_rules! table {
    (
        $(#[doc = $table_doc:literal])+
        pub struct $row:ident as $id:literal ($title:literal) {
            $(
                $(#[doc = $doc:literal])+
                pub $name:ident : $type:ty
            ),+ $(,)?
        }
        $(sheet { $($header:literal $cell:tt)+ })?
    ) => {
        $(#[doc = $table_doc])+
        #[derive(Clone, Debug, PartialEq)]
        pub struct $row {
            $($(#[doc = $doc])+ pub $name: $type,)+
        }

        impl $row {
            pub const SPEC: $crate::tables::table::TableSpec = $crate::tables::table::TableSpec {
                id: $crate::tables::table::TableId($id),
                title: $title,
                doc: concat!($($table_doc, "\n"),+),
                columns: Self::columns,
                schema: Self::schema,
                sheet: $crate::table!(@sheet $title, $row $({ $($header $cell)+ })?),
            };

            fn columns() -> Vec<$crate::tables::table::Column> {
                vec![$($crate::tables::table::Column {
                    name: stringify!($name),
                    data_type: <$type as $crate::tables::cell::Cell>::data_type(),
                    nullable: <$type as $crate::tables::cell::Cell>::NULLABLE,
                    doc: $crate::tables::table::paragraph(concat!($($doc),+)),
                }),+]
            }

            fn schema() -> arrow_schema::SchemaRef {
                static SCHEMA: std::sync::LazyLock<arrow_schema::SchemaRef> =
                    std::sync::LazyLock::new(|| $crate::tables::table::schema_of(&$row::columns()));
                SCHEMA.clone()
            }
        }

        impl $crate::tables::table::Row for $row {
            const TABLE: $crate::tables::table::TableId = $crate::tables::table::TableId($id);

            fn batch(rows: Vec<Self>) -> $crate::tables::table::RowBatch {
                $(let mut $name = <$type as $crate::tables::cell::Cell>::builder();)+
                for row in rows {
                    $(<$type as $crate::tables::cell::Cell>::append(row.$name, &mut $name);)+
                }
                let columns = vec![$($crate::tables::cell::finish(&mut $name)),+];
                let columns = arrow_array::RecordBatch::try_new(Self::schema(), columns)
                    .expect("builders and schema come from one declaration");
                $crate::tables::table::RowBatch { table: Self::TABLE, columns }
            }
        }
    };
    (@sheet $title:literal, $row:ident) => { None };
    (@sheet $title:literal, $row:ident { $($header:literal $cell:tt)+ }) => {
        Some($crate::tables::sheet::Sheet {
            title: $title,
            columns: || vec![$($crate::tables::sheet::SheetColumn {
                header: $header,
                form: $crate::table!(@form $row $cell),
            }),+],
        })
    };
    (@form $row:ident ()) => { $crate::tables::sheet::Form::Blank };
    (@form $row:ident ($word:literal)) => { $crate::tables::sheet::Form::Word($word) };
    (@form $row:ident (place.$fact:ident)) => {
        $crate::tables::sheet::Form::Place($crate::tables::sheet::PlaceFact::$fact)
    };
    (@form $row:ident (vm.$name:ident)) => { $crate::table!(@form $row (vm.$name in AsIs)) };
    (@form $row:ident (vm.$name:ident in $unit:ident)) => {
        $crate::tables::sheet::Form::Vm(
            $crate::table!(@name $crate::tables::inventory::vinfo::Vinfo, $name),
            $crate::tables::sheet::Unit::$unit,
        )
    };
    (@form $row:ident ($name:ident)) => { $crate::table!(@form $row ($name in AsIs)) };
    (@form $row:ident ($name:ident in $unit:ident)) => {
        $crate::tables::sheet::Form::Own(
            $crate::table!(@name $row, $name),
            $crate::tables::sheet::Unit::$unit,
        )
    };
    // The closure makes the compiler look for the column.
    (@name $row:path, $name:ident) => {{
        let _ = |row: &$row| {
            let _ = &row.$name;
        };
        stringify!($name)
    }};
}
