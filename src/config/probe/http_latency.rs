//! `[probe.http-latency]`: routes that are asked one after the other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::desk::Desk;
use crate::config::form;
use crate::config::host_list::{self, HostListError};
use crate::config::job::TrustSettings;
use crate::config::probe::login::LoginSettings;
use crate::config::problem::Problems;
use crate::config::secret::SecretReference;
use crate::model::credential::Secret;
use crate::model::target::{HostName, Trust};
use crate::probes::http_latency::ask::{HOST, Method, Route, resolve};
use crate::probes::http_latency::attempt::Bounds;
use crate::probes::http_latency::lines::Manners;
use crate::probes::http_latency::measure::{HttpLatency, Orders};
use crate::probes::http_latency::redaction::Redaction;
use crate::probes::http_latency::tally;
use crate::probes::threshold::expression::Expression;
use crate::transport::http::endpoint::Endpoint;
use crate::transport::http::request;

/// How long each route takes, one request after the other, with a token if there is a login.
/// Every request is a line of a CSV as soon as it has ended, and a row of `http_request`; every
/// exchange is a row of `http_attempt`, by phase.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct HttpLatencySettings {
    /// Where the service is; paths of routes are below it.
    #[schemars(schema_with = "form::schema::url")]
    pub url: String,
    /// How to come by a token; without it requests are sent as they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<LoginSettings>,
    /// What is asked, in this order.
    pub route: Vec<RouteSettings>,
    /// What `for-each = "hosts"` goes over, with those of `hosts-file`; without both the fleet of
    /// the job.
    #[schemars(schema_with = "form::schema::host_names")]
    pub hosts: Vec<HostName>,
    /// One host a line; `#` begins a comment; of a CSV, the first column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hosts_file: Option<String>,
    /// Requests of a route, and of each host, in a cycle.
    #[schemars(range(min = 1, max = 1000))]
    pub repeats: u32,
    /// Cycles of a run. By hand the probe goes on until it is told to end.
    #[schemars(range(min = 1, max = 1000))]
    pub cycles: u32,
    /// Between two cycles.
    #[serde(with = "form::duration")]
    #[schemars(schema_with = "form::schema::duration")]
    pub pause: Duration,
    /// Name, TCP and TLS together.
    #[serde(with = "form::duration")]
    #[schemars(schema_with = "form::schema::duration")]
    pub connect_timeout: Duration,
    /// The longest silence: before the first byte of an answer, and between two of its bytes.
    #[serde(with = "form::duration")]
    #[schemars(schema_with = "form::schema::duration")]
    pub read_timeout: Duration,
    /// The longest one attempt may take, redirections and the whole body included.
    #[serde(with = "form::duration")]
    #[schemars(schema_with = "form::schema::duration")]
    pub attempt_deadline: Duration,
    /// Keep the connection for the next request. Without it every attempt resolves, connects and
    /// shakes hands anew, so that all its phases are measured.
    pub keep_alive: bool,
    /// Redirections that are followed. Tokens and headers go to the origin of the route only.
    #[schemars(range(max = 20))]
    pub redirects: u32,
    /// The longest body of an answer.
    #[serde(with = "form::size")]
    #[schemars(schema_with = "form::schema::size")]
    pub body_bytes: u64,
    /// Parameters of a query whose values are shown as `***`, whatever their case.
    pub redact: Vec<String>,
    pub trust: TrustSettings,
    /// The live CSV; without it `<probe>.csv` in the folder `live/<job>/<probe>` beside the runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub csv: Option<String>,
    /// What must hold: `success >= 95%`, `p95 < 2s`, `<label>.p95 < 2s`. Latencies are those of
    /// requests that went well.
    pub thresholds: Vec<String>,
}

/// One route.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct RouteSettings {
    /// Its name in the CSV, in tables and in thresholds.
    #[schemars(schema_with = "form::schema::job_name")]
    pub label: String,
    /// With a query if need be, `{host}` standing for the host; or a whole URL.
    pub path: String,
    /// `hosts`: once for each of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub for_each: Option<ForEach>,
    pub method: RouteMethod,
    /// Instead of the probe's `repeats`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub repeats: Option<u32>,
    /// Further headers by name, the values by reference.
    #[schemars(schema_with = "form::schema::secret_references")]
    pub headers: BTreeMap<String, SecretReference>,
}

