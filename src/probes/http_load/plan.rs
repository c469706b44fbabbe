//! What a load probe means to do: everything decided, nothing sent.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::model::credential::Secret;
use crate::model::target::Trust;
use crate::transport::http::endpoint::Origin;

/// One target, and how it is asked. [`crate::probes::http_load::program::Program::of`] checks
/// it and makes it ready; nothing is sent before that.
#[derive(Clone, Debug)]
pub struct LoadPlan {
    pub origin: Origin,
    pub trust: Trust,
    /// At least one; a virtual user takes them by weight, in an order that never changes.
    pub endpoints: Vec<EndpointPlan>,
    pub pace: Pace,
    /// Virtual users: each has one connection (a stream of a shared one over HTTP/2) and sends one
    /// request at a time.
    pub users: u32,
    /// Threads that send; one per core without it, and never more than users.
    pub threads: Option<u32>,
    pub version: HttpVersion,
    /// False: every request on a connection of its own.
    pub keep_alive: bool,
    /// For name, TCP and TLS together.
    pub connect_timeout: Duration,
    /// From the actual send to the last byte of the answer.
    pub request_timeout: Duration,
    /// Sent and not counted, before the measured time.
    pub warm_up: Duration,
    /// Between the end of an answer and the next request of the same user; closed loop only.
    pub think_time: Duration,
    /// An answer counts towards goodput when it is ok and its latency is not above this.
    pub goodput_within: Option<Duration>,
    /// Rows for `{{column}}`.
    pub data: Option<DataTable>,
}

/// One kind of request. Texts are templates: `{{name}}` is a column, a value taken from an earlier
/// answer, `{{user}}` (which virtual user, from 1) or `{{count}}` (its how many-th request, from 1).
#[derive(Clone, Debug)]
pub struct EndpointPlan {
    /// Unique in the plan; what it is called in every result.
    pub name: String,
    pub method: String,
    /// Path and query; values are percent-encoded where they are put in.
    pub target: String,
    /// Name and value. Values are templates and may hold secrets.
    pub headers: Vec<(String, Secret)>,
    pub body: Option<Body>,
    /// Its share of the turns; at least 1.
    pub weight: u32,
    /// Statuses that are a success.
    pub expected: Vec<RangeInclusive<u16>>,
    /// What is taken from a successful answer for later requests of the same user.
    pub takes: Vec<Taken>,
    /// The answer is `text/event-stream`: its events are timed.
    pub is_stream: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Sent as `application/json` unless a header says otherwise; values are escaped for the
    /// inside of a JSON text.
    Json(String),
    /// Values are put in as they are.
    Raw(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// What later templates call it.
    pub variable: String,
    /// Where it stands in the JSON of the answer (RFC 6901); a text, number or boolean.
    pub pointer: String,
}

/// Columns and rows, all of one width. Request `n` of a run takes row `n` modulo the rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DataTable {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Pace {
    /// A user sends when its last answer has come. Ends at the first limit that is reached; at
    /// least one is set.
    Closed { requests: Option<u64>, duration: Option<Duration> },
    /// Requests are due by the clock, whatever the server does: `t_i = t0 + i / rate`.
    Open { legs: Vec<Leg> },
}

/// A stretch of time in which the rate goes from one value to another in a straight line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Leg {
    pub from_per_s: f64,
    pub to_per_s: f64,
    pub duration: Duration,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HttpVersion {
    #[default]
    Http1,
    /// Over TLS by ALPN, without TLS by prior knowledge (RFC 9113 §3.3).
    Http2 {
        /// Users that share a connection; at least 1.
        streams: u32,
    },
}

impl Pace {
    /// How long requests are sent, where that is known beforehand; without the warm-up.
    pub fn duration(&self) -> Option<Duration> {
        match self {
            Self::Closed { duration, .. } => *duration,
            Self::Open { legs } => Some(legs.iter().map(|leg| leg.duration).sum()),
        }
    }
}

impl EndpointPlan {
    pub fn expects(&self, status: u16) -> bool {
        self.expected.iter().any(|range| range.contains(&status))
    }
}
