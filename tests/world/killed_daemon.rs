//! The real daemon on a simulated fleet, killed in the middle of a slot and started again.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use lustrum::output::store::Store;
use lustrum::simulator::running::Simulator;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Handle;

use crate::world::killed_slot::{Bucket, Killed, job, program, recorded};

/// A daemon and what it logs.
pub struct Daemon {
    child: Child,
    log: std::io::Lines<BufReader<ChildStderr>>,
}

impl Daemon {
    pub fn start(folder: &Path, bucket: Option<&Bucket>) -> Self {
        let mut child = Command::new(program())
            .current_dir(folder)
            .args(["serve", "--listen", "127.0.0.1:0", "--log-format", "json", "--log-level", "debug"])
            .env_clear()
            .env("HYPERV_USER", "census")
            .env("HYPERV_PASSWORD", "census")
            .env("TMPDIR", folder)
            .envs(bucket.map(Bucket::environment).into_iter().flatten())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, log }
    }

    /// The next line with this message.
    pub fn until(&mut self, message: &str) -> Value {
        let told = self.next_of(&[message]);
        told.unwrap_or_else(|| panic!("the daemon ended without a word of {message:?}"))
    }

    fn next_of(&mut self, messages: &[&str]) -> Option<Value> {
        let lines = self.log.by_ref().map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
        let is_one = |event: &Value| {
            messages
                .iter()
                .any(|message| event["message"].as_str().is_some_and(|text| text.contains(message)))
        };
        lines.into_iter().find(is_one)
    }
}

impl Drop for Daemon {
    /// SIGKILL: nothing of the process runs any more.
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Lets a slot begin, kills its daemon after each of so many steps, and gives back what the
/// last daemon made of it. An empty list is a slot left alone.
pub fn slot_with_kills(fleet: &Simulator, kills: &[usize]) -> Killed {
    let folder = machine(fleet);
    let mut slot = None;
    for steps in kills {
        let mut daemon = Daemon::start(folder.path(), None);
        let begun = daemon.until("the run starts")["slot"].clone();
        // Another slot: this one was committed before its daemon died.
        if *slot.get_or_insert_with(|| begun.clone()) != begun {
            break;
        }
        // Fewer when the run is over before that: then it is killed where it writes.
        for _ in 0..*steps {
            let told = daemon.next_of(&["step ended", "artifact written"]).unwrap();
            if told["message"] == "artifact written" {
                break;
            }
        }
    }
    let mut daemon = Daemon::start(folder.path(), None);
    let begun = daemon.until("the run starts")["slot"].clone();
    let slot = slot.unwrap_or(begun.clone());
    if slot == begun {
        daemon.until("the run is committed");
    }
    drop(daemon);
    let store = Store::open(folder.path().join("out").to_str().unwrap()).unwrap();
    Handle::current().block_on(recorded(&store, slot.as_str().unwrap())).unwrap()
}

/// The folder of a daemon that runs the job every second.
pub fn machine(fleet: &Simulator) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("schedules")).unwrap();
    let job = job(fleet, "[[schedule]]\ncron = \"@every 1s\"");
    std::fs::write(folder.path().join("schedules/census.toml"), job).unwrap();
    folder
}
