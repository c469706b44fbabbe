//! What can be wrong with a simulated host, and the words for it.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};

/// How often a fault strikes before the host behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    First(u32),
    Always,
}

impl Times {
    /// Whether the fault strikes when it has struck `before` times already.
    pub fn strikes(self, before: u64) -> bool {
        match self {
            Self::First(times) => before < u64::from(times),
            Self::Always => true,
        }
    }
}

/// Declares the faults once: the enum, how each is read and how it is written.
macro_rules! faults {
    ($($(#[doc = $doc:literal])+ $variant:ident $(($kind:ident : $type:ty))? = $word:literal),+ $(,)?) => {
        /// One fault of one host. Its text is a word, or a word and a value:
        /// `refuse`, `hang_after = 2000`, `collector_error = "disk"`, `shell_quota = 2`.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Fault {
            $($(#[doc = $doc])+ $variant $(($type))?,)+
        }

        impl Fault {
            /// Every word a scenario may use.
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            fn read(word: &str, value: Option<&str>) -> Result<Self, InvalidFault> {
                match word {
                    $($word => faults!(@read $variant, word, value $(, $kind)?),)+
                    _ => Err(InvalidFault::Unknown { word: word.to_owned() }),
                }
            }
        }

        impl fmt::Display for Fault {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(faults!(@pattern $variant, value $(, $kind)?) => faults!(@write f, $word, value $(, $kind)?),)+
                }
            }
        }
    };
    (@read $variant:ident, $word:ident, $value:ident) => {
        match $value {
            None => Ok(Self::$variant),
            Some(_) => Err(InvalidFault::Superfluous { word: $word.to_owned() }),
        }
    };
    (@read $variant:ident, $word:ident, $value:ident, number) => { read_number($word, $value).map(Self::$variant) };
    (@read $variant:ident, $word:ident, $value:ident, times) => { read_times($word, $value).map(Self::$variant) };
    (@read $variant:ident, $word:ident, $value:ident, name) => { read_name($word, $value).map(Self::$variant) };
    (@pattern $variant:ident, $value:ident) => { Self::$variant };
    (@pattern $variant:ident, $value:ident, $kind:ident) => { Self::$variant($value) };
    (@write $f:ident, $word:literal, $value:ident) => { $f.write_str($word) };
    (@write $f:ident, $word:literal, $value:ident, number) => { write!($f, "{} = {}", $word, $value) };
    (@write $f:ident, $word:literal, $value:ident, name) => { write!($f, "{} = \"{}\"", $word, $value) };
    (@write $f:ident, $word:literal, $value:ident, times) => {
        match $value {
            Times::Always => $f.write_str($word),
            Times::First(times) => write!($f, "{} = {}", $word, times),
        }
    };
}

faults! {
    /// Nothing listens there.
    Refuse = "refuse",
    /// After so many bytes of a connection's answers it falls silent and stays open.
    HangAfter(number: u64) = "hang_after",
    /// Answers trickle, so many bytes a second.
    Dribble(number: u64) = "dribble",
    /// The connection is cut inside the answer to a Receive.
    Drop(times: Times) = "drop",
    /// HTTP 503 without a body, before any logon.
    Http503(times: Times) = "http_503",
    /// The account's password is another one here.
    WrongPassword = "wrong_password",
    /// Create answers WSManFault 2150859173.
    ShellQuota(times: Times) = "shell_quota",
    /// Command answers WSManFault 2150859174.
    OperationQuota(times: Times) = "operation_quota",
    /// Command answers 2150859174 as an MSFT_WmiError, without a WSManFault.
    OperationQuotaWmi(times: Times) = "operation_quota_wmi",
    /// Receive answers WSManFault 2150858793 at once, as if OperationTimeout had passed.
    OperationTimeout(times: Times) = "operation_timeout",
    /// Receive answers text that is no XML.
    GarbageXml = "garbage_xml",
    /// Receive answers carry the RelatesTo of another request.
    WrongRelatesTo = "wrong_relates_to",
    /// The output ends in the middle of the last collector's record.
    TruncatedRecord = "truncated_record",
    /// The `vm` record's checksum does not fit its payload.
    BadCrc = "bad_crc",
    /// The record `end` never comes.
    MissingEnd = "missing_end",
    /// So many bytes of other output before the records.
    Noise(number: u64) = "noise",
    /// Progress and warnings as CLIXML on stderr.
    ClixmlNoise = "clixml_noise",
    /// Console output is in code page 850, whatever WINRS_CODEPAGE said.
    WrongCodePage = "wrong_code_page",
    /// The host script takes so many milliseconds.
    SlowMs(number: u64) = "slow_ms",
    /// The script never ends and never says a word.
    Silent = "silent",
    /// The host has no VMs, and can prove it.
    EmptyNode = "empty_node",
    /// The account may not see VMs: the list is empty and nothing says why.
    EmptyUnproven = "empty_unproven",
    /// The independent list of VM ids cannot be had.
    BaselineError = "baseline_error",
    /// The named collector reports an error.
    CollectorError(name: String) = "collector_error",
    /// The named collector passes its deadline.
    CollectorTimeout(name: String) = "collector_timeout",
    /// Collectors do not see the last so many VMs of the baseline.
    MissingVms(number: u64) = "missing_vms",
    /// Get-VHD fails for disks that another node holds.
    VhdInUse = "vhd_in_use",
    /// Half of its VMs are seen on the next host as well.
    Moved = "moved",
    /// The Hyper-V role is not installed.
    NoRole = "no_role",
    /// Constrained Language: payloads are plain JSON.
    ConstrainedLanguage = "constrained_language",
    /// The files of one volume cannot be listed; those of the others are told.
    ListingError = "listing_error",
    /// All nodes of its cluster, itself included, tell it as Down.
    NodeDown = "node_down",
    /// The quorum witness of its cluster is offline.
    WitnessOffline = "witness_offline",
    /// Volume1 of its cluster is in redirected access.
    CsvRedirected = "csv_redirected",
    /// Volume1 of its cluster is in maintenance.
    CsvMaintenance = "csv_maintenance",
}

impl Fault {
    /// Whether other hosts of the cluster tell of it too.
    pub fn is_seen_by_peers(&self) -> bool {
        matches!(self, Self::NodeDown | Self::WitnessOffline | Self::CsvRedirected | Self::CsvMaintenance)
    }
}

/// The collectors whose answers a fault can spoil.
pub const COLLECTORS: &[&str] = &[
    "baseline",
    "facts",
    "host",
    "vm",
    "processor",
    "memory",
    "nic",
    "switch",
    "service",
    "dvd",
    "checkpoint",
    "adapter",
    "management",
    "hba",
    "cluster",
    "role",
    "volume",
    "disk",
    "file",
];

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidFault {
    #[error("unknown fault `{word}`, expected one of {}", Fault::WORDS.join(", "))]
    Unknown { word: String },
    #[error("fault `{word}` takes no value")]
    Superfluous { word: String },
    #[error("fault `{word}` needs {expected}")]
    Value { word: String, expected: &'static str },
    #[error("fault `{word}`: no collector is called `{name}`, expected one of {}", COLLECTORS.join(", "))]
    Collector { word: String, name: String },
}

impl FromStr for Fault {
    type Err = InvalidFault;

    fn from_str(text: &str) -> Result<Self, InvalidFault> {
        match text.split_once('=') {
            Some((word, value)) => Self::read(word.trim(), Some(value.trim())),
            None => Self::read(text.trim(), None),
        }
    }
}

fn read_number(word: &str, value: Option<&str>) -> Result<u64, InvalidFault> {
    value
        .and_then(|digits| digits.replace('_', "").parse().ok())
        .ok_or(InvalidFault::Value { word: word.to_owned(), expected: "a whole number: `word = 2000`" })
}

fn read_times(word: &str, value: Option<&str>) -> Result<Times, InvalidFault> {
    match value.map(|value| value.trim_matches('"')) {
        None | Some("always") => Ok(Times::Always),
        Some(digits) => digits.parse().map(Times::First).map_err(|_| InvalidFault::Value {
            word: word.to_owned(),
            expected: "no value, `always` or how often it strikes",
        }),
    }
}

fn read_name(word: &str, value: Option<&str>) -> Result<String, InvalidFault> {
    match value.map(|value| value.trim_matches('"')) {
        Some(name) if COLLECTORS.contains(&name) => Ok(name.to_owned()),
        Some(name) if !name.is_empty() => {
            Err(InvalidFault::Collector { word: word.to_owned(), name: name.to_owned() })
        }
        _ => Err(InvalidFault::Value {
            word: word.to_owned(),
            expected: "a collector's name: `word = \"disk\"`",
        }),
    }
}

/// A question for [`Faults`]: the value of this fault, if it is this fault.
#[macro_export]
macro_rules! fault_value {
    ($variant:ident) => {
        |fault: &$crate::simulator::fault::Fault| match fault {
            $crate::simulator::fault::Fault::$variant(value) => Some(*value),
            _ => None,
        }
    };
}

/// The faults of one host, with how often each has struck.
#[derive(Debug, Default)]
pub struct Faults(Vec<(Fault, AtomicU64)>);

impl Faults {
    pub fn new(faults: Vec<Fault>) -> Self {
        Self(faults.into_iter().map(|fault| (fault, AtomicU64::new(0))).collect())
    }

    pub fn has(&self, fault: &Fault) -> bool {
        self.0.iter().any(|(own, _)| own == fault)
    }

    /// The value of the first fault that `of` knows.
    pub fn value<'a, T>(&'a self, of: impl Fn(&'a Fault) -> Option<T>) -> Option<T> {
        self.0.iter().find_map(|(fault, _)| of(fault))
    }

    /// Whether a fault that strikes a number of times does so now; asking counts.
    pub fn strikes(&self, times: impl Fn(&Fault) -> Option<Times>) -> bool {
        let found = self.0.iter().find_map(|(fault, struck)| Some((times(fault)?, struck)));
        found.is_some_and(|(times, struck)| times.strikes(struck.fetch_add(1, Ordering::Relaxed)))
    }
}
