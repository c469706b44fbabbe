//! Axes: a range, round ticks on it, and what stands at them.

/// What an axis counts; values are in this unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Milliseconds,
    Percent,
    Bytes,
    PerSecond,
    Count,
    /// Seconds since the beginning.
    Elapsed,
    /// Shares of requests, from 0 to below 1, at the logarithm of how few lie above: HdrHistogram's plot.
    Percentile,
}

/// How heights are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Heights that are compared begin at zero.
    FromZero,
    /// Levels whose changes matter.
    OfRange,
    /// From zero too, unless the values lie so far apart that the small ones would not be seen: then
    /// each tenfold is as far.
    ByMagnitude,
}

/// Numbers onto a length.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    pub unit: Unit,
    /// Each tenfold is as far.
    pub is_logarithmic: bool,
    pub from: f64,
    pub to: f64,
    pub ticks: Vec<Tick>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    pub at: f64,
    pub label: String,
}

impl Axis {
    /// An axis over all `values` with at most `most` ticks, widened to whole ticks for heights.
    pub fn over(unit: Unit, values: impl Iterator<Item = f64>, scale: Scale, most: usize) -> Self {
        let values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
        let (low, high) =
            match (values.iter().copied().reduce(f64::min), values.iter().copied().reduce(f64::max)) {
                (Some(low), Some(high)) => (low, high),
                _ => (0.0, 1.0),
            };
        let least = values.iter().copied().filter(|value| *value > 0.0).reduce(f64::min).unwrap_or(high);
        match unit {
            Unit::Elapsed => Self::elapsed(low.min(0.0), high, most),
            Unit::Percentile => Self::percentile(high),
            _ if scale == Scale::ByMagnitude && low >= 0.0 && high > least * FAR_APART => {
                Self::magnitudes(unit, least, high)
            }
            _ if scale == Scale::OfRange => Self::height(unit, low, high, most),
            _ => Self::height(unit, low.min(0.0), high, most),
        }
    }

    /// 0 at the beginning, 1 at the end.
    pub fn share(&self, value: f64) -> f64 {
        let place = |value: f64| match self.unit {
            Unit::Percentile => nines(value),
            _ if self.is_logarithmic => value.max(self.from).log10(),
            _ => value,
        };
        let (from, to) = (place(self.from), place(self.to));
        ((place(value) - from) / (to - from)).clamp(0.0, 1.0)
    }

    /// Whole powers of ten.
    fn magnitudes(unit: Unit, low: f64, high: f64) -> Self {
        let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
        // At most seven labels.
        let every = (last - first + 6) / 7;
        let ticks = (first..=last).filter(|power| (power - first) % every.max(1) == 0);
        let ticks = ticks.map(|power| 10_f64.powi(power));
        let ticks = ticks.map(|at| Tick { at, label: unit.shown_shortly(at) }).collect();
        Self { unit, is_logarithmic: true, from: 10_f64.powi(first), to: 10_f64.powi(last), ticks }
    }

    fn height(unit: Unit, low: f64, mut high: f64, most: usize) -> Self {
        if unit == Unit::Percent && low >= 0.0 && high <= 100.0 && high > 50.0 {
            high = 100.0;
        }
        if high - low < f64::EPSILON * high.abs().max(1.0) {
            // A value that stands: room around it, so that it is a line and no border.
            high = low + if low == 0.0 { 1.0 } else { low.abs() * 0.1 };
        }
        let (factor, name) = unit.scale(high.abs().max(low.abs()));
        let least = if unit == Unit::Count { 1.0 } else { 0.0 };
        let step = round_step((high - low) / factor / most.max(1) as f64).max(least);
        let (first, last) = ((low / factor / step).floor(), (high / factor / step).ceil());
        let digits = (-step.log10().floor()).max(0.0) as usize;
        let count = (last - first).round() as usize;
        let ticks = (0..=count).map(|index| (first + index as f64) * step).map(|at| Tick {
            at: at * factor,
            label: if at == 0.0 { "0".to_owned() } else { format!("{}{name}", grouped(at, digits)) },
        });
        Self {
            unit,
            is_logarithmic: false,
            from: first * step * factor,
            to: last * step * factor,
            ticks: ticks.collect(),
        }
    }

