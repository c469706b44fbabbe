//! CPU and memory among the metrics of a target, by names that exporters use.

use std::time::Duration;

use crate::probes::exposition::family::{Parsed, Sample};

/// The first name of each list that is exposed counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    pub cpu: Vec<String>,
    pub memory: Vec<String>,
}

impl Default for Names {
    fn default() -> Self {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            cpu: owned(&["system_cpu_usage_percent", "node_cpu_seconds_total", "process_cpu_seconds_total"]),
            memory: owned(&["system_memory_usage_bytes", MACHINE_MEMORY, "process_resident_memory_bytes"]),
        }
    }
}

/// Of the node exporter: all of the machine's, from which what is available is taken off.
const MACHINE_MEMORY: &str = "node_memory_MemTotal_bytes";
const MACHINE_MEMORY_LEFT: &str = "node_memory_MemAvailable_bytes";

/// How a target tells of its CPU.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CpuReading {
    /// A gauge.
    Percent(f64),
    /// Seconds of one processor that a process used: 200 % is two processors.
    CoreSeconds(f64),
    /// Seconds of all processors of a machine, busy and in all.
    MachineSeconds { busy: f64, total: f64 },
}

impl CpuReading {
    /// Whether `self` can be what `before` became: the same kind, and not begun anew.
    pub fn goes_on_from(&self, before: &Self) -> bool {
        match (self, before) {
            (Self::Percent(_), Self::Percent(_)) => true,
            (Self::CoreSeconds(now), Self::CoreSeconds(then)) => now >= then,
            (Self::MachineSeconds { total: now, .. }, Self::MachineSeconds { total: then, .. }) => {
                now >= then
            }
            _ => false,
        }
    }

    pub fn percent_since(&self, before: &Self, between: Duration) -> Option<f64> {
        match (self, before) {
            (Self::Percent(percent), _) => Some(*percent),
            (Self::CoreSeconds(now), Self::CoreSeconds(then)) => {
                Some(((now - then) / between.as_secs_f64() * 100.0).max(0.0))
            }
            (Self::MachineSeconds { busy, total }, Self::MachineSeconds { busy: was, total: of }) => {
                (total > of).then(|| ((busy - was) / (total - of) * 100.0).clamp(0.0, 100.0))
            }
            _ => None,
        }
    }
}

pub fn cpu(parsed: &Parsed, names: &Names) -> Option<CpuReading> {
    names.cpu.iter().find_map(|name| {
        let samples = known(parsed, name)?;
        let sum: f64 = samples.iter().map(|sample| sample.value).sum();
        let mean = sum / samples.len() as f64;
        Some(if !(name.ends_with("_seconds_total") || name.ends_with("_seconds")) {
            CpuReading::Percent(if name.ends_with("_ratio") { mean * 100.0 } else { mean })
        } else if samples.iter().any(|sample| sample.label("mode").is_some()) {
            let is_idle = |sample: &&&Sample| matches!(sample.label("mode"), Some("idle" | "iowait"));
            let idle: f64 = samples.iter().filter(is_idle).map(|sample| sample.value).sum();
            CpuReading::MachineSeconds { busy: sum - idle, total: sum }
        } else {
            CpuReading::CoreSeconds(sum)
        })
    })
}

pub fn memory_bytes(parsed: &Parsed, names: &Names) -> Option<u64> {
    names.memory.iter().find_map(|name| {
        let samples = known(parsed, name)?;
        let sum = |samples: &[&Sample]| samples.iter().map(|sample| sample.value).sum::<f64>();
        let bytes = if name == MACHINE_MEMORY {
            sum(&samples) - sum(&known(parsed, MACHINE_MEMORY_LEFT)?)
        } else {
            // One metric for all kinds of memory, told apart by a label: what is used.
            let is_used = |sample: &&&Sample| sample.labels.iter().any(|(_, value)| value == "used");
            samples.iter().find(is_used).map_or_else(|| sum(&samples), |used| used.value)
        };
        (bytes >= 0.0).then_some(bytes as u64)
    })
}

/// The samples of a name that say something.
fn known<'a>(parsed: &'a Parsed, name: &'a str) -> Option<Vec<&'a Sample>> {
    let samples: Vec<_> = parsed.named(name).filter(|sample| sample.value.is_finite()).collect();
    (!samples.is_empty()).then_some(samples)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probes::exposition::dialect::Dialect;
    use crate::probes::exposition::parse::parse;

    fn read(text: &str) -> (Option<CpuReading>, Option<u64>) {
        let parsed = parse(text, Dialect::Text);
        (cpu(&parsed, &Names::default()), memory_bytes(&parsed, &Names::default()))
    }

    #[test]
    fn a_service_that_tells_of_its_machine() {
        let told = read(
            "system_cpu_usage_percent 37.5\nsystem_memory_usage_bytes 1.5e9\nprocess_cpu_seconds_total 3\n",
        );
        assert_eq!(told, (Some(CpuReading::Percent(37.5)), Some(1_500_000_000)));
    }

    #[test]
    fn any_client_library() {
        let told = read("process_cpu_seconds_total 3.5\nprocess_resident_memory_bytes 2097152\n");
        assert_eq!(told, (Some(CpuReading::CoreSeconds(3.5)), Some(2_097_152)));
    }

    #[test]
    fn a_node_exporter() {
        let told = read(
            "node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} 70\nnode_cpu_seconds_total{cpu=\"0\",mode=\"iowait\"} 10\n\
             node_cpu_seconds_total{cpu=\"0\",mode=\"user\"} 15\nnode_cpu_seconds_total{cpu=\"1\",mode=\"system\"} 5\n\
             node_memory_MemTotal_bytes 4096\nnode_memory_MemAvailable_bytes 1024\n",
        );
        assert_eq!(told, (Some(CpuReading::MachineSeconds { busy: 20.0, total: 100.0 }), Some(3_072)));
    }

    #[test]
    fn kinds_of_memory_under_one_name_and_numbers_that_are_none() {
        let told = read(
            "system_cpu_usage_percent NaN\nsystem_memory_usage_bytes{type=\"total\"} 9\n\
             system_memory_usage_bytes{type=\"used\"} 4\n",
        );
        assert_eq!(told, (None, Some(4)));
        assert_eq!(read("up 1\n"), (None, None));
    }

    #[test]
    fn shares_over_time() {
        let second = Duration::from_secs(1);
        let core = CpuReading::CoreSeconds(3.0);
        assert_eq!(CpuReading::CoreSeconds(4.5).percent_since(&core, second), Some(150.0));
        let machine = |busy, total| CpuReading::MachineSeconds { busy, total };
        assert_eq!(machine(15.0, 104.0).percent_since(&machine(12.0, 100.0), second), Some(75.0));
        assert_eq!(machine(15.0, 100.0).percent_since(&machine(12.0, 100.0), second), None);
        assert!(!CpuReading::CoreSeconds(1.0).goes_on_from(&core) && !machine(1.0, 2.0).goes_on_from(&core));
    }
}
