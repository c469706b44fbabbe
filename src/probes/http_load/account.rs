//! What came of requests: counts and histograms that can be merged and never grow.

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::transport::http::error::ErrorClass;

/// Three significant digits, from 1 µs to 1 h; longer times count as 1 h.
const LONGEST_MICROS: u64 = 3_600_000_000;

/// Times in microseconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Times {
    histogram: Histogram<u64>,
}

impl Default for Times {
    /// Takes memory as longer times come: some 17 KiB up to 2 ms, 184 KiB up to 1 h.
    fn default() -> Self {
        let mut histogram = Histogram::new(3).expect("three digits are allowed");
        histogram.auto(true);
        Self { histogram }
    }
}

impl Times {
    pub fn record(&mut self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(LONGEST_MICROS);
        // A histogram that grows takes every value.
        self.histogram.record(micros.clamp(1, LONGEST_MICROS)).unwrap_or_default();
    }

    pub fn merge(&mut self, other: &Self) {
        if !other.is_empty() {
            self.histogram.add(&other.histogram).unwrap_or_default();
        }
    }

    /// Keeps the memory.
    pub fn clear(&mut self) {
        if !self.is_empty() {
            self.histogram.reset();
        }
    }

    pub fn is_empty(&self) -> bool {
        self.histogram.is_empty()
    }

    pub fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// Absent where nothing was recorded, as with all that follow.
    pub fn quantile_micros(&self, quantile: f64) -> Option<u64> {
        // The top of a bucket may lie above the largest value that was recorded.
        (!self.is_empty()).then(|| self.histogram.value_at_quantile(quantile).min(self.histogram.max()))
    }

    pub fn min_micros(&self) -> Option<u64> {
        (!self.is_empty()).then(|| self.histogram.min())
    }

    pub fn max_micros(&self) -> Option<u64> {
        (!self.is_empty()).then(|| self.histogram.max())
    }

    pub fn mean_micros(&self) -> Option<f64> {
        (!self.is_empty()).then(|| self.histogram.mean())
    }

    pub fn stdev_micros(&self) -> Option<f64> {
        (!self.is_empty()).then(|| self.histogram.stdev())
    }

    /// For what computes or stores more than this.
    pub fn histogram(&self) -> &Histogram<u64> {
        &self.histogram
    }
}

/// The same request seen from two sides.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timings {
    /// From the moment it was meant to be sent; with a closed loop that is when it was sent.
    pub latency: Times,
    /// From the moment it was sent, or its connection was begun for it.
    pub service: Times,
}

/// What streamed answers brought.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Streams {
    /// From the actual send.
    pub first_event: Times,
    /// Between two events of one answer.
    pub gap: Times,
    pub events: u64,
}

/// What came of the requests of an endpoint, or of many endpoints together.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    pub ok: Timings,
    pub failed: Timings,
    /// Answers by status, expected or not, in no order.
    statuses: Vec<(u16, u64)>,
    errors: [u64; ErrorClass::ALL.len()],
    /// On the wire, TLS not counted; over HTTP/2 of bodies alone.
    pub sent_bytes: u64,
    pub received_bytes: u64,
    /// Ok and within the plan's `goodput_within`; all that are ok without one.
    pub good: u64,
    pub streams: Streams,
    /// Turns that went to the endpoint whose answer gives a value that was wanting.
    pub deferred: u64,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            ok: Timings::default(),
            failed: Timings::default(),
            statuses: Vec::new(),
            errors: [0; ErrorClass::ALL.len()],
            sent_bytes: 0,
            received_bytes: 0,
            good: 0,
            streams: Streams::default(),
            deferred: 0,
        }
    }
}

impl Account {
    pub fn requests(&self) -> u64 {
        self.successes() + self.failures()
    }

    pub fn successes(&self) -> u64 {
        self.ok.latency.count()
    }

    pub fn failures(&self) -> u64 {
        self.failed.latency.count()
    }

    /// 0 to 1.
    pub fn success_share(&self) -> Option<f64> {
        let requests = self.requests();
        (requests > 0).then(|| self.successes() as f64 / requests as f64)
    }

    pub fn errors_of(&self, class: ErrorClass) -> u64 {
        self.errors[class as usize]
    }

    /// Those that happened.
    pub fn errors(&self) -> impl Iterator<Item = (ErrorClass, u64)> {
        ErrorClass::ALL.into_iter().zip(self.errors).filter(|(_, count)| *count > 0)
    }

    /// By status, ascending.
    pub fn statuses(&self) -> Vec<(u16, u64)> {
        let mut statuses = self.statuses.clone();
        statuses.sort_unstable();
        statuses
    }

    pub fn count_status(&mut self, status: u16) {
        self.add_status(status, 1);
    }

    pub fn count_error(&mut self, class: ErrorClass) {
        self.errors[class as usize] += 1;
    }

    fn add_status(&mut self, status: u16, count: u64) {
        match self.statuses.iter_mut().find(|(own, _)| *own == status) {
            Some((_, counted)) => *counted += count,
            None => self.statuses.push((status, count)),
        }
    }

    pub fn merge(&mut self, other: &Self) {
        for (own, other) in [(&mut self.ok, &other.ok), (&mut self.failed, &other.failed)] {
            own.latency.merge(&other.latency);
            own.service.merge(&other.service);
        }
        for (status, count) in &other.statuses {
            self.add_status(*status, *count);
        }
        for (own, other) in self.errors.iter_mut().zip(other.errors) {
            *own += other;
        }
        self.sent_bytes += other.sent_bytes;
        self.received_bytes += other.received_bytes;
        self.good += other.good;
        self.streams.first_event.merge(&other.streams.first_event);
        self.streams.gap.merge(&other.streams.gap);
        self.streams.events += other.streams.events;
        self.deferred += other.deferred;
    }

    /// As new, with the memory it has.
    pub fn clear(&mut self) {
        for timings in [&mut self.ok, &mut self.failed] {
            timings.latency.clear();
            timings.service.clear();
        }
        self.statuses.clear();
        self.errors.fill(0);
        self.sent_bytes = 0;
        self.received_bytes = 0;
        self.good = 0;
        self.streams.first_event.clear();
        self.streams.gap.clear();
        self.streams.events = 0;
        self.deferred = 0;
    }
}
