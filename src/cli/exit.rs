//! The exit codes, all of them, and which one a run ends with.

use std::process::ExitCode;

/// How the program ends. In the order in which they are looked at: the first that fits wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The command line or the configuration cannot be used.
    Usage = 2,
    /// The run could not be recorded: nothing proves that it took place.
    NotRecorded = 3,
    /// An operator, or the run's deadline, ended it; its manifest says so.
    Cancelled = 4,
    /// Interrupted, nothing committed: run the same slot again (`EX_TEMPFAIL` of sysexits.h).
    TryAgain = 75,
    /// A probe's threshold failed.
    ThresholdFailed = 5,
    /// Some host is not OK, or a probe could not measure.
    NotAllOk = 1,
    Ok = 0,
}

/// What is known about a run when it ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunEnd {
    pub not_recorded: bool,
    pub cancelled: bool,
    pub interrupted: bool,
    pub threshold_failed: bool,
    /// Hosts that are neither OK nor proven to be empty.
    pub hosts_not_ok: u64,
    /// Probes that could not measure, or not to their end.
    pub probes_not_measured: u64,
}

impl Exit {
    /// Both happened: the one that is looked at first.
    pub fn graver(self, other: Self) -> Self {
        let order = [
            Self::Usage,
            Self::NotRecorded,
            Self::Cancelled,
            Self::TryAgain,
            Self::ThresholdFailed,
            Self::NotAllOk,
        ];
        order.into_iter().find(|exit| *exit == self || *exit == other).unwrap_or(Self::Ok)
    }

    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The code of a run. With `zero_if_recorded` a committed run is a success whatever its
    /// hosts say, so that a supervisor does not repeat the census for one dead host.
    pub const fn of_run(end: RunEnd, zero_if_recorded: bool) -> Self {
        if end.not_recorded {
            Self::NotRecorded
        } else if end.cancelled && !zero_if_recorded {
            Self::Cancelled
        } else if end.interrupted {
            Self::TryAgain
        } else if zero_if_recorded {
            Self::Ok
        } else if end.threshold_failed {
            Self::ThresholdFailed
        } else if end.hosts_not_ok > 0 || end.probes_not_measured > 0 {
            Self::NotAllOk
        } else {
            Self::Ok
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}
