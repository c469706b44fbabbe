//! A whole survey from outside: `cargo bench --bench fleet`.
//!
//! Two questions, each with the simulated fleet in a process of its own:
//! 1. Schedule: 1,000 hosts whose latency has a long tail, 128 at a time. The wall time of
//!    the run over the makespan of an ideal greedy list schedule of the same latencies in
//!    the same order. 1.00 is a machine that costs nothing.
//! 2. Size: 5,000 hosts with 20 VMs each. Peak memory and CPU of the surveying process,
//!    and bytes on the wire, per host and per VM.
//!
//! `cargo bench --bench fleet -- schedule` or `-- size` asks one of them.

#![expect(clippy::disallowed_macros, reason = "a bench prints its ratios")]

use std::collections::BinaryHeap;
use std::error::Error;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use lustrum::simulator::fleet::FleetSpec;
use lustrum::simulator::latency::Latency;
use lustrum::simulator::serve::{ServeOptions, serve};

type Outcome<T> = Result<T, Box<dyn Error>>;

const SCHEDULE_HOSTS: usize = 1_000;
const SCHEDULE_WIDTH: usize = 128;
const SCHEDULE_ROUNDS: u64 = 3;
/// What a user gets who sets nothing.
const DEFAULT_WIDTH: usize = 64;
const SIZE_HOSTS: usize = 5_000;
const SIZE_VMS: usize = 20;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.first().map(String::as_str) {
        Some("serve") => be_the_fleet(&arguments[1..]),
        Some("schedule") => schedule(),
        Some("size") => size(),
        _ => {
            schedule()?;
            size()
        }
    }
}

/// The long tail: half of the hosts within 0.8 s, one in a hundred ten times as long.
fn long_tail() -> Latency {
    Latency::LongTail { median: Duration::from_millis(800), sigma: 0.9, longest: Duration::from_secs(6) }
}

/// The child process: `serve FOLDER HOSTS VMS SEED tail|none`, until stdin closes.
fn be_the_fleet(arguments: &[String]) -> Outcome<()> {
    let folder = PathBuf::from(&arguments[0]);
    let mut spec = FleetSpec::new(arguments[1].parse()?, arguments[2].parse()?, arguments[3].parse()?);
    if arguments[4] == "tail" {
        spec.command_latency = long_tail();
    }
    let options = ServeOptions {
        ready_file: Some(folder.join("ready.json")),
        hosts_file: Some(folder.join("hosts.txt")),
        ..ServeOptions::default()
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let closed = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
        serve(spec, &options, |_| {}, async { drop(closed.await) }).await
    })?;
    Ok(())
}

/// A fleet in a process of its own; gone when dropped.
struct Fleet {
    process: Child,
    folder: tempfile::TempDir,
    ready: serde_json::Value,
}

