//! `lustrum run` of one slot into an S3 store, cut off at any moment and started again on a
//! machine whose disk is empty.

use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use lustrum::model::credential::Secret;
use lustrum::output::s3::{self, Keys, S3Access};
use lustrum::output::store::Store;
use lustrum::simulator::running::Simulator;
use lustrum::time::clock::Clock;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use tempfile::TempDir;
use tokio::runtime::Handle;

use crate::world::killed_slot::{Killed, job, program, recorded};

const SLOT: &str = "20261101T060000.000Z";

/// Try again: interrupted, or somebody else is at work on the slot.
const TRY_AGAIN: i32 = 75;

/// What came of many slots.
#[derive(Debug, Default)]
pub struct Tally {
    pub slots: usize,
    /// Processes that were killed, and told to end, while they lived.
    pub killed: usize,
    pub told_to_end: usize,
    /// Hosts that the processes which committed found finished.
    pub taken_up: u64,
    /// What was done to each slot whose rows are others than those of a slot left alone.
    pub differ: Vec<String>,
}

/// Cuts off so many processes at moments that the dice tell, one to three in a slot; two of
/// three by SIGKILL, the others by SIGTERM. On the server there is a bucket `census`.
pub fn blows_at_random(fleet: &Simulator, endpoint: &str, blows: usize) -> Tally {
    let place = tempfile::tempdir().unwrap();
    let place = place.path().file_name().unwrap().to_str().unwrap();
    let bucket = |slot: usize| Bucket::new(fleet, endpoint, format!("s3://census/{place}/{slot}"));
    let undisturbed = bucket(0);
    let mut lasts = undisturbed.finish();
    let undisturbed = undisturbed.recorded().unwrap();
    assert_eq!(undisturbed.taken_up, 0);
    let (mut dice, mut tally, mut left) = (SmallRng::seed_from_u64(7), Tally::default(), blows);
    while left > 0 {
        tally.slots += 1;
        let bucket = bucket(tally.slots);
        let mut done = Vec::new();
        for _ in 0..dice.random_range(1..=3).min(left) {
            left -= 1;
            let signal = if dice.random_range(0..3) < 2 { "KILL" } else { "TERM" };
            let moment = lasts.mul_f64(dice.random_range(0.0..1.1));
            if bucket.strike(signal, moment) {
                *(if signal == "KILL" { &mut tally.killed } else { &mut tally.told_to_end }) += 1;
            }
            done.push((signal, moment));
        }
        let begun_anew = bucket.recorded().is_none();
        let lasted = bucket.finish();
        let ended = bucket.recorded().unwrap();
        tally.taken_up += ended.taken_up;
        if ended.rows != undisturbed.rows {
            tally.differ.push(format!("{done:?}"));
        }
        // The moments keep up with how busy this machine is.
        if begun_anew && ended.taken_up == 0 {
            lasts = lasted;
        }
    }
    tally
}

/// Where the runs of a slot go.
struct Bucket<'a> {
    fleet: &'a Simulator,
    endpoint: &'a str,
    root: String,
    store: Store,
}

impl<'a> Bucket<'a> {
    fn new(fleet: &'a Simulator, endpoint: &'a str, root: String) -> Self {
        let key = || Secret::new("census".to_owned());
        let keys = Keys { access_key: key(), secret_key: key(), session_token: None };
        let access =
            S3Access { endpoint: Some(endpoint.to_owned()), keys: Some(keys), ..S3Access::default() };
        let store = s3::open(&root, &access).unwrap();
        Self { fleet, endpoint, root, store }
    }

    fn recorded(&self) -> Option<Killed> {
        Handle::current().block_on(recorded(&self.store, SLOT))
    }

    /// Cuts a process off after some while. Says whether it lived until then.
    fn strike(&self, signal: &str, moment: Duration) -> bool {
        let mut process = Process::start(self);
        let lived = process.lives_for(moment);
        if lived {
            process.signal(signal);
        }
        let (status, told) = process.end();
        let is_recorded = self.recorded().is_some();
        match status.code() {
            // By the signal.
            None => assert!(lived, "{status}: {told}"),
            Some(0) => assert!(is_recorded, "{told}"),
            Some(TRY_AGAIN) => assert!(!is_recorded, "{told}"),
            Some(code) => panic!("exit {code}: {told}"),
        }
        lived
    }

    /// Runs the slot to its end. Gives back what the process that did it took.
    fn finish(&self) -> Duration {
        let clock = Clock::system();
        loop {
            let begun = clock.instant();
            let (status, told) = Process::start(self).end();
            match status.code() {
                Some(0) => return begun.elapsed(),
                Some(TRY_AGAIN) => {}
                _ => panic!("{status}: {told}"),
            }
        }
    }
}

/// A process on a machine of its own.
struct Process {
    child: Child,
    /// All that it said, when it has ended.
    said: mpsc::Receiver<String>,
    told: Option<String>,
    _machine: TempDir,
}

impl Process {
    fn start(bucket: &Bucket) -> Self {
        let machine = tempfile::tempdir().unwrap();
        std::fs::write(machine.path().join("census.toml"), job(bucket.fleet, "")).unwrap();
        let mut child = Command::new(program())
            .current_dir(machine.path())
            .args(["run", "./census.toml", "--slot", SLOT])
            .env_clear()
            .envs([("HYPERV_USER", "census"), ("HYPERV_PASSWORD", "census")])
            .envs([("AWS_ACCESS_KEY_ID", "census"), ("AWS_SECRET_ACCESS_KEY", "census")])
            .envs([("LUSTRUM__OUTPUT__DIR", &*bucket.root), ("LUSTRUM__STORE__ENDPOINT", bucket.endpoint)])
            .env("LUSTRUM__STORE__STAGE_HOSTS", "1")
            .env("TMPDIR", machine.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let (saying, said) = mpsc::channel();
        std::thread::spawn(move || {
            let mut text = Vec::new();
            // What it said until it was killed is enough.
            let _cut_off = stderr.read_to_end(&mut text);
            let _nobody_asks = saying.send(String::from_utf8_lossy(&text).into_owned());
        });
        Self { child, said, told: None, _machine: machine }
    }

    fn lives_for(&mut self, moment: Duration) -> bool {
        self.told = self.said.recv_timeout(moment).ok();
        self.told.is_none()
    }

    fn signal(&self, name: &str) {
        // One that has ended by itself in this moment is there until it is waited for.
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success());
    }

    fn end(mut self) -> (ExitStatus, String) {
        let told = self.told.take().unwrap_or_else(|| self.said.recv().unwrap());
        (self.child.wait().unwrap(), told)
    }
}

impl Drop for Process {
    /// A test that failed leaves no process behind.
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
