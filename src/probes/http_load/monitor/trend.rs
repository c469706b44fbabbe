//! Whether the target's memory grows while it is under load: a leak, perhaps.
//!
//! Slope by Theil and Sen (the median of the slopes of all pairs: up to 29 % of wild points do not
//! move it), significance by Mann and Kendall with the correction for ties (Gilbert 1987, §16.4).
//! Neighbouring samples of a memory are no independent draws, so significance alone says little:
//! the growth must also be worth a word, must lift the floor that a garbage collector comes back
//! to, and must not be levelling off.

use serde::Serialize;

/// What warms up at the beginning (pools, caches, compiled code) is left out: a fifth of the run.
const WARM_UP_SHARE: f64 = 0.2;
/// After the warm-up; below this nothing is said.
pub const SHORTEST_S: f64 = 30.0;
const FEWEST_POINTS: usize = 20;
/// Pairs grow with the square: more points are put together in equal spans of time, by their median.
const MOST_POINTS: usize = 400;
/// Two-sided 1 %.
const SIGNIFICANT_Z: f64 = 2.576;
/// Growth over the looked-at time that is worth a word: both.
const LEAST_GROWTH_BYTES: f64 = 1024.0 * 1024.0;
const LEAST_GROWTH_SHARE: f64 = 0.01;
/// The floor: what a tenth of the samples lies below. From the first third to the last it must
/// rise by this share of what the slope makes of that time, or else something only swings.
const FLOOR_SHARE: f64 = 0.5;
/// The second half must grow at least so much as this share of the whole's slope.
const STILL_GROWING_SHARE: f64 = 0.3;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Growth {
    /// It grows without an end in sight: a leak is suspected.
    Suspected,
    /// It grew, and less and less.
    LevelsOff,
    /// It stands, falls, or moves without a direction.
    Steady,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trend {
    pub growth: Growth,
    pub slope_bytes_per_min: f64,
    /// Mann and Kendall's; beyond ±2.576 chance alone would do it once in a hundred runs.
    pub z: f64,
    /// Slope times the time looked at.
    pub grown_bytes: f64,
    pub points: usize,
    pub span_s: f64,
}

/// The trend of (seconds, bytes), in the order of time; or why nothing can be said.
pub fn memory_trend(samples: &[(f64, f64)]) -> Result<Trend, String> {
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else {
        return Err("the target told nothing of its memory".to_owned());
    };
    let begin = first.0 + (last.0 - first.0) * WARM_UP_SHARE;
    let looked_at: Vec<_> = samples.iter().copied().filter(|(at, _)| *at >= begin).collect();
    let span_s = last.0 - begin;
    if span_s < SHORTEST_S {
        return Err(format!(
            "it takes {SHORTEST_S:.0} s after the first fifth of the run, and had {span_s:.0} s"
        ));
    }
    if looked_at.len() < FEWEST_POINTS {
        return Err(format!("it takes {FEWEST_POINTS} values, and had {}", looked_at.len()));
    }
    let points = thinned(&looked_at);
    let slope = theil_sen(&points);
    let z = mann_kendall(&points);
    let grown_bytes = slope * span_s;
    let level = median(points.iter().map(|(_, bytes)| *bytes).collect());
    let worth_a_word = grown_bytes >= LEAST_GROWTH_BYTES && grown_bytes >= level * LEAST_GROWTH_SHARE;
    let third = points.len() / 3;
    let risen = floor(&points[points.len() - third..]) - floor(&points[..third]);
    let is_lifted = risen >= grown_bytes * 2.0 / 3.0 * FLOOR_SHARE;
    let growth = if z <= SIGNIFICANT_Z || !worth_a_word || !is_lifted {
        Growth::Steady
    } else if theil_sen(&points[points.len() / 2..]) < slope * STILL_GROWING_SHARE {
        Growth::LevelsOff
    } else {
        Growth::Suspected
    };
    Ok(Trend { growth, slope_bytes_per_min: slope * 60.0, z, grown_bytes, points: points.len(), span_s })
}

/// At most [`MOST_POINTS`], each the median of a span of time.
fn thinned(samples: &[(f64, f64)]) -> Vec<(f64, f64)> {
    if samples.len() <= MOST_POINTS {
        return samples.to_vec();
    }
    let (first, last) = (samples[0].0, samples[samples.len() - 1].0);
    let width = (last - first) / MOST_POINTS as f64;
    let span = |at: f64| (((at - first) / width) as usize).min(MOST_POINTS - 1);
    let groups = samples.chunk_by(|a, b| span(a.0) == span(b.0));
    groups
        .map(|group| {
            let middle = |pick: fn(&(f64, f64)) -> f64| median(group.iter().map(pick).collect());
            (middle(|point| point.0), middle(|point| point.1))
        })
        .collect()
}

fn floor(points: &[(f64, f64)]) -> f64 {
    let mut bytes: Vec<f64> = points.iter().map(|(_, bytes)| *bytes).collect();
    bytes.sort_by(f64::total_cmp);
    bytes.get(bytes.len() / 10).copied().unwrap_or_default()
}

/// Bytes per second.
fn theil_sen(points: &[(f64, f64)]) -> f64 {
    let mut slopes = Vec::with_capacity(points.len() * points.len() / 2);
    for (index, (at, bytes)) in points.iter().enumerate() {
        let later = points[index + 1..].iter().filter(|(later, _)| later > at);
        slopes.extend(later.map(|(later, grown)| (grown - bytes) / (later - at)));
    }
    median(slopes)
}

fn mann_kendall(points: &[(f64, f64)]) -> f64 {
    let mut score = 0.0;
    for (index, (_, bytes)) in points.iter().enumerate() {
        let sign = |later: f64| {
            if later > *bytes {
                1.0
            } else if later < *bytes {
                -1.0
            } else {
                0.0
            }
        };
        score += points[index + 1..].iter().map(|(_, later)| sign(*later)).sum::<f64>();
    }
    let term = |count: usize| (count * (count - 1) * (2 * count + 5)) as f64;
    let mut sorted: Vec<f64> = points.iter().map(|(_, bytes)| *bytes).collect();
    sorted.sort_by(f64::total_cmp);
    let tied: f64 = sorted.chunk_by(|a, b| a == b).map(|equal| term(equal.len())).sum();
    let variance = (term(points.len()) - tied) / 18.0;
    if score == 0.0 || variance <= 0.0 {
        return 0.0;
    }
    // One step nearer to zero: the score is a whole number, the normal curve is none.
    (score - score.signum()) / variance.sqrt()
}

fn median(mut values: Vec<f64>) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MIB: f64 = 1024.0 * 1024.0;

    fn samples(seconds: usize, bytes: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
        (0..seconds * 4).map(|tick| tick as f64 / 4.0).map(|at| (at, bytes(at))).collect()
    }

    fn growth(samples: &[(f64, f64)]) -> Growth {
        memory_trend(samples).expect("enough was seen").growth
    }

    #[test]
    fn a_leak_is_told_with_its_slope() {
        // A saw tooth of a garbage collector on top of 6 MiB a minute.
        let leaking = samples(120, |at| 100.0 * MIB + at * 0.1 * MIB + at % 5.0 * 0.05 * MIB);
        let trend = memory_trend(&leaking).expect("enough was seen");
        assert_eq!(trend.growth, Growth::Suspected);
        assert!((trend.slope_bytes_per_min / MIB - 6.0).abs() < 0.1, "{trend:?}");
        assert!((trend.grown_bytes / MIB - 9.6).abs() < 0.2, "{trend:?}");
    }

    #[test]
    fn a_wild_fifth_does_not_move_the_slope() {
        let wild = samples(120, |at| if at % 5.0 < 1.0 { 900.0 * MIB } else { 100.0 * MIB + at * 0.1 * MIB });
        let trend = memory_trend(&wild).expect("enough was seen");
        assert!((trend.slope_bytes_per_min / MIB - 6.0).abs() < 1.0, "{trend:?}");
    }

    #[test]
    fn what_stands_falls_or_swings_is_steady() {
        assert_eq!(growth(&samples(60, |_| 100.0 * MIB)), Growth::Steady);
        assert_eq!(growth(&samples(60, |at| 100.0 * MIB - at * 0.1 * MIB)), Growth::Steady);
        assert_eq!(growth(&samples(60, |at| 100.0 * MIB + at % 10.0 * MIB)), Growth::Steady);
    }

    #[test]
    fn growth_that_is_not_worth_a_word_is_steady() {
        // Plain as day, and 240 KiB in 48 s.
        assert_eq!(growth(&samples(60, |at| 1.0 * MIB + at * 5.0 * 1024.0)), Growth::Steady);
        // 4.8 MiB, of 1 GiB.
        assert_eq!(growth(&samples(60, |at| 1024.0 * MIB + at * 0.1 * MIB)), Growth::Steady);
    }

    #[test]
    fn a_cache_that_fills_levels_off() {
        let filling = |full_at: f64| samples(120, move |at| 100.0 * MIB + at.min(full_at) * MIB);
        assert_eq!(growth(&filling(80.0)), Growth::LevelsOff);
        // Full for most of the time, or before the first fifth is over.
        assert_eq!(growth(&filling(40.0)), Growth::Steady);
        assert_eq!(growth(&filling(20.0)), Growth::Steady);
    }

    #[test]
    fn too_little_is_unknown() {
        assert!(memory_trend(&[]).is_err());
        let why = memory_trend(&samples(20, |at| at)).expect_err("too few");
        assert!(why.contains("had 16 s"), "{why}");
        let seldom: Vec<_> = (0..15).map(|minute| (f64::from(minute) * 60.0, 1.0)).collect();
        assert!(memory_trend(&seldom).is_err());
    }

    #[test]
    fn z_is_what_the_formula_says() {
        // 1 2 3 4: S = 6, variance 4·3·13/18; with the step of one.
        let rising: Vec<_> = (1..=4).map(f64::from).map(|n| (n, n)).collect();
        assert!((mann_kendall(&rising) - 5.0 / (156.0_f64 / 18.0).sqrt()).abs() < 1e-12);
        // 1 1 2: S = 2, variance (3·2·11 − 2·1·9)/18.
        let tied = [(0.0, 1.0), (1.0, 1.0), (2.0, 2.0)];
        assert!((mann_kendall(&tied) - 1.0 / (48.0_f64 / 18.0).sqrt()).abs() < 1e-12);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn turned_round_it_is_the_other_sign(noise in proptest::collection::vec(0.0..10.0_f64, 160)) {
            let up: Vec<_> = noise.iter().enumerate().map(|(at, byte)| (at as f64, *byte * MIB)).collect();
            let down: Vec<_> = up.iter().map(|(at, bytes)| (*at, -bytes)).collect();
            prop_assert!((theil_sen(&up) + theil_sen(&down)).abs() < 1e-6);
            prop_assert!((mann_kendall(&up) + mann_kendall(&down)).abs() < 1e-9);
        }

        #[test]
        fn a_higher_level_changes_nothing_but_the_share(
            noise in proptest::collection::vec(0.0..1.0_f64, 160), level in 0.0..1e9_f64,
        ) {
            let low: Vec<_> = noise.iter().enumerate().map(|(at, byte)| (at as f64, *byte * MIB)).collect();
            let high: Vec<_> = low.iter().map(|(at, bytes)| (*at, bytes + level)).collect();
            prop_assert!((theil_sen(&low) - theil_sen(&high)).abs() < 1.0);
        }

        #[test]
        fn noise_around_a_steep_line_never_hides_it(
            noise in proptest::collection::vec(-1.0..1.0_f64, 240), slope_mib in 0.1..10.0_f64,
        ) {
            let line = |at: usize, off: &f64| (at as f64, (500.0 + slope_mib * (at as f64 + off)) * MIB);
            let rising: Vec<_> = noise.iter().enumerate().map(|(at, off)| line(at, off)).collect();
            let trend = memory_trend(&rising).expect("enough was seen");
            prop_assert_eq!(trend.growth, Growth::Suspected);
            prop_assert!((trend.slope_bytes_per_min / MIB / 60.0 / slope_mib - 1.0).abs() < 0.05);
        }

        #[test]
        fn any_samples_are_judged_without_a_panic(
            bytes in proptest::collection::vec(0.0..1e12_f64, 0..900), step in 0.0..2.0_f64,
        ) {
            let points: Vec<_> = bytes.iter().enumerate().map(|(at, byte)| (at as f64 * step, *byte)).collect();
            if let Ok(trend) = memory_trend(&points) {
                prop_assert!(trend.points <= MOST_POINTS && trend.slope_bytes_per_min.is_finite());
            }
        }
    }
}
