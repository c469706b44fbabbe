//! The probe: cycles of requests, written down as they end.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::model::failure::{Failure, FailureKind};
use crate::model::probe::{Finding, ProbeEnding, ProbeKind, ProbeVerdict};
use crate::model::target::HostName;
use crate::probes::http_latency::ask::{Ask, Route, RouteType, expand};
use crate::probes::http_latency::attempt::Bounds;
use crate::probes::http_latency::journal::{Journal, JournalError};
use crate::probes::http_latency::line;
use crate::probes::http_latency::lines::Manners;
use crate::probes::http_latency::login::Login;
use crate::probes::http_latency::record::{Place, RequestRecord};
use crate::probes::http_latency::redaction::Redaction;
use crate::probes::http_latency::station::Station;
use crate::probes::http_latency::tally::Tally;
use crate::probes::http_latency::trouble::TroubleKind;
use crate::probes::probe::{Ground, Harvest, Probe};
use crate::probes::threshold::expression::Expression;
use crate::probes::threshold::judgement::check;
use crate::tables::samples::http_attempt::HttpAttempt;
use crate::tables::samples::http_request::HttpRequest;
use crate::tables::table::{Row, TableSpec};
use crate::transport::http::endpoint::Endpoint;
use crate::transport::http::error::ErrorClass;

static TABLES: &[&TableSpec] = &[&HttpRequest::SPEC, &HttpAttempt::SPEC];

/// What is asked, checked and with its secrets.
#[derive(Clone, Debug)]
pub struct Orders {
    pub base: Endpoint,
    pub routes: Vec<Route>,
    /// What `for-each` goes over; none for the fleet of the job.
    pub hosts: Option<Vec<HostName>>,
    pub cycles: u32,
    /// Between two cycles.
    pub pause: Duration,
    pub manners: Manners,
    pub bounds: Bounds,
    pub login: Option<Arc<Login>>,
    pub redaction: Arc<Redaction>,
    /// None for `<probe>.csv` in the folder of live files.
    pub csv: Option<PathBuf>,
    pub conditions: Vec<Expression>,
}

/// Hears of every request as soon as it has ended.
pub type Listener = Box<dyn Fn(&RequestRecord) + Send + Sync>;

pub struct HttpLatency {
    orders: Orders,
    listener: Option<Listener>,
    /// Kept from one measuring to the next: the token, the file, the count of cycles.
    post: Mutex<Option<Post>>,
}

struct Post {
    station: Station,
    journal: Journal,
    cycle: u64,
}

impl HttpLatency {
    pub fn new(orders: Orders) -> Self {
        Self { orders, listener: None, post: Mutex::new(None) }
    }

    pub fn orders(&self) -> &Orders {
        &self.orders
    }

    /// From now on a measuring is one cycle, and every request is told as soon as it has ended.
    pub fn go_cycle_by_cycle(&mut self, listener: Listener) {
        self.orders.cycles = 1;
        self.listener = Some(listener);
    }

    /// Opens and locks the CSV before anything is measured. What is opened once stays.
    pub async fn take_post(&self, ground: &Ground) -> Result<(), JournalError> {
        let mut post = self.post.lock().await;
        if post.is_none() {
            *post = Some(self.open_post(ground)?);
        }
        Ok(())
    }

    /// Cycles that this value has begun.
    pub async fn cycles_begun(&self) -> u64 {
        self.post.lock().await.as_ref().map_or(0, |post| post.cycle)
    }

    /// What a cycle asks, in order.
    fn asks(&self, hosts: &[HostName]) -> Vec<Arc<Ask>> {
        let Orders { base, routes, login, redaction, .. } = &self.orders;
        let hosts = self.orders.hosts.as_deref().unwrap_or(hosts);
        let login = login.as_ref().filter(|login| login.each_cycle);
        let login = login.map(|login| Ask::authenticate(base, &login.label, login.url.clone(), redaction));
        let mut asks: Vec<_> = login.map(Arc::new).into_iter().collect();
        asks.extend(expand(base, routes, hosts, redaction));
        asks
    }

    fn open_post(&self, ground: &Ground) -> Result<Post, JournalError> {
        let Orders { manners, bounds, login, redaction, csv, .. } = self.orders.clone();
        let own = || ground.folder.join(format!("{}.csv", ground.name));
        let journal = Journal::open(&csv.unwrap_or_else(own), ground.clock.now())?;
        let station = Station::new(manners, bounds, login, redaction, ground.clock.clone());
        Ok(Post { station, journal, cycle: 0 })
    }

    async fn cycle(
        &self,
        post: &mut Post,
        ground: &Ground,
        warnings: &mut Vec<String>,
    ) -> Vec<RequestRecord> {
        let Post { station, journal, cycle } = post;
        *cycle += 1;
        station.begin_cycle(ground.stop.clone());
        let csv_run_id = journal.last_run() + 1;
        let (mut records, mut unwritten) = (Vec::new(), None);
        for (sequence, ask) in (1..).zip(self.asks(&ground.hosts)) {
            if ground.stop.is_cancelled() {
                break;
            }
            let place = Place { csv_run_id, cycle: *cycle, sequence };
            let record = match (&self.orders.login, ask.route_type) {
                (Some(login), RouteType::Authenticate) => station.authenticate(login, ask, place).await,
                _ => station.request(ask, place).await,
            };
            // What cannot be written is measured all the same.
            if let Err(error) = journal.append(&line::of(&record), ground.clock.now()) {
                unwritten = Some(error);
            }
            if let Some(listener) = &self.listener {
                listener(&record);
            }
            records.push(record);
        }
        warnings.extend(unwritten.map(|error| format!("lines of cycle {csv_run_id} are missing: {error}")));
        records
    }

