//! The documents that a load leaves.

use bytes::Bytes;
use chrono::{DateTime, Utc};

use crate::model::artifact::ArtifactFormat;
use crate::probes::http_load::measure::Outcome;
use crate::probes::http_load::report::{files, judged};
use crate::probes::probe::ReportFile;

/// Every document of a load; and if its picture could not be drawn, all others and why.
pub fn reports(outcome: &Outcome) -> Result<Vec<ReportFile>, (Vec<ReportFile>, String)> {
    let result = &outcome.result;
    let mut body = serde_json::to_vec_pretty(result).expect("plain values with text keys");
    body.push(b'\n');
    let dossier = judged::dossier(result, outcome.monitor.clone(), outcome.target_is_watched);
    let file = |stem, format, extension, body| {
        let name = name(stem, result.started_at, extension);
        ReportFile { name, format, body }
    };
    let mut reports = vec![
        file("stress_test_results", ArtifactFormat::Json, "json", Bytes::from(body)),
        file("load_report", ArtifactFormat::Html, "html", files::html(&dossier)),
        file("metrics_report", ArtifactFormat::Json, "json", files::metrics(&dossier)),
    ];
    match files::picture(&dossier) {
        Ok(picture) => {
            reports.push(file("metrics_chart", ArtifactFormat::Png, "png", picture));
            Ok(reports)
        }
        Err(why) => Err((reports, why)),
    }
}

/// `stress_test_results_20261121_060000.json`, by the UTC second in which the measuring began.
fn name(stem: &str, at: DateTime<Utc>, extension: &str) -> String {
    format!("{stem}_{}.{extension}", at.format("%Y%m%d_%H%M%S"))
}
