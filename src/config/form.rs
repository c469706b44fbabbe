//! The forms a text may have to have: durations, sizes, references to secrets, names.
//!
//! A form stands in the JSON schema as `format`, and a value is checked against it there;
//! the serde side of the same form reads what the check let through.

use std::time::Duration;

use chrono::NaiveDate;
use chrono_tz::Tz;
use lettre::message::Mailbox;
use schemars::{Schema, SchemaGenerator, json_schema};

use crate::config::problem::{nearest, one_of};
use crate::config::secret::SecretReference;
use crate::model::realm::Kdc;
use crate::model::run::JobName;
use crate::model::target::HostName;
use crate::notify::template::{Document, Text, Unusable};
use crate::notify::variable::VARIABLES;
use crate::tables::catalogue;
use crate::time::cron::expression::Expression;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Duration,
    Size,
    SecretReference,
    HostName,
    HostPattern,
    JobName,
    TableName,
    Sha256,
    Kdc,
    Service,
    LogFilter,
    CronLine,
    TimeZone,
    Date,
    JsonTemplate,
    TextTemplate,
    Mailbox,
    Url,
    StoreRoot,
}

impl Form {
    const ALL: [Self; 19] = [
        Self::Duration,
        Self::Size,
        Self::SecretReference,
        Self::HostName,
        Self::HostPattern,
        Self::JobName,
        Self::TableName,
        Self::Sha256,
        Self::Kdc,
        Self::Service,
        Self::LogFilter,
        Self::CronLine,
        Self::TimeZone,
        Self::Date,
        Self::JsonTemplate,
        Self::TextTemplate,
        Self::Mailbox,
        Self::Url,
        Self::StoreRoot,
    ];

    const fn word(self) -> &'static str {
        match self {
            Self::Duration => "human-duration",
            Self::Size => "human-size",
            Self::SecretReference => "secret-reference",
            Self::HostName => "host-name",
            Self::HostPattern => "host-pattern",
            Self::JobName => "job-name",
            Self::TableName => "table-name",
            Self::Sha256 => "sha256",
            Self::Kdc => "kdc",
            Self::Service => "service-principal",
            Self::LogFilter => "log-filter",
            Self::CronLine => "cron-line",
            Self::TimeZone => "time-zone",
            Self::Date => "calendar-date",
            Self::JsonTemplate => "json-template",
            Self::TextTemplate => "text-template",
            Self::Mailbox => "mailbox",
            Self::Url => "http-url",
            Self::StoreRoot => "store-root",
        }
    }

    /// The form that a schema's `format` names.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.word() == word)
    }

    pub const fn expected(self) -> &'static str {
        match self {
            Self::Duration => "a duration such as \"30s\", \"5m\" or \"1h 30m\"",
            Self::Size => "a size such as \"64MiB\" or \"1GiB\"",
            Self::SecretReference => {
                "a reference: \"env:NAME\", \"file:/path\", \"credential:NAME\", or \"plain:…\" for a literal"
            }
            Self::HostName => "a host name or address",
            Self::HostPattern => "a host name, or a pattern with `*` and `?`",
            Self::JobName => "1 to 64 characters of a-z, 0-9, `-` and `_`, starting with a letter or digit",
            Self::TableName => "the name of a table",
            Self::Sha256 => "a SHA-256 in hex: 64 digits, colons allowed",
            Self::Kdc => "a KDC such as \"tcp://dc1.census.example:88\"",
            Self::Service => "a service such as \"HTTP/{host}\" or \"WSMAN/{host}\"",
            Self::LogFilter => {
                "error, warn, info, debug, trace, or a filter such as \"info,lustrum::transport=debug\""
            }
            Self::CronLine => "a cron line such as \"0 6 * * 1-5\", \"@daily\" or \"@every 6h\"",
            Self::TimeZone => "a time zone such as \"UTC\" or \"Europe/Berlin\"",
            Self::Date => "a date such as \"2026-12-24\"",
            Self::JsonTemplate => "a JSON document with texts such as \"{{title}}\"",
            Self::TextTemplate => "a text with variables such as {{title}}",
            Self::Mailbox => "an address such as \"census@example.com\" or \"Lustrum <census@example.com>\"",
            Self::Url => "a URL that begins with https:// or http://",
            Self::StoreRoot => "a folder, or \"s3://bucket/prefix\"",
        }
    }

    /// Whether a text that has not the form may be a secret, or hold one.
    pub const fn may_hold_a_secret(self) -> bool {
        matches!(self, Self::SecretReference | Self::Url | Self::StoreRoot)
    }

    /// Whether `text` has the form; if not, a fragment that says what is expected.
    pub fn check(self, text: &str) -> Result<(), String> {
        let expected = || format!("expected {}", self.expected());
        match self {
            Self::Duration => parse_duration(text).map(drop).ok_or_else(expected),
            Self::Size => parse_size(text).map(drop).ok_or_else(expected),
            Self::SecretReference => SecretReference::parse(text).map(drop).ok_or_else(expected),
            Self::HostName => check_host(text),
            Self::HostPattern => check_host(&text.replace(['*', '?'], "x")),
            Self::JobName => JobName::parse(text).map(drop).map_err(|_| expected()),
            Self::TableName => check_table(text),
            Self::Sha256 => parse_sha256(text).map(drop).ok_or_else(expected),
            Self::Kdc => parse_kdc(text).map(drop).ok_or_else(expected),
            Self::Service if is_service(text) => Ok(()),
            Self::Service => Err(expected()),
            Self::LogFilter if text.split(',').all(is_log_directive) => Ok(()),
            Self::LogFilter => Err(expected()),
            Self::CronLine => text.parse::<Expression>().map(drop).map_err(|error| error.to_string()),
            Self::TimeZone => check_zone(text),
            Self::Date => text.parse::<NaiveDate>().map(drop).map_err(|_| expected()),
            Self::JsonTemplate => Document::parse(text).map(drop).map_err(|error| unusable(&error)),
            Self::TextTemplate => Text::parse(text).map(drop).map_err(|error| unusable(&error)),
            // What is left out is told as missing.
            Self::Mailbox if text.is_empty() => Ok(()),
            Self::Mailbox => text.parse::<Mailbox>().map(drop).map_err(|_| expected()),
            Self::Url => check_url(text),
            Self::StoreRoot => check_root(text),
        }
    }

    fn schema(self) -> Schema {
        json_schema!({ "type": "string", "format": self.word() })
    }
}

