//! Rows as collectors make them of one VM's objects.

use lustrum::providers::hyperv::collector::Collector;
use serde_json::{Map, Value, json};

use crate::hyperv_tables::rows;

pub const VM: &str = "0f0f0f0f-0000-4000-8000-00000000000a";
pub const OTHER_VM: &str = "0f0f0f0f-0000-4000-8000-00000000000b";

/// One object of the VM with these properties.
pub fn object(properties: Value) -> Value {
    let mut object = Map::from_iter([("VMId".to_owned(), json!(VM))]);
    object.extend(properties.as_object().unwrap().clone());
    Value::Object(object)
}

/// The one row of one object.
pub fn row(collector: Collector, properties: Value) -> Value {
    rows(collector, &object(properties)).remove(0)
}

/// A column of several rows.
pub fn column(collector: Collector, objects: Value, name: &str) -> Vec<Value> {
    let objects = objects.as_array().unwrap().iter().cloned().map(object).collect();
    rows(collector, &Value::Array(objects)).into_iter().map(|mut row| row[name].take()).collect()
}
