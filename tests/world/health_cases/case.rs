//! One fleet in which a check fires, and fleets beside it in which it does not.

use lustrum::census::health::check::Check;
use serde_json::{Value, json};

/// One check: a fleet in which it fires once, for what and with which words, and fleets
/// that differ from it by what is said (a patch that is merged into it) and are in order.
pub struct Case {
    pub check: Check,
    pub fires: Value,
    pub name: &'static str,
    pub message: &'static str,
    pub silent: Vec<(&'static str, Value)>,
}

pub fn case(
    check: Check,
    name: &'static str,
    message: &'static str,
    fires: Value,
    silent: impl IntoIterator<Item = (&'static str, Value)>,
) -> Case {
    Case { check, fires, name, message, silent: silent.into_iter().collect() }
}

/// The fleet with other values in it: objects and rows are merged, anything else replaced.
pub fn patched(mut fleet: Value, patch: &Value) -> Value {
    merge(&mut fleet, patch);
    fleet
}

fn merge(into: &mut Value, patch: &Value) {
    match (into, patch) {
        (Value::Object(into), Value::Object(patch)) => {
            for (key, value) in patch {
                merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (Value::Array(into), Value::Array(patch)) if patch.first().is_some_and(Value::is_object) => {
            into.resize(into.len().max(patch.len()), json!({}));
            into.iter_mut().zip(patch).for_each(|(into, patch)| merge(into, patch));
        }
        (into, patch) => *into = patch.clone(),
    }
}

/// A change to the first row of a table of `hv01`.
pub fn first(table: &str, row: Value) -> Value {
    json!({ "hv01": { table: [row] } })
}

pub fn host(row: Value) -> Value {
    json!({ "hv01": { "vhost": [row] } })
}

pub fn vm(row: Value) -> Value {
    let mut fleet = json!({ "hv01": { "vinfo": [{
        "vm_id": "a1", "vm_name": "web01", "power_state": "poweredOn"
    }] } });
    merge(&mut fleet, &first("vinfo", row));
    fleet
}

pub fn with(fleet: Value, table: &str, rows: Value) -> Value {
    patched(fleet, &json!({ "hv01": { table: rows } }))
}

pub const GIB: i64 = 1 << 30;
