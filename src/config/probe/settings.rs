//! The list of a job's probes.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::desk::Desk;
use crate::config::environment::Environment;
use crate::config::form;
use crate::config::probe::http_latency::HttpLatencySettings;
use crate::config::probe::http_load::HttpLoadSettings;
use crate::config::probe::prometheus::PrometheusSettings;
use crate::config::problem::{Problem, Problems};
use crate::model::probe::ProbeName;
use crate::model::target::HostName;
use crate::probes::catalogue::{AnyProbe, PlannedProbe};

/// Something that is measured after the hosts were asked: one of `http-latency`, `http-load`
/// and `prometheus`. The probes of a job measure one after another, in the order of the list;
/// a job with probes needs no hosts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ProbeSettings {
    /// Its name in the manifest, in sample tables and in the folder of its reports.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "form::schema::job_name")]
    pub name: Option<ProbeName>,
    /// The longest it may take; what it measured until then stays.
    #[serde(with = "form::duration")]
    #[schemars(schema_with = "form::schema::duration")]
    pub deadline: Duration,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_latency: Option<HttpLatencySettings>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_load: Option<HttpLoadSettings>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prometheus: Option<PrometheusSettings>,
}

impl Default for ProbeSettings {
    fn default() -> Self {
        let deadline = Duration::from_secs(3600);
        Self { name: None, deadline, http_latency: None, http_load: None, prometheus: None }
    }
}

/// What making probes ready needs.
pub struct Surroundings<'a> {
    pub environment: &'a Environment,
    pub directory: &'a Path,
    /// Where a key is set.
    pub origin: &'a dyn Fn(&str) -> String,
    /// Of the job's fleet.
    pub hosts: &'a [HostName],
    /// Without them a probe can be planned, not run.
    pub with_secrets: bool,
}

/// Every probe of the list, or everything that is wrong with them.
pub fn planned(settings: &[ProbeSettings], around: &Surroundings<'_>) -> Result<Vec<PlannedProbe>, Problems> {
    let (mut problems, mut probes, mut names) = (Problems::default(), Vec::new(), BTreeSet::new());
    for (index, one) in settings.iter().enumerate() {
        let key = format!("probe[{index}]");
        match &one.name {
            None => problems.add(Problem::new((around.origin)(&key), format!("{key}.name"), "is missing")),
            Some(name) if !names.insert(name) => {
                let problem = Problem::new((around.origin)(&key), format!("{key}.name"), "is taken already");
                problems.add(problem.with_value(format!("\"{name}\"")));
            }
            Some(_) => {}
        }
        match (one.probe(&key, around), &one.name) {
            (Ok(probe), Some(name)) => {
                let (name, deadline, probe) = (name.clone(), one.deadline, Arc::new(probe));
                probes.push(PlannedProbe { name, deadline, probe, hosts: around.hosts.to_vec() });
            }
            (Ok(_), None) => {}
            (Err(found), _) => found.0.into_iter().for_each(|problem| problems.add(problem)),
        }
    }
    problems.or(probes)
}

impl ProbeSettings {
    /// The probe that exactly one of the kinds asks for.
    fn probe(&self, key: &str, around: &Surroundings<'_>) -> Result<AnyProbe, Problems> {
        let desk = |kind: &str| {
            let key = if kind.is_empty() { key.to_owned() } else { format!("{key}.{kind}") };
            let desk = Desk::at(key, around.environment, around.directory, around.origin);
            if around.with_secrets { desk } else { desk.without_secrets() }
        };
        match (&self.http_latency, &self.http_load, &self.prometheus) {
            (Some(latency), None, None) => {
                latency.probe(desk("http-latency"), around.hosts).map(AnyProbe::HttpLatency)
            }
            (None, Some(load), None) => {
                load.probe(desk("http-load")).map(|load| AnyProbe::HttpLoad(Box::new(load)))
            }
            (None, None, Some(prometheus)) => {
                prometheus.probe(desk("prometheus")).map(|probe| AnyProbe::Prometheus(Box::new(probe)))
            }
            _ => {
                let mut desk = desk("");
                desk.add("", "expected `http-latency`, `http-load` or `prometheus`, one of them");
                Err(desk.problems)
            }
        }
    }
}
