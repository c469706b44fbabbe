//! A probe measured without a run: nothing is written but what it writes itself.

use std::path::PathBuf;
use std::pin::pin;

use tokio_util::sync::CancellationToken;

use crate::cli::signals::Signals;
use crate::model::probe::ProbeVerdict;
use crate::probes::catalogue::PlannedProbe;
use crate::probes::probe::{Ground, Harvest, Probe};
use crate::time::clock::Clock;

pub struct Alone {
    pub verdict: ProbeVerdict,
    pub warnings: Vec<String>,
    /// Whether somebody said to end.
    pub was_told: bool,
}

/// Measures to the end, until the probe's deadline, or until somebody says to end.
pub async fn measure_alone(planned: &PlannedProbe, folder: PathBuf, signals: &mut Signals) -> Alone {
    let stop = CancellationToken::new();
    let (ground, mut harvest) = (ground(planned, folder, stop.clone()), Harvest::default());
    let mut was_told = false;
    let verdict = {
        let mut measuring = pin!(planned.probe.measure(&ground, &mut harvest));
        let mut deadline = pin!(tokio::time::sleep(planned.deadline));
        loop {
            tokio::select! {
                verdict = &mut measuring => break verdict,
                () = &mut deadline, if !stop.is_cancelled() => stop.cancel(),
                _ = signals.next() => {
                    was_told = true;
                    stop.cancel();
                }
            }
        }
    };
    Alone { verdict, warnings: harvest.warnings, was_told }
}

/// Where a probe by hand stands.
pub fn ground(planned: &PlannedProbe, folder: PathBuf, stop: CancellationToken) -> Ground {
    let (name, hosts) = (planned.name.clone(), planned.hosts.clone());
    Ground { name, clock: Clock::system(), stop, hosts, folder }
}
