//! The target by its own `/metrics`: asked at most once at a time, and never waited for long.

use std::collections::VecDeque;
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use tokio::time::Instant;

use crate::probes::exposition::family::Parsed;
use crate::probes::exposition::scrape::scrape;
use crate::probes::http_load::monitor::metrics::{CpuReading, Names, cpu, memory_bytes};
use crate::probes::http_load::monitor::sample::TargetSample;
use crate::probes::web::{Identity, Limits, Web};
use crate::time::clock::Clock;

const LIMITS: Limits = Limits { timeout: Duration::from_secs(5), answer_bytes: 16 * 1024 * 1024 };
/// Counters are compared over at least this time: many are refreshed once a second only.
const WINDOW: Duration = Duration::from_secs(1);

/// Where a target tells of itself.
#[derive(Clone, Debug)]
pub struct Target {
    web: Web,
    url: Url,
    names: Names,
}

impl Target {
    /// `headers` go with every question. The error is a fragment without any secret.
    pub fn new(
        url: Url,
        headers: HeaderMap,
        tls: rustls::ClientConfig,
        names: Names,
    ) -> Result<Self, String> {
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(Policy::none())
            // The load goes there directly, too.
            .no_proxy()
            .default_headers(headers);
        Ok(Self { web: Web::over(client, Identity::Nobody, LIMITS)?, url, names })
    }

    pub fn asker(&self) -> Asker<'_> {
        Asker { target: self, before: VecDeque::new() }
    }
}

/// Asks again and again, and remembers the counters.
#[derive(Debug)]
pub struct Asker<'a> {
    target: &'a Target,
    before: VecDeque<(Instant, CpuReading)>,
}

impl Asker<'_> {
    /// What it says now; `elapsed_ms` is left to the caller.
    pub async fn ask(&mut self, clock: &Clock) -> TargetSample {
        match scrape(&self.target.web, &self.target.url, None).await {
            Ok(parsed) => self.read(&parsed, clock.instant()),
            Err(failure) => TargetSample { error: Some(failure.message), ..TargetSample::default() },
        }
    }

    fn read(&mut self, parsed: &Parsed, now: Instant) -> TargetSample {
        let names = &self.target.names;
        let (cpu, memory_bytes) = (cpu(parsed, names), memory_bytes(parsed, names));
        let error = (cpu.is_none() && memory_bytes.is_none()).then(|| {
            let known: Vec<&str> = names.cpu.iter().chain(&names.memory).map(String::as_str).collect();
            format!("it exposes none of {}", known.join(", "))
        });
        let cpu_percent = cpu.and_then(|reading| percent(&mut self.before, reading, now));
        TargetSample { elapsed_ms: 0, cpu_percent, memory_bytes, error }
    }
}

/// A level as it is; a counter against what it was at least [`WINDOW`] ago.
fn percent(before: &mut VecDeque<(Instant, CpuReading)>, reading: CpuReading, now: Instant) -> Option<f64> {
    if let CpuReading::Percent(percent) = reading {
        return Some(percent);
    }
    if before.back().is_some_and(|(_, last)| !reading.goes_on_from(last)) {
        before.clear();
    }
    while before.get(1).is_some_and(|(at, _)| now - *at >= WINDOW) {
        before.pop_front();
    }
    let since = before.front().filter(|(at, _)| now - *at >= WINDOW);
    let percent = since.and_then(|(at, then)| reading.percent_since(then, now - *at));
    before.push_back((now, reading));
    percent
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn counters_are_compared_over_a_second_and_begin_anew_after_a_restart() {
        let clock = Clock::starting_at(chrono::DateTime::UNIX_EPOCH);
        let mut before = VecDeque::new();
        let mut told = Vec::new();
        for seconds in [10.0, 10.1, 10.2, 10.3, 10.5, 10.6, 0.1, 0.2] {
            told.push(percent(&mut before, CpuReading::CoreSeconds(seconds), clock.instant()));
            tokio::time::advance(WINDOW / 4).await;
        }
        let told: Vec<_> = told.into_iter().map(|it| it.map(|percent| percent.round())).collect();
        assert_eq!(told, [None, None, None, None, Some(50.0), Some(50.0), None, None]);
    }
}
