//! One request as it went: what the live CSV, the tables and the summary are made from.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::probes::http_latency::ask::{Ask, RouteType};
use crate::probes::http_latency::trouble::Trouble;
use crate::tables::samples::http_attempt::HttpAttempt;
use crate::tables::samples::http_request::HttpRequest;

/// Why a request was sent once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryReason {
    /// A 401, and a fresh token was to be had.
    Unauthorized,
    Timeout,
}

impl RetryReason {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::Timeout => "timeout",
        }
    }
}

/// Which request of which cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// `run_id` of the live CSV.
    pub csv_run_id: u64,
    pub cycle: u64,
    pub sequence: u64,
}

#[derive(Clone, Debug)]
pub struct RequestRecord {
    pub place: Place,
    pub ask: Arc<Ask>,
    pub status: Option<u16>,
    /// From the beginning of the first attempt to the end of the last; none when nothing was sent.
    pub latency: Option<Duration>,
    pub timeout_hit: bool,
    pub retry: Option<RetryReason>,
    pub token_refresh: bool,
    pub trouble: Option<Trouble>,
    pub started_at: DateTime<Utc>,
    pub finished_at: DateTime<Utc>,
    /// Exchanges, logins included, in the order in which they took place.
    pub exchanges: Vec<ExchangeRecord>,
}

/// What an exchange was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Request,
    Login,
}

impl Purpose {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Login => "login",
        }
    }
}

/// One hop of one attempt.
#[derive(Clone, Debug)]
pub struct ExchangeRecord {
    pub purpose: Purpose,
    /// Its place among the attempts of its request, from 1.
    pub attempt: u32,
    pub hop: Hop,
}

/// One exchange with one server, by phase.
#[derive(Clone, Debug)]
pub struct Hop {
    /// Redirections that led here.
    pub number: u32,
    pub method: &'static str,
    /// Secrets masked.
    pub url: String,
    pub started_at: DateTime<Utc>,
    pub status: Option<u16>,
    pub phases: Phases,
    pub body_bytes: Option<u64>,
    pub reused: Option<bool>,
    pub remote: Option<String>,
    pub tls_version: Option<String>,
    pub certificate_expires_at: Option<DateTime<Utc>>,
    pub trouble: Option<Trouble>,
}

/// What followed each other without overlap; a phase that was not reached is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Phases {
    pub dns: Option<Duration>,
    pub connect: Option<Duration>,
    pub tls: Option<Duration>,
    pub first_byte: Option<Duration>,
    pub transfer: Option<Duration>,
    /// Whatever the end was.
    pub total: Duration,
}

impl RequestRecord {
    pub fn success(&self) -> bool {
        self.trouble.is_none()
    }

    pub fn latency_sec(&self) -> Option<f64> {
        self.latency.map(|latency| latency.as_secs_f64())
    }

    /// Whether a route was answered, well or not.
    pub fn is_answered_route(&self) -> bool {
        self.status.is_some() && self.ask.route_type != RouteType::Authenticate
    }

    pub fn row(&self, probe: &str) -> HttpRequest {
        let ask = &self.ask;
        HttpRequest {
            probe: probe.to_owned(),
            csv_run_id: whole(self.place.csv_run_id),
            cycle: whole(self.place.cycle),
            sequence: whole(self.place.sequence),
            label: ask.label.clone(),
            route_type: ask.route_type.word().to_owned(),
            endpoint: ask.endpoint.clone(),
            host: ask.host.as_ref().map(ToString::to_string),
            level: ask.level.clone(),
            refresh: ask.refresh.clone(),
            http_status: self.status.map(i64::from),
            success: self.success(),
            latency_sec: self.latency_sec(),
            timeout_hit: self.timeout_hit,
            retry_count: i64::from(self.retry.is_some()),
            retry_reason: self.retry.map(|reason| reason.word().to_owned()),
            token_refresh: self.token_refresh,
            error_type: self.trouble.as_ref().map(|trouble| trouble.kind.word().to_owned()),
            error_message: self.trouble.as_ref().map(|trouble| trouble.message.clone()),
            started_at: self.started_at,
            finished_at: self.finished_at,
            query: ask.query.clone(),
        }
    }

    pub fn attempt_rows(&self, probe: &str) -> impl Iterator<Item = HttpAttempt> {
        self.exchanges.iter().map(move |exchange| {
            let (hop, phases) = (&exchange.hop, &exchange.hop.phases);
            HttpAttempt {
                probe: probe.to_owned(),
                csv_run_id: whole(self.place.csv_run_id),
                sequence: whole(self.place.sequence),
                attempt: i64::from(exchange.attempt),
                hop: i64::from(hop.number),
                purpose: exchange.purpose.word().to_owned(),
                label: self.ask.label.clone(),
                host: self.ask.host.as_ref().map(ToString::to_string),
                method: hop.method.to_owned(),
                url: hop.url.clone(),
                started_at: hop.started_at,
                http_status: hop.status.map(i64::from),
                dns_ms: phases.dns.map(ms),
                connect_ms: phases.connect.map(ms),
                tls_ms: phases.tls.map(ms),
                first_byte_ms: phases.first_byte.map(ms),
                transfer_ms: phases.transfer.map(ms),
                total_ms: ms(phases.total),
                body_bytes: hop.body_bytes.map(whole),
                reused: hop.reused,
                remote: hop.remote.clone(),
                tls_version: hop.tls_version.clone(),
                certificate_expires_at: hop.certificate_expires_at,
                error_type: hop.trouble.as_ref().map(|trouble| trouble.kind.word().to_owned()),
                error_message: hop.trouble.as_ref().map(|trouble| trouble.message.clone()),
            }
        })
    }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
