//! A layer held against the job's JSON schema: every unknown key and every value of the
//! wrong kind at once, each with what was expected.
//!
//! The schema comes from the `Job` type, so there is no second list of keys to keep. What is
//! refused is also taken out of the layer; the rest can then be read and looked at further.

use figment::value::{Dict, Tag, Value};
use serde_json::Value as Json;

use crate::config::form::Form;
use crate::config::layer::Layer;
use crate::config::problem::{Problem, Problems, nearest, one_of};

/// Removes from `layer` what `schema` does not allow, and says why.
pub fn check(layer: &mut Layer, schema: &Json) -> Problems {
    let untyped = layer.is_untyped();
    let origin = layer.origin.to_string();
    let mut walk = Walk { schema, origin, untyped, problems: Problems::default() };
    walk.table(&mut layer.settings, schema, "");
    walk.problems
}

struct Walk<'a> {
    schema: &'a Json,
    origin: String,
    untyped: bool,
    problems: Problems,
}

impl<'a> Walk<'a> {
    fn table(&mut self, table: &mut Dict, schema: &'a Json, path: &str) {
        table.retain(|key, value| {
            let key_path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            let known = schema["properties"].get(key).or_else(|| {
                schema["additionalProperties"].as_object().map(|_| &schema["additionalProperties"])
            });
            match known {
                Some(schema) => self.value(value, schema, &key_path),
                None => {
                    let message = self.unknown_key(key, schema);
                    self.problems.add(Problem::new(&self.origin, key_path, message));
                    false
                }
            }
        });
    }

    /// Whether the value may stay.
    fn value(&mut self, value: &mut Value, schema: &'a Json, path: &str) -> bool {
        let (schema, nullable) = self.resolve(schema);
        if self.untyped {
            give_type(value, schema);
        }
        let fits = match value {
            Value::Empty(..) => nullable || allows(schema, "null"),
            Value::Dict(_, table) if allows(schema, "object") => {
                self.table(table, schema, path);
                return true;
            }
            Value::Array(_, items) if allows(schema, "array") => {
                let mut index = 0;
                items.retain_mut(|item| {
                    index += 1;
                    self.value(item, &schema["items"], &format!("{path}[{}]", index - 1))
                });
                return true;
            }
            Value::String(_, text) if allows(schema, "string") => {
                let form = schema["format"].as_str().and_then(Form::named);
                if let Some(Err(message)) = form.map(|form| form.check(text)) {
                    self.problems.add(self.refused(path, value, schema, message));
                    return false;
                }
                words(schema).is_none_or(|words| words.contains(&text.as_str()))
            }
            Value::Bool(..) => allows(schema, "boolean"),
            Value::Num(_, number) => {
                let unsigned = number.to_u128().and_then(|whole| i128::try_from(whole).ok());
                let whole = number.to_i128().or(unsigned);
                let kind = if whole.is_some() { "integer" } else { "number" };
                let amount = number.to_f64().or(whole.map(|whole| whole as f64)).unwrap_or(f64::NAN);
                (allows(schema, kind) || allows(schema, "number")) && in_range(schema, amount)
            }
            _ => false,
        };
        if !fits {
            let expected = match (value.as_str(), words(schema)) {
                (Some(text), Some(words)) => one_of(text, words),
                _ => expected(schema),
            };
            let message = format!("expected {expected}");
            self.problems.add(self.refused(path, value, schema, message));
        }
        fits
    }

    fn refused(&self, path: &str, value: &Value, schema: &Json, message: String) -> Problem {
        // A password that stands a level too high is a password all the same.
        let is_secret = path.split('.').next() == Some("credentials")
            || schema["format"].as_str().and_then(Form::named).is_some_and(Form::may_hold_a_secret);
        let shown = if is_secret { "***".to_owned() } else { show(value) };
        Problem::new(&self.origin, path, message).with_value(shown)
    }

    /// The schema a reference or an optional stands for, and whether null is allowed too.
    fn resolve(&self, schema: &'a Json) -> (&'a Json, bool) {
        if let Some(reference) = schema["$ref"].as_str() {
            let pointer = reference.trim_start_matches('#');
            return self.resolve(self.schema.pointer(pointer).unwrap_or(&Json::Null));
        }
        match schema["anyOf"].as_array() {
            Some(either) => {
                let not_null = either.iter().find(|one| one["type"] != "null").unwrap_or(&Json::Null);
                (self.resolve(not_null).0, true)
            }
            None => (schema, false),
        }
    }

