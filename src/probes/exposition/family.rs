//! What an exposition holds: families of samples, and what is wrong with its lines.

use std::fmt;

use crate::probes::exposition::dialect::Dialect;

/// Everything that could be read, also where lines were wrong.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parsed {
    /// In the order of their first lines.
    pub families: Vec<Family>,
    /// By line, at most [`crate::probes::exposition::parse::ERRORS`] of them.
    pub errors: Vec<LineError>,
    /// How many more there are.
    pub errors_left_out: usize,
}

impl Parsed {
    pub fn samples(&self) -> impl Iterator<Item = &Sample> {
        self.families.iter().flat_map(|family| &family.samples)
    }

    /// The samples of one name, as a query would select them: `…_bucket`, not its family.
    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Sample> {
        self.samples().filter(move |sample| sample.name == name)
    }
}

/// The lines that belong to one metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// Without the suffixes of its samples. In OpenMetrics a counter `requests` has samples `requests_total`.
    pub name: String,
    /// `Unknown` also where nothing was said.
    pub kind: Kind,
    pub help: Option<String>,
    pub unit: Option<String>,
    /// In the order of their lines.
    pub samples: Vec<Sample>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    pub name: String,
    /// In the order of the line.
    pub labels: Vec<(String, String)>,
    pub value: f64,
    pub timestamp_seconds: Option<f64>,
    pub exemplar: Option<Exemplar>,
    /// From 1.
    pub line: usize,
}

impl Sample {
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// One observation that went into a sample, with what leads to its trace.
#[derive(Clone, Debug, PartialEq)]
pub struct Exemplar {
    pub labels: Vec<(String, String)>,
    pub value: f64,
    pub timestamp_seconds: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Counter,
    Gauge,
    Histogram,
    GaugeHistogram,
    Summary,
    StateSet,
    Info,
    Unknown,
}

impl Kind {
    pub fn of_word(word: &str, dialect: Dialect) -> Option<Self> {
        match (word, dialect) {
            ("counter", _) => Some(Self::Counter),
            ("gauge", _) => Some(Self::Gauge),
            ("histogram", _) => Some(Self::Histogram),
            ("summary", _) => Some(Self::Summary),
            ("untyped", Dialect::Text) | ("unknown", Dialect::OpenMetrics) => Some(Self::Unknown),
            ("gaugehistogram", Dialect::OpenMetrics) => Some(Self::GaugeHistogram),
            ("stateset", Dialect::OpenMetrics) => Some(Self::StateSet),
            ("info", Dialect::OpenMetrics) => Some(Self::Info),
            _ => None,
        }
    }

    pub const fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::GaugeHistogram => "gaugehistogram",
            Self::Summary => "summary",
            Self::StateSet => "stateset",
            Self::Info => "info",
            Self::Unknown => "unknown",
        }
    }

    /// What a family's name gets behind it in its samples. OpenMetrics 1.0, section "MetricFamily";
    /// in the text format only histograms and summaries are more than one name.
    pub const fn suffixes(self, dialect: Dialect) -> &'static [&'static str] {
        match (self, dialect) {
            (Self::Counter, Dialect::OpenMetrics) => &["_total", "_created"],
            (Self::Histogram, Dialect::Text) => &["_bucket", "_sum", "_count"],
            (Self::Histogram, Dialect::OpenMetrics) => &["_bucket", "_sum", "_count", "_created"],
            (Self::GaugeHistogram, _) => &["_bucket", "_gsum", "_gcount"],
            (Self::Summary, Dialect::Text) => &["", "_sum", "_count"],
            (Self::Summary, Dialect::OpenMetrics) => &["", "_sum", "_count", "_created"],
            (Self::Info, Dialect::OpenMetrics) => &["_info"],
            _ => &[""],
        }
    }
}

/// A line that is not as its format wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineError {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    pub message: String,
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)
    }
}
