//! The simulated world: the same for the same seed, and as awkward as a real one.

use std::collections::BTreeSet;
use std::time::Duration;

use lustrum::simulator::dice::Dice;
use lustrum::simulator::fault::{Fault, InvalidFault, Times};
use lustrum::simulator::fleet::FleetSpec;
use lustrum::simulator::guest::Guest;
use lustrum::simulator::latency::Latency;
use lustrum::simulator::names;
use lustrum::simulator::strike::{Strike, Struck, UnknownHost};
use lustrum::simulator::world::World;

fn told(world: &World, host: usize) -> String {
    format!("{:?} {:?}", world.machine(host), world.guests(host))
}

#[test]
fn a_world_follows_from_its_seed() {
    let (first, again) = (World::of(&FleetSpec::new(50, 20, 7)), World::of(&FleetSpec::new(50, 20, 7)));
    let other = World::of(&FleetSpec::new(50, 20, 8));
    for host in 0..50 {
        assert_eq!(told(&first, host), told(&again, host));
        assert_ne!(told(&first, host), told(&other, host));
    }
    // The size of a fleet does not change its hosts.
    assert_eq!(told(&first, 3), told(&World::of(&FleetSpec::new(5000, 20, 7)), 3));
}

#[test]
fn names_and_ids_are_unique_where_they_must_be() {
    let world = World::of(&FleetSpec::new(200, 20, 7));
    let hosts: BTreeSet<_> = (0..5000).map(|host| names::host(7, host)).collect();
    assert_eq!(hosts.len(), 5000);
    let guests: Vec<Guest> = (0..200).flat_map(|host| world.guests(host)).collect();
    let ids: BTreeSet<_> = guests.iter().map(|guest| &guest.id).collect();
    let names: BTreeSet<_> = guests.iter().map(|guest| &guest.name).collect();
    assert_eq!(ids.len(), guests.len());
    assert!(names.len() < guests.len(), "VM names repeat in the real world");
    assert!((3000..=5000).contains(&guests.len()), "{}", guests.len());
}

#[test]
fn the_world_is_as_awkward_as_the_real_one() {
    let world = World::of(&FleetSpec::new(200, 20, 7));
    let guests: Vec<Guest> = (0..200).flat_map(|host| world.guests(host)).collect();
    let any = |what: &dyn Fn(&Guest) -> bool| guests.iter().any(what);
    assert!(any(&|guest| guest.name.starts_with('=')) && any(&|guest| !guest.name.is_ascii()));
    assert!(any(&|guest| guest.notes.contains('\n')) && any(&|guest| guest.notes.contains('\u{7}')));
    for state in ["Running", "Off", "Saved", "Paused", "OffCritical"] {
        assert!(any(&|guest| guest.state.word == state), "{state}");
    }
    for guest in &guests {
        let off = !guest.state.running;
        assert!(!off || (guest.memory_assigned, guest.memory_demand, guest.uptime_s) == (0, 0, 0));
        assert!(!off || guest.nics.iter().all(|nic| nic.ip_addresses.is_empty()));
    }
    assert!(any(&|guest| guest.disks.iter().any(|disk| disk.disk_number.is_some())));
    assert!(any(&|guest| guest.disks.iter().any(|disk| disk.path.ends_with(".avhdx"))));
    assert!(any(&|guest| guest.nics.iter().any(|nic| nic.mac_address == "000000000000")));
    assert!(any(&|guest| guest.generation == 1) && any(&|guest| guest.generation == 2));
}

#[test]
fn half_of_a_host_moves_to_the_next() {
    let moving = World::of(&FleetSpec::new(3, 8, 7).with_fault(2, Fault::Moved));
    let still = World::of(&FleetSpec::new(3, 8, 7));
    let ids =
        |world: &World, host| world.guests(host).into_iter().map(|guest| guest.id).collect::<BTreeSet<_>>();
    assert_eq!(ids(&moving, 2), ids(&still, 2));
    assert_eq!(ids(&moving, 1), ids(&still, 1));
    let arrived = ids(&moving, 0).intersection(&ids(&moving, 2)).count();
    assert_eq!(arrived, ids(&moving, 2).len().div_ceil(2));
    assert_eq!(ids(&moving, 0).len(), ids(&still, 0).len() + arrived);
}

