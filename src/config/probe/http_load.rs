//! A load as it is written down.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::form;
use crate::config::job::TrustSettings;
use crate::config::probe::http_load_monitor::MonitorSettings;
use crate::config::secret::SecretReference;
use crate::probes::http_load::grades::GradeSet;

/// How much a service bears: requests to its endpoints, by several at a time or at a rate, with
/// a verdict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct HttpLoadSettings {
    /// What paths are put behind: `http://chat.example:8000`.
    pub base_url: String,
    pub trust: TrustSettings,
    pub http_version: Version,
    /// With HTTP/2: how many send on one connection.
    #[schemars(range(min = 1, max = 1000))]
    pub streams: u32,
    /// Whether a connection carries more than one request.
    pub keep_alive: bool,
    /// Numbers for `concurrent` and `total` under one name; those that are set beside it win.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<Preset>,
    /// How many send at the same time, each on a connection of its own. 5 unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub concurrent: Option<u32>,
    /// How many requests are sent. 50 unless this or `duration` is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub total: Option<u64>,
    /// How long requests are sent; with `total`, whichever ends first.
    #[serde(skip_serializing_if = "Option::is_none", with = "form::some_duration")]
    #[schemars(schema_with = "form::schema::duration")]
    pub duration: Option<Duration>,
    /// Requests a second, due by the clock whatever the server does; latency counts from when they
    /// were due. Without a rate each sends when it has its answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.001, max = 10_000_000.0))]
    pub rate: Option<f64>,
    /// How long the rate rises from nothing to `rate`, before `duration`.
    #[serde(skip_serializing_if = "Option::is_none", with = "form::some_duration")]
    #[schemars(schema_with = "form::schema::duration")]
    pub ramp: Option<Duration>,
    /// How long requests are sent before those that are counted.
    #[serde(skip_serializing_if = "Option::is_none", with = "form::some_duration")]
    #[schemars(schema_with = "form::schema::duration")]
    pub warm_up: Option<Duration>,
    /// A pause between an answer and the next request of the same sender; not with `rate`.
    #[serde(skip_serializing_if = "Option::is_none", with = "form::some_duration")]
    #[schemars(schema_with = "form::schema::duration")]
    pub think_time: Option<Duration>,
    /// The longest a connection may take: name, TCP and TLS together.
    #[serde(with = "form::duration")]
    #[schemars(schema_with = "form::schema::duration")]
    pub connect_timeout: Duration,
    /// The longest a request may take, to the last byte of its answer.
    #[serde(with = "form::duration")]
    #[schemars(schema_with = "form::schema::duration")]
    pub timeout: Duration,
    /// How many cores send, a thread each; all of them unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1024))]
    pub cores: Option<u32>,
    /// How often the load is sent, one time after the other; the result tells mean and spread.
    #[schemars(range(min = 1, max = 100))]
    pub repeat: u32,
    /// A file with rows for `{{columns}}`: CSV with a header, or one JSON object a line. Request n
    /// takes row n, and begins again after the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_file: Option<String>,
    /// The latency up to which an answer is good: goodput is the share of those.
    #[serde(skip_serializing_if = "Option::is_none", with = "form::some_duration")]
    #[schemars(schema_with = "form::schema::duration")]
    pub slo: Option<Duration>,
    /// Conditions such as `p95 < 2s`, `success >= 95%`, `err.timeout == 0`, `chat.p99 < 5s`; one that
    /// does not hold, or has no value, fails the probe.
    pub thresholds: Vec<String>,
    /// Shipped conditions.
    pub grades: GradeSet,
    /// Conditions on one second that end the load, and fail the probe: `p95 > 10s for 10s`.
    pub abort_on: Vec<String>,
    /// The earlier run to compare with: `last`, or a result's file (`stress_test_results_….json`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compare_with: Option<String>,
    /// Whether it fails the probe when an endpoint is surely slower, or fails more, than it was then.
    pub fail_on_regression: bool,
    /// What is watched of the target meanwhile.
    pub monitor: MonitorSettings,
    /// What is asked.
    pub endpoint: Vec<EndpointSettings>,
}

