//! A check of metrics and dashboards, as it is written down, and made ready.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use reqwest::Url;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::desk::Desk;
use crate::config::form;
use crate::config::problem::Problems;
use crate::config::secret::SecretReference;
use crate::probes::exposition::dialect::Dialect;
use crate::probes::prometheus::api::Api;
use crate::probes::prometheus::dashboard;
use crate::probes::prometheus::endpoint::Endpoint;
use crate::probes::prometheus::measure::{Against, PrometheusProbe, Sheet};
use crate::probes::prometheus::rule::{Expectation, Rule, shipped};
use crate::probes::prometheus::server::Server;
use crate::probes::prometheus::variable::{Known, Variable};
use crate::probes::prometheus::verdict::Verdict;
use crate::probes::web::{Identity, Limits, Web};

/// Whether metrics are as they should be, and whether every query of Grafana dashboards finds
/// what it asks for: in a service's own `/metrics`, or on a Prometheus server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct PrometheusSettings {
    /// The URL of a service's metrics, which are scraped twice. This or `server`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "form::schema::url")]
    pub metrics: Option<String>,
    /// The URL of a Prometheus server, before `/api/v1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "form::schema::url")]
    pub server: Option<String>,
    /// Files with exported Grafana dashboards.
    pub dashboards: Vec<String>,
    /// `none`, `default` for the shipped rules, or a TOML file of `[[rule]]` tables.
    pub rules: String,
    /// Further rules.
    pub rule: Vec<RuleSettings>,
    /// Verdicts on queries that fail the probe.
    pub fail_on: Vec<Verdict>,
    /// Whether metrics that break their format fail it; otherwise it is a warning.
    pub strict: bool,
    /// Values of dashboard variables, before those that the dashboard was saved with.
    pub variables: BTreeMap<String, String>,
    /// Labels that targets get from the server's configuration, beside `job` and `instance`: in
    /// `metrics` any value of them is taken to be there.
    pub target_labels: Vec<String>,
    /// Labels `job` and `instance` of `metrics` stay, as with the server's `honor_labels`;
    /// otherwise they become `exported_job` and `exported_instance`.
    pub honor_labels: bool,
    /// Between the two scrapes of `metrics`.
    #[serde(with = "form::duration")]
    #[schemars(schema_with = "form::schema::duration")]
    pub interval: Duration,
    /// How far back a `server` is asked for series, so that one that is gone is known as such.
    #[serde(with = "form::duration")]
    #[schemars(schema_with = "form::schema::duration")]
    pub lookback: Duration,
    /// How `metrics` are read, whatever their header says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Dialect>,
    /// For one answer.
    #[serde(with = "form::duration")]
    #[schemars(schema_with = "form::schema::duration")]
    pub timeout: Duration,
    /// The longest answer that is read.
    #[serde(with = "form::size")]
    #[schemars(schema_with = "form::schema::size")]
    pub answer_bytes: u64,
    /// A bearer token.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "form::schema::secret_reference")]
    pub token: Option<SecretReference>,
    /// For basic authentication, with `password`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "form::schema::secret_reference")]
    pub password: Option<SecretReference>,
    /// A PEM file with further roots.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_bundle: Option<String>,
}

/// What is expected of a metric: that it is there, unless something else is said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct RuleSettings {
    /// A name, in which `*` stands for anything.
    pub metric: String,
    /// It must not be there.
    pub absent: bool,
    /// Every value is this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub equals: Option<f64>,
    /// Every value is this or more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Every value is this or less.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
}

/// A file of rules.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    rule: Vec<RuleSettings>,
}

impl Default for PrometheusSettings {
    fn default() -> Self {
        let targets = ["cluster", "namespace", "pod", "container", "node", "service", "endpoint"];
        Self {
            metrics: None,
            server: None,
            dashboards: Vec::new(),
            rules: "none".to_owned(),
            rule: Vec::new(),
            fail_on: vec![
                Verdict::NoValue,
                Verdict::MissingLabel,
                Verdict::MissingMetric,
                Verdict::TypeError,
            ],
            strict: false,
            variables: BTreeMap::new(),
            target_labels: targets.map(str::to_owned).to_vec(),
            honor_labels: false,
            interval: Duration::from_secs(5),
            lookback: Duration::from_secs(3600),
            format: None,
            timeout: Duration::from_secs(30),
            answer_bytes: 64 << 20,
            token: None,
            user: None,
            password: None,
            ca_bundle: None,
        }
    }
}

impl PrometheusSettings {
    /// The probe, or everything that is wrong with it.
    pub fn probe(&self, mut desk: Desk<'_>) -> Result<PrometheusProbe, Problems> {
        let web = self.web(&mut desk);
        let against = self.against(&mut desk, web);
        let sheets = self.sheets(&mut desk);
        let rules = self.rules(&mut desk);
        if self.dashboards.is_empty() && rules.is_empty() {
            desk.add("dashboards", "asks nothing: expected a dashboard's file, or rules");
        }
        match against {
            Some(against) if desk.problems.is_empty() => {
                let failing = self.fail_on.iter().copied().collect();
                Ok(PrometheusProbe { against, sheets, rules, failing, is_strict: self.strict, heard: None })
            }
            _ => Err(desk.problems),
        }
    }

