//! `lustrum run` of one slot into an S3 store, cut off at any moment and started again on a
//! machine whose disk is empty.

use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use lustrum::simulator::running::Simulator;
use lustrum::time::clock::Clock;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use tempfile::TempDir;
use tokio::runtime::Handle;

use crate::world::killed_slot::{Bucket, Killed, LEASE, job, program, recorded};

/// Slots that go on at a time.
const AT_ONCE: u64 = 4;

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

/// Cuts off so many living processes at moments that the dice tell, up to three in a slot; two
/// of three by SIGKILL, the others by SIGTERM. On the server there is a bucket `census`. Several
/// slots go on at a time, because the next process waits for the lease of one that was killed.
pub fn blows_at_random(fleet: &Simulator, endpoint: &str, blows: usize) -> Tally {
    let place = tempfile::tempdir().unwrap();
    let place = place.path().file_name().unwrap().to_str().unwrap();
    let target = |slot| Target { fleet, bucket: Bucket::new(endpoint, &format!("{place}/{slot}")) };
    let undisturbed = target(0);
    let lasts = undisturbed.finish();
    let undisturbed = undisturbed.recorded().unwrap();
    assert_eq!(undisturbed.taken_up, 0);
    let (tally, runtime) = (Mutex::new(Tally::default()), Handle::current());
    let work = &|seed| {
        let _entered = runtime.enter();
        let (mut dice, mut lasts) = (SmallRng::seed_from_u64(seed), lasts);
        loop {
            let Some(slot) = tally.lock().unwrap().next(blows) else { return };
            let target = target(slot);
            let mut done = Vec::new();
            for _ in 0..dice.random_range(1..=3) {
                let signal = if dice.random_range(0..3) < 2 { "KILL" } else { "TERM" };
                // Every second one while it writes and commits.
                let part = if dice.random_range(0..2) == 0 { 0.0..1.1 } else { 0.7..1.05 };
                let moment = lasts.mul_f64(dice.random_range(part));
                if target.strike(signal, moment) {
                    let mut tally = tally.lock().unwrap();
                    *(if signal == "KILL" { &mut tally.killed } else { &mut tally.told_to_end }) += 1;
                }
                done.push((signal, moment));
                if target.recorded().is_some() {
                    break;
                }
            }
            let is_open = target.recorded().is_none();
            let lasted = target.finish();
            let ended = target.recorded().unwrap();
            let mut tally = tally.lock().unwrap();
            tally.taken_up += ended.taken_up;
            if ended.rows != undisturbed.rows {
                tally.differ.push(format!("{done:?}"));
            }
            // The moments keep up with how busy this machine is.
            if is_open && ended.taken_up == 0 {
                lasts = lasted;
            }
        }
    };
    std::thread::scope(|slots| (0..AT_ONCE).for_each(|seed| drop(slots.spawn(move || work(seed)))));
    tally.into_inner().unwrap()
}

impl Tally {
    /// The next slot, until there were enough blows.
    fn next(&mut self, blows: usize) -> Option<usize> {
        assert!(self.slots < 10 * blows, "the processes end before they can be cut off: {self:?}");
        let goes_on = self.killed + self.told_to_end < blows;
        self.slots += usize::from(goes_on);
        goes_on.then_some(self.slots)
    }
}

/// A slot, and where its runs go.
struct Target<'a> {
    fleet: &'a Simulator,
    bucket: Bucket,
}

impl Target<'_> {
    fn recorded(&self) -> Option<Killed> {
        Handle::current().block_on(recorded(&self.bucket.store, SLOT))
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
        if status.code().is_none() && !is_recorded {
            Handle::current().block_on(tokio::time::sleep(LEASE));
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
    fn start(target: &Target) -> Self {
        let machine = tempfile::tempdir().unwrap();
        std::fs::write(machine.path().join("census.toml"), job(target.fleet, "")).unwrap();
        let mut child = Command::new(program())
            .current_dir(machine.path())
            .args(["run", "./census.toml", "--slot", SLOT])
            .env_clear()
            .envs([("HYPERV_USER", "census"), ("HYPERV_PASSWORD", "census")])
            .envs(target.bucket.environment())
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