    fn elapsed(low: f64, high: f64, most: usize) -> Self {
        const STEPS: [f64; 17] = [
            0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0,
            7_200.0, 21_600.0, 43_200.0,
        ];
        let high = if high - low < 1.0 { low + 1.0 } else { high };
        let fits = |step: &&f64| (high - low) / **step <= most.max(1) as f64;
        let step = STEPS.iter().find(fits).copied().unwrap_or_else(|| {
            let days = (high - low) / 86_400.0 / most.max(1) as f64;
            round_step(days).max(1.0) * 86_400.0
        });
        let first = (low / step).ceil() as i64;
        let last = (high / step).floor() as i64;
        let ticks = (first..=last).map(|index| index as f64 * step);
        let ticks = ticks.map(|at| Tick { at, label: clock(at, high) }).collect();
        Self { unit: Unit::Elapsed, is_logarithmic: false, from: low, to: high, ticks }
    }

    fn percentile(high: f64) -> Self {
        const MARKS: [(f64, &str); 9] = [
            (0.0, "0 %"),
            (0.5, "50 %"),
            (0.9, "90 %"),
            (0.99, "99 %"),
            (0.999, "99.9 %"),
            (0.9999, "99.99 %"),
            (0.99999, "99.999 %"),
            (0.999_999, "99.9999 %"),
            (0.999_999_9, "99.99999 %"),
        ];
        let to = high.clamp(0.9, 0.999_999_9);
        let ticks = MARKS.iter().filter(|(at, _)| *at <= to);
        let ticks = ticks.map(|(at, label)| Tick { at: *at, label: (*label).to_owned() }).collect();
        Self { unit: Unit::Percentile, is_logarithmic: false, from: 0.0, to, ticks }
    }
}

impl Unit {
    /// The factor and the name of the unit in which a value of this size is read best.
    fn scale(self, size: f64) -> (f64, &'static str) {
        match self {
            Self::Milliseconds if size < 1.0 => (0.001, " µs"),
            Self::Milliseconds if size < 1_000.0 => (1.0, " ms"),
            Self::Milliseconds if size < 600_000.0 => (1_000.0, " s"),
            Self::Milliseconds => (60_000.0, " min"),
            Self::Bytes if size < 1_024.0 => (1.0, " B"),
            Self::Bytes if size < 1_048_576.0 => (1_024.0, " KiB"),
            Self::Bytes if size < 1_073_741_824.0 => (1_048_576.0, " MiB"),
            Self::Bytes => (1_073_741_824.0, " GiB"),
            Self::Percent => (1.0, " %"),
            Self::PerSecond => (1.0, "/s"),
            Self::Count | Self::Elapsed | Self::Percentile => (1.0, ""),
        }
    }

    /// `10 ms`, `0.1 µs`: for round values.
    fn shown_shortly(self, value: f64) -> String {
        // A rounded power of ten must not fall into the unit below.
        let (factor, name) = self.scale(value * 1.000_001);
        let scaled = value / factor;
        let digits = (-scaled.log10().floor()).max(0.0) as usize;
        format!("{}{name}", grouped(scaled, digits))
    }

    /// A single value, for people.
    pub fn shown(self, value: f64) -> String {
        let (factor, name) = self.scale(value.abs());
        let scaled = value / factor;
        let digits = match scaled.abs() {
            _ if self == Self::Count => 0,
            size if size >= 100.0 || scaled == 0.0 => 0,
            size if size >= 10.0 => 1,
            _ => 2,
        };
        if scaled == 0.0 && self != Self::Percent {
            return "0".to_owned();
        }
        format!("{}{name}", grouped(scaled, digits))
    }
}

/// Of the largest and the smallest value: below this a linear axis shows both.
const FAR_APART: f64 = 30.0;

/// 0.9 is 1, 0.99 is 2.
fn nines(share: f64) -> f64 {
    -(1.0 - share.clamp(0.0, 0.999_999_999)).log10()
}