/// What a route is expanded over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ForEach {
    Hosts,
}

/// Methods that change nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RouteMethod {
    #[default]
    Get,
    Head,
}

impl Default for HttpLatencySettings {
    fn default() -> Self {
        const MINUTE: u64 = 60;
        let redact =
            ["access_token", "api_key", "apikey", "key", "password", "secret", "sig", "signature", "token"];
        Self {
            url: String::new(),
            login: None,
            route: Vec::new(),
            hosts: Vec::new(),
            hosts_file: None,
            repeats: 3,
            cycles: 1,
            pause: Duration::from_secs(5 * MINUTE),
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(5 * MINUTE),
            attempt_deadline: Duration::from_secs(15 * MINUTE),
            keep_alive: false,
            redirects: 5,
            body_bytes: 256 << 20,
            redact: redact.map(str::to_owned).to_vec(),
            trust: TrustSettings::default(),
            csv: None,
            thresholds: Vec::new(),
        }
    }
}

impl HttpLatencySettings {
    /// Ready to measure, or everything that is wrong. `fleet` is that of the job.
    pub fn probe(&self, mut desk: Desk<'_>, fleet: &[HostName]) -> Result<HttpLatency, Problems> {
        match self.orders(&mut desk, fleet) {
            Some(orders) => desk.problems.or(HttpLatency::new(orders)),
            None => Err(desk.problems),
        }
    }

    fn orders(&self, desk: &mut Desk<'_>, fleet: &[HostName]) -> Option<Orders> {
        let base = self.base(desk);
        let hosts = self.own_hosts(desk);
        let login = self.login.as_ref().map(|login| login.ready(desk, base.as_ref()));
        if self.route.is_empty() {
            desk.add("route", "is missing: expected at least one");
        }
        let known = hosts.as_deref().unwrap_or(fleet);
        let mut labels: BTreeSet<&str> = self.login.iter().map(|login| login.label.as_str()).collect();
        let mut routes = Vec::new();
        for (index, route) in self.route.iter().enumerate() {
            if !labels.insert(&route.label) {
                desk.add_value(
                    &format!("route[{index}].label"),
                    format!("{:?}", route.label),
                    "is taken already",
                );
            }
            routes.extend(route.ready(desk, index, base.as_ref(), self.repeats, known));
        }
        let (trust, conditions) = (self.trust(desk), self.conditions(desk));
        let redact = self.redact.iter().map(String::as_str);
        Some(Orders {
            base: base?,
            routes,
            hosts,
            cycles: self.cycles,
            pause: self.pause,
            manners: Manners {
                trust,
                connect_timeout: self.connect_timeout,
                read_timeout: self.read_timeout,
                keep_alive: self.keep_alive,
            },
            bounds: Bounds {
                redirects: self.redirects,
                deadline: self.attempt_deadline,
                body_bytes: self.body_bytes,
            },
            login: login.map(|login| login.map(Arc::new)).map_or(Some(None), |login| login.map(Some))?,
            redaction: Arc::new(Redaction::of(redact)),
            csv: self.csv.as_ref().map(|csv| desk.path(csv)),
            conditions,
        })
    }

    fn base(&self, desk: &mut Desk<'_>) -> Option<Endpoint> {
        if self.url.is_empty() {
            desk.add("url", "is missing");
            return None;
        }
        match Endpoint::parse(&self.url) {
            Ok(base) if !base.target.contains('?') => return Some(base),
            Ok(_) => desk.add("url", "holds a query; expected it with the path of a route"),
            Err(bad) => desk.add("url", bad),
        }
        None
    }

