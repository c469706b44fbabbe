//! How long simulated hosts take, the same for the same seed.

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
