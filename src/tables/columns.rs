//! Reading rows back: the columns of a batch by name and type.
//!
//! A column that is not there, or is of another type, reads as null in every row: files of
//! an older schema lack columns that were added since.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Float64Array, Int64Array, ListArray, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
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
                Self(batch.column_by_name(name).and_then(found))
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

fn texts(items: &ArrayRef) -> Vec<String> {
    let items = items.as_string_opt::<i32>();
    items
        .map_or_else(Vec::new, |items| items.iter().map(|item| item.unwrap_or_default().to_owned()).collect())
}
