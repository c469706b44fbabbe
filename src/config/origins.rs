//! Where each value comes from, by dotted key.

use std::collections::BTreeMap;

use figment::Figment;
use figment::value::Value;

use crate::config::layer::Origin;

/// The origin of every leaf and list that a layer above the defaults set.
#[derive(Clone, Debug, Default)]
pub struct Origins(BTreeMap<String, String>);

impl Origins {
    pub fn in_layers(figment: &Figment) -> Self {
        let mut origins = BTreeMap::new();
        if let Ok(merged) = figment.find_value("") {
            note_origins(figment, &merged, String::new(), &mut origins);
        }
        Self(origins)
    }

    /// The origin of a key or, for what no layer sets, of its default.
    pub fn of(&self, key: &str) -> String {
        self.0.get(key).cloned().unwrap_or_else(|| Origin::Default.to_string())
    }

    /// Whether a layer above the defaults set the key.
    pub fn is_set(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }
}

fn note_origins(figment: &Figment, value: &Value, key: String, origins: &mut BTreeMap<String, String>) {
    let is_above_defaults = |name: &String| *name != Origin::Default.to_string();
    if let Value::Dict(_, table) = value {
        for (name, value) in table {
            let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
            note_origins(figment, value, key, origins);
        }
        return;
    }
    if let Value::Array(_, items) = value {
        for (index, item) in items.iter().enumerate() {
            note_origins(figment, item, format!("{key}[{index}]"), origins);
        }
    }
    let name = figment.get_metadata(value.tag()).map(|metadata| metadata.name.to_string());
    origins.extend(name.filter(is_above_defaults).map(|name| (key, name)));
}
