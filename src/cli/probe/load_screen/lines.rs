//! A load told line by line, where there is no screen to draw on.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::cli::columns::{count, counted};
use crate::cli::probe::load_screen::draw::clock;
use crate::cli::probe::load_screen::picture::Picture;
use crate::cli::terminal::Terminal;
use crate::probes::http_load::chart::axis::Unit;

const SHORTEST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(60);
/// About so many lines a run.
const LINES: u32 = 20;

/// Notes a line from time to time until `done`: every 5 s, seldomer in a longer run.
pub async fn tell(
    terminal: &Terminal,
    planned: Option<Duration>,
    mut picture: impl FnMut() -> Picture,
    done: &CancellationToken,
) {
    let period = (planned.unwrap_or_default() / LINES).clamp(SHORTEST, LONGEST);
    loop {
        tokio::select! {
            biased;
            () = done.cancelled() => return,
            () = tokio::time::sleep(period) => terminal.note(&line(&picture())),
        }
    }
}

/// `0:05  4,321/s  p50 1.20 ms  p95 3.40 ms  p99 9.10 ms  21,605 requests  no errors  local CPU 34 %`
pub fn line(picture: &Picture) -> String {
    let mut parts = vec![clock(picture.elapsed), Unit::PerSecond.shown(picture.rate_per_s.round())];
    let times = picture.times;
    for (name, value) in [("p50", times.p50_ms), ("p95", times.p95_ms), ("p99", times.p99_ms)] {
        parts.extend(value.map(|ms| format!("{name} {}", Unit::Milliseconds.shown(ms))));
    }
    parts.push(counted(picture.successes + picture.failures, "request", "requests"));
    parts.push(match picture.failures {
        0 => "no errors".to_owned(),
        failures => counted(failures, "error", "errors"),
    });
    if let Some((late, dropped)) = picture.behind.filter(|behind| *behind != (0, 0)) {
        parts.push(format!("{} late, {} dropped", count(late), count(dropped)));
    }
    let cpu = |of: &str, percent: Option<f64>| percent.map(|percent| format!("{of} CPU {percent:.0} %"));
    parts.extend(picture.local.as_ref().and_then(|local| cpu("local", local.cpu_percent)));
    parts.extend(picture.target.as_ref().and_then(|target| cpu("target", target.cpu_percent)));
    parts.join("  ")
}