    fn against(&self, desk: &mut Desk<'_>, web: Option<Web>) -> Option<Against> {
        let (field, text) = match (&self.metrics, &self.server) {
            (Some(metrics), None) => ("metrics", metrics),
            (None, Some(server)) => ("server", server),
            _ => {
                desk.add("", "expected `metrics` or `server`, one of them");
                return None;
            }
        };
        let url = Url::parse(text).map_err(|error| desk.add_value(field, format!("{text:?}"), error)).ok()?;
        let web = web?;
        Some(if self.metrics.is_some() {
            let (interval, target_labels) = (self.interval, self.target_labels.clone());
            Against::Endpoint {
                endpoint: Endpoint {
                    url,
                    interval,
                    dialect: self.format,
                    target_labels,
                    honors_labels: self.honor_labels,
                },
                web,
            }
        } else {
            Against::Server(Server { api: Api { web, base: url }, lookback: self.lookback })
        })
    }

    fn web(&self, desk: &mut Desk<'_>) -> Option<Web> {
        let identity = match (&self.token, &self.user, &self.password) {
            (None, None, None) => Some(Identity::Nobody),
            (Some(token), None, None) => desk.secret("token", token).map(Identity::Bearer),
            (None, Some(user), Some(password)) => {
                let password = desk.secret("password", password);
                password.map(|password| Identity::Basic { user: user.clone(), password })
            }
            (Some(_), _, _) => {
                desk.add("token", "stands alone: expected no `user` and no `password` beside it");
                None
            }
            (None, user, _) => {
                let missing = if user.is_some() { "password" } else { "user" };
                desk.add(missing, "is missing: user and password go together");
                None
            }
        };
        let ca_pem = desk.ca_pem(self.ca_bundle.as_deref());
        let limits = Limits { timeout: self.timeout, answer_bytes: self.answer_bytes };
        let web = Web::new(identity?, ca_pem.as_deref(), limits);
        web.map_err(|why| desk.add("ca-bundle", why)).ok()
    }

    fn sheets(&self, desk: &mut Desk<'_>) -> Vec<Sheet> {
        let mut sheets = Vec::new();
        for (index, file) in self.dashboards.iter().enumerate() {
            let read =
                std::fs::read_to_string(desk.path(file)).map_err(|error| format!("cannot be read: {error}"));
            match read.and_then(|text| dashboard::read(&text)) {
                Ok(mut dashboard) => {
                    for (name, value) in &self.variables {
                        let (name, known) = (name.clone(), Known::Values(vec![value.clone()]));
                        let variable = Variable { name: name.clone(), known, is_multi: false };
                        dashboard.variables.insert(name, variable);
                    }
                    sheets.push(Sheet { file: file.clone(), dashboard });
                }
                Err(why) => desk.add_value(&format!("dashboards[{index}]"), format!("{file:?}"), why),
            }
        }
        sheets
    }

    fn rules(&self, desk: &mut Desk<'_>) -> Vec<Rule> {
        let mut rules = match self.rules.as_str() {
            "none" => Vec::new(),
            "default" => shipped(),
            file => match read_rules(&desk.path(file)) {
                Ok(read) => made(&read, "rules", desk),
                Err(why) => {
                    desk.add_value("rules", format!("{file:?}"), why);
                    Vec::new()
                }
            },
        };
        rules.extend(made(&self.rule, "rule", desk));
        rules
    }
}

fn read_rules(path: &Path) -> Result<Vec<RuleSettings>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        format!("cannot be read: {error}; expected `none`, `default` or a file of `[[rule]]` tables")
    })?;
    let file: RuleFile =
        toml::from_str(&text).map_err(|error| format!("is no file of rules: {}", error.message()))?;
    Ok(file.rule)
}

fn made(settings: &[RuleSettings], field: &str, desk: &mut Desk<'_>) -> Vec<Rule> {
    let mut rules = Vec::new();
    for (index, one) in settings.iter().enumerate() {
        let field = format!("{field}[{index}]");
        let expects = match (one.absent, one.equals, one.min, one.max) {
            (true, None, None, None) => Some(Expectation::Absent),
            (false, None, None, None) => Some(Expectation::Present),
            (false, Some(value), None, None) => {
                Some(Expectation::Within { min: Some(value), max: Some(value) })
            }
            (false, None, min, max) if min.zip(max).is_none_or(|(min, max)| min <= max) => {
                Some(Expectation::Within { min, max })
            }
            _ => None,
        };
        match expects {
            _ if one.metric.is_empty() => desk.add(&format!("{field}.metric"), "is missing"),
            None => desk.add(&field, "contradicts itself: expected `absent`, `equals`, or `min` up to `max`"),
            Some(expects) => rules.push(Rule { metric: one.metric.clone(), expects }),
        }
    }
    rules
}