/// What is wrong with a template, and which variables there are.
fn unusable(error: &Unusable) -> String {
    match error {
        Unusable::Unknown(name) => {
            format!("{error}; expected {}", one_of(name, VARIABLES.map(|variable| variable.name)))
        }
        _ => error.to_string(),
    }
}

fn check_zone(text: &str) -> Result<(), String> {
    if text.parse::<Tz>().is_ok() {
        return Ok(());
    }
    let names: Vec<&str> = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()).collect();
    let expected = Form::TimeZone.expected();
    Err(nearest(text, names)
        .map_or_else(|| format!("expected {expected}"), |zone| format!("did you mean \"{zone}\"?")))
}

/// A URL that may be shown wherever settings are.
pub fn check_url(url: &str) -> Result<(), String> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    match rest {
        Some(rest) if rest.contains('@') => Err("holds a user or a password, which no URL may".to_owned()),
        Some(rest) if !rest.is_empty() => Ok(()),
        _ => Err(format!("expected {}", Form::Url.expected())),
    }
}

/// The root of a store stands in every summary.
fn check_root(root: &str) -> Result<(), String> {
    let place = root.split_once("://").map(|(_, place)| place.split('/').next().unwrap_or_default());
    if place.is_some_and(|place| place.contains('@')) {
        return Err("holds a user or a password: keys have their place in `store`".to_owned());
    }
    Ok(())
}

/// A host name as [`HostName`] takes it, and no port in it.
fn check_host(text: &str) -> Result<(), String> {
    HostName::parse(text).map_err(|refused| format!("{refused}; expected {}", Form::HostName.expected()))?;
    match text.split_once(':') {
        Some((_, port)) if port.parse::<u16>().is_ok() => {
            Err("holds a port; give it with `connection.port`, `port` of a `[[group]]`, or `--port`"
                .to_owned())
        }
        _ => Ok(()),
    }
}

/// `debug`, or `lustrum::transport=debug`: without a level a typo would pass for a target.
fn is_log_directive(text: &str) -> bool {
    let level = text.rsplit_once('=').map_or(text, |(_, level)| level).trim();
    ["off", "error", "warn", "info", "debug", "trace"].iter().any(|known| level.eq_ignore_ascii_case(known))
}

fn check_table(text: &str) -> Result<(), String> {
    let titles = catalogue::INVENTORY.iter().chain(catalogue::DERIVED).map(|spec| spec.title);
    if titles.clone().any(|title| title.eq_ignore_ascii_case(text)) {
        return Ok(());
    }
    Err(format!("expected {}", one_of(text, titles.collect::<Vec<_>>())))
}

/// `30s`, `5m`, `1h 30m`; not zero.
pub fn parse_duration(text: &str) -> Option<Duration> {
    humantime::parse_duration(text.trim()).ok().filter(|duration| !duration.is_zero())
}

const SIZE_UNITS: [(&str, u64); 8] = [
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("b", 1),
];

/// `64MiB`, `1 GiB`, `500kB`, `1048576`; bytes, not zero.
pub fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim().to_lowercase();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let bytes_per_unit = match unit.trim() {
        "" => 1,
        unit => SIZE_UNITS.iter().find(|(name, _)| *name == unit)?.1,
    };
    number.parse::<u64>().ok()?.checked_mul(bytes_per_unit).filter(|bytes| *bytes > 0)
}