    fn unknown_key(&self, key: &str, schema: &Json) -> String {
        let siblings: Vec<&str> = schema["properties"]
            .as_object()
            .map(|all| all.keys().map(String::as_str).collect())
            .unwrap_or_default();
        let mut elsewhere = Vec::new();
        self.paths_of(key, self.schema, "", &mut elsewhere);
        let elsewhere = elsewhere.first().map(String::as_str);
        if let Some(meant) = nearest(key, siblings.iter().copied()).or(elsewhere) {
            return format!("unknown key; did you mean `{meant}`?");
        }
        format!("unknown key; expected {}", one_of(key, siblings))
    }

    /// The dotted paths at which the tree knows this very key.
    fn paths_of(&self, key: &str, schema: &'a Json, path: &str, found: &mut Vec<String>) {
        let properties = schema["properties"].as_object().into_iter().flatten();
        for (name, schema) in properties {
            let name_path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            if name == key {
                found.push(name_path.clone());
            }
            self.paths_of(key, self.resolve(schema).0, &name_path, found);
        }
    }
}

/// Reads a text as what the schema wants; what cannot be read stays a text and is refused.
fn give_type(value: &mut Value, schema: &Json) {
    let Some(text) = value.as_str().map(str::trim) else { return };
    let typed = if allows(schema, "array") {
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        Some(Value::Array(Tag::Default, items.map(Value::from).collect()))
    } else if allows(schema, "integer") {
        text.parse::<i64>().ok().map(Value::from)
    } else if allows(schema, "number") {
        text.parse::<f64>().ok().map(Value::from)
    } else if allows(schema, "boolean") {
        text.parse::<bool>().ok().map(Value::from)
    } else {
        None
    };
    if let Some(typed) = typed {
        *value = typed;
    }
}

fn allows(schema: &Json, kind: &str) -> bool {
    match &schema["type"] {
        Json::String(one) => one == kind,
        Json::Array(many) => many.iter().any(|one| one == kind),
        _ => kind == "string" && words(schema).is_some(),
    }
}

/// The words of an enum, whichever way the schema writes it.
fn words(schema: &Json) -> Option<Vec<&str>> {
    if let Some(words) = schema["enum"].as_array() {
        return Some(words.iter().filter_map(Json::as_str).collect());
    }
    let either = schema["oneOf"].as_array()?;
    Some(
        either
            .iter()
            .flat_map(|one| words(one).unwrap_or_else(|| one["const"].as_str().into_iter().collect()))
            .collect(),
    )
}

fn in_range(schema: &Json, amount: f64) -> bool {
    let at_least = schema["minimum"].as_f64().unwrap_or(f64::NEG_INFINITY);
    let at_most = schema["maximum"].as_f64().unwrap_or(f64::INFINITY);
    (at_least..=at_most).contains(&amount)
}

/// What a schema accepts, in words.
fn expected(schema: &Json) -> String {
    if let Some(words) = words(schema) {
        return one_of("", words);
    }
    let range = match (schema["minimum"].as_number(), schema["maximum"].as_number()) {
        (Some(least), Some(most)) => format!(" from {least} to {most}"),
        (Some(least), None) => format!(" of at least {least}"),
        _ => String::new(),
    };
    if allows(schema, "integer") {
        format!("an integer{range}")
    } else if allows(schema, "number") {
        format!("a number{range}")
    } else if allows(schema, "boolean") {
        "true or false".to_owned()
    } else if allows(schema, "array") {
        format!("a list; each item: {}", expected(&schema["items"]))
    } else if allows(schema, "object") {
        "a table".to_owned()
    } else {
        schema["format"].as_str().and_then(Form::named).map_or("a text", Form::expected).to_owned()
    }
}

/// A value on one line, short.
fn show(value: &Value) -> String {
    match value {
        Value::Dict(..) => "{…}".to_owned(),
        Value::Array(..) => "[…]".to_owned(),
        _ => {
            let text = serde_json::to_string(value).unwrap_or_default();
            if text.chars().count() <= 80 {
                text
            } else {
                format!("{}…", text.chars().take(79).collect::<String>())
            }
        }
    }
}