    fn verdict(&self, records: &[RequestRecord]) -> ProbeVerdict {
        let tally = Tally::of(records);
        let checks: Vec<_> = self.orders.conditions.iter().map(|one| check(one, &tally)).collect();
        let ending = match could_not_measure(records) {
            Some(failure) => ProbeEnding::Failed { failure },
            None if checks.iter().all(|check| check.finding == Finding::Held) => ProbeEnding::Passed,
            None => ProbeEnding::ThresholdFailed,
        };
        ProbeVerdict { ending, grade: None, checks, headline: tally.headline() }
    }
}

impl Probe for HttpLatency {
    fn kind(&self) -> ProbeKind {
        ProbeKind::HttpLatency
    }

    fn tables(&self) -> &'static [&'static TableSpec] {
        TABLES
    }

    fn view(&self) -> Value {
        let Orders { base, routes, hosts, cycles, pause, manners, bounds, login, redaction, .. } =
            &self.orders;
        let route = |route: &Route| {
            let (path, query) = route.target.split_once('?').unwrap_or((&route.target, ""));
            let query = if query.is_empty() { String::new() } else { format!("?{}", redaction.query(query)) };
            json!({
                "label": route.label,
                "method": route.method.word(),
                "path": format!("{path}{query}"),
                "repeats": route.repeats,
            })
        };
        json!({
            "url": redaction.url(base),
            "login": login.as_ref().map(|login| redaction.url(&login.url)),
            "routes": routes.iter().map(route).collect::<Vec<_>>(),
            "hosts": hosts,
            "cycles": cycles,
            "pause": pause,
            "connect_timeout": manners.connect_timeout,
            "read_timeout": manners.read_timeout,
            "attempt_deadline": bounds.deadline,
            "keep_alive": manners.keep_alive,
            "redirects": bounds.redirects,
            "thresholds": self.orders.conditions.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    }

    async fn measure(&self, ground: &Ground, harvest: &mut Harvest) -> ProbeVerdict {
        if let Err(error) = self.take_post(ground).await {
            return ProbeVerdict::failed(unopened(&error));
        }
        let mut post = self.post.lock().await;
        let Some(post) = &mut *post else { return ProbeVerdict::failed(never_opened()) };
        if let Some(aside) = post.journal.put_aside().filter(|_| post.cycle == 0) {
            let message = format!("the CSV had other columns and was put aside as {}", aside.display());
            harvest.warnings.push(message);
        }
        if self.orders.manners.trust.danger_accept_invalid_certs {
            harvest
                .warnings
                .push("certificates are not verified: trust.danger-accept-invalid-certs".to_owned());
        }
        let mut all = Vec::new();
        for cycle in 1..=self.orders.cycles {
            let records = self.cycle(post, ground, &mut harvest.warnings).await;
            let name = ground.name.as_str();
            let attempts = records.iter().flat_map(|record| record.attempt_rows(name)).collect();
            harvest.batches.push(HttpRequest::batch(records.iter().map(|record| record.row(name)).collect()));
            harvest.batches.push(HttpAttempt::batch(attempts));
            // Exchanges are in their table now.
            all.extend(records.into_iter().map(|record| RequestRecord { exchanges: Vec::new(), ..record }));
            if ground.stop.is_cancelled()
                || cycle < self.orders.cycles && rest(ground, self.orders.pause).await
            {
                break;
            }
        }
        self.verdict(&all)
    }
}

/// The pause between two cycles; whether it was cut short.
async fn rest(ground: &Ground, pause: Duration) -> bool {
    let stop: &CancellationToken = &ground.stop;
    tokio::time::timeout(pause, stop.cancelled()).await.is_ok()
}

/// Not one answer is no measurement.
fn could_not_measure(records: &[RequestRecord]) -> Option<Failure> {
    if records.iter().any(RequestRecord::is_answered_route) {
        return None;
    }
    let first = records.iter().find_map(|record| record.trouble.as_ref());
    let (kind, message) = match first {
        None => (FailureKind::Cancelled, "nothing was asked".to_owned()),
        Some(trouble) => (failure_kind(trouble.kind), format!("no request was answered: {trouble}")),
    };
    Some(Failure::new(kind, message))
}

fn failure_kind(kind: TroubleKind) -> FailureKind {
    match kind {
        TroubleKind::Http(ErrorClass::Tls) => FailureKind::Tls,
        TroubleKind::Http(ErrorClass::Malformed) => FailureKind::Protocol,
        TroubleKind::Http(class) if class.is_before_any_request() => FailureKind::Unreachable,
        TroubleKind::Http(ErrorClass::ReadTimeout) | TroubleKind::Deadline => FailureKind::TimedOut,
        TroubleKind::LoginRefused => FailureKind::AuthFailed,
        TroubleKind::LoginAnswer => FailureKind::Protocol,
        TroubleKind::Cancelled => FailureKind::Cancelled,
        TroubleKind::TooLarge => FailureKind::OutputLimit,
        _ => FailureKind::NoAnswer,
    }
}

fn never_opened() -> Failure {
    Failure::new(FailureKind::Bug, "the CSV was just opened")
}

fn unopened(error: &JournalError) -> Failure {
    let kind = match error {
        JournalError::Busy { .. } => FailureKind::Busy,
        JournalError::Io { .. } => FailureKind::Store,
    };
    Failure::new(kind, error.to_string())
}