/// The largest binary unit that writes the size without a fraction.
pub fn write_size(bytes: u64) -> String {
    [("TiB", 1_u64 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
        .into_iter()
        .find(|(_, unit)| bytes >= *unit && bytes.is_multiple_of(*unit))
        .map_or_else(|| format!("{bytes}B"), |(name, unit)| format!("{}{name}", bytes / unit))
}

/// A fingerprint as certificate tools print it, made plain: 64 lowercase hex digits.
pub fn parse_sha256(text: &str) -> Option<String> {
    let plain: String = text.chars().filter(|c| *c != ':').collect::<String>().to_lowercase();
    (plain.len() == 64 && plain.chars().all(|c| c.is_ascii_hexdigit())).then_some(plain)
}

/// `tcp://host:port`; the port may be left out.
pub fn parse_kdc(text: &str) -> Option<Kdc> {
    Kdc::parse(text.strip_prefix("tcp://")?)
}

/// A class and a host, `{host}` for the target's own.
fn is_service(text: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':'))
    };
    let parts: Vec<&str> = text.split('/').collect();
    matches!(parts[..], [class, host] if is_part(class) && is_part(&host.replace("{host}", "x")))
}

/// Durations as people write them, for `#[serde(with)]`.
pub mod duration {
    use super::{Duration, parse_duration};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&humantime::format_duration(*duration))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_duration(&text).ok_or_else(|| D::Error::custom("not a duration"))
    }
}

/// The same, where it may be left out.
pub mod some_duration {
    use super::{Duration, duration};
    use serde::{Deserializer, Serializer};

    pub fn serialize<S: Serializer>(value: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => duration::serialize(value, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        duration::deserialize(deserializer).map(Some)
    }
}

/// Sizes as people write them, for `#[serde(with)]`.
pub mod size {
    use super::{parse_size, write_size};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(bytes: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&write_size(*bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_size(&text).ok_or_else(|| D::Error::custom("not a size"))
    }
}

/// The schema of each form, for `#[schemars(schema_with)]`.
pub mod schema {
    use super::{Form, Schema, SchemaGenerator, json_schema};

    pub fn duration(_: &mut SchemaGenerator) -> Schema {
        Form::Duration.schema()
    }

    pub fn size(_: &mut SchemaGenerator) -> Schema {
        Form::Size.schema()
    }

    pub fn job_name(_: &mut SchemaGenerator) -> Schema {
        Form::JobName.schema()
    }

    pub fn sha256(_: &mut SchemaGenerator) -> Schema {
        Form::Sha256.schema()
    }

    pub fn kdc(_: &mut SchemaGenerator) -> Schema {
        Form::Kdc.schema()
    }

    pub fn service(_: &mut SchemaGenerator) -> Schema {
        Form::Service.schema()
    }

    pub fn cron_line(_: &mut SchemaGenerator) -> Schema {
        Form::CronLine.schema()
    }

    pub fn time_zone(_: &mut SchemaGenerator) -> Schema {
        Form::TimeZone.schema()
    }

    pub fn dates(_: &mut SchemaGenerator) -> Schema {
        list(Form::Date)
    }

    pub fn url(_: &mut SchemaGenerator) -> Schema {
        Form::Url.schema()
    }

    pub fn store_root(_: &mut SchemaGenerator) -> Schema {
        Form::StoreRoot.schema()
    }

    pub fn log_filter(_: &mut SchemaGenerator) -> Schema {
        Form::LogFilter.schema()
    }

    pub fn host_names(_: &mut SchemaGenerator) -> Schema {
        list(Form::HostName)
    }

    pub fn host_patterns(_: &mut SchemaGenerator) -> Schema {
        list(Form::HostPattern)
    }

    pub fn table_names(_: &mut SchemaGenerator) -> Schema {
        list(Form::TableName)
    }

    /// `writeOnly` tells whoever reads the schema that the value is not shown again.
    pub fn secret_reference(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": Form::SecretReference.word(), "writeOnly": true })
    }

    /// By name; masked likewise.
    pub fn secret_references(generator: &mut SchemaGenerator) -> Schema {
        let one = secret_reference(generator);
        json_schema!({ "type": "object", "additionalProperties": one })
    }

    pub fn json_template(_: &mut SchemaGenerator) -> Schema {
        Form::JsonTemplate.schema()
    }

    pub fn text_template(_: &mut SchemaGenerator) -> Schema {
        Form::TextTemplate.schema()
    }

    pub fn mailbox(_: &mut SchemaGenerator) -> Schema {
        Form::Mailbox.schema()
    }

    pub fn mailboxes(_: &mut SchemaGenerator) -> Schema {
        list(Form::Mailbox)
    }

    fn list(form: Form) -> Schema {
        json_schema!({ "type": "array", "items": { "type": "string", "format": form.word() } })
    }
}
