//! What of a load's target is watched while the load is sent, as it is written down.

use std::collections::BTreeMap;

use reqwest::header::HeaderMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::desk::Desk;
use crate::config::form;
use crate::config::secret::SecretReference;
use crate::model::target::Trust;
use crate::notify::webhook::{header, url};
use crate::probes::http_load::monitor::metrics::Names;
use crate::probes::http_load::monitor::target::Target;
use crate::transport::tls::config;

/// The target's own metrics, asked four times a second at most. This machine is watched anyway.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct MonitorSettings {
    /// Where the target exposes them: `http://chat.example:8000/metrics`. `trust` holds here too.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "form::schema::url")]
    pub metrics_url: Option<String>,
    /// Headers of these requests whose values are secrets, by reference.
    #[schemars(schema_with = "form::schema::secret_references")]
    pub secret_headers: BTreeMap<String, SecretReference>,
    /// Names of its CPU, the first that is exposed counts: percent (`…_percent`), a share
    /// (`…_ratio`), or seconds that were used (`…_seconds_total`), with `mode` of a whole machine.
    pub cpu_metrics: Vec<String>,
    /// Names of its memory in bytes, the first that is exposed counts.
    pub memory_metrics: Vec<String>,
}

impl Default for MonitorSettings {
    fn default() -> Self {
        let Names { cpu, memory } = Names::default();
        Self { metrics_url: None, secret_headers: BTreeMap::new(), cpu_metrics: cpu, memory_metrics: memory }
    }
}

impl MonitorSettings {
    /// Nothing where nothing is to be watched, or where it cannot be.
    pub fn target(&self, trust: &Trust, desk: &mut Desk<'_>) -> Option<Target> {
        let Some(text) = &self.metrics_url else {
            if !self.secret_headers.is_empty() {
                desk.add("monitor.secret-headers", "has no effect without `metrics-url`");
            }
            return None;
        };
        let url =
            url(text).map_err(|why| desk.add_value("monitor.metrics-url", format!("{text:?}"), why)).ok();
        let headers = self.headers(desk);
        // A trust that cannot be had is told where it is set.
        let tls = config::client(trust, None).ok()?;
        let names = Names { cpu: self.cpu_metrics.clone(), memory: self.memory_metrics.clone() };
        Target::new(url?, headers, (*tls).clone(), names).map_err(|why| desk.add("monitor", why)).ok()
    }

    fn headers(&self, desk: &mut Desk<'_>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, reference) in &self.secret_headers {
            let field = format!("monitor.secret-headers.{name}");
            let Some(value) = desk.secret(&field, reference) else { continue };
            match header(name, value.reveal()) {
                Ok((name, value)) => drop(headers.insert(name, value)),
                Err(why) => desk.add(&field, why),
            }
        }
        headers
    }
}