/// The next of 1, 2, 5, 10, 20 … that is not below.
fn round_step(least: f64) -> f64 {
    if !(least > 0.0 && least.is_finite()) {
        return 1.0;
    }
    let power = 10_f64.powf(least.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().find(|step| step * power >= least * 0.999_999);
    step.unwrap_or(10.0) * power
}

/// Thousands apart by a thin gap.
fn grouped(value: f64, digits: usize) -> String {
    let plain = format!("{:.digits$}", value.abs());
    let (whole, rest) = plain.split_at(plain.find('.').unwrap_or(plain.len()));
    let mut text = String::from(if value < 0.0 { "-" } else { "" });
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text + rest
}

fn clock(seconds: f64, longest: f64) -> String {
    if longest < 120.0 {
        let digits = usize::from(seconds.fract() != 0.0);
        return format!("{seconds:.digits$} s");
    }
    let whole = seconds.max(0.0) as u64;
    let (hours, minutes, seconds) = (whole / 3_600, whole / 60 % 60, whole % 60);
    if longest < 3_600.0 {
        format!("{minutes}:{seconds:02}")
    } else {
        format!("{hours}:{minutes:02}:{seconds:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn ticks_are_round_and_carry_the_unit_that_fits() {
        let axis = |unit, high: f64| Axis::over(unit, [0.0, high].into_iter(), Scale::FromZero, 5);
        assert_eq!(
            labels(&axis(Unit::PerSecond, 4_321.0)),
            ["0", "1,000/s", "2,000/s", "3,000/s", "4,000/s", "5,000/s"]
        );
        assert_eq!(
            labels(&axis(Unit::Milliseconds, 0.43)),
            ["0", "100 µs", "200 µs", "300 µs", "400 µs", "500 µs"]
        );
        assert_eq!(
            labels(&axis(Unit::Milliseconds, 2_100.0)),
            ["0", "0.5 s", "1.0 s", "1.5 s", "2.0 s", "2.5 s"]
        );
        assert_eq!(labels(&axis(Unit::Bytes, 3.0 * 1_048_576.0)), ["0", "1 MiB", "2 MiB", "3 MiB"]);
        assert_eq!(labels(&axis(Unit::Percent, 63.0)), ["0", "20 %", "40 %", "60 %", "80 %", "100 %"]);
        assert_eq!(labels(&axis(Unit::Count, 2.0)), ["0", "1", "2"]);
    }

    #[test]
    fn time_is_told_as_a_clock_does() {
        let axis = |high: f64| Axis::over(Unit::Elapsed, [0.0, high].into_iter(), Scale::FromZero, 6);
        assert_eq!(labels(&axis(30.0)), ["0 s", "5 s", "10 s", "15 s", "20 s", "25 s", "30 s"]);
        assert_eq!(labels(&axis(200.0)), ["0:00", "1:00", "2:00", "3:00"]);
        assert_eq!(labels(&axis(7_200.0)), ["0:00:00", "0:30:00", "1:00:00", "1:30:00", "2:00:00"]);
    }

    #[test]
    fn what_lies_far_apart_is_laid_out_by_magnitude() {
        let axis = Axis::over(Unit::Milliseconds, [0.3, 900.0].into_iter(), Scale::ByMagnitude, 5);
        assert_eq!(labels(&axis), ["100 µs", "1 ms", "10 ms", "100 ms", "1 s"]);
        assert!((axis.share(10.0) - 0.5).abs() < 1e-9 && axis.share(0.0) == 0.0);
        let near = Axis::over(Unit::Milliseconds, [1.0, 20.0].into_iter(), Scale::ByMagnitude, 5);
        assert!(!near.is_logarithmic && near.from == 0.0);
    }

    #[test]
    fn each_nine_more_is_as_far_as_the_one_before() {
        let axis = Axis::over(Unit::Percentile, [0.0, 0.9999].into_iter(), Scale::FromZero, 0);
        assert_eq!(labels(&axis), ["0 %", "50 %", "90 %", "99 %", "99.9 %", "99.99 %"]);
        assert!((axis.share(0.9) - 0.25).abs() < 1e-9 && (axis.share(0.99) - 0.5).abs() < 1e-9);
    }

    proptest::proptest! {
        #[test]
        fn every_axis_holds_its_values_and_few_ticks(
            low in -1e12..1e12_f64, high in -1e12..1e12_f64, most in 1_usize..9, unit in 0_usize..6, scale in 0_usize..3,
        ) {
            let units =
                [Unit::Milliseconds, Unit::Percent, Unit::Bytes, Unit::PerSecond, Unit::Count, Unit::Elapsed];
            let scales = [Scale::FromZero, Scale::OfRange, Scale::ByMagnitude];
            let axis = Axis::over(units[unit], [low, high].into_iter(), scales[scale], most);
            proptest::prop_assert!(axis.from < axis.to, "{axis:?}");
            proptest::prop_assert!(axis.ticks.len() <= (most + 3).max(8), "{axis:?}");
            for value in [low, high] {
                let share = axis.share(value);
                proptest::prop_assert!((0.0..=1.0).contains(&share));
            }
        }
    }
}
