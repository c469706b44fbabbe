//! How long steps took: a histogram over the daemon's life, and totals of one run.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::outcome::{Stage, StepName};

/// Upper bounds of the buckets, in milliseconds; a last bucket holds what is above.
pub const BOUNDS_MS: [u64; 12] =
    [50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000];

/// Durations by bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepTimes {
    /// Not cumulated.
    counts: [u64; BOUNDS_MS.len() + 1],
    sum_ms: u64,
}

impl StepTimes {
    pub fn note(&mut self, duration_ms: u64) {
        self.counts[BOUNDS_MS.partition_point(|bound| *bound < duration_ms)] += 1;
        self.sum_ms += duration_ms;
    }

    /// How many took at most each bound.
    pub fn cumulated(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let mut sum = 0;
        BOUNDS_MS.into_iter().zip(self.counts).map(move |(bound, count)| {
            sum += count;
            (bound, sum)
        })
    }

    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    pub fn sum_ms(&self) -> u64 {
        self.sum_ms
    }
}

/// One step of a run over all its hosts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StepTotals {
    pub stage: Stage,
    pub step: StepName,
    /// Hosts on which it has ended.
    pub ended: u64,
    pub total_ms: u64,
    pub longest_ms: u64,
}

impl StepTotals {
    /// Adds one step that ended; the list stays in the order of stages and names.
    pub fn note(totals: &mut Vec<Self>, stage: Stage, step: &StepName, duration_ms: u64) {
        let place = match totals.binary_search_by(|known| (known.stage, &known.step).cmp(&(stage, step))) {
            Ok(place) => place,
            Err(place) => {
                let new = Self { stage, step: step.clone(), ended: 0, total_ms: 0, longest_ms: 0 };
                totals.insert(place, new);
                place
            }
        };
        let known = &mut totals[place];
        known.ended += 1;
        known.total_ms += duration_ms;
        known.longest_ms = known.longest_ms.max(duration_ms);
    }
}
