//! Puts values into columns of a batch that its collector left open.
//!
//! Whole columns are exchanged and the batch is put together once, whatever the number of
//! columns. A column that the table does not declare is left out, and its values are never
//! asked for.

use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::SchemaRef;

pub struct Filling {
    schema: SchemaRef,
    columns: Vec<ArrayRef>,
    rows: usize,
}

impl Filling {
    pub fn of(batch: &RecordBatch) -> Self {
        Self { schema: batch.schema(), columns: batch.columns().to_vec(), rows: batch.num_rows() }
    }

    pub fn texts<S: AsRef<str>>(&mut self, name: &str, at: impl FnMut(usize) -> Option<S>) {
        self.exchange(name, |rows| Arc::new((0..rows).map(at).collect::<StringArray>()));
    }

    pub fn ints(&mut self, name: &str, at: impl FnMut(usize) -> Option<i64>) {
        self.exchange(name, |rows| Arc::new((0..rows).map(at).collect::<Int64Array>()));
    }

    pub fn reals(&mut self, name: &str, at: impl FnMut(usize) -> Option<f64>) {
        self.exchange(name, |rows| Arc::new((0..rows).map(at).collect::<Float64Array>()));
    }

    pub fn flags(&mut self, name: &str, at: impl FnMut(usize) -> Option<bool>) {
        self.exchange(name, |rows| Arc::new((0..rows).map(at).collect::<BooleanArray>()));
    }

    pub fn lists<S: AsRef<str>>(&mut self, name: &str, mut at: impl FnMut(usize) -> Option<Vec<S>>) {
        self.exchange(name, |rows| {
            let mut lists = ListBuilder::new(StringBuilder::new());
            for row in 0..rows {
                lists.append_option(at(row).map(|items| items.into_iter().map(Some)));
            }
            Arc::new(lists.finish())
        });
    }

    fn exchange(&mut self, name: &str, values: impl FnOnce(usize) -> ArrayRef) {
        if let Ok(index) = self.schema.index_of(name) {
            self.columns[index] = values(self.rows);
        }
    }

    /// # Panics
    /// When values do not fit the declared column: either is ours, and the first test meets it.
    pub fn done(self) -> RecordBatch {
        RecordBatch::try_new(self.schema, self.columns).expect("values that fit the declared columns")
    }
}
