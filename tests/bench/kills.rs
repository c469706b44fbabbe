//! The real daemon killed with SIGKILL, `cargo bench --bench kills`: 200 slots of eight hosts,
//! each killed once to three times, each compared with a slot that was left alone.
//! `cargo bench --bench kills -- 20` does 20.

#![expect(clippy::disallowed_macros, clippy::unwrap_used, reason = "a bench prints, and may panic")]

use lustrum::simulator::fleet::FleetSpec;
use lustrum::simulator::running::Simulator;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use killed_daemon::slot_with_kills;

#[path = "../world/killed_daemon.rs"]
mod killed_daemon;

#[path = "../world/served.rs"]
#[expect(dead_code, reason = "a bench that kills sends no other signal and reads no exit code")]
mod served;

const HOSTS: usize = 8;
const STEPS_PER_HOST: usize = 5;

fn main() {
    let rounds = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(200);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let fleet = runtime.block_on(Simulator::start(FleetSpec::new(HOSTS, 2, 7))).unwrap();
    let undisturbed = slot_with_kills(&fleet, &[]);
    let mut dice = SmallRng::seed_from_u64(7);
    let (mut killed, mut taken_up, mut differ) = (0, 0, 0);
    for _ in 0..rounds {
        let kills: Vec<usize> =
            (0..dice.random_range(1..=3)).map(|_| dice.random_range(1..=STEPS_PER_HOST * HOSTS)).collect();
        let ended = slot_with_kills(&fleet, &kills);
        killed += kills.len();
        taken_up += ended.taken_up;
        if ended.rows != undisturbed.rows {
            differ += 1;
            println!("rows differ after kills at steps {kills:?}");
        }
    }
    println!(
        "{killed} kills over {rounds} slots of {HOSTS} hosts: {taken_up} hosts taken up, {differ} slots differ"
    );
    assert_eq!(differ, 0);
}
