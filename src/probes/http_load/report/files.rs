//! The files of a load's report.

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};

use crate::probes::http_load::chart::paint::Ground;
use crate::probes::http_load::chart::{png, sheet};
use crate::probes::http_load::monitor::recording::{Quantity, Statistic};
use crate::probes::http_load::report::dossier::Dossier;
use crate::probes::http_load::report::{figures, page};

/// The page.
pub fn html(dossier: &Dossier) -> Bytes {
    page::html(dossier, &figures::all(dossier)).into()
}

/// The picture: all charts on one sheet. The error says why it could not be drawn.
pub fn picture(dossier: &Dossier) -> Result<Bytes, String> {
    let facts: Vec<String> = dossier.facts.iter().map(|(word, value)| format!("{word} {value}")).collect();
    let title = format!("{}: {}", dossier.title, dossier.verdict.word);
    png::render(&sheet::svg(&title, &facts.join("  ·  "), &figures::all(dossier), Ground::Light))
}

/// The monitor's looks and what they come to.
pub fn metrics(dossier: &Dossier) -> Bytes {
    #[derive(Serialize)]
    struct Metrics<'a> {
        title: &'a str,
        /// By the names that conditions use; null where nothing was seen.
        summary: Value,
        target_memory: Value,
        local: &'a [crate::probes::http_load::monitor::sample::LocalSample],
        target: &'a [crate::probes::http_load::monitor::sample::TargetSample],
    }
    let mut summary = serde_json::Map::new();
    for quantity in Quantity::ALL {
        let series = dossier.monitor.series(quantity);
        for statistic in Statistic::ALL {
            let name = format!("{}.{}", quantity.name(), statistic.name());
            summary.insert(name, json!(statistic.of(&series)));
        }
    }
    let metrics = Metrics {
        title: &dossier.title,
        summary: Value::Object(summary),
        target_memory: dossier
            .memory
            .as_ref()
            .map_or(Value::Null, |(tone, told)| json!({ "tone": tone, "told": told })),
        local: &dossier.monitor.local,
        target: &dossier.monitor.target,
    };
    let mut text = serde_json::to_vec_pretty(&metrics).unwrap_or_default();
    text.push(b'\n');
    text.into()
}
