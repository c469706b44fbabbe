//! A fleet over days: what changes, how often, and that nothing is forgotten.

use std::collections::{BTreeMap, BTreeSet};

use lustrum::simulator::fleet::FleetSpec;
use lustrum::simulator::guest::Guest;
use lustrum::simulator::layout::Layout;
use lustrum::simulator::world::World;

const HOSTS: usize = 34;

fn spec(day: u32) -> FleetSpec {
    FleetSpec { day, layout: Layout::Clusters(vec![8, 8, 8, 8]), ..FleetSpec::new(HOSTS, 30, 7) }
}

/// Every VM of the fleet on a day, by id, with its host.
fn fleet(day: u32) -> BTreeMap<String, (usize, Guest)> {
    let world = World::of(&spec(day));
    let mut vms = BTreeMap::new();
    for host in 0..HOSTS {
        for guest in world.guests(host) {
            let id = guest.id.clone();
            assert!(vms.insert(id, (host, guest)).is_none(), "a VM is on one host");
        }
    }
    vms
}

#[test]
fn day_zero_is_the_fleet_as_it_was_and_days_repeat() {
    let plain = World::of(&FleetSpec { day: 0, ..spec(0) });
    let told = |world: &World| (0..HOSTS).map(|host| format!("{:?}", world.guests(host))).collect::<Vec<_>>();
    assert_eq!(told(&plain), told(&World::of(&spec(0))));
    assert_eq!(told(&World::of(&spec(3))), told(&World::of(&spec(3))));
    assert_ne!(told(&World::of(&spec(3))), told(&World::of(&spec(4))));
}

#[test]
fn in_a_week_everything_happens_that_can() {
    let (before, after) = (fleet(0), fleet(7));
    let ids = |vms: &BTreeMap<String, (usize, Guest)>| vms.keys().cloned().collect::<BTreeSet<_>>();
    let removed = ids(&before).difference(&ids(&after)).count();
    let added = ids(&after).difference(&ids(&before)).count();
    let both: Vec<_> = before.iter().filter_map(|(id, old)| Some((old, after.get(id)?))).collect();
    let changed = |what: &dyn Fn(&Guest, &Guest) -> bool| {
        both.iter().filter(|((_, old), (_, new))| what(old, new)).count()
    };
    let capacity = |guest: &Guest| guest.disks.iter().map(|disk| disk.size).sum::<u64>();
    let stored =
        |guest: &Guest| guest.disks.iter().flat_map(|disk| &disk.chain).map(|file| file.size).sum::<u64>();
    let moved = both.iter().filter(|((from, _), (to, _))| from != to).count();
    let share = |count: usize, in_10_000_a_day: f64| {
        let expected = before.len() as f64 * 7.0 * in_10_000_a_day / 10_000.0;
        assert!((expected * 0.5..expected * 1.6).contains(&(count as f64)), "{count}, expected {expected}");
    };
    share(removed, 40.0);
    share(added, 90.0);
    share(moved, 100.0 * 32.0 / 34.0);
    share(changed(&|old, new| old.processors != new.processors), 50.0);
    share(changed(&|old, new| old.memory_startup != new.memory_startup), 70.0);
    share(changed(&|old, new| old.state.word != new.state.word), 150.0);
    assert!(changed(&|old, new| capacity(old) < capacity(new)) > 5);
    assert!(changed(&|old, new| stored(old) < stored(new)) > before.len() / 4);
    assert!(changed(&|old, new| old.checkpoints.len() < new.checkpoints.len()) > 5);
    assert!(changed(&|old, new| old.checkpoints.len() > new.checkpoints.len()) > 5);
    assert!(changed(&|old, new| old.name != new.name) > 0);
    assert_eq!(changed(&|old, new| old.folder != new.folder), 0);
    // Moves stay within a cluster, and hosts alone keep their VMs.
    assert!(both.iter().all(|((from, _), (to, _))| from == to || (from / 8 == to / 8 && *from < 32)));
}

#[test]
fn a_day_builds_on_the_day_before() {
    let (monday, tuesday) = (fleet(5), fleet(6));
    let gone: BTreeSet<_> = fleet(0).into_keys().filter(|id| !monday.contains_key(id)).collect();
    assert!(!gone.is_empty() && gone.iter().all(|id| !tuesday.contains_key(id)), "the removed stay away");
    let mut touched = 0;
    for (id, (host, old)) in &monday {
        let Some((now, new)) = tuesday.get(id) else {
            touched += 1;
            continue;
        };
        let same = host == now
            && old.processors == new.processors
            && old.memory_startup == new.memory_startup
            && old.state.word == new.state.word
            && old.checkpoints.len() == new.checkpoints.len();
        touched += usize::from(!same);
        let kept = old.checkpoints.iter().zip(&new.checkpoints).all(|(old, new)| old.id == new.id);
        assert!(kept, "checkpoints keep their ids");
    }
    assert!(touched > 0 && touched < monday.len() / 8, "{touched} of {}", monday.len());
}

#[test]
fn what_runs_is_told_as_running_on_every_day() {
    for day in [1, 30] {
        for (_, guest) in fleet(day).into_values() {
            let off = !guest.state.running;
            assert!(!off || (guest.memory_assigned, guest.memory_demand, guest.uptime_s) == (0, 0, 0));
            assert!(off || guest.uptime_s > 0);
            assert!(!off || guest.nics.iter().all(|nic| nic.ip_addresses.is_empty()));
            for disk in guest.disks.iter().filter(|disk| disk.disk_number.is_none()) {
                assert_eq!(disk.chain.last().map(|file| &file.path), Some(&disk.path));
                assert!(disk.chain.len() > guest.checkpoints.len());
            }
        }
    }
}
