//! A dashboard's variables, and what is put in their place.

use std::collections::BTreeMap;

use serde_json::Value;

/// What is known of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    pub name: String,
    pub known: Known,
    /// Several values may be chosen: then Grafana guards them for regular expressions.
    pub is_multi: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    Values(Vec<String>),
    /// The "all" value of the dashboard's author, a regular expression.
    Regex(String),
    /// Nothing was chosen, or all of what a query would answer.
    Nothing,
}

/// By name.
pub type Variables = BTreeMap<String, Variable>;

/// The duration that stands for one nobody knows.
pub const SOME_DURATION: &str = "5m";

/// Variables of Grafana itself, `$__rate_interval`, with the values of an hour's view.
pub fn global(name: &str) -> Option<&'static str> {
    Some(match name.strip_prefix("__")? {
        "rate_interval" => SOME_DURATION,
        "rate_interval_ms" => "300000",
        "interval" => "1m",
        "interval_ms" => "60000",
        "range" => "1h",
        "range_s" => "3600",
        "range_ms" => "3600000",
        "from" => "1700000000000",
        "to" => "1700003600000",
        "org" => "1",
        "dashboard" | "user" | "name" | "timeFilter" | "timezone" => "x",
        name if name.starts_with("auto") => SOME_DURATION,
        _ => return None,
    })
}

/// One of `templating.list`, or, in the second form, the `spec` of one of `variables`.
/// Data sources and ad hoc filters put nothing into a query.
pub fn read(spec: &Value, kind: &str) -> Option<Variable> {
    let name = spec.get("name")?.as_str()?.to_owned();
    let flag = |key: &str| spec.get(key).and_then(Value::as_bool).unwrap_or_default();
    let is_multi = flag("multi") || flag("includeAll");
    let chosen = match kind {
        "constant" | "textbox" => spec.get("query").filter(|query| query.is_string()),
        _ => None,
    };
    let chosen = spec.pointer("/current/value").filter(|value| !value.is_null()).or(chosen);
    let values: Vec<String> = match chosen {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(all)) => all.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect(),
        Some(Value::Number(number)) => vec![number.to_string()],
        _ => Vec::new(),
    };
    let all_value = spec.get("allValue").and_then(Value::as_str).filter(|all| !all.is_empty());
    let is_all = values.iter().any(|value| value == "$__all");
    let known = match all_value {
        Some(all) if is_all => Known::Regex(all.to_owned()),
        // A value that is made of variables is not known here.
        _ if is_all || values.iter().any(|value| value.contains('$')) => Known::Nothing,
        _ if values.iter().all(String::is_empty) => Known::Nothing,
        _ => Known::Values(values),
    };
    Some(Variable { name, known, is_multi })
}
