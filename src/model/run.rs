//! Which execution of which job we speak of: job, slot, run, attempt.

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The name of a job: 1 to 64 characters of `a-z 0-9 - _`, starting with a letter or digit,
/// because it becomes a folder name and an object key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct JobName(String);

#[derive(Debug, thiserror::Error)]
#[error(
    "job name `{0}` must be 1 to 64 characters of a-z, 0-9, `-` and `_`, starting with a letter or digit"
)]
pub struct InvalidJobName(String);

impl JobName {
    pub fn parse(text: &str) -> Result<Self, InvalidJobName> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let fits = (1..=64).contains(&text.len())
            && text.starts_with(plain)
            && text.chars().all(|c| plain(c) || c == '-' || c == '_');
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidJobName(text.to_owned())) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for JobName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// The instant a run stands for: the scheduled one, or for a manual run its start.
/// UTC, whole milliseconds. Written `20261121T060000.000Z`, so that keys sort by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(DateTime<Utc>);

const SLOT_FORMAT: &str = "%Y%m%dT%H%M%S%.3fZ";

#[derive(Debug, thiserror::Error)]
#[error("slot `{0}` is not of the form 20261121T060000.000Z")]
pub struct InvalidSlot(String);

impl Slot {
    pub fn at(instant: DateTime<Utc>) -> Self {
        let whole = DateTime::from_timestamp_millis(instant.timestamp_millis());
        Self(whole.unwrap_or(instant))
    }

    pub fn parse(text: &str) -> Result<Self, InvalidSlot> {
        NaiveDateTime::parse_from_str(text, SLOT_FORMAT)
            .map(|naive| Self::at(naive.and_utc()))
            .map_err(|_| InvalidSlot(text.to_owned()))
    }

    pub fn instant(self) -> DateTime<Utc> {
        self.0
    }

    /// The UTC date under which the run's rows are filed (`run_date=…`).
    pub fn date(self) -> NaiveDate {
        self.0.date_naive()
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format(SLOT_FORMAT))
    }
}

impl Serialize for Slot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Slot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Slot {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Slot".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": r"^\d{8}T\d{6}\.\d{3}Z$" })
    }
}

/// One execution of a job: `<job>-<slot>`. The same slot of the same job is the same run,
/// whoever executes it and however often.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct RunId(String);

impl RunId {
    pub fn new(job: &JobName, slot: Slot) -> Self {
        Self(format!("{job}-{slot}"))
    }

    /// A name as someone wrote it; whether there is such a run is another question.
    pub fn named(text: &str) -> Self {
        Self(text.to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The nonce of one try at a run; it tells one's own objects and one's own commit from
/// those of a twin. 12 lowercase hex digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Attempt(String);

impl Attempt {
    pub fn from_bits(bits: u64) -> Self {
        Self(format!("{:012x}", bits & 0xffff_ffff_ffff))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How much of its job a run asked for.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// All hosts and tables of the job: two such runs can be compared.
    #[default]
    Full,
    /// Some hosts or tables of a job, picked by hand.
    Part,
    /// What an earlier run did not get; read together with it.
    Retry,
}
