//! Everything the monitor saw of a run, and the values that conditions name.

use std::time::Duration;

use serde::Serialize;

use crate::probes::http_load::monitor::sample::{LocalSample, TargetSample};

/// Of one source; a longer run keeps every second look, then every fourth, over all of it.
const MOST_SAMPLES: usize = 40_000;

/// A level counts as sustained when the mean over this time holds it.
pub const SUSTAINED: Duration = Duration::from_secs(10);
/// Of a run that is shorter, all of it is taken, if it has as many samples as this.
const FEWEST_SAMPLES: usize = 8;

/// The looks at this machine and at the target, in the order of time.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Recording {
    pub local: Vec<LocalSample>,
    pub target: Vec<TargetSample>,
    #[serde(skip)]
    local_taken: Thinning,
    #[serde(skip)]
    target_taken: Thinning,
}

impl Recording {
    pub fn add_local(&mut self, sample: LocalSample) {
        self.local_taken.add(&mut self.local, sample);
    }

    pub fn add_target(&mut self, sample: TargetSample) {
        self.target_taken.add(&mut self.target, sample);
    }

    /// Only what was seen from one moment to another, in milliseconds; times count from the first.
    #[must_use]
    pub fn between(&self, from_ms: u64, to_ms: u64) -> Self {
        let mut part = self.clone();
        part.local.retain(|sample| (from_ms..=to_ms).contains(&sample.elapsed_ms));
        part.target.retain(|sample| (from_ms..=to_ms).contains(&sample.elapsed_ms));
        part.local.iter_mut().for_each(|sample| sample.elapsed_ms -= from_ms);
        part.target.iter_mut().for_each(|sample| sample.elapsed_ms -= from_ms);
        part
    }

    /// What a quantity was at each look at which it was known: (milliseconds, value).
    pub fn series(&self, quantity: Quantity) -> Vec<(u64, f64)> {
        let local = |pick: fn(&LocalSample) -> Option<f64>| {
            self.local.iter().filter_map(|sample| Some((sample.elapsed_ms, pick(sample)?))).collect()
        };
        let target = |pick: fn(&TargetSample) -> Option<f64>| {
            self.target.iter().filter_map(|sample| Some((sample.elapsed_ms, pick(sample)?))).collect()
        };
        match quantity {
            Quantity::Cpu => local(|sample| sample.cpu_percent),
            Quantity::OwnCpu => local(|sample| sample.own_cpu_percent),
            Quantity::Memory => local(|sample| sample.memory_used_bytes.map(|bytes| bytes as f64)),
            Quantity::OwnMemory => local(|sample| sample.own_memory_bytes.map(|bytes| bytes as f64)),
            Quantity::NetReceived => local(|sample| sample.net_received_bytes_per_s),
            Quantity::NetSent => local(|sample| sample.net_sent_bytes_per_s),
            Quantity::TargetCpu => target(|sample| sample.cpu_percent),
            Quantity::TargetMemory => target(|sample| sample.memory_bytes.map(|bytes| bytes as f64)),
        }
    }

    /// A value by the name that conditions use (`sys.cpu.p95`). The outer absence: there is no such
    /// name; the inner one: nothing was seen of it.
    pub fn value(&self, name: &str) -> Option<Option<f64>> {
        let (quantity, statistic) = name.rsplit_once('.')?;
        let quantity = Quantity::ALL.into_iter().find(|it| it.name() == quantity)?;
        let statistic = Statistic::ALL.into_iter().find(|it| it.name() == statistic)?;
        Some(statistic.of(&self.series(quantity)))
    }
}

/// What can be named in a condition. CPU in percent, memory in bytes, net in bytes per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    Cpu,
    OwnCpu,
    Memory,
    OwnMemory,
    NetReceived,
    NetSent,
    TargetCpu,
    TargetMemory,
}

impl Quantity {
    pub const ALL: [Self; 8] = [
        Self::Cpu,
        Self::OwnCpu,
        Self::Memory,
        Self::OwnMemory,
        Self::NetReceived,
        Self::NetSent,
        Self::TargetCpu,
        Self::TargetMemory,
    ];

    /// `sys` is the machine that sends the load, `own` this process on it, `target` what bears it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cpu => "sys.cpu",
            Self::OwnCpu => "own.cpu",
            Self::Memory => "sys.memory",
            Self::OwnMemory => "own.memory",
            Self::NetReceived => "sys.net.received",
            Self::NetSent => "sys.net.sent",
            Self::TargetCpu => "target.cpu",
            Self::TargetMemory => "target.memory",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    Min,
    Mean,
    P50,
    P90,
    P95,
    P99,
    Max,
    /// The highest mean over [`SUSTAINED`].
    Sustained,
}

