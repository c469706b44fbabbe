//! Reading rows back: the columns of a batch by name and type.
//!
//! A column that is not there, or is of another type, reads as null in every row: files of
//! an older schema lack columns that were added since. To ask for a column that was left out
//! of a part is a bug, and panics.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Float64Array, Int64Array, ListArray, RecordBatch, RecordBatchOptions,
    StringArray, TimestampMicrosecondArray,
};
use arrow_schema::{FieldRef, Schema, SchemaRef};
use chrono::{DateTime, Utc};

/// Declares a view of one column.
macro_rules! view {
    ($(#[doc = $doc:literal])+ $view:ident of $array:ty as $found:expr, $at:expr => $value:ty) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy)]
        pub struct $view<'a>(Option<&'a $array>);

        impl<'a> $view<'a> {
            pub fn of(batch: &'a RecordBatch, name: &str) -> Self {
                let found: fn(&'a ArrayRef) -> Option<&'a $array> = $found;
                let column = batch.column_by_name(name);
                assert!(column.is_some() || !is_part(batch), "column {name} was left out");
                Self(column.and_then(found))
            }

            /// The value in a row; `None` is null.
            pub fn at(&self, row: usize) -> Option<$value> {
                let at: fn(&'a $array, usize) -> $value = $at;
                self.0.filter(|column| !column.is_null(row)).map(|column| at(column, row))
            }
        }
    };
}

view! {
    /// A column of text.
    Texts of StringArray as |column| column.as_string_opt(), |column, row| column.value(row) => &'a str
}
view! {
    /// A column of whole numbers.
    Ints of Int64Array as |column| column.as_primitive_opt::<Int64Type>(), |column, row| column.value(row) => i64
}
view! {
    /// A column of fractions.
    Reals of Float64Array as |column| column.as_primitive_opt::<Float64Type>(), |column, row| column.value(row) => f64
}
view! {
    /// A column of yes and no.
    Flags of BooleanArray as |column| column.as_boolean_opt(), |column, row| column.value(row) => bool
}
view! {
    /// A column of instants.
    Instants of TimestampMicrosecondArray as |column| column.as_primitive_opt::<TimestampMicrosecondType>(),
    |column, row| DateTime::from_timestamp_micros(column.value(row)).unwrap_or_default() => DateTime<Utc>
}
view! {
    /// A column of lists of text; a null item reads as empty text.
    Lists of ListArray as |column| column.as_list_opt(), |column, row| texts(&column.value(row)) => Vec<String>
}

/// Metadata of a schema some of whose columns were left out.
const PART: &str = "part";

/// A schema with some of its columns.
pub fn part_of(whole: &SchemaRef, stays: impl Fn(&str) -> bool) -> SchemaRef {
    let fields: Vec<_> = whole.fields().iter().filter(|field| stays(field.name())).cloned().collect();
    Arc::new(Schema::new_with_metadata(fields, HashMap::from([(PART.to_owned(), String::new())])))
}

/// Rows with some of their columns.
pub fn part(rows: &RecordBatch, columns: &[&str]) -> RecordBatch {
    let schema = part_of(&rows.schema(), |name| columns.contains(&name));
    let of_name = |field: &FieldRef| rows.column_by_name(field.name()).expect("a field of the rows").clone();
    let columns = schema.fields().iter().map(of_name).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    RecordBatch::try_new_with_options(schema, columns, &options).expect("columns of the rows")
}

fn is_part(rows: &RecordBatch) -> bool {
    rows.schema_ref().metadata().contains_key(PART)
}

fn texts(items: &ArrayRef) -> Vec<String> {
    let items = items.as_string_opt::<i32>();
    items
        .map_or_else(Vec::new, |items| items.iter().map(|item| item.unwrap_or_default().to_owned()).collect())
}
