//! Values as PowerShell writes them: each type reads every spelling seen in the field.
//!
//! Windows PowerShell's ConvertTo-Json turns enums into numbers, dates into `/Date(…)/` or
//! into `{value, DateTime}`, versions and time spans into objects, and a list of one into
//! its element. What a spelling does not tell is `None`, never 0 and never an error.

use chrono::{DateTime, Datelike, Utc};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use uuid::Uuid;

/// Declares a value type that reads leniently.
macro_rules! lenient {
    ($($(#[doc = $doc:literal])+ $name:ident($type:ty) by $read:ident;)+) => {
        $(
            $(#[doc = $doc])+
            #[derive(Clone, Debug, Default, PartialEq)]
            pub struct $name(pub Option<$type>);

            impl<'de> Deserialize<'de> for $name {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    Ok(Self($read(&Value::deserialize(deserializer)?)))
                }
            }
        )+
    };
}

lenient! {
    /// Text; `""` is nothing. A number or a version becomes its text.
    Text(String) by text;
    /// A whole number; a time span becomes its seconds.
    Int(i64) by int;
    /// A finite number.
    Real(f64) by real;
    /// True or false, 1 or 0.
    Flag(bool) by flag;
    /// `On` or `Off` of the enum `OnOffState`, whose numbers are 0 for `On` and 1 for `Off`.
    OnOff(bool) by on_off;
    /// An instant; before 1602 it is FILETIME's way to say "never".
    Instant(DateTime<Utc>) by instant;
    /// Texts; one text is a list of one.
    Texts(Vec<String>) by texts;
    /// A GUID in any spelling; all zeros is nothing.
    Id(Uuid) by id;
}

impl Text {
    /// The enum's name, where an old conversion sent its number and the number is known.
    pub fn named(self, names: &[(&str, &str)]) -> Option<String> {
        let text = self.0?;
        let name = names.iter().find(|(number, _)| *number == text).map(|(_, name)| (*name).to_owned());
        Some(name.unwrap_or(text))
    }
}

impl Text {
    /// A name to show, which the id is where there is none.
    pub fn or_id(self, id: &Id) -> Option<String> {
        self.0.filter(|name| !name.trim().is_empty()).or_else(|| id.text())
    }
}

impl Id {
    pub fn text(&self) -> Option<String> {
        self.0.map(|id| id.to_string())
    }
}

impl Int {
    /// The number, unless it is the 0 that stands for "not told".
    pub fn positive(self) -> Option<i64> {
        self.0.filter(|number| *number > 0)
    }
}

/// A version, unless it is the `0.0` that stands for "not told".
pub fn told_version(version: Option<String>) -> Option<String> {
    version.filter(|version| !version.split('.').all(|part| part == "0"))
}

/// A property of an object, its name in any case.
fn property<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(if *flag { "True" } else { "False" }.to_owned()),
        Value::Object(object) => match property(object, "value") {
            Some(inner) => text(inner),
            None => version(object),
        },
        Value::Null | Value::Array(_) => None,
    }
}

/// System.Version as an object: parts that are absent are -1.
fn version(object: &Map<String, Value>) -> Option<String> {
    let part = |name| property(object, name).and_then(Value::as_i64).filter(|number| *number >= 0);
    let parts: Vec<_> = ["Major", "Minor", "Build", "Revision"].into_iter().map_while(part).collect();
    (!parts.is_empty()).then(|| parts.iter().map(i64::to_string).collect::<Vec<_>>().join("."))
}

fn int(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => text.trim().parse().ok().or_else(|| whole(text.trim().parse().ok()?)),
        Value::Object(object) => {
            let inner = property(object, "value").or_else(|| property(object, "TotalSeconds"));
            inner.and_then(int)
        }
        _ => None,
    }
}

fn whole(number: f64) -> Option<i64> {
    // Beyond 2^53 a float no longer counts every whole number.
    (number.is_finite() && number.abs() <= 9_007_199_254_740_992.0).then(|| number.round() as i64)
}

fn real(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Object(object) => property(object, "value").and_then(real),
        _ => None,
    };
    number.filter(|number| number.is_finite())
}

fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => {
            number.as_i64().filter(|number| (0..=1).contains(number)).map(|number| number == 1)
        }
        Value::String(text) => match text.to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        },
        Value::Object(object) => property(object, "value").and_then(flag),
        _ => None,
    }
}

fn on_off(value: &Value) -> Option<bool> {
    match text(value)?.to_ascii_lowercase().as_str() {
        "on" | "true" | "0" => Some(true),
        "off" | "false" | "1" => Some(false),
        _ => None,
    }
}

fn instant(value: &Value) -> Option<DateTime<Utc>> {
    let instant = match value {
        Value::String(text) => match text.strip_prefix("/Date(").and_then(|rest| rest.strip_suffix(")/")) {
            Some(millis) => DateTime::from_timestamp_millis(epoch_millis(millis)?),
            None => DateTime::parse_from_rfc3339(text.trim()).ok().map(|instant| instant.to_utc()),
        },
        Value::Object(object) => property(object, "value").and_then(self::instant),
        _ => None,
    };
    instant.filter(|instant| instant.year() > 1601)
}

/// `1720919582928` or `1720919582928+0200`: the offset is for display, the number is UTC.
fn epoch_millis(text: &str) -> Option<i64> {
    let digits = text.trim_start_matches('-');
    let end = digits.find(['+', '-']).map_or(text.len(), |at| at + text.len() - digits.len());
    text[..end].parse().ok()
}

fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Null => None,
        Value::Array(values) => Some(values.iter().filter_map(text).collect()),
        // Windows PowerShell's wrapping of an array that carries properties of its own.
        Value::Object(object) => match property(object, "value") {
            Some(inner) => texts(inner),
            None => version(object).map(|text| vec![text]),
        },
        single => Some(text(single).into_iter().collect()),
    }
}

fn id(value: &Value) -> Option<Uuid> {
    let text = match value {
        Value::String(text) => text.trim(),
        Value::Object(object) => {
            return property(object, "value").or_else(|| property(object, "Guid")).and_then(id);
        }
        _ => return None,
    };
    Uuid::try_parse(text).ok().filter(|id| !id.is_nil())
}
