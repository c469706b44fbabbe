//! A part of a run's targets that one of several processes asks.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::target::HostName;

/// One shard of several: `2/8` is the third of eight, counted from 0 as Kubernetes counts
/// completion indexes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shard {
    index: u32,
    of: u32,
}

/// More shards than anybody has clusters of machines; weighing a target costs a few
/// nanoseconds a shard.
pub const MOST_SHARDS: u32 = 1024;

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("shard `{0}` is not one of `0/n` to `n-1/n`, n from 1 to {MOST_SHARDS}")]
pub struct InvalidShard(String);

impl Shard {
    pub fn new(index: u32, of: u32) -> Result<Self, InvalidShard> {
        let fits = index < of && of <= MOST_SHARDS;
        if fits { Ok(Self { index, of }) } else { Err(InvalidShard(format!("{index}/{of}"))) }
    }

    pub fn parse(text: &str) -> Result<Self, InvalidShard> {
        let invalid = || InvalidShard(text.chars().take(40).collect());
        let (index, of) = text.split_once('/').ok_or_else(invalid)?;
        let number = |text: &str| text.parse().map_err(|_| invalid());
        Self::new(number(index)?, number(of)?).map_err(|_| invalid())
    }

    /// Every shard of so many.
    pub fn all(of: u32) -> impl Iterator<Item = Self> {
        (0..of).map(move |index| Self { index, of })
    }

    pub fn index(self) -> u32 {
        self.index
    }

    pub fn of(self) -> u32 {
        self.of
    }

    /// As a file is called: `2-of-8`.
    pub fn word(self) -> String {
        format!("{}-of-{}", self.index, self.of)
    }

    /// Whether the target falls to this shard: to exactly one of all, on every machine the
    /// same. The heaviest shard has it (rendezvous hashing, Thaler and Ravishankar 1998), so
    /// with one shard more a target stays where it is or goes to the new one.
    pub fn holds(self, host: &HostName) -> bool {
        let seed = fnv_1a(host.as_str());
        let heaviest = (0..self.of).max_by_key(|index| split_mix(seed, *index));
        heaviest == Some(self.index)
    }
}

fn fnv_1a(text: &str) -> u64 {
    let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, fold)
}

/// The n-th number of the SplitMix64 generator with this seed.
fn split_mix(seed: u64, n: u32) -> u64 {
    let mut value = seed.wrapping_add((u64::from(n) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

impl Serialize for Shard {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Shard {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Shard {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Shard".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": r"^\d+/\d+$" })
    }
}