impl Fleet {
    fn start(hosts: usize, vms: usize, seed: u64, latency: &str) -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let process = Command::new(std::env::current_exe()?)
            .args(["serve".into(), folder.path().as_os_str().to_owned()])
            .args([hosts.to_string(), vms.to_string(), seed.to_string(), latency.to_owned()])
            .stdin(Stdio::piped())
            .spawn()?;
        let ready = folder.path().join("ready.json");
        while !ready.exists() {
            pause();
        }
        let ready = serde_json::from_slice(&std::fs::read(ready)?)?;
        Ok(Self { process, folder, ready })
    }

    fn tally(&self, what: &str) -> Outcome<u64> {
        let control: std::net::SocketAddr = self.ready["control"].as_str().ok_or("no control")?.parse()?;
        let mut stream = std::net::TcpStream::connect(control)?;
        std::io::Write::write_all(
            &mut stream,
            b"GET /tally HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n",
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let body = answer.split("\r\n\r\n").nth(1).ok_or("no body")?;
        let tally: serde_json::Value = serde_json::from_str(body)?;
        Ok(tally[what].as_u64().ok_or("no such count")?)
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// What a survey cost, as the operating system counts it.
struct Cost {
    /// From the manifest: `started_at` to `ended_at`.
    wall: Duration,
    cpu: Duration,
    peak_kib: u64,
    hosts_ok: u64,
}

/// Surveys the fleet with the program as users run it.
fn survey(fleet: &Fleet, width: usize) -> Outcome<Cost> {
    let port = fleet.ready["hosts"][0]["port"].as_u64().ok_or("no port")?;
    let out = fleet.folder.path().join("out");
    let mut process = Command::new(env!("CARGO_BIN_EXE_lustrum"))
        .current_dir(fleet.folder.path())
        .args(["run", "--hosts-file", "hosts.txt", "--json", "--port", &port.to_string()])
        .args(["--concurrency", &width.to_string(), "--out-dir"])
        .arg(&out)
        .env("HYPERV_USER", "census")
        .env("HYPERV_PASSWORD", "census")
        .stdout(std::fs::File::create(fleet.folder.path().join("summary.json"))?)
        .stderr(Stdio::null())
        .spawn()?;
    let mut peak_kib = 0;
    while process.try_wait()?.is_none() {
        peak_kib = peak_kib.max(peak(process.id()).unwrap_or_default());
        pause();
    }
    let summary: serde_json::Value =
        serde_json::from_slice(&std::fs::read(fleet.folder.path().join("summary.json"))?)?;
    let hosts_ok = summary["counts"]["inventory_ok"].as_u64().ok_or("no counts in the summary")?;
    let wall = Duration::from_millis(summary["duration_ms"].as_u64().ok_or("no duration in the summary")?);
    let cpu = children_cpu()?;
    std::fs::remove_dir_all(&out)?;
    Ok(Cost { wall, cpu, peak_kib, hosts_ok })
}

/// VmHWM of a process that runs.
fn peak(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// User and system time of all children that have been waited for: so far, surveys only.
fn children_cpu() -> Outcome<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(')').next().ok_or("stat")?.split_whitespace().collect();
    // Fields 16 and 17 of proc(5), counted from `state`, which is the third; 100 ticks a second.
    let ticks: u64 = fields[13].parse::<u64>()? + fields[14].parse::<u64>()?;
    Ok(Duration::from_millis(ticks * 10))
}

/// Begins each duration on the worker that is free first, in the order given.
fn greedy_makespan(durations: &[Duration], workers: usize) -> Duration {
    let mut free_at: BinaryHeap<std::cmp::Reverse<Duration>> =
        (0..workers).map(|_| std::cmp::Reverse(Duration::ZERO)).collect();
    let mut last = Duration::ZERO;
    for duration in durations {
        let std::cmp::Reverse(begin) = free_at.pop().unwrap_or_default();
        last = last.max(begin + *duration);
        free_at.push(std::cmp::Reverse(begin + *duration));
    }
    last
}

/// The latency that each simulated host draws for its script, in the order of the hosts file.
fn latencies(folder: &Path, seed: u64) -> Outcome<Vec<Duration>> {
    let hosts = std::fs::read_to_string(folder.join("hosts.txt"))?.lines().count();
    let spec = FleetSpec { command_latency: long_tail(), ..FleetSpec::new(hosts, 2, seed) };
    Ok(spec.command_latencies())
}

fn schedule() -> Outcome<()> {
    println!("schedule: {SCHEDULE_HOSTS} hosts, {SCHEDULE_WIDTH} at a time, long-tailed latency");
    let mut ratios = Vec::new();
    for seed in 1..=SCHEDULE_ROUNDS {
        let fleet = Fleet::start(SCHEDULE_HOSTS, 2, seed, "tail")?;
        let ideal = greedy_makespan(&latencies(fleet.folder.path(), seed)?, SCHEDULE_WIDTH);
        let cost = survey(&fleet, SCHEDULE_WIDTH)?;
        let ratio = cost.wall.as_secs_f64() / ideal.as_secs_f64();
        println!(
            "  round {seed}: run {:.2} s, ideal {:.2} s, ratio {ratio:.3}, {} hosts OK",
            cost.wall.as_secs_f64(),
            ideal.as_secs_f64(),
            cost.hosts_ok
        );
        ratios.push(ratio);
    }
    ratios.sort_by(f64::total_cmp);
    println!("  median ratio {:.3} (wanted: at most 1.10)", ratios[ratios.len() / 2]);
    Ok(())
}

fn size() -> Outcome<()> {
    println!("size: {SIZE_HOSTS} hosts with {SIZE_VMS} VMs each");
    let fleet = Fleet::start(SIZE_HOSTS, SIZE_VMS, 1, "none")?;
    let before = children_cpu()?;
    let cost = survey(&fleet, DEFAULT_WIDTH)?;
    let (hosts, vms) = (SIZE_HOSTS as f64, (SIZE_HOSTS * SIZE_VMS) as f64);
    let cpu_ms = (cost.cpu - before).as_secs_f64() * 1_000.0;
    let (up, down) = (fleet.tally("bytes_in")? as f64, fleet.tally("bytes_out")? as f64);
    println!(
        "  {} hosts OK in {:.1} s, {} shells left open",
        cost.hosts_ok,
        cost.wall.as_secs_f64(),
        fleet.tally("shells_open")?
    );
    println!("  peak memory {:.1} MiB (wanted: at most 128)", cost.peak_kib as f64 / 1024.0);
    println!("  cpu {:.2} ms a host, {:.3} ms a VM", cpu_ms / hosts, cpu_ms / vms);
    println!(
        "  wire: {:.1} KB up and {:.1} KB down a host, {:.2} KB down a VM",
        up / hosts / 1e3,
        down / hosts / 1e3,
        down / vms / 1e3
    );
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a bench watches processes from outside, without a runtime")]
fn pause() {
    std::thread::sleep(Duration::from_millis(20));
}