    fn own_hosts(&self, desk: &mut Desk<'_>) -> Option<Vec<HostName>> {
        let mut hosts = self.hosts.clone();
        if let Some(file) = &self.hosts_file {
            match host_list::read(&desk.path(file)) {
                Ok(listed) => hosts.extend(listed.into_iter().map(|(host, _)| host)),
                Err(HostListError::Unreadable(why)) => desk.add_value("hosts-file", format!("{file:?}"), why),
                Err(HostListError::Refused(found)) => {
                    found.into_iter().for_each(|problem| desk.problems.add(problem));
                }
            }
        }
        let mut seen = BTreeSet::new();
        hosts.retain(|host| seen.insert(host.clone()));
        (!hosts.is_empty() || self.hosts_file.is_some()).then_some(hosts)
    }

    fn trust(&self, desk: &mut Desk<'_>) -> Trust {
        let TrustSettings { ca_bundle, pin_sha256, danger_accept_invalid_certs } = &self.trust;
        if let Some(bundle) = ca_bundle
            && let Err(error) = std::fs::metadata(desk.path(bundle))
        {
            desk.add_value("trust.ca-bundle", format!("{bundle:?}"), format!("cannot be read: {error}"));
        }
        Trust {
            ca_bundle: ca_bundle.as_ref().map(|bundle| desk.path(bundle).display().to_string()),
            pin_sha256: pin_sha256.as_deref().and_then(form::parse_sha256),
            danger_accept_invalid_certs: *danger_accept_invalid_certs,
        }
    }

    fn conditions(&self, desk: &mut Desk<'_>) -> Vec<Expression> {
        let login = self.login.iter().filter(|login| login.each_cycle).map(|login| login.label.clone());
        let labels = login.chain(self.route.iter().map(|route| route.label.clone()));
        let vocabulary = tally::vocabulary(labels);
        let mut conditions = Vec::new();
        for (index, text) in self.thresholds.iter().enumerate() {
            match Expression::parse(text, &vocabulary) {
                Ok(expression) => conditions.push(expression),
                Err(refused) => {
                    desk.add_value(&format!("thresholds[{index}]"), format!("{text:?}"), refused);
                }
            }
        }
        conditions
    }
}

impl RouteSettings {
    fn ready(
        &self,
        desk: &mut Desk<'_>,
        index: usize,
        base: Option<&Endpoint>,
        repeats: u32,
        hosts: &[HostName],
    ) -> Option<Route> {
        let key = |field: &str| format!("route[{index}].{field}");
        if self.label.is_empty() {
            desk.add(&key("label"), "is missing");
        }
        if self.path.is_empty() {
            desk.add(&key("path"), "is missing");
            return None;
        }
        match (self.for_each, self.path.contains(HOST)) {
            (Some(ForEach::Hosts), false) => {
                desk.add(&key("path"), "expected `{host}` in it, for `for-each = \"hosts\"`");
            }
            (None, true) => {
                desk.add(&key("for-each"), "is missing: expected \"hosts\", for `{host}` in the path")
            }
            (Some(ForEach::Hosts), true) if hosts.is_empty() => {
                desk.add(&key("for-each"), "there are no hosts: expected `hosts`, `hosts-file` or a fleet");
            }
            _ => {}
        }
        let some_host = HostName::parse("host").ok();
        if let Some(Err(why)) = base.map(|base| resolve(base, &self.path, some_host.as_ref())) {
            desk.add_value(&key("path"), format!("{:?}", self.path), why);
        }
        let method = match self.method {
            RouteMethod::Get => Method::Get,
            RouteMethod::Head => Method::Head,
        };
        Some(Route {
            label: self.label.clone(),
            method,
            target: self.path.clone(),
            repeats: self.repeats.unwrap_or(repeats),
            headers: self.headers(desk, index).into(),
        })
    }

    fn headers(&self, desk: &mut Desk<'_>, index: usize) -> Vec<(String, Secret)> {
        let mut headers = Vec::new();
        for (name, reference) in &self.headers {
            let field = format!("route[{index}].headers.{name}");
            let Some(value) = desk.secret(&field, reference) else { continue };
            match request::check("GET", &[(name.clone(), value.reveal().to_owned())]) {
                Ok(()) => headers.push((name.clone(), value)),
                Err(why) => desk.add(&field, why),
            }
        }
        headers
    }
}
