//! Texts of Linux's /proc, as numbers (proc(5), Documentation/filesystems/proc.rst).
//!
//! A text that is not of the expected shape gives nothing rather than a zero.

/// Ticks since boot over all processors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CpuTicks {
    /// Neither idle nor waiting for a disk. Time that a hypervisor took counts: nobody else had it.
    pub busy: u64,
    pub total: u64,
}

/// The first line of `/proc/stat`. The two guest columns are parts of user and nice.
pub fn cpu_ticks(stat: &str) -> Option<CpuTicks> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let ticks: Vec<u64> = line.split_ascii_whitespace().map(str::parse).collect::<Result<_, _>>().ok()?;
    let [_, _, _, idle, iowait, ..] = ticks[..] else { return None };
    let total = ticks.iter().take(8).try_fold(0_u64, |sum, ticks| sum.checked_add(*ticks))?;
    Some(CpuTicks { busy: total - idle - iowait, total })
}

/// Ticks in user and kernel mode of one process, of all its threads: `/proc/self/stat`.
pub fn process_ticks(stat: &str) -> Option<u64> {
    // The name of the program may hold anything, a closing parenthesis too.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let kernel: u64 = fields.next()?.parse().ok()?;
    user.checked_add(kernel)
}

/// Bytes of memory of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// All that a new program could not have: total less available.
    pub used_bytes: u64,
    pub total_bytes: u64,
}

/// `/proc/meminfo`; nothing before Linux 3.14, which does not tell what is available.
pub fn memory(meminfo: &str) -> Option<Memory> {
    let total_bytes = kib_line(meminfo, "MemTotal:")?;
    let available = kib_line(meminfo, "MemAvailable:")?;
    Some(Memory { used_bytes: total_bytes.saturating_sub(available), total_bytes })
}

/// Resident bytes of one process: `/proc/self/status`.
pub fn resident_bytes(status: &str) -> Option<u64> {
    kib_line(status, "VmRSS:")
}

fn kib_line(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    kib.checked_mul(1024)
}

/// Bytes since boot, over the interfaces that lead out of the machine, and over loopback.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NetBytes {
    pub received: u64,
    pub sent: u64,
    /// What loopback carried; each byte is sent and received once.
    pub loopback: u64,
}

/// Interfaces that carry again what another one of the list carries: bridges, their ports, bonds.
const SECOND_HAND: [&str; 7] = ["veth", "docker", "br-", "virbr", "vnet", "tap", "bond"];

/// `/proc/net/dev`. A VLAN (`eth0.7`) is counted by what it stands on.
pub fn net_bytes(dev: &str) -> Option<NetBytes> {
    let mut net = NetBytes::default();
    let mut seen = false;
    for line in dev.lines().skip(2) {
        let (name, counters) = line.split_once(':')?;
        let counters: Vec<u64> =
            counters.split_ascii_whitespace().map(str::parse).collect::<Result<_, _>>().ok()?;
        let (received, sent) = (*counters.first()?, *counters.get(8)?);
        let name = name.trim();
        seen = true;
        if name == "lo" {
            net.loopback = received;
        } else if !name.contains('.') && !SECOND_HAND.iter().any(|prefix| name.starts_with(prefix)) {
            net.received = net.received.checked_add(received)?;
            net.sent = net.sent.checked_add(sent)?;
        }
    }
    seen.then_some(net)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &str = "cpu  4705 150 1120 16250 520 30 45 90 1000 10\n\
        cpu0 2000 75 560 8125 260 15 22 45 500 5\nintr 114930548\nctxt 1990473\nbtime 1062191376\n";

    #[test]
    fn busy_is_all_but_idle_and_waiting_and_guests_are_counted_once() {
        assert_eq!(cpu_ticks(STAT), Some(CpuTicks { busy: 6140, total: 22910 }));
        // Linux 2.6.10 had seven columns.
        assert_eq!(cpu_ticks("cpu  1 2 3 4 5 6 7\n"), Some(CpuTicks { busy: 19, total: 28 }));
    }

    #[test]
    fn a_program_may_be_called_as_it_likes() {
        let stat = "4242 (a) b (c) R 1 1 1 0 -1 4194304 100 0 0 0 731 269 0 0 20 0 4 0 100 1000 50 18446744073709551615";
        assert_eq!(process_ticks(stat), Some(1000));
    }

    #[test]
    fn memory_used_is_what_nobody_else_can_have() {
        let text =
            "MemTotal:       16384 kB\nMemFree:         1024 kB\nMemAvailable:    4096 kB\nBuffers: 1 kB\n";
        assert_eq!(memory(text), Some(Memory { used_bytes: 12288 * 1024, total_bytes: 16384 * 1024 }));
        assert_eq!(memory("MemTotal:       16384 kB\nMemFree:         1024 kB\n"), None);
        assert_eq!(resident_bytes("VmPeak:\t 9 kB\nVmRSS:\t    2048 kB\n"), Some(2048 * 1024));
    }

    #[test]
    fn a_byte_that_crosses_a_bridge_is_counted_once() {
        let text = "Inter-|   Receive                                                |  Transmit\n \
            face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n\
            lo: 500 5 0 0 0 0 0 0 500 5 0 0 0 0 0 0\n\
            eth0:1000 9 0 0 0 0 0 0 2000 9 0 0 0 0 0 0\n\
            eth0.7: 10 9 0 0 0 0 0 0 20 9 0 0 0 0 0 0\n\
            veth12ab: 10 9 0 0 0 0 0 0 20 9 0 0 0 0 0 0\n\
            enp3s0: 1 9 0 0 0 0 0 0 2 9 0 0 0 0 0 0\n";
        assert_eq!(net_bytes(text), Some(NetBytes { received: 1001, sent: 2002, loopback: 500 }));
    }

    #[test]
    fn texts_of_another_shape_are_unknown_and_never_zero() {
        for text in ["", "cpu  \n", "cpu  1 2 3\n", "cpu  a b c d e\n", "a\nb\nc\n"] {
            assert_eq!(cpu_ticks(text), None, "{text:?}");
            assert_eq!(process_ticks(text), None, "{text:?}");
            assert_eq!(memory(text), None, "{text:?}");
            assert_eq!(net_bytes(text), None, "{text:?}");
        }
        assert_eq!(resident_bytes("VmRSS:\t 12 MB\n"), None);
    }

    proptest::proptest! {
        #[test]
        fn no_text_is_taken_amiss(text in "[ -~\n]{0,200}") {
            cpu_ticks(&text);
            process_ticks(&text);
            memory(&text);
            net_bytes(&text);
            resident_bytes(&text);
        }
    }
}
