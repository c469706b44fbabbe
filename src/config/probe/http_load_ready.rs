//! A written load, checked and made ready: everything that is wrong with it before any request.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::json;

use crate::config::desk::Desk;
use crate::config::form::parse_sha256;
use crate::config::job::TrustSettings;
use crate::config::probe::data_file;
use crate::config::probe::http_load::{EndpointSettings, HttpLoadSettings, Version};
use crate::config::problem::Problems;
use crate::model::credential::Secret;
use crate::model::target::Trust;
use crate::probes::http_load::measure::{Against, HttpLoad};
use crate::probes::http_load::plan::{
    Body, DataTable, EndpointPlan, HttpVersion, Leg, LoadPlan, Pace, Taken,
};
use crate::probes::http_load::program::{PlanProblem, Program};
use crate::probes::http_load::result::LoadResult;
use crate::probes::http_load::verdict::Judging;
use crate::probes::http_load::words;
use crate::probes::threshold::abort::AbortOn;
use crate::probes::threshold::expression::Expression;
use crate::transport::http::endpoint::Origin;
use crate::transport::tls::config;

/// Names that only whole loads have.
const RESERVED: &str = "overall";
/// Headers whose values are passwords, whoever writes them.
const SECRET_HEADERS: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "x-api-key"];

impl HttpLoadSettings {
    pub fn probe(&self, mut desk: Desk<'_>) -> Result<HttpLoad, Problems> {
        let base = self.base(&mut desk);
        let trust = self.trust(base.as_ref().is_some_and(|(origin, _)| origin.is_tls), &mut desk);
        let prefix = base.as_ref().map(|(_, prefix)| prefix.as_str()).unwrap_or_default();
        let endpoints: Vec<EndpointPlan> = (0..)
            .zip(&self.endpoint)
            .filter_map(|(at, endpoint)| endpoint.plan(at, prefix, &mut desk))
            .collect();
        let pace = self.pace(&mut desk);
        let data = self.data(&mut desk);
        let (thresholds, abort_on) = self.conditions(&mut desk);
        let against = self.against(&mut desk);
        let target = self.monitor.target(&trust, &mut desk);
        let all = |(origin, _): (Origin, String)| LoadPlan {
            origin,
            trust,
            endpoints,
            users: self.users(&pace),
            pace,
            threads: self.cores,
            version: match self.http_version {
                Version::Http1 => HttpVersion::Http1,
                Version::Http2 => HttpVersion::Http2 { streams: self.streams },
            },
            keep_alive: self.keep_alive,
            connect_timeout: self.connect_timeout,
            request_timeout: self.timeout,
            warm_up: self.warm_up.unwrap_or_default(),
            think_time: self.think_time.unwrap_or_default(),
            goodput_within: self.slo,
            data,
        };
        let program = match base.map(all).filter(|plan| plan.endpoints.len() == self.endpoint.len()) {
            Some(plan) => Program::of(plan).map_err(|found| self.tell(found, &mut desk)).ok(),
            None => None,
        };
        match program {
            Some(program) => {
                let asked = json!({
                    "settings": self,
                    "sends": { "concurrent": program.plan.users, "total": self.sends_total() },
                });
                let judging = Judging {
                    thresholds,
                    grades: self.grades,
                    fail_on_regression: self.fail_on_regression,
                    target_is_watched: target.is_some(),
                };
                let repeat = self.repeat;
                desk.problems.or(HttpLoad {
                    program,
                    repeat,
                    judging,
                    abort_on,
                    against,
                    target,
                    asked,
                    listener: None,
                })
            }
            None => Err(desk.problems),
        }
    }

    /// Where it goes, and what is put before every path.
    fn base(&self, desk: &mut Desk<'_>) -> Option<(Origin, String)> {
        if self.base_url.is_empty() {
            desk.add("base-url", "is missing: expected a URL such as http://chat.example:8000");
            return None;
        }
        match Origin::split(&self.base_url) {
            Ok((_, rest)) if rest.contains(['?', '#']) => {
                desk.add("base-url", "holds a query or a fragment; these belong to an endpoint's path");
                None
            }
            Ok((origin, rest)) => Some((origin, rest.trim_end_matches('/').to_owned())),
            Err(bad) => {
                desk.add("base-url", bad);
                None
            }
        }
    }