/// One kind of request. `{{name}}` in its texts is a column of the data file, a value that an
/// endpoint took from an answer, `{{user}}` (which sender, from 1) or `{{count}}` (its how many-th
/// request, from 1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct EndpointSettings {
    /// What it is called in results and in conditions: `chat` of `chat.p95 < 5s`.
    pub name: String,
    /// How many of the turns it has, against the others.
    #[schemars(range(min = 1, max = 1000))]
    pub weight: u32,
    pub method: String,
    /// Path and query, beginning with `/`.
    pub path: String,
    pub headers: BTreeMap<String, String>,
    /// Headers whose values are secrets, by reference: `Authorization = "env:CHAT_TOKEN"`.
    #[schemars(schema_with = "form::schema::secret_references")]
    pub secret_headers: BTreeMap<String, SecretReference>,
    /// A JSON document to send; values are escaped for the inside of its texts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub json: Option<String>,
    /// Anything else to send, as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Statuses that are a success: `2xx`, `404`, `200-204`.
    pub expect: Vec<String>,
    /// Values for later requests of the same sender, by name: a JSON pointer into the answer, such as
    /// `session = "/session_id"`.
    pub take: BTreeMap<String, String>,
    /// The answer is a stream of events (`text/event-stream`), which are timed.
    pub stream: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Version {
    #[default]
    #[serde(rename = "1.1")]
    Http1,
    /// Over TLS by ALPN, without TLS by prior knowledge.
    #[serde(rename = "2")]
    Http2,
}

/// A name for how many send how many requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// 3 send 5 each.
    Quick,
    /// 5 send 50.
    Light,
    /// 15 send 200.
    Medium,
    /// 25 send 500.
    Heavy,
    /// 50 send 1000.
    Extreme,
}

impl Preset {
    pub const ALL: [Self; 5] = [Self::Quick, Self::Light, Self::Medium, Self::Heavy, Self::Extreme];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Light => "light",
            Self::Medium => "medium",
            Self::Heavy => "heavy",
            Self::Extreme => "extreme",
        }
    }

    pub const fn concurrent(self) -> u32 {
        match self {
            Self::Quick => 3,
            Self::Light => 5,
            Self::Medium => 15,
            Self::Heavy => 25,
            Self::Extreme => 50,
        }
    }

    pub const fn total(self) -> u64 {
        match self {
            Self::Quick => 15,
            Self::Light => 50,
            Self::Medium => 200,
            Self::Heavy => 500,
            Self::Extreme => 1_000,
        }
    }
}

impl Default for HttpLoadSettings {
    fn default() -> Self {
        Self {
            base_url: String::new(),
            trust: TrustSettings::default(),
            http_version: Version::default(),
            streams: 100,
            keep_alive: true,
            preset: None,
            concurrent: None,
            total: None,
            duration: None,
            rate: None,
            ramp: None,
            warm_up: None,
            think_time: None,
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(30),
            cores: None,
            repeat: 1,
            data_file: None,
            slo: None,
            thresholds: Vec::new(),
            grades: GradeSet::default(),
            abort_on: Vec::new(),
            compare_with: None,
            fail_on_regression: false,
            monitor: MonitorSettings::default(),
            endpoint: Vec::new(),
        }
    }
}

impl Default for EndpointSettings {
    fn default() -> Self {
        Self {
            name: String::new(),
            weight: 1,
            method: "GET".to_owned(),
            path: "/".to_owned(),
            headers: BTreeMap::new(),
            secret_headers: BTreeMap::new(),
            json: None,
            body: None,
            expect: vec!["2xx".to_owned()],
            take: BTreeMap::new(),
            stream: false,
        }
    }
}
