//! How long simulated hosts take, the same for the same seed.

use std::str::FromStr;
use std::time::Duration;

use crate::simulator::dice::Dice;

/// A distribution of durations.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Latency {
    #[default]
    None,
    Fixed(Duration),
    /// Log-normal: half of the draws are below `median`, and `sigma` 1.0 puts one in a
    /// hundred above ten medians. Nothing passes `longest`.
    LongTail {
        median: Duration,
        sigma: f64,
        longest: Duration,
    },
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "latency `{0}`: expected a time such as `200ms`, `none`, `fixed = MS` or `long_tail = MEDIAN_MS, SIGMA, LONGEST_MS`"
)]
pub struct InvalidLatency(String);

impl FromStr for Latency {
    type Err = InvalidLatency;

    /// Reads a time with its unit, `200ms`, or a word: `none`, `fixed = 200`,
    /// `long_tail = 300, 1.0, 10000`, with durations in milliseconds.
    fn from_str(text: &str) -> Result<Self, InvalidLatency> {
        if let Ok(duration) = humantime::parse_duration(text) {
            return Ok(Self::Fixed(duration));
        }
        let refused = || InvalidLatency(text.to_owned());
        let (word, value) = text.split_once('=').unwrap_or((text, ""));
        let read = |number: &str| number.trim().parse().ok().filter(|number| (0.0..=1e9).contains(number));
        let values = value.split(',').filter(|number| !number.trim().is_empty());
        let numbers: Vec<f64> = values.map(read).collect::<Option<_>>().ok_or_else(refused)?;
        let duration = |ms: f64| Duration::from_secs_f64(ms / 1000.0);
        match (word.trim(), numbers.as_slice()) {
            ("none", []) => Ok(Self::None),
            ("fixed", [ms]) => Ok(Self::Fixed(duration(*ms))),
            ("long_tail", [median, sigma, longest]) => {
                Ok(Self::LongTail { median: duration(*median), sigma: *sigma, longest: duration(*longest) })
            }
            _ => Err(refused()),
        }
    }
}

impl Latency {
    pub fn draw(&self, dice: &mut Dice) -> Duration {
        match *self {
            Self::None => Duration::ZERO,
            Self::Fixed(duration) => duration,
            Self::LongTail { median, sigma, longest } => {
                median.mul_f64((sigma * dice.normal()).exp()).min(longest)
            }
        }
    }
}
