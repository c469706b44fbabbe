//! One request after the other: with a token that is good, sent again at most once, recorded
//! whatever comes of it.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::model::credential::Secret;
use crate::probes::http_latency::ask::{Ask, Method};
use crate::probes::http_latency::attempt::{Bounds, Ended, Letter, attempt};
use crate::probes::http_latency::keeper::{Keeper, Miss, Need};
use crate::probes::http_latency::lines::{Lines, Manners};
use crate::probes::http_latency::login::Login;
use crate::probes::http_latency::record::{ExchangeRecord, Place, Purpose, RequestRecord, RetryReason};
use crate::probes::http_latency::redaction::Redaction;
use crate::probes::http_latency::token::Token;
use crate::probes::http_latency::trouble::{Trouble, TroubleKind};
use crate::time::clock::Clock;

/// How long a request may go on once the probe is told to end.
const GRACE: Duration = Duration::from_secs(10);

pub struct Station {
    clock: Clock,
    lines: Lines,
    keeper: Keeper,
    login: Option<Arc<Login>>,
    bounds: Bounds,
    redaction: Arc<Redaction>,
    stop: CancellationToken,
}

/// A request under way.
struct Course {
    record: RequestRecord,
    began: Instant,
    /// Attempts so far, logins included.
    attempts: u32,
}

impl Station {
    pub fn new(
        manners: Manners,
        bounds: Bounds,
        login: Option<Arc<Login>>,
        redaction: Arc<Redaction>,
        clock: Clock,
    ) -> Self {
        let lines = Lines::new(manners, clock.clone());
        let keeper = Keeper::default();
        Self { clock, lines, keeper, login, bounds, redaction, stop: CancellationToken::new() }
    }

    /// A cycle begins; `stop` ends it.
    pub fn begin_cycle(&mut self, stop: CancellationToken) {
        self.stop = stop;
        self.keeper.begin_cycle();
    }

    /// A login that is measured like any request.
    pub async fn authenticate(&mut self, login: &Arc<Login>, ask: Arc<Ask>, place: Place) -> RequestRecord {
        let mut course = self.set_out(ask, place);
        if let Err(why) = self.keeper.may_log_in(self.clock.now()) {
            return self.not_sent(course, why);
        }
        let mut ended = self.fetch(login, &mut course).await;
        if let Some(trouble) = self.to_try_again(&ended) {
            course.record.timeout_hit = trouble.kind.is_timeout();
            course.record.retry = Some(RetryReason::Timeout);
            ended = self.fetch(login, &mut course).await;
        }
        let read = self.take(login, &ended);
        course.record.token_refresh = read.is_ok();
        ended.trouble = read.err().map(|(trouble, _)| trouble);
        self.arrive(course, ended)
    }

    /// A request with a token, if there is a login.
    pub async fn request(&mut self, ask: Arc<Ask>, place: Place) -> RequestRecord {
        let mut course = self.set_out(ask, place);
        let login = self.login.clone();
        if let Some(login) = &login {
            if let Err(why) = self.provide(login, &mut course).await {
                return self.not_sent(course, why);
            }
            // Fetching a token is no part of what is measured.
            (course.began, course.record.started_at) = (self.clock.instant(), self.clock.now());
        }
        let mut ended = self.send(&mut course).await;
        let refusal = login.as_ref().filter(|_| ended.status == Some(401) && !course.record.token_refresh);
        if let Some(login) = refusal {
            match self.renew(login, &mut course).await {
                Ok(()) => {
                    course.record.retry = Some(RetryReason::Unauthorized);
                    ended = self.send(&mut course).await;
                }
                Err(why) => {
                    let trouble = ended.trouble.as_mut();
                    trouble.into_iter().for_each(|trouble| trouble.message = format!("http 401, and {why}"));
                }
            }
        } else if let Some(trouble) = self.to_try_again(&ended) {
            course.record.timeout_hit = trouble.kind.is_timeout();
            course.record.retry = Some(RetryReason::Timeout);
            ended = self.send(&mut course).await;
        }
        self.arrive(course, ended)
    }

    fn set_out(&self, ask: Arc<Ask>, place: Place) -> Course {
        let now = self.clock.now();
        let record = RequestRecord {
            place,
            ask,
            status: None,
            latency: None,
            timeout_hit: false,
            retry: None,
            token_refresh: false,
            trouble: None,
            started_at: now,
            finished_at: now,
            exchanges: Vec::new(),
        };
        Course { record, began: self.clock.instant(), attempts: 0 }
    }