#[test]
fn faults_read_what_they_write() {
    for text in [
        "refuse",
        "hang_after = 2000",
        "noise = 50000000",
        "shell_quota = 2",
        "shell_quota",
        "collector_error = \"disk\"",
    ] {
        assert_eq!(text.parse::<Fault>().unwrap().to_string(), text);
    }
    assert_eq!("noise = 50_000_000".parse(), Ok(Fault::Noise(50_000_000)));
    assert_eq!("http_503=always".parse(), Ok(Fault::Http503(Times::Always)));
    assert_eq!("collector_timeout = nic".parse(), Ok(Fault::CollectorTimeout("nic".into())));
}

#[test]
fn a_wrong_fault_is_told_what_is_right() {
    let unknown = "refuze".parse::<Fault>().unwrap_err();
    assert!(unknown.to_string().starts_with("unknown fault `refuze`, expected one of refuse, hang_after,"));
    assert_eq!("refuse = 1".parse::<Fault>(), Err(InvalidFault::Superfluous { word: "refuse".into() }));
    for text in ["hang_after", "hang_after = soon", "shell_quota = -1", "collector_error"] {
        assert!(matches!(text.parse::<Fault>(), Err(InvalidFault::Value { .. })), "{text}");
    }
}

#[test]
fn a_strike_names_its_hosts_by_number_by_name_or_all() {
    let mut spec = FleetSpec::new(30, 1, 7);
    let last = names::host(7, 29).to_uppercase();
    for text in ["3:wrong_password", "* : slow_ms = 5", &format!("{last}:collector_error = \"disk\"")] {
        text.parse::<Strike>().unwrap().arrange(&mut spec).unwrap();
    }
    assert_eq!(spec.faults.len(), 30);
    assert_eq!(spec.faults[&3], [Fault::WrongPassword, Fault::SlowMs(5)]);
    assert_eq!(spec.faults[&29], [Fault::SlowMs(5), Fault::CollectorError("disk".into())]);

    let beyond = Strike { hosts: Struck::Number(30), fault: Fault::Refuse };
    assert_eq!(beyond.arrange(&mut spec), Err(UnknownHost::Number { number: 30, hosts: 30 }));
    assert!("refuse".parse::<Strike>().is_err() && ":refuse".parse::<Strike>().is_err());
}

#[test]
fn every_collector_a_host_answers_for_can_fail() {
    let words = "baseline facts host vm processor memory nic switch service dvd checkpoint adapter management hba \
                 cluster role volume disk file";
    for collector in words.split_whitespace() {
        let fault = format!("collector_timeout = \"{collector}\"").parse::<Fault>().unwrap();
        assert_eq!(fault, Fault::CollectorTimeout(collector.into()));
    }
    assert!(matches!("collector_error = dsk".parse::<Fault>(), Err(InvalidFault::Collector { .. })));
}

#[test]
fn a_latency_is_a_time_or_a_word() {
    let ms = Duration::from_millis;
    for (text, expected) in [
        ("none", Latency::None),
        ("200ms", Latency::Fixed(ms(200))),
        ("1s 500ms", Latency::Fixed(ms(1_500))),
        ("fixed = 200", Latency::Fixed(ms(200))),
        (
            "long_tail = 300, 1.0, 10000",
            Latency::LongTail { median: ms(300), sigma: 1.0, longest: ms(10_000) },
        ),
    ] {
        assert_eq!(text.parse::<Latency>(), Ok(expected), "{text}");
    }
    for text in ["", "soon", "-5", "fixed", "fixed = -1", "fixed = 1, 2", "long_tail = 300", "none = 1"] {
        assert!(text.parse::<Latency>().is_err(), "{text}");
    }
}

#[test]
fn a_long_tail_is_long_and_has_an_end() {
    let median = Duration::from_millis(100);
    let latency = Latency::LongTail { median, sigma: 1.0, longest: Duration::from_secs(3) };
    let mut dice = Dice::for_path(&[7]);
    let mut draws: Vec<_> = (0..10_000).map(|_| latency.draw(&mut dice)).collect();
    draws.sort();
    assert!(draws[5_000] > median.mul_f64(0.95) && draws[5_000] < median.mul_f64(1.05), "{:?}", draws[5_000]);
    assert!(draws[9_900] > median * 8 && draws[9_999] <= Duration::from_secs(3));
    assert_eq!(Latency::Fixed(median).draw(&mut dice), median);
}
