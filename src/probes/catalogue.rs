//! All probes, and one of them ready to measure.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::model::probe::{ProbeKind, ProbeName, ProbeVerdict};
use crate::model::target::HostName;
use crate::probes::http_latency::measure::HttpLatency;
use crate::probes::http_load::measure::HttpLoad;
use crate::probes::probe::{Ground, Harvest, Probe};
use crate::probes::prometheus::measure::PrometheusProbe;
use crate::tables::table::TableSpec;

/// One of the probes.
pub enum AnyProbe {
    HttpLatency(HttpLatency),
    HttpLoad(Box<HttpLoad>),
    Prometheus(Box<PrometheusProbe>),
}

/// A probe of a job, checked and with its secrets.
#[derive(Clone)]
pub struct PlannedProbe {
    pub name: ProbeName,
    /// After which it is told to end.
    pub deadline: Duration,
    pub probe: Arc<AnyProbe>,
    /// The hosts of the job's fleet, for probes that ask one thing of each.
    pub hosts: Vec<HostName>,
}

/// A planned probe as people and programs read it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProbeView {
    pub name: ProbeName,
    pub kind: ProbeKind,
    pub deadline: Duration,
    pub asks: serde_json::Value,
}

impl PlannedProbe {
    pub fn view(&self) -> ProbeView {
        ProbeView {
            name: self.name.clone(),
            kind: self.probe.kind(),
            deadline: self.deadline,
            asks: self.probe.view(),
        }
    }
}

/// Without what the probe holds: that may be secret.
impl fmt::Debug for PlannedProbe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlannedProbe")
            .field("name", &self.name)
            .field("kind", &self.probe.kind())
            .finish_non_exhaustive()
    }
}

impl Probe for AnyProbe {
    fn kind(&self) -> ProbeKind {
        match self {
            Self::HttpLatency(probe) => probe.kind(),
            Self::HttpLoad(probe) => probe.kind(),
            Self::Prometheus(probe) => probe.kind(),
        }
    }

    fn tables(&self) -> &'static [&'static TableSpec] {
        match self {
            Self::HttpLatency(probe) => probe.tables(),
            Self::HttpLoad(probe) => probe.tables(),
            Self::Prometheus(probe) => probe.tables(),
        }
    }

    fn view(&self) -> serde_json::Value {
        match self {
            Self::HttpLatency(probe) => probe.view(),
            Self::HttpLoad(probe) => probe.view(),
            Self::Prometheus(probe) => probe.view(),
        }
    }

    async fn measure(&self, ground: &Ground, harvest: &mut Harvest) -> ProbeVerdict {
        match self {
            Self::HttpLatency(probe) => probe.measure(ground, harvest).await,
            Self::HttpLoad(probe) => probe.measure(ground, harvest).await,
            Self::Prometheus(probe) => probe.measure(ground, harvest).await,
        }
    }
}
