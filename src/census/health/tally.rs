//! How often something was said in a fleet, kept as a hash of 8 bytes a saying.
//!
//! A fleet has millions of names, addresses and paths. Two texts may share a hash (one in
//! 10^13 for a million texts and a given one): that hides a zombie, or makes a name or an
//! address look shared; nothing else is read from hashes.

use std::hash::{DefaultHasher, Hash, Hasher};

/// The hash of a text in parts; the same in every run.
pub fn hash_of(parts: &[&str]) -> u64 {
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    hasher.finish()
}

/// Sayings, first collected, then counted.
#[derive(Clone, Debug, Default)]
pub struct Tally(Vec<u64>);

impl Tally {
    pub fn say(&mut self, hash: u64) {
        self.0.push(hash);
    }

    /// To be called once, after the last saying and before the first question.
    pub fn close(&mut self) {
        self.0.sort_unstable();
        self.0.shrink_to_fit();
    }

    pub fn count(&self, hash: u64) -> usize {
        let first = self.0.partition_point(|said| *said < hash);
        self.0[first..].partition_point(|said| *said == hash)
    }

    pub fn holds(&self, hash: u64) -> bool {
        self.0.binary_search(&hash).is_ok()
    }
}
