//! Which of a dashboard's queries go to Prometheus.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::probes::prometheus::dashboard::{list, text};
use crate::probes::prometheus::reference::reference_at;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Prometheus,
    Other,
}

impl Source {
    /// By the type of a data source: `prometheus`, and those that others made of it.
    pub fn of_type(kind: &str) -> Self {
        if kind.to_ascii_lowercase().contains("prometheus") { Self::Prometheus } else { Self::Other }
    }
}

/// Data sources that a dashboard gives a name of its own.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    by_variable: BTreeMap<String, Source>,
}

impl Sources {
    /// Variables of type `datasource`, and `__inputs` of exported dashboards.
    pub fn of(whole: &Value, root: &Value) -> Self {
        let variables = root.get("templating").map(|all| list(all, "list")).unwrap_or_default();
        let variables = variables.iter().filter(|one| text(one, "type") == Some("datasource"));
        let variables = variables.filter_map(|one| Some((text(one, "name")?, text(one, "query")?)));
        let second =
            list(root, "variables").iter().filter(|one| text(one, "kind") == Some("DatasourceVariable"));
        let second = second.filter_map(|one| {
            let spec = one.get("spec")?;
            Some((text(spec, "name")?, text(spec, "pluginId").or_else(|| text(spec, "query"))?))
        });
        let inputs = list(whole, "__inputs").iter();
        let inputs = inputs.filter_map(|one| Some((text(one, "name")?, text(one, "pluginId")?)));
        let all = variables.chain(second).chain(inputs);
        Self { by_variable: all.map(|(name, kind)| (name.to_owned(), Source::of_type(kind))).collect() }
    }

    /// The query's own data source before its panel's. Where nobody says which, it is the default
    /// one, and a query for Prometheus is taken to have a reason to be one.
    pub fn of_query(&self, own: Option<&Value>, panels: Option<&Value>) -> Source {
        let said = |value: Option<&Value>| self.said(value?);
        said(own).or_else(|| said(panels)).unwrap_or(Source::Prometheus)
    }

    fn said(&self, source: &Value) -> Option<Source> {
        if let Some(kind) = text(source, "type").filter(|kind| !kind.is_empty() && *kind != "datasource") {
            return Some(Source::of_type(kind));
        }
        let name = source.as_str().or_else(|| text(source, "uid"))?;
        match name {
            "" | "default" | "-- Mixed --" => None,
            "-- Grafana --" | "-- Dashboard --" | "grafana" | "__expr__" => Some(Source::Other),
            name => self.by_variable.get(reference_at(name)?.0.name).copied(),
        }
    }
}
