//! The real daemon on a simulated fleet, killed in the middle of a slot and started again.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use lustrum::simulator::running::Simulator;
use serde_json::Value;

/// A daemon and what it logs.
struct Daemon {
    child: Child,
    log: std::io::Lines<BufReader<ChildStderr>>,
}

impl Daemon {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_lustrum"))
            .current_dir(folder)
            .args(["serve", "--log-format", "json", "--log-level", "debug"])
            .env_clear()
            .env("HYPERV_USER", "census")
            .env("HYPERV_PASSWORD", "census")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, log }
    }

    /// The next line with this message.
    fn until(&mut self, message: &str) -> Value {
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

/// How one slot came to its end.
#[derive(Debug, PartialEq, Eq)]
pub struct Killed {
    /// Hosts that the last daemon found finished.
    pub taken_up: u64,
    /// The rows of its tables, without what tells one run from another.
    pub rows: BTreeMap<String, Vec<String>>,
}

/// Lets a slot begin, kills its daemon after each of so many steps, and gives back what the
/// last daemon made of it. An empty list is a slot left alone.
pub fn slot_with_kills(fleet: &Simulator, kills: &[usize]) -> Killed {
    let folder = tempfile::tempdir().unwrap();
    write_job(fleet, folder.path());
    let mut slot = None;
    for steps in kills {
        let mut daemon = Daemon::start(folder.path());
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
    let mut daemon = Daemon::start(folder.path());
    let begun = daemon.until("the run starts")["slot"].clone();
    let slot = slot.unwrap_or(begun.clone());
    if slot == begun {
        daemon.until("the run is committed");
    }
    drop(daemon);
    read(folder.path(), slot.as_str().unwrap())
}

fn write_job(fleet: &Simulator, folder: &Path) {
    let hosts: Vec<_> = fleet.hosts().iter().map(|host| format!("\"{}\"", host.address().ip())).collect();
    let port = fleet.hosts()[0].address().port();
    let text = format!(
        "fleet.hosts = [{}]\nconnection.port = {port}\noutput.formats = [\"ndjson\"]\nlimits.concurrency = 2\n\
         tables = [\"vInfo\", \"vDisk\", \"vHost\"]\n[[schedule]]\ncron = \"@every 1s\"\n",
        hosts.join(", ")
    );
    std::fs::create_dir_all(folder.join("schedules")).unwrap();
    std::fs::write(folder.join("schedules/census.toml"), text).unwrap();
}

fn read(folder: &Path, slot: &str) -> Killed {
    let root = folder.join("out");
    let manifest = root.join(format!("runs/census/{slot}/manifest.json"));
    let manifest: Value = serde_json::from_slice(&std::fs::read(manifest).unwrap()).unwrap();
    Killed { taken_up: manifest["taken_up_hosts"].as_u64().unwrap_or_default(), rows: rows(folder, slot) }
}

/// The rows of a slot's tables in NDJSON, without what tells one run from another.
pub fn rows(folder: &Path, slot: &str) -> BTreeMap<String, Vec<String>> {
    let root = folder.join("out");
    let manifest = root.join(format!("runs/census/{slot}/manifest.json"));
    let manifest: Value = serde_json::from_slice(&std::fs::read(manifest).unwrap()).unwrap();
    let mut rows = BTreeMap::new();
    for (path, artifact) in manifest["artifacts"].as_object().unwrap() {
        let body = std::fs::read(root.join(path)).unwrap();
        assert_eq!(artifact["bytes"], body.len(), "{path}");
        if let Some(table) = path.strip_suffix(".ndjson") {
            let table = table.rsplit('/').next().unwrap().to_owned();
            rows.insert(table, String::from_utf8(body).unwrap().lines().map(row).collect());
        }
    }
    assert!(!rows.is_empty(), "{manifest:#}");
    rows
}

/// A row without the run it was collected in, and without what is reckoned from the clock.
fn row(line: &str) -> String {
    let mut row: serde_json::Map<String, Value> = serde_json::from_str(line).unwrap();
    row.retain(|column, _| !["run_id", "slot", "collected_at", "powered_on_at"].contains(&column.as_str()));
    Value::Object(row).to_string()
}
