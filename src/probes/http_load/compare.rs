//! One run against an earlier one: by how much each endpoint got slower or faster, and how sure
//! that is.
//!
//! Requests of one second share whatever happened in it (a collection of garbage, a neighbour),
//! so that single requests would make the comparison look surer than it is. What is resampled are
//! whole seconds: the median and the 95th percentile of each. Runs that are too short for that are
//! compared by single requests, and it is said.

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

/// Seconds with answers that both runs need, to be compared by seconds.
pub const FEWEST_SECONDS: usize = 10;
/// Requests that both runs need, to be compared at all.
pub const FEWEST_REQUESTS: u64 = 20;
/// How much slower is a regression: the whole of the interval must lie above.
pub const TOLERATED_PERCENT: f64 = 5.0;
/// How many points of success less are a regression: the whole of the interval must lie below.
pub const TOLERATED_POINTS: f64 = 1.0;

const DRAWS: usize = 1_000;
/// Two-sided: several endpoints are looked at, and none of them should cry wolf.
const CONFIDENCE: f64 = 0.99;
/// Of the normal curve, for [`CONFIDENCE`].
const Z: f64 = 2.575_829;
/// Equal runs are compared equally, whenever and wherever.
const SEED: u64 = 0x10ad;
/// More single requests than this tell nothing new.
const MOST_REQUESTS: u64 = 20_000;

/// What a comparison takes from a run, for one endpoint or for all of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Side {
    pub requests: u64,
    pub succeeded: u64,
    /// Of each second with answers, in milliseconds.
    pub p50_ms: Vec<f64>,
    pub p95_ms: Vec<f64>,
    /// Of all that succeeded: the milliseconds of each step of the histogram, and how many fell into it.
    pub latencies: Vec<(f64, u64)>,
}

/// What the intervals were drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    Seconds,
    Requests,
}

/// A difference, and the interval that holds the true one with 99 % confidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    pub before: f64,
    pub after: f64,
    pub difference: f64,
    pub lowest: f64,
    pub highest: f64,
}

/// One endpoint in both runs. Latencies change in percent, success in points.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delta {
    pub endpoint: String,
    pub by: By,
    /// Null where one of the runs has too few successes.
    pub p50: Option<Change>,
    pub p95: Option<Change>,
    pub success: Change,
    pub regressions: Vec<String>,
}

/// Compares an endpoint; nothing when one of the runs has too few requests.
pub fn compare(endpoint: &str, before: &Side, after: &Side) -> Option<Delta> {
    if before.requests.min(after.requests) < FEWEST_REQUESTS {
        return None;
    }
    let mut dice = SmallRng::seed_from_u64(SEED);
    let by = match before.p50_ms.len().min(after.p50_ms.len()) >= FEWEST_SECONDS {
        true => By::Seconds,
        false => By::Requests,
    };
    let (p50, p95) = match by {
        _ if before.succeeded.min(after.succeeded) < FEWEST_REQUESTS => (None, None),
        By::Seconds => (
            percent_change(&before.p50_ms, &after.p50_ms, median, &mut dice),
            percent_change(&before.p95_ms, &after.p95_ms, median, &mut dice),
        ),
        By::Requests => {
            let (before, after) = (spread_out(&before.latencies), spread_out(&after.latencies));
            let p50 = percent_change(&before, &after, median, &mut dice);
            (p50, percent_change(&before, &after, |values| at_rank(values, 0.95), &mut dice))
        }
    };
    let success = success_change(before, after);
    let mut regressions = Vec::new();
    for (name, change) in [("p50", p50), ("p95", p95)] {
        let Some(change) = change else { continue };
        if change.lowest > TOLERATED_PERCENT {
            regressions.push(format!("{name} is {:.0} % slower", change.difference));
        }
    }
    if success.highest < 0.0 && success.difference < -TOLERATED_POINTS {
        regressions.push(format!("success is {:.1} points lower", -success.difference));
    }
    Some(Delta { endpoint: endpoint.to_owned(), by, p50, p95, success, regressions })
}

/// Percentile bootstrap of the relative difference of a statistic.
fn percent_change(
    before: &[f64],
    after: &[f64],
    statistic: impl Fn(&mut [f64]) -> f64,
    dice: &mut SmallRng,
) -> Option<Change> {
    let percent = |before: f64, after: f64| (after - before) / before * 100.0;
    let old = statistic(&mut before.to_vec());
    let new = statistic(&mut after.to_vec());
    if old <= 0.0 || !old.is_finite() || !new.is_finite() {
        return None;
    }
    let mut drawn = |from: &[f64]| {
        let mut values: Vec<f64> = (0..from.len()).map(|_| from[dice.random_range(0..from.len())]).collect();
        statistic(&mut values)
    };
    let draws = DRAWS.min(40_000_000 / (before.len() + after.len())).max(200);
    let mut differences: Vec<f64> = (0..draws).map(|_| percent(drawn(before), drawn(after))).collect();
    let lowest = at_rank(&mut differences, f64::midpoint(0.0, 1.0 - CONFIDENCE));
    let highest = at_rank(&mut differences, f64::midpoint(1.0, CONFIDENCE));
    Some(Change { before: old, after: new, difference: percent(old, new), lowest, highest })
}

/// Newcombe's interval for the difference of two shares (Stat. Med. 1998, method 10), in points.
fn success_change(before: &Side, after: &Side) -> Change {
    let (old, new) = (wilson(before), wilson(after));
    let lower = f64::hypot(new.share - new.lowest, old.highest - old.share);
    let upper = f64::hypot(new.highest - new.share, old.share - old.lowest);
    let difference = new.share - old.share;
    Change {
        before: old.share,
        after: new.share,
        difference,
        lowest: difference - lower,
        highest: difference + upper,
    }
}

/// A share in percent and Wilson's interval around it.
struct Wilson {
    share: f64,
    lowest: f64,
    highest: f64,
}

fn wilson(side: &Side) -> Wilson {
    let requests = side.requests as f64;
    let share = side.succeeded as f64 / requests;
    let scale = 1.0 + Z * Z / requests;
    let middle = (share + Z * Z / (2.0 * requests)) / scale;
    let half = Z / scale * (share * (1.0 - share) / requests + Z * Z / (4.0 * requests * requests)).sqrt();
    let percent = |share: f64| share.clamp(0.0, 1.0) * 100.0;
    Wilson { share: percent(share), lowest: percent(middle - half), highest: percent(middle + half) }
}

fn median(values: &mut [f64]) -> f64 {
    at_rank(values, 0.5)
}

/// The value below which a share of the values lies, by the nearest rank.
fn at_rank(values: &mut [f64], share: f64) -> f64 {
    if values.is_empty() {
        return f64::NAN;
    }
    let rank = ((values.len() as f64 * share).ceil() as usize).clamp(1, values.len()) - 1;
    *values.select_nth_unstable_by(rank, f64::total_cmp).1
}

/// One value a request, or one for every so many.
fn spread_out(latencies: &[(f64, u64)]) -> Vec<f64> {
    let all: u64 = latencies.iter().map(|(_, count)| count).sum();
    let step = all.div_ceil(MOST_REQUESTS).max(1);
    let mut values = Vec::new();
    let (mut seen, mut next) = (0, step / 2);
    for (ms, count) in latencies {
        seen += count;
        while next < seen {
            values.push(*ms);
            next += step;
        }
    }
    values
}
