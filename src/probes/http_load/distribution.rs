//! How long things took: a histogram as data, from which any percentile can be computed again.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// Never of nothing: what was not measured has no distribution. Three digits of each time count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    pub count: u64,
    pub min_ms: f64,
    pub mean_ms: f64,
    pub stdev_ms: f64,
    pub p50_ms: f64,
    pub p75_ms: f64,
    pub p90_ms: f64,
    pub p95_ms: f64,
    pub p99_ms: f64,
    #[serde(rename = "p99.9_ms")]
    pub p99_9_ms: f64,
    #[serde(rename = "p99.99_ms")]
    pub p99_99_ms: f64,
    pub max_ms: f64,
    /// Microseconds and how many took so long, in rising order; the whole of it.
    pub histogram_us: Vec<(u64, u64)>,
}

impl Distribution {
    /// Of a histogram of microseconds.
    pub fn of(histogram: &Histogram<u64>) -> Option<Self> {
        let steps = histogram.iter_recorded();
        Self::of_steps(
            steps
                .map(|step| (step.value_iterated_to().min(histogram.max()), step.count_at_value()))
                .collect(),
        )
    }

    /// Of rising microseconds and how often each came.
    pub fn of_steps(histogram_us: Vec<(u64, u64)>) -> Option<Self> {
        let count: u64 = histogram_us.iter().map(|(_, count)| count).sum();
        let (first, last) = (histogram_us.first()?.0, histogram_us.last()?.0);
        let sum = |of: &dyn Fn(f64) -> f64| -> f64 {
            histogram_us.iter().map(|(us, count)| of(*us as f64) * *count as f64).sum()
        };
        let mean = sum(&|us| us) / count as f64;
        let variance = sum(&|us| (us - mean) * (us - mean)) / count as f64;
        let percentile = |percent| percentile_us(&histogram_us, percent).map(millis);
        Some(Self {
            count,
            min_ms: millis(first),
            mean_ms: mean / 1_000.0,
            stdev_ms: variance.sqrt() / 1_000.0,
            p50_ms: percentile(50.0)?,
            p75_ms: percentile(75.0)?,
            p90_ms: percentile(90.0)?,
            p95_ms: percentile(95.0)?,
            p99_ms: percentile(99.0)?,
            p99_9_ms: percentile(99.9)?,
            p99_99_ms: percentile(99.99)?,
            max_ms: millis(last),
            histogram_us,
        })
    }

    /// By the nearest rank: a time that was measured.
    pub fn percentile_ms(&self, percent: f64) -> Option<f64> {
        percentile_us(&self.histogram_us, percent).map(millis)
    }

    /// How many took no longer than this.
    pub fn within(&self, ms: f64) -> u64 {
        self.histogram_us.iter().filter(|(us, _)| millis(*us) <= ms).map(|(_, count)| count).sum()
    }
}

fn percentile_us(steps: &[(u64, u64)], percent: f64) -> Option<u64> {
    let count: u64 = steps.iter().map(|(_, count)| count).sum();
    // A hair less, so that 95 % of 100 are 95 whatever the rounding.
    let rank = (count as f64 * percent / 100.0 - 1e-9).ceil().max(1.0);
    let mut seen = 0;
    steps
        .iter()
        .find(|(_, count)| {
            seen += count;
            seen as f64 >= rank
        })
        .map(|(us, _)| *us)
}

fn millis(us: u64) -> f64 {
    us as f64 / 1_000.0
}