    fn trust(&self, is_tls: bool, desk: &mut Desk<'_>) -> Trust {
        let TrustSettings { ca_bundle, pin_sha256, danger_accept_invalid_certs } = &self.trust;
        let trust = Trust {
            ca_bundle: ca_bundle.as_ref().map(|file| desk.path(file).display().to_string()),
            pin_sha256: pin_sha256.as_deref().and_then(parse_sha256),
            danger_accept_invalid_certs: *danger_accept_invalid_certs,
        };
        let field = match &self.trust {
            TrustSettings { ca_bundle: Some(_), .. } => "trust.ca-bundle",
            TrustSettings { pin_sha256: Some(_), .. } => "trust.pin-sha256",
            _ => "trust.danger-accept-invalid-certs",
        };
        if is_tls {
            if let Err(failure) = config::client(&trust, None) {
                desk.add(field, failure.message);
            }
        } else if trust != Trust::default() && !self.base_url.is_empty() {
            desk.add(field, "has no effect: the base URL is not https");
        }
        trust
    }

    /// Requests in all; absent where only time ends it.
    fn sends_total(&self) -> Option<u64> {
        let of_preset = self.preset.map(|preset| preset.total());
        match (self.total, self.duration) {
            (Some(total), _) => Some(total),
            (None, Some(_)) => None,
            (None, None) => Some(of_preset.unwrap_or(DEFAULT_TOTAL)),
        }
    }

    fn users(&self, pace: &Pace) -> u32 {
        let asked = self.concurrent.or(self.preset.map(|preset| preset.concurrent()));
        let users = asked.unwrap_or(DEFAULT_CONCURRENT);
        match pace {
            // Who never sends would only open a connection.
            Pace::Closed { requests: Some(requests), .. } => {
                users.min(u32::try_from(*requests).unwrap_or(u32::MAX)).max(1)
            }
            _ => users,
        }
    }

    fn pace(&self, desk: &mut Desk<'_>) -> Pace {
        let Some(rate) = self.rate else {
            if self.ramp.is_some() {
                desk.add("ramp", "needs a `rate` to rise to");
            }
            return Pace::Closed { requests: self.sends_total(), duration: self.duration };
        };
        if self.think_time.is_some() {
            desk.add("think-time", "cannot be kept with a `rate`: requests are due by the clock");
        }
        let mut legs = Vec::new();
        if let Some(ramp) = self.ramp {
            legs.push(Leg { from_per_s: 0.0, to_per_s: rate, duration: ramp });
        }
        let of_ramp = self.ramp.map_or(0.0, |ramp| ramp.as_secs_f64() * rate / 2.0);
        let of_total = self.sends_total().map(|total| {
            let seconds = ((total as f64 - of_ramp) / rate).clamp(0.0, LONGEST_S);
            Duration::from_secs_f64(seconds)
        });
        let duration = match (self.duration, of_total) {
            (Some(duration), Some(of_total)) => duration.min(of_total),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => Duration::ZERO,
        };
        if !duration.is_zero() {
            legs.push(Leg { from_per_s: rate, to_per_s: rate, duration });
        }
        Pace::Open { legs }
    }

    fn data(&self, desk: &mut Desk<'_>) -> Option<DataTable> {
        let file = self.data_file.as_ref()?;
        data_file::read(&desk.path(file))
            .map_err(|why| desk.add_value("data-file", format!("{file:?}"), why))
            .ok()
    }

    fn conditions(&self, desk: &mut Desk<'_>) -> (Vec<Expression>, Vec<AbortOn>) {
        let names = self.endpoint.iter().map(|endpoint| endpoint.name.clone()).collect();
        let (of_a_run, of_a_second) = (words::of_a_run(names), words::of_a_second());
        let (mut thresholds, mut abort_on) = (Vec::new(), Vec::new());
        for (at, text) in self.thresholds.iter().enumerate() {
            match Expression::parse(text, &of_a_run) {
                Ok(expression) => thresholds.push(expression),
                Err(why) => desk.add_value(&format!("thresholds[{at}]"), format!("{text:?}"), why),
            }
        }
        for (at, text) in self.abort_on.iter().enumerate() {
            match AbortOn::parse(text, &of_a_second) {
                Ok(condition) => abort_on.push(condition),
                Err(why) => desk.add_value(&format!("abort-on[{at}]"), format!("{text:?}"), why),
            }
        }
        let says_nothing = thresholds.iter().find(|one| one.name.word == "goodput" && self.slo.is_none());
        if let Some(expression) = says_nothing {
            desk.add_value("thresholds", format!("\"{expression}\""), "goodput needs an `slo` to be good by");
        }
        (thresholds, abort_on)
    }

    fn against(&self, desk: &mut Desk<'_>) -> Option<Against> {
        let Some(with) = &self.compare_with else {
            if self.fail_on_regression {
                desk.add("fail-on-regression", "needs `compare-with`: there is nothing to be worse than");
            }
            return None;
        };
        if with == "last" {
            return Some(Against::Last);
        }
        let text = std::fs::read(desk.path(with)).map_err(|error| format!("cannot be read: {error}"));
        match text.and_then(|text| LoadResult::read(&text)) {
            Ok(result) => Some(Against::Earlier(Box::new(result))),
            Err(why) => {
                let why = format!("{why}; expected `last` or the file of a result");
                desk.add_value("compare-with", format!("{with:?}"), why);
                None
            }
        }
    }

