//! Plays a CronJob's Indexed Job on this machine: a process an index, killed as told, and a
//! new one while it fails.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use lustrum::cli::shard::{COUNT_VARIABLE, INDEX_VARIABLE};
use lustrum::cli::slot::JOB_NAME_VARIABLE;
use lustrum::model::run::Slot;
use lustrum::simulator::running::Simulator;
use serde_json::Value;

use crate::world::killed_slot::{job, program};

/// Pods of one index that may fail before the Job gives it up.
const BACKOFF_LIMIT_PER_INDEX: usize = 8;

pub struct IndexedJob<'a> {
    /// Where the program is started: `schedules/census.toml` lies there, the runs go to `out`.
    pub folder: &'a Path,
    pub slot: Slot,
    pub completions: u32,
    pub password: &'a str,
}

/// Writes the job `census`, which surveys the fleet.
pub fn write_job(fleet: &Simulator, folder: &Path) {
    std::fs::create_dir_all(folder.join("schedules")).unwrap();
    let text = job(fleet, "").replace(r#"["ndjson"]"#, r#"["ndjson", "parquet"]"#);
    std::fs::write(folder.join("schedules/census.toml"), text).unwrap();
}

/// The program, as every pod has it.
pub fn lustrum(folder: &Path, arguments: &[&str], password: &str) -> Command {
    let mut command = Command::new(program());
    command
        .current_dir(folder)
        .args(arguments)
        .env_clear()
        .env("HYPERV_USER", "census")
        .env("HYPERV_PASSWORD", password)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

impl IndexedJob<'_> {
    /// What the controller calls the Job of the slot.
    fn name(&self) -> String {
        format!("lustrum-census-{}", self.slot.instant().timestamp() / 60)
    }

    pub fn pod(&self, index: u32, arguments: &[&str]) -> Command {
        let line = [&["run", "census"], arguments].concat();
        let mut command = lustrum(self.folder, &line, self.password);
        command
            .env(INDEX_VARIABLE, index.to_string())
            .env(COUNT_VARIABLE, self.completions.to_string())
            .env(JOB_NAME_VARIABLE, self.name());
        command
    }

    /// One pod, left alone.
    pub fn run(&self, index: u32, arguments: &[&str]) -> Output {
        self.pod(index, arguments).output().unwrap()
    }

    /// All indexes at once. `kills`: for an index, after how many tables of hosts, or files, of
    /// each of its pods SIGKILL comes; a pod beyond that list is left alone. Never at a first
    /// logon: a canary that dies counts as refused, and three of them would block the
    /// credential. Gives back how many pods were killed.
    pub fn play(&self, kills: &BTreeMap<u32, Vec<usize>>) -> usize {
        std::thread::scope(|scope| {
            let indexes: Vec<_> = (0..self.completions)
                .map(|index| scope.spawn(move || self.play_index(index, kills.get(&index))))
                .collect();
            indexes.into_iter().map(|index| index.join().unwrap()).sum()
        })
    }

    fn play_index(&self, index: u32, kills: Option<&Vec<usize>>) -> usize {
        let mut killed = 0;
        for try_ in 0..BACKOFF_LIMIT_PER_INDEX {
            let kill_after = kills.and_then(|kills| kills.get(try_)).copied();
            match self.play_pod(index, kill_after) {
                None => killed += 1,
                Some(0) => return killed,
                Some(_) => {}
            }
        }
        panic!("index {index} failed {BACKOFF_LIMIT_PER_INDEX} times");
    }

    /// The exit code; `None` for a pod that was killed.
    fn play_pod(&self, index: u32, kill_after: Option<usize>) -> Option<i32> {
        let line = ["--exit-zero-if-recorded", "--log-format", "json", "--log-level", "debug"];
        let mut pod = self.pod(index, &line).stdout(Stdio::null()).spawn().unwrap();
        let mut steps = 0;
        for told in BufReader::new(pod.stderr.take().unwrap()).lines() {
            let told: Option<Value> = serde_json::from_str(&told.unwrap()).ok();
            let Some(told) = told else { continue };
            let collected = told["message"] == "step ended" && told["stage"] == "collect";
            steps += usize::from(collected || told["message"] == "artifact written");
            if kill_after.is_some_and(|kill_after| steps >= kill_after) {
                pod.kill().unwrap();
                pod.wait().unwrap();
                return None;
            }
        }
        let ended = pod.wait().unwrap();
        Some(ended.code().unwrap())
    }
}
