//! What is said of the target's memory, and of machines that were too busy.

use crate::probes::http_load::chart::axis::Unit;
use crate::probes::http_load::monitor::recording::{Quantity, Recording, SUSTAINED, Statistic};
use crate::probes::http_load::monitor::trend::{Growth, Trend, memory_trend};
use crate::probes::http_load::report::dossier::Tone;

/// Over this for [`SUSTAINED`] a machine is busy.
const BUSY_PERCENT: f64 = 90.0;

/// The trend of the target's memory in a sentence, with its slope.
pub fn told(monitor: &Recording) -> (Tone, String) {
    let series = monitor.series(Quantity::TargetMemory);
    let seconds: Vec<_> = series.iter().map(|(at_ms, bytes)| (*at_ms as f64 / 1_000.0, *bytes)).collect();
    match memory_trend(&seconds) {
        Ok(trend) => sentence(&trend),
        Err(why) => (Tone::Unknown, format!("whether it grows is unknown: {why}")),
    }
}

fn sentence(trend: &Trend) -> (Tone, String) {
    let slope = Unit::Bytes.shown(trend.slope_bytes_per_min);
    let span = trend.span_s;
    match trend.growth {
        Growth::Suspected => (
            Tone::Warn,
            format!(
                "it grows by {slope} a minute and does not level off over {span:.0} s: a leak is suspected \
                 (Theil–Sen slope, Mann–Kendall z {:.1})",
                trend.z
            ),
        ),
        Growth::LevelsOff => {
            let grown = Unit::Bytes.shown(trend.grown_bytes);
            (Tone::Good, format!("it grew by {grown} over {span:.0} s, less and less"))
        }
        Growth::Steady => (Tone::Good, format!("it does not grow: {slope} a minute over {span:.0} s")),
    }
}

/// What the monitor makes doubtful or suspicious, each in a sentence.
pub fn warnings(monitor: &Recording, target_watched: bool) -> Vec<String> {
    let mut warnings = Vec::new();
    let sustained = |quantity| Statistic::Sustained.of(&monitor.series(quantity));
    let busy = |quantity| sustained(quantity).filter(|percent| *percent > BUSY_PERCENT);
    let seconds = SUSTAINED.as_secs();
    if let Some(percent) = busy(Quantity::Cpu) {
        warnings.push(format!(
            "the machine that sends was at {percent:.0} % CPU for {seconds} s or longer: what was measured may \
             be its own slowness"
        ));
    }
    if !target_watched {
        return warnings;
    }
    if let Some(percent) = busy(Quantity::TargetCpu) {
        warnings.push(format!("the target was at {percent:.0} % CPU for {seconds} s or longer"));
    }
    if let (Tone::Warn, told) = told(monitor) {
        warnings.push(format!("the target's memory: {told}"));
    }
    let errors: Vec<&str> = monitor.target.iter().filter_map(|sample| sample.error.as_deref()).collect();
    match (errors.last(), monitor.target.len()) {
        (None, 0) => warnings.push("the target's metrics were never answered".to_owned()),
        (Some(last), asked) => {
            let failed = errors.len();
            warnings.push(format!(
                "the target's metrics told nothing {failed} of {asked} times; the last time: {last}"
            ));
        }
        _ => {}
    }
    warnings
}
