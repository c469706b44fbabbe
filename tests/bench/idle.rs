//! What the real daemon spends while it has nothing to do, `cargo bench --bench idle`: CPU over
//! wall of `lustrum serve` with 50 jobs, none of which is due. It fails above 0.5 % of a core.
//! `cargo bench --bench idle -- 300` measures for 300 seconds instead of 60.

#![expect(clippy::disallowed_macros, clippy::unwrap_used, reason = "a bench prints, and may panic")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const JOBS: usize = 50;
const MOST_PERCENT: f64 = 0.5;
/// After the start: what a daemon does once is not what it does all day.
const SETTLING: Duration = Duration::from_secs(10);
/// Far fires and near ones, in zones whose clocks change; none is near while we measure.
const SCHEDULES: [&str; 5] = ["0 3 1 1 *", "30 4 29 2 *", "0 0 13 * 5", "@yearly", "15 10 31 12 *"];
const ZONES: [&str; 4] = ["UTC", "Europe/Vienna", "America/New_York", "Australia/Lord_Howe"];

fn main() {
    let seconds: u64 = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(60);
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("schedules")).unwrap();
    for job in 0..JOBS {
        let (cron, zone) = (SCHEDULES[job % SCHEDULES.len()], ZONES[job % ZONES.len()]);
        let text = format!(
            "fleet.hosts = [\"127.0.0.1\"]\noutput.dir = \"out\"\n[[schedule]]\ncron = \"{cron}\"\ntimezone = \"{zone}\"\n"
        );
        std::fs::write(folder.path().join(format!("schedules/job-{job:02}.toml")), text).unwrap();
    }
    let mut daemon = Served::start(folder.path());
    pause(SETTLING);
    let before = daemon.cpu_ms();
    pause(Duration::from_secs(seconds));
    let spent_ms = daemon.cpu_ms() - before;
    let percent = spent_ms as f64 / (seconds as f64 * 1_000.0) * 100.0;
    println!(
        "{JOBS} jobs, {seconds} s idle: {spent_ms} ms of CPU, {percent:.3} % of a core, {} KiB of its own memory",
        daemon.own_memory_kib()
    );
    assert_eq!(daemon.child.try_wait().unwrap(), None, "the daemon ended");
    assert!(percent < MOST_PERCENT, "more than {MOST_PERCENT} %");
}

/// A daemon with its HTTP face, ready.
struct Served {
    child: Child,
}

impl Served {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_lustrum"))
            .current_dir(folder)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .env_clear()
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("jobs read") {
            line.clear();
            assert!(log.read_line(&mut line).unwrap() > 0, "the daemon ended before it was ready");
        }
        assert!(line.contains(&format!("jobs={JOBS}")), "{line}");
        // It goes on logging into the void.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Self { child }
    }

    /// User and system time of all its threads; 100 ticks a second.
    fn cpu_ms(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        // Fields 14 and 15 of proc(5), counted from `state`, which is the third.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        (fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()) * 10
    }

    fn own_memory_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("RssAnon:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[expect(clippy::disallowed_methods, reason = "idling takes real time")]
fn pause(time: Duration) {
    std::thread::sleep(time);
}
