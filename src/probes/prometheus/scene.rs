//! Where the series of queries are looked for: an endpoint's own text, or what a server keeps.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use promql_parser::label::METRIC_NAME;
use promql_parser::parser::VectorSelector;

use crate::probes::exposition::family::{Kind, Parsed, Sample};
use crate::probes::prometheus::labels::Labels;
use crate::probes::prometheus::pick::Series;
use crate::probes::prometheus::verdict::{Trouble, Verdict};

/// Series that Prometheus makes of every scrape.
const OF_EVERY_SCRAPE: [&str; 5] = [
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling",
    "scrape_series_added",
];

/// Labels that a server gives to all series of a target, whatever else it gives them.
pub const TARGET_LABELS: [&str; 2] = ["job", "instance"];

#[derive(Clone, Debug, Default)]
pub struct Scene {
    pub series: Series,
    pub kinds: HashMap<String, Kind>,
    /// Every label of any series.
    pub labels: BTreeSet<String>,
    /// What a server makes of series, recording rules and alerts, cannot be there.
    pub is_endpoint: bool,
    /// Counters that stood still between two looks.
    pub standing: BTreeSet<String>,
}

impl Scene {
    /// Of two scrapes, one after the other. `wildcards` are labels that targets get elsewhere,
    /// beside `job` and `instance`.
    pub fn of_endpoint(before: &Parsed, now: &Parsed, wildcards: &[String], honors_labels: bool) -> Self {
        let mut kinds = HashMap::new();
        let mut declared = BTreeSet::new();
        for family in &now.families {
            if family.kind != Kind::Unknown {
                kinds.insert(family.name.clone(), family.kind);
            }
            if family.samples.is_empty() {
                // Samples of a family without one would be called one of these.
                let suffixes = ["", "_total", "_bucket", "_sum", "_count"];
                declared.extend(suffixes.map(|suffix| format!("{}{suffix}", family.name)));
            }
        }
        let made = OF_EVERY_SCRAPE.map(|name| Labels::from([(METRIC_NAME.to_owned(), name.to_owned())]));
        let series: Vec<Labels> =
            now.samples().map(|sample| labels_of(sample, honors_labels)).chain(made).collect();
        let mut labels: BTreeSet<String> = series.iter().flat_map(|labels| labels.keys()).cloned().collect();
        let wildcards: Vec<String> =
            TARGET_LABELS.iter().map(|label| (*label).to_owned()).chain(wildcards.iter().cloned()).collect();
        labels.extend(wildcards.iter().cloned());
        let series = Series::new(series, declared, wildcards);
        let standing = standing(before, now);
        Self { series, kinds, labels, is_endpoint: true, standing }
    }

    /// Those a selector picks, at least one, or why there is none.
    pub fn pick(&self, selector: &VectorSelector) -> Result<Vec<Labels>, Trouble> {
        let name = selector.name.as_deref().unwrap_or_default();
        if self.is_endpoint && self.series.named(name).is_empty() {
            if name.contains(':') {
                let why = format!("`{name}` is a recording rule, which only a server has");
                return Err(Trouble::new(Verdict::Unverifiable, why));
            }
            if name == "ALERTS" || name == "ALERTS_FOR_STATE" {
                return Err(Trouble::new(Verdict::Unverifiable, format!("only a server has `{name}`")));
            }
        }
        let mut picked = self.series.pick(selector)?;
        if self.is_endpoint {
            // A server gives them to every series of the target, the same to all.
            for labels in &mut picked {
                for label in TARGET_LABELS {
                    labels.entry(label.to_owned()).or_insert_with(|| "of the target".to_owned());
                }
            }
        }
        Ok(picked)
    }

    /// What the metric of a name is, where somebody says.
    pub fn kind(&self, name: &str) -> Option<Kind> {
        if let Some(kind) = self.kinds.get(name) {
            return Some(*kind);
        }
        let family =
            ["_total", "_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix))?;
        match self.kinds.get(family)? {
            Kind::Counter | Kind::Histogram | Kind::Summary => Some(Kind::Counter),
            other => Some(*other),
        }
    }
}

/// As a server keeps it: a label that it gives to targets itself makes way for the server's.
fn labels_of(sample: &Sample, honors_labels: bool) -> Labels {
    let kept = |name: &String| {
        let makes_way = !honors_labels && TARGET_LABELS.contains(&name.as_str());
        if makes_way { format!("exported_{name}") } else { name.clone() }
    };
    let labels = sample.labels.iter().filter(|(_, value)| !value.is_empty());
    let labels = labels.map(|(name, value)| (kept(name), value.clone()));
    labels.chain([(METRIC_NAME.to_owned(), sample.name.clone())]).collect()
}

/// Names of counters none of whose samples moved.
fn standing(before: &Parsed, now: &Parsed) -> BTreeSet<String> {
    type Values<'a> = BTreeMap<&'a str, Vec<(&'a [(String, String)], u64)>>;
    fn values(parsed: &Parsed) -> Values<'_> {
        let mut values = Values::new();
        let counters = parsed
            .families
            .iter()
            .filter(|family| matches!(family.kind, Kind::Counter | Kind::Histogram | Kind::Summary));
        for sample in counters.flat_map(|family| &family.samples) {
            values.entry(&sample.name).or_default().push((&sample.labels, sample.value.to_bits()));
        }
        values
    }
    let (before, now) = (values(before), values(now));
    let stood = now.iter().filter(|(name, values)| before.get(*name) == Some(values));
    stood.map(|(name, _)| (*name).to_owned()).collect()
}
