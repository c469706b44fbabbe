//! What the samples of a family must be to one another.

use std::collections::BTreeMap;

use crate::probes::exposition::dialect::Dialect;
use crate::probes::exposition::family::{Family, Kind, LineError, Sample};

/// Adds what is wrong.
pub fn hold(family: &Family, dialect: Dialect, errors: &mut Vec<LineError>) {
    match family.kind {
        Kind::Histogram | Kind::GaugeHistogram => histogram(family, dialect, errors),
        Kind::Summary => summary(family, errors),
        Kind::Counter if dialect == Dialect::OpenMetrics => {
            let is_wrong = |sample: &&Sample| sample.value.is_nan() || sample.value < 0.0;
            let totals = family.samples.iter().filter(|sample| sample.name.ends_with("_total"));
            errors.extend(
                totals.filter(is_wrong).map(|sample| wrong(sample, "a counter is NaN or below zero")),
            );
        }
        Kind::Info => {
            let others = family.samples.iter().filter(|sample| !is_just(sample.value, 1.0));
            errors.extend(others.map(|sample| wrong(sample, "the value of an info is 1")));
        }
        Kind::StateSet => {
            for sample in &family.samples {
                if sample.label(&family.name).is_none() {
                    errors
                        .push(wrong(sample, &format!("a state has its name in the label `{}`", family.name)));
                } else if !is_just(sample.value, 0.0) && !is_just(sample.value, 1.0) {
                    errors.push(wrong(sample, "a state is 0 or 1"));
                }
            }
        }
        Kind::Counter | Kind::Gauge | Kind::Unknown => {}
    }
    if dialect == Dialect::OpenMetrics {
        let may = |sample: &&Sample| match family.kind {
            Kind::Counter => sample.name.ends_with("_total"),
            Kind::Histogram | Kind::GaugeHistogram => sample.name.ends_with("_bucket"),
            _ => false,
        };
        let others = family.samples.iter().filter(|sample| sample.exemplar.is_some() && !may(sample));
        errors.extend(others.map(|sample| wrong(sample, "only buckets and totals have exemplars")));
    }
}

/// The buckets of one series, as they come.
#[derive(Default)]
struct Series<'a> {
    buckets: Vec<(f64, &'a Sample)>,
    count: Option<&'a Sample>,
    first: Option<&'a Sample>,
}

/// `le` in each bucket, rising, `+Inf` last; counts that do not fall; `_count` as the last of them.
fn histogram(family: &Family, dialect: Dialect, errors: &mut Vec<LineError>) {
    let mut all: BTreeMap<Vec<&(String, String)>, Series<'_>> = BTreeMap::new();
    for sample in &family.samples {
        let mut labels: Vec<_> = sample.labels.iter().filter(|(name, _)| name != "le").collect();
        labels.sort();
        let series = all.entry(labels).or_default();
        series.first.get_or_insert(sample);
        if sample.name.ends_with("_bucket") {
            match sample.label("le").map(str::parse::<f64>) {
                Some(Ok(bound)) if !bound.is_nan() => series.buckets.push((bound, sample)),
                Some(_) => errors.push(wrong(sample, "the label `le` of a bucket is a number")),
                None => errors.push(wrong(sample, "a bucket has the label `le`")),
            }
        } else if sample.name.ends_with("count") {
            series.count = Some(sample);
        }
    }
    for series in all.values() {
        // Several points of a metric stand one after another.
        let has_times = series.first.is_some_and(|sample| sample.timestamp_seconds.is_some());
        if has_times && dialect == Dialect::OpenMetrics {
            continue;
        }
        for pair in series.buckets.windows(2) {
            let ((lower, below), (upper, above)) = (pair[0], pair[1]);
            if upper <= lower {
                errors.push(wrong(above, "the buckets' `le` does not rise"));
            } else if above.value < below.value {
                errors.push(wrong(
                    above,
                    "buckets count what the ones below them count too: this one has less",
                ));
            }
        }
        let last = series.buckets.iter().find(|(bound, _)| is_just(*bound, f64::INFINITY));
        match (last, series.count, series.first) {
            (None, _, Some(first)) => {
                errors.push(wrong(first, &format!("`{}` has no bucket with le=\"+Inf\"", family.name)));
            }
            (Some((_, last)), Some(count), _) if !is_just(last.value, count.value) => {
                errors.push(wrong(count, "the count is not that of the bucket with le=\"+Inf\""));
            }
            (Some((_, last)), None, _) if dialect == Dialect::Text => {
                errors.push(wrong(last, &format!("`{}_count` is missing", family.name)));
            }
            _ => {}
        }
    }
}

fn summary(family: &Family, errors: &mut Vec<LineError>) {
    for sample in family.samples.iter().filter(|sample| sample.name == family.name) {
        match sample.label("quantile").map(str::parse::<f64>) {
            Some(Ok(quantile)) if (0.0..=1.0).contains(&quantile) => {}
            Some(_) => errors.push(wrong(sample, "the label `quantile` is a number from 0 to 1")),
            None => errors.push(wrong(sample, "a summary's value has the label `quantile`")),
        }
    }
}

fn is_just(one: f64, other: f64) -> bool {
    one.total_cmp(&other).is_eq() || (one == 0.0 && other == 0.0)
}

fn wrong(sample: &Sample, message: &str) -> LineError {
    LineError { line: sample.line, column: 1, message: message.to_owned() }
}
