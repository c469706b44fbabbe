//! The two text formats in which metrics are exposed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a scrape asks for, in the order of Prometheus' own requests. Protocol buffers are not
/// offered: people cannot read what is wrong with them.
pub const ACCEPT: &str =
    "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1";

/// <https://prometheus.io/docs/instrumenting/exposition_formats/>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// Prometheus' text format, version 0.0.4, and its quoted UTF-8 names of 1.0.0.
    Text,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

impl Dialect {
    /// By the header of an answer. A missing or unknown one means text, as Prometheus took it
    /// for ten years; nothing for protocol buffers, which are no text.
    pub fn of_content_type(content_type: Option<&str>) -> Option<Self> {
        let media = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        match media.to_ascii_lowercase().as_str() {
            "application/openmetrics-text" => Some(Self::OpenMetrics),
            "application/vnd.google.protobuf" => None,
            _ => Some(Self::Text),
        }
    }
}
