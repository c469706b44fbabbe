//! Prometheus' text format, version 0.0.4.

use std::fmt::Write;

use crate::model::run::JobName;

pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// A text under way: family by family, the samples of each right below its head.
#[derive(Default)]
pub struct Exposition {
    text: String,
    /// Given to every sample that has not this label itself.
    common: Option<(&'static str, String)>,
}

impl Exposition {
    pub fn of_job(job: &JobName) -> Self {
        Self { text: String::new(), common: Some(("job", job.to_string())) }
    }

    pub fn family(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let help = help.replace('\\', r"\\").replace('\n', r"\n");
        let _infallible = write!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    pub fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        let common = self.common.clone();
        let common = common.iter().map(|(label, text)| (*label, text.as_str()));
        let common = common.filter(|(label, _)| labels.iter().all(|(known, _)| known != label));
        let labels: Vec<(&str, &str)> = common.chain(labels.iter().copied()).collect();
        self.text.push_str(name);
        for (index, (label, text)) in labels.iter().enumerate() {
            self.text.push(if index == 0 { '{' } else { ',' });
            let text = text.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n");
            let _infallible = write!(self.text, "{label}=\"{text}\"");
        }
        if !labels.is_empty() {
            self.text.push('}');
        }
        let _infallible = writeln!(self.text, " {value}");
    }

    pub fn into_text(self) -> String {
        self.text
    }
}
