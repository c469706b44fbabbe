//! The real program killed at random moments, `cargo bench --bench kills`: 200 slots of eight
//! hosts, each under a daemon that is killed once to three times and started again on the same
//! disk, each compared with a slot that was left alone. `cargo bench --bench kills -- 20` does 20.
//!
//! `cargo bench --bench kills -- 200 http://127.0.0.1:9102` cuts off 200 processes (SIGKILL and
//! SIGTERM) that run slots into the bucket `census` of that S3 server, and starts each slot again
//! on a machine whose disk is empty. (`tests/s3/server.py 9102` is one whose creates are atomic.)

#![expect(clippy::disallowed_macros, clippy::unwrap_used, reason = "a bench prints, and may panic")]

use lustrum::simulator::fleet::FleetSpec;
use lustrum::simulator::running::Simulator;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use world::killed_daemon::slot_with_kills;
use world::killed_run::{Tally, blows_at_random};

#[path = "../world"]
mod world {
    pub mod killed_daemon;
    pub mod killed_run;
    pub mod killed_slot;
}

const HOSTS: usize = 8;
const STEPS_PER_HOST: usize = 5;

fn main() {
    let count = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(200);
    let endpoint = std::env::args().skip(1).find(|argument| argument.starts_with("http"));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let fleet = runtime.block_on(Simulator::start(FleetSpec::new(HOSTS, 2, 7))).unwrap();
    let _entered = runtime.enter();
    match endpoint {
        None => on_one_disk(&fleet, count),
        Some(endpoint) => on_s3(&fleet, &endpoint, count),
    }
}

fn on_one_disk(fleet: &Simulator, rounds: usize) {
    let undisturbed = slot_with_kills(fleet, &[]);
    let mut dice = SmallRng::seed_from_u64(7);
    let (mut killed, mut taken_up, mut differ) = (0, 0, 0);
    for _ in 0..rounds {
        let kills: Vec<usize> =
            (0..dice.random_range(1..=3)).map(|_| dice.random_range(1..=STEPS_PER_HOST * HOSTS)).collect();
        let ended = slot_with_kills(fleet, &kills);
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

fn on_s3(fleet: &Simulator, endpoint: &str, blows: usize) {
    let Tally { slots, killed, told_to_end, taken_up, differ } = blows_at_random(fleet, endpoint, blows);
    println!(
        "{blows} blows over {slots} slots of {HOSTS} hosts on S3: {killed} processes killed, {told_to_end} told to \
         end, {taken_up} hosts taken up elsewhere, {} slots differ",
        differ.len()
    );
    assert!(differ.is_empty(), "rows differ after {differ:?}");
}