    fn arrive(&self, course: Course, ended: Ended) -> RequestRecord {
        let hit = ended.trouble.as_ref().is_some_and(|trouble| trouble.kind.is_timeout());
        RequestRecord {
            status: ended.status,
            latency: Some(self.clock.instant() - course.began),
            timeout_hit: course.record.timeout_hit || hit,
            trouble: ended.trouble,
            finished_at: self.clock.now(),
            ..course.record
        }
    }

    fn not_sent(&self, course: Course, why: String) -> RequestRecord {
        let trouble = Trouble::new(TroubleKind::NoToken, format!("not sent: {why}"));
        RequestRecord { trouble: Some(trouble), finished_at: self.clock.now(), ..course.record }
    }

    /// Whether it is sent once more for a timeout. Who is told to end begins nothing new.
    fn to_try_again<'a>(&self, ended: &'a Ended) -> Option<&'a Trouble> {
        let trouble = ended.trouble.as_ref()?;
        (trouble.kind.is_tried_again() && !self.stop.is_cancelled()).then_some(trouble)
    }

    /// Sees to a token before a request. The error says why there is none.
    async fn provide(&mut self, login: &Login, course: &mut Course) -> Result<(), String> {
        match self.keeper.need(self.clock.now()) {
            Need::Nothing => Ok(()),
            Need::GoWithout(why) => Err(why),
            Need::LogIn => {
                let logged_in = self.log_in(login, course).await;
                if self.keeper.token().is_some() { Ok(()) } else { logged_in }
            }
        }
    }

    /// Sees to another token after a refusal. The error says why there is none.
    async fn renew(&mut self, login: &Login, course: &mut Course) -> Result<(), String> {
        self.keeper.drop_token();
        if self.stop.is_cancelled() {
            return Err("no fresh token: the probe was told to end".to_owned());
        }
        self.keeper.may_log_in(self.clock.now())?;
        self.log_in(login, course).await
    }

    async fn log_in(&mut self, login: &Login, course: &mut Course) -> Result<(), String> {
        let ended = self.fetch(login, course).await;
        self.take(login, &ended).map_err(|(_, miss)| miss.why().to_owned())?;
        course.record.token_refresh = true;
        Ok(())
    }

    /// Makes of an answer to a login what it is worth.
    fn take(&mut self, login: &Login, ended: &Ended) -> Result<(), (Trouble, Miss)> {
        let now = self.clock.now();
        let is_cut_off = ended.trouble.as_ref().is_some_and(|trouble| trouble.kind == TroubleKind::Cancelled);
        match login.read(ended) {
            Ok(token) => {
                self.keeper.keep(Token::new(token, now, login.skew));
                Ok(())
            }
            Err((trouble, miss)) => {
                if !is_cut_off {
                    self.keeper.missed(&miss, now);
                }
                Err((trouble, miss))
            }
        }
    }

    /// Asks for a token.
    async fn fetch(&mut self, login: &Login, course: &mut Course) -> Ended {
        let body = Some((login.form.media_type(), &login.body));
        let letter = Letter { method: Method::Post, url: &login.url, headers: Vec::new(), body };
        self.dispatch(&letter, Purpose::Login, course).await
    }

    /// Sends the request itself.
    async fn send(&mut self, course: &mut Course) -> Ended {
        let ask = course.record.ask.clone();
        let shown: Option<(Arc<Login>, Secret)> = self.login.clone().and_then(|login| {
            let value = login.shown(self.keeper.token()?);
            Some((login, value))
        });
        let mut headers: Vec<_> = ask.headers.iter().map(|(name, value)| (name.as_str(), value)).collect();
        headers.extend(shown.as_ref().map(|(login, value)| (login.header.as_str(), value)));
        let letter = Letter { method: ask.method, url: &ask.url, headers, body: None };
        self.dispatch(&letter, Purpose::Request, course).await
    }

    async fn dispatch(&mut self, letter: &Letter<'_>, purpose: Purpose, course: &mut Course) -> Ended {
        course.attempts += 1;
        let (number, exchanges) = (course.attempts, &mut course.record.exchanges);
        let mut tell = |hop| exchanges.push(ExchangeRecord { purpose, attempt: number, hop });
        let way = (&mut self.lines, &self.clock);
        let sending = pin!(attempt(letter, way, self.bounds, &self.redaction, &mut tell));
        let stop = self.stop.clone();
        tokio::select! {
            biased;
            ended = sending => ended,
            () = given_up(stop) => {
                let message = "broken off: the probe was told to end";
                Ended { trouble: Some(Trouble::new(TroubleKind::Cancelled, message)), ..Ended::default() }
            }
        }
    }
}

async fn given_up(stop: CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(GRACE).await;
}