    /// The words of the settings for what the plan's check found.
    fn tell(&self, found: Vec<PlanProblem>, desk: &mut Desk<'_>) {
        for PlanProblem { endpoint, part, message } in found {
            let settings = endpoint.and_then(|at| self.endpoint.get(at));
            let field = match part {
                "endpoints" => "endpoint",
                "users" => "concurrent",
                "pace" => "duration",
                "data" => "data-file",
                "target" => "path",
                "takes" => "take",
                "expected" => "expect",
                "body" if settings.is_some_and(|endpoint| endpoint.json.is_some()) => "json",
                part => part,
            };
            match endpoint {
                Some(at) => desk.add(&format!("endpoint[{at}].{field}"), message),
                None => desk.add(field, message),
            }
        }
    }
}

const DEFAULT_CONCURRENT: u32 = 5;
const DEFAULT_TOTAL: u64 = 50;
/// A year.
const LONGEST_S: f64 = 31_536_000.0;

impl EndpointSettings {
    /// Nothing when a part of it cannot be made.
    fn plan(&self, at: usize, prefix: &str, desk: &mut Desk<'_>) -> Option<EndpointPlan> {
        let key = |field: &str| format!("endpoint[{at}].{field}");
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if self.name.is_empty() {
            desk.add(&key("name"), "is missing");
        } else if !self.name.chars().all(plain) {
            let why = "expected letters, digits, `-` and `_`: conditions name it";
            desk.add_value(&key("name"), format!("{:?}", self.name), why);
        } else if self.name == RESERVED || words::of_a_run(Vec::new()).is_word(&self.name) {
            let why = "is a word of conditions, which could be read in two ways";
            desk.add_value(&key("name"), format!("{:?}", self.name), why);
        }
        if !self.path.starts_with('/') {
            desk.add_value(&key("path"), format!("{:?}", self.path), "expected a path that begins with /");
        }
        if self.json.is_some() && self.body.is_some() {
            desk.add(&key("body"), "expected `json` or `body`, not both");
        }
        let headers = self.headers(at, desk);
        let expected: Vec<_> = self.expect.iter().map(|text| statuses(text)).collect();
        for (text, range) in self.expect.iter().zip(&expected) {
            if range.is_none() {
                let why = "expected a status such as 200, a class such as 2xx, or a range such as 200-204";
                desk.add_value(&key("expect"), format!("{text:?}"), why);
            }
        }
        let json = self.json.clone().map(Body::Json);
        Some(EndpointPlan {
            name: self.name.clone(),
            method: self.method.to_ascii_uppercase(),
            target: format!("{prefix}{}", self.path),
            headers,
            body: json.or(self.body.clone().map(Body::Raw)),
            weight: self.weight,
            expected: expected.into_iter().collect::<Option<Vec<_>>>()?,
            takes: self
                .take
                .iter()
                .map(|(variable, pointer)| Taken { variable: variable.clone(), pointer: pointer.clone() })
                .collect(),
            is_stream: self.stream,
        })
    }

    fn headers(&self, at: usize, desk: &mut Desk<'_>) -> Vec<(String, Secret)> {
        let mut headers = Vec::new();
        let mut names = BTreeSet::new();
        for (name, value) in &self.headers {
            if SECRET_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
                let why = "may hold a secret: give it by reference, in `secret-headers`";
                desk.add(&format!("endpoint[{at}].headers.{name}"), why);
            }
            names.insert(name.to_ascii_lowercase());
            headers.push((name.clone(), Secret::new(value.clone())));
        }
        for (name, reference) in &self.secret_headers {
            let field = format!("endpoint[{at}].secret-headers.{name}");
            if !names.insert(name.to_ascii_lowercase()) {
                desk.add(&field, "is given twice");
            }
            headers.extend(desk.secret(&field, reference).map(|value| (name.clone(), value)));
        }
        headers
    }
}

/// `200`, `2xx`, `200-204`.
fn statuses(text: &str) -> Option<RangeInclusive<u16>> {
    let status = |text: &str| text.trim().parse::<u16>().ok().filter(|status| (100..=599).contains(status));
    if let Some(class) = text.strip_suffix("xx") {
        let class = class.parse::<u16>().ok().filter(|class| (1..=5).contains(class))?;
        return Some(class * 100..=class * 100 + 99);
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (status(first)?, status(last)?);
    (first <= last).then_some(first..=last)
}
