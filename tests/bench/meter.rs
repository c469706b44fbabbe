//! Wall, CPU and peak memory of this process, as the operating system counts them.

use std::collections::BTreeMap;
use std::ops::Sub;
use std::time::{Duration, Instant};

use crate::Outcome;

/// What a process says of its work, by name.
pub type Said = BTreeMap<String, f64>;

/// What was spent since a start, less what was done aside.
pub struct Meter {
    began: Spent,
    aside: Spent,
}

#[derive(Clone, Copy, Default)]
pub struct Spent {
    pub wall: Duration,
    pub cpu: Duration,
}

impl Meter {
    pub fn start() -> Outcome<Self> {
        Ok(Self { began: Spent { wall: now(), cpu: process_cpu()? }, aside: Spent::default() })
    }

    /// Does on this thread what is not to be measured.
    pub fn aside<T>(&mut self, work: impl FnOnce() -> T) -> Outcome<T> {
        let before = Spent { wall: now(), cpu: thread_cpu()? };
        let done = work();
        self.aside.wall += now() - before.wall;
        self.aside.cpu += thread_cpu()? - before.cpu;
        Ok(done)
    }

    pub fn so_far(&self) -> Outcome<Spent> {
        let wall = now() - self.began.wall - self.aside.wall;
        Ok(Spent { wall, cpu: process_cpu()?.saturating_sub(self.began.cpu + self.aside.cpu) })
    }
}

impl Sub for Spent {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self { wall: self.wall - before.wall, cpu: self.cpu.saturating_sub(before.cpu) }
    }
}

/// `<what>_wall_ms` and `<what>_cpu_ms`.
pub fn note(said: &mut Said, what: &str, spent: Spent) {
    said.insert(format!("{what}_wall_ms"), spent.wall.as_secs_f64() * 1e3);
    said.insert(format!("{what}_cpu_ms"), spent.cpu.as_secs_f64() * 1e3);
}

/// The most memory this process ever had.
pub fn peak_mib() -> Outcome<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.split_whitespace().nth(1).ok_or("no VmHWM")?.parse::<f64>()? / 1024.0)
}

#[expect(clippy::disallowed_methods, reason = "a bench measures real time")]
fn now() -> Duration {
    static BEGAN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    BEGAN.get_or_init(Instant::now).elapsed()
}

/// User and system time of all threads, also those that ended; 100 ticks a second.
fn process_cpu() -> Outcome<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // Fields 14 and 15 of proc(5), counted from `state`, which is the third.
    let fields: Vec<&str> = stat.rsplit(')').next().ok_or("stat")?.split_whitespace().collect();
    Ok(Duration::from_millis((fields[11].parse::<u64>()? + fields[12].parse::<u64>()?) * 10))
}

/// CPU of this thread, in nanoseconds.
fn thread_cpu() -> Outcome<Duration> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(Duration::from_nanos(stat.split_whitespace().next().ok_or("schedstat")?.parse()?))
}
