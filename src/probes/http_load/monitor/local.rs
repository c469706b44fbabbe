//! This machine: counters of /proc, and what happened between two looks at them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::probes::http_load::monitor::procfs::{self, CpuTicks, Memory, NetBytes};
use crate::probes::http_load::monitor::sample::LocalSample;

/// The counters at one moment. Where there is no /proc all of them are unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counters {
    cpu: Option<CpuTicks>,
    own_ticks: Option<u64>,
    memory: Option<Memory>,
    own_memory_bytes: Option<u64>,
    net: Option<NetBytes>,
}

/// A mounted /proc.
#[derive(Clone, Debug)]
pub struct Proc(PathBuf);

impl Proc {
    pub fn of_system() -> Self {
        Self::at(Path::new("/proc"))
    }

    pub fn at(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    /// Five small reads from the kernel's memory: some 30 µs.
    pub fn read(&self) -> Counters {
        let text = |name: &str| std::fs::read_to_string(self.0.join(name)).unwrap_or_default();
        Counters {
            cpu: procfs::cpu_ticks(&text("stat")),
            own_ticks: procfs::process_ticks(&text("self/stat")),
            memory: procfs::memory(&text("meminfo")),
            own_memory_bytes: procfs::resident_bytes(&text("self/status")),
            net: procfs::net_bytes(&text("net/dev")),
        }
    }
}

impl Counters {
    /// What happened since `before`, `between` ago.
    pub fn since(&self, before: &Self, between: Duration) -> LocalSample {
        let cpu = self.cpu.zip(before.cpu);
        let ticks = cpu.and_then(|(now, then)| now.total.checked_sub(then.total)).filter(|ticks| *ticks > 0);
        let percent = |part: Option<u64>| {
            // The kernel rounds each column by itself.
            Some((part? as f64 / ticks? as f64 * 100.0).clamp(0.0, 100.0))
        };
        let own = self.own_ticks.zip(before.own_ticks).and_then(|(now, then)| now.checked_sub(then));
        let rate = |count: fn(NetBytes) -> u64| {
            let (now, then) = self.net.zip(before.net)?;
            // An interface that left the machine took its counters along.
            let bytes = count(now).checked_sub(count(then))?;
            (!between.is_zero()).then(|| bytes as f64 / between.as_secs_f64())
        };
        LocalSample {
            elapsed_ms: 0,
            cpu_percent: percent(cpu.and_then(|(now, then)| now.busy.checked_sub(then.busy))),
            own_cpu_percent: percent(own),
            memory_used_bytes: self.memory.map(|memory| memory.used_bytes),
            memory_total_bytes: self.memory.map(|memory| memory.total_bytes),
            own_memory_bytes: self.own_memory_bytes,
            net_received_bytes_per_s: rate(|net| net.received),
            net_sent_bytes_per_s: rate(|net| net.sent),
            loopback_bytes_per_s: rate(|net| net.loopback),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counters(busy: u64, total: u64, own: u64, received: u64) -> Counters {
        Counters {
            cpu: Some(CpuTicks { busy, total }),
            own_ticks: Some(own),
            memory: Some(Memory { used_bytes: 3, total_bytes: 4 }),
            own_memory_bytes: Some(1),
            net: Some(NetBytes { received, sent: 0, loopback: 0 }),
        }
    }

    #[test]
    fn shares_are_of_the_whole_machine() {
        let sample =
            counters(150, 400, 30, 5_000).since(&counters(100, 200, 20, 1_000), Duration::from_millis(250));
        assert_eq!(sample.cpu_percent, Some(25.0));
        assert_eq!(sample.own_cpu_percent, Some(5.0));
        assert_eq!(sample.net_received_bytes_per_s, Some(16_000.0));
        assert_eq!(sample.net_sent_bytes_per_s, Some(0.0));
        assert_eq!(sample.memory_used_bytes, Some(3));
    }

    #[test]
    fn without_proc_everything_is_unknown() {
        let empty = tempfile::tempdir().expect("a folder");
        let proc = Proc::at(empty.path());
        let sample = proc.read().since(&proc.read(), Duration::from_secs(1));
        assert_eq!(sample, LocalSample::default());
    }

    #[test]
    fn counters_that_stand_or_run_back_give_no_rate() {
        let before = counters(100, 200, 20, 1_000);
        assert_eq!(before.since(&before, Duration::from_secs(1)).cpu_percent, None);
        let after = counters(90, 300, 10, 500);
        let sample = after.since(&before, Duration::from_secs(1));
        assert_eq!((sample.cpu_percent, sample.own_cpu_percent), (None, None));
        assert_eq!(sample.net_received_bytes_per_s, None);
        assert_eq!(counters(1, 9, 1, 1).since(&before, Duration::ZERO).net_received_bytes_per_s, None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn linux_tells_of_itself() {
        let counters = Proc::of_system().read();
        assert!(counters.cpu.is_some() && counters.own_ticks.is_some());
        assert!(counters.memory.is_some_and(|memory| memory.used_bytes < memory.total_bytes));
        assert!(counters.own_memory_bytes.is_some_and(|bytes| bytes > 100_000));
        assert!(counters.net.is_some());
    }
}
