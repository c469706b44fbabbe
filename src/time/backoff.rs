//! How long to wait before asking again.

use std::time::Duration;

use crate::time::name_hash;

const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(15);

/// Exponential pauses with jitter. The jitter follows from a name and the number of tries,
/// so hosts that failed together do not come back together, and a run can be repeated.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    seed: u64,
}

impl Backoff {
    pub fn for_name(name: &str) -> Self {
        // Stirred per try.
        Self { seed: name_hash::of(name) }
    }

    /// The pause after `tries` failed tries, counted from 1: between half and all of
    /// 250 ms, 500 ms, 1 s … 15 s.
    pub fn pause(&self, tries: u32) -> Duration {
        let doublings = tries.saturating_sub(1).min(16);
        let full = FIRST.saturating_mul(1 << doublings).min(LONGEST);
        let parts_in_1024 = 512 + stir(self.seed ^ u64::from(tries)) % 513;
        full.mul_f64(parts_in_1024 as f64 / 1024.0)
    }
}

/// The output function of SplitMix64.
fn stir(mut value: u64) -> u64 {
    value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_differ_between_names() {
        let backoff = Backoff::for_name("hv-01");
        for tries in 1..40 {
            let full = FIRST.saturating_mul(1 << (tries - 1).min(16)).min(LONGEST);
            let pause = backoff.pause(tries);
            assert!(pause <= full && pause >= full / 2, "{tries}: {pause:?} of {full:?}");
        }
        assert_eq!(backoff.pause(3), Backoff::for_name("hv-01").pause(3));
        assert_ne!(backoff.pause(3), Backoff::for_name("hv-02").pause(3));
    }
}
