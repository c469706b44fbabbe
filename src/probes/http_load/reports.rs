//! The documents that a load leaves.

use bytes::Bytes;
use chrono::{DateTime, Utc};

use crate::model::artifact::ArtifactFormat;
use crate::probes::http_load::measure::Outcome;
use crate::probes::probe::ReportFile;

/// Every document of a load.
pub fn reports(outcome: &Outcome) -> Vec<ReportFile> {
    let result = &outcome.result;
    let mut body = serde_json::to_vec_pretty(result).expect("plain values with text keys");
    body.push(b'\n');
    vec![ReportFile {
        name: name("stress_test_results", result.started_at, "json"),
        format: ArtifactFormat::Json,
        body: Bytes::from(body),
    }]
}

/// `stress_test_results_20261121_060000.json`, by the UTC second in which the measuring began.
fn name(stem: &str, at: DateTime<Utc>, extension: &str) -> String {
    format!("{stem}_{}.{extension}", at.format("%Y%m%d_%H%M%S"))
}
