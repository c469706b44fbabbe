//! How a fleet is divided, and what the shards of a slot make of it together.

use std::collections::BTreeMap;

use lustrum::model::shard::{MOST_SHARDS, Shard};
use lustrum::model::target::HostName;
use proptest::prelude::*;

fn host() -> impl Strategy<Value = HostName> {
    "[a-z0-9][a-z0-9-]{0,20}(\\.[a-z]{2,8}){0,2}".prop_map(|name| HostName::parse(&name).unwrap())
}

fn owner(host: &HostName, of: u32) -> Shard {
    let owners: Vec<_> = Shard::all(of).filter(|shard| shard.holds(host)).collect();
    let [owner] = owners[..] else { panic!("{host} is in {owners:?}") };
    owner
}

proptest! {
    #[test]
    fn every_target_falls_to_exactly_one_shard(host in host(), of in 1..=128u32) {
        owner(&host, of);
    }

    #[test]
    fn with_one_shard_more_a_target_stays_or_goes_to_the_new_one(host in host(), of in 1..=128u32) {
        let (before, after) = (owner(&host, of), owner(&host, of + 1));
        prop_assert!(after.index() == before.index() || after.index() == of, "{host}: {before} {after}");
    }

    #[test]
    fn what_is_written_is_read(index in 0..MOST_SHARDS, more in 1..=MOST_SHARDS) {
        let of = (index + more).min(MOST_SHARDS);
        let shard = Shard::new(index, of).unwrap();
        prop_assert_eq!(Shard::parse(&shard.to_string()), Ok(shard));
    }
}

fn fleet(hosts: usize) -> Vec<HostName> {
    (0..hosts).map(|n| HostName::parse(&format!("hv{n:05}.example.com")).unwrap()).collect()
}

#[test]
fn shards_are_even_and_a_new_one_takes_its_share() {
    let (fleet, of) = (fleet(20_000), 16);
    let mut sizes: BTreeMap<u32, i64> = BTreeMap::new();
    let mut moved = 0_i64;
    for host in &fleet {
        let before = owner(host, of);
        *sizes.entry(before.index()).or_default() += 1;
        moved += i64::from(owner(host, of + 1).index() != before.index());
    }
    // Five standard deviations: sqrt(20000/16) is 35.
    assert!(sizes.len() == 16 && sizes.values().all(|size| (size - 1250).abs() < 175), "{sizes:?}");
    assert!((moved - 20_000 / 17).abs() < 175, "{moved}");
}

/// The same on every machine and in every version, or a retried pod asks other hosts.
#[test]
fn the_division_never_changes() {
    let owners: Vec<_> = fleet(24).iter().map(|host| owner(host, 8).index()).collect();
    assert_eq!(owners, [2, 6, 2, 1, 3, 6, 6, 6, 4, 4, 7, 3, 4, 5, 6, 2, 4, 4, 1, 2, 0, 2, 4, 2]);
}

#[test]
fn only_shards_are_taken_for_shards() {
    for wrong in ["", "1", "8/8", "9/8", "-1/8", "0/0", "0/1025", "a/b", "1/8/2", " 1/8", "1/ 8"] {
        let refused = Shard::parse(wrong).unwrap_err();
        assert!(refused.to_string().contains(&format!("`{wrong}`")), "{refused}");
    }
}
