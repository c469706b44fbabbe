//! The only source of chance in the simulator: a generator that is a function of its seeds.

use rand::rngs::SmallRng;
use rand::{Rng, RngCore, SeedableRng};

/// Draws that are the same for the same path of seeds, on every machine.
pub struct Dice(SmallRng);

impl Dice {
    /// Dice for one purpose: `path` says whose, such as fleet seed, host number, VM number.
    pub fn for_path(path: &[u64]) -> Self {
        Self(SmallRng::seed_from_u64(
            path.iter().fold(0x6c75_7374_7275_6d00, |state, step| mix(state ^ mix(*step))),
        ))
    }

    /// True in `share` of the draws.
    pub fn chance(&mut self, share: f64) -> bool {
        self.0.random_bool(share)
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        self.0.random_range(low..=high)
    }

    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.0.random_range(0..choices.len())]
    }

    /// A draw from the standard normal distribution (Box and Muller's transform).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.0.random::<f64>()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.0.random::<f64>()).cos()
    }

    /// A version 4 GUID as Windows prints it in upper case.
    pub fn guid(&mut self) -> String {
        let mut bytes = [0; 16];
        self.0.fill_bytes(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid().as_hyphenated().to_string().to_uppercase()
    }
}

/// The finalizer of SplitMix64: neighbouring seeds give unrelated streams.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