impl Statistic {
    pub const ALL: [Self; 8] =
        [Self::Min, Self::Mean, Self::P50, Self::P90, Self::P95, Self::P99, Self::Max, Self::Sustained];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Min => "min",
            Self::Mean => "mean",
            Self::P50 => "p50",
            Self::P90 => "p90",
            Self::P95 => "p95",
            Self::P99 => "p99",
            Self::Max => "max",
            Self::Sustained => "sustained",
        }
    }

    /// Nothing of nothing. Percentiles by the nearest rank: always a value that was seen.
    pub fn of(self, series: &[(u64, f64)]) -> Option<f64> {
        let mut values: Vec<f64> = series.iter().map(|(_, value)| *value).collect();
        let rank = |percent: usize| (values.len() * percent).div_ceil(100).max(1) - 1;
        let at = match self {
            Self::Mean => return mean(&values),
            Self::Sustained => return sustained(series),
            Self::Min => 0,
            Self::P50 => rank(50),
            Self::P90 => rank(90),
            Self::P95 => rank(95),
            Self::P99 => rank(99),
            Self::Max => values.len().checked_sub(1)?,
        };
        values.sort_by(f64::total_cmp);
        values.get(at).copied()
    }
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn sustained(series: &[(u64, f64)]) -> Option<f64> {
    let width = SUSTAINED.as_millis() as u64;
    if series.len() < FEWEST_SAMPLES {
        return None;
    }
    let mut highest: Option<f64> = None;
    let mut begin = 0;
    let mut sum = 0.0;
    for (end, (at, value)) in series.iter().enumerate() {
        sum += value;
        while series[begin].0 + width < *at {
            sum -= series[begin].1;
            begin += 1;
        }
        // A look tells of the time since the one before it: a window is full when one more would not fit.
        let full = begin > 0 || end + 1 == series.len();
        if full && end + 1 - begin >= FEWEST_SAMPLES {
            let level = sum / (end + 1 - begin) as f64;
            highest = Some(highest.map_or(level, |before| before.max(level)));
        }
    }
    highest
}

/// Keeps a bounded number of samples, evenly over the run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Thinning {
    /// Of `2^halvings` samples one is kept.
    halvings: u32,
    seen: u64,
}

impl Thinning {
    fn add<T>(&mut self, kept: &mut Vec<T>, sample: T) {
        let is_due = self.seen.is_multiple_of(1 << self.halvings);
        self.seen += 1;
        if !is_due {
            return;
        }
        if kept.len() >= MOST_SAMPLES {
            let mut index = 0_usize;
            kept.retain(|_| {
                index += 1;
                index % 2 == 1
            });
            self.halvings += 1;
        }
        kept.push(sample);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recording(cpu: impl IntoIterator<Item = f64>) -> Recording {
        let mut recording = Recording::default();
        for (tick, percent) in cpu.into_iter().enumerate() {
            let elapsed_ms = (tick as u64 + 1) * 250;
            recording.add_local(LocalSample { elapsed_ms, cpu_percent: Some(percent), ..Default::default() });
        }
        recording
    }

    fn value(recording: &Recording, name: &str) -> Option<f64> {
        recording.value(name).unwrap_or_else(|| panic!("{name} is no name"))
    }

    #[test]
    fn values_have_names() {
        let recording = recording((1..=100).map(f64::from));
        assert_eq!(value(&recording, "sys.cpu.p95"), Some(95.0));
        assert_eq!(value(&recording, "sys.cpu.max"), Some(100.0));
        assert_eq!(value(&recording, "sys.cpu.min"), Some(1.0));
        assert_eq!(value(&recording, "sys.cpu.mean"), Some(50.5));
        assert_eq!(recording.value("sys.disk.max"), None);
        assert_eq!(recording.value("sys.cpu.p42"), None);
        assert_eq!(recording.value("cpu"), None);
    }

    #[test]
    fn what_nobody_saw_is_unknown_under_every_name() {
        let nothing = Recording::default();
        for quantity in Quantity::ALL {
            for statistic in Statistic::ALL {
                let name = format!("{}.{}", quantity.name(), statistic.name());
                assert_eq!(nothing.value(&name), Some(None), "{name}");
            }
        }
    }

    #[test]
    fn sustained_is_the_highest_mean_of_ten_seconds() {
        // 5 s at full speed are no 10 s.
        let short = recording((0..160).map(|tick| if (60..80).contains(&tick) { 100.0 } else { 20.0 }));
        let level = value(&short, "sys.cpu.sustained").expect("enough was seen");
        assert!((55.0..65.0).contains(&level), "{level}");
        // 12 s are, and one breath in between does not break them.
        let long = recording((0..160).map(|tick| match tick {
            80 => 40.0,
            60..108 => 98.0,
            _ => 20.0,
        }));
        assert!(value(&long, "sys.cpu.sustained").expect("enough was seen") > 96.0);
    }

    #[test]
    fn of_a_short_run_all_is_taken_and_of_a_very_short_one_nothing() {
        assert_eq!(value(&recording([95.0; 12]), "sys.cpu.sustained"), Some(95.0));
        assert_eq!(value(&recording([95.0; 7]), "sys.cpu.sustained"), None);
    }

    #[test]
    fn a_day_is_kept_evenly_and_in_bounds() {
        let recording = recording((0..345_600).map(f64::from));
        assert!(recording.local.len() <= MOST_SAMPLES && recording.local.len() > MOST_SAMPLES / 2);
        let steps: Vec<u64> =
            recording.local.windows(2).map(|two| two[1].elapsed_ms - two[0].elapsed_ms).collect();
        assert!(steps.iter().all(|step| *step == steps[0]), "uneven");
    }

    #[test]
    fn a_part_of_the_run_is_cut_out() {
        let part = recording((1..=100).map(f64::from)).between(1_000, 2_000);
        assert_eq!(part.local.len(), 5);
        assert_eq!(part.local[0].elapsed_ms, 0);
        assert_eq!(value(&part, "sys.cpu.max"), Some(8.0));
    }
}
