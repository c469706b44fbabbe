//! One virtual user: takes turns, sends, looks at the answers, remembers what they gave.

use std::rc::Rc;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::probes::http_load::dial::{Dial, Talk};
use crate::probes::http_load::program::{Program, Source};
use crate::probes::http_load::reader::{Reader, Streamed};
use crate::probes::http_load::shift::{Shift, Turn, Verdict};
use crate::time::backoff::Backoff;
use crate::transport::http::connection::{Exchange, Patience};
use crate::transport::http::error::{ErrorClass, HttpError};
use crate::transport::http::request::Rendered;
use crate::transport::http::sink::Keep;

/// Of an answer from which values are taken.
const MOST_KEPT_BYTES: usize = 4 * 1024 * 1024;
/// A server that is gone is asked again at least this often, and by each user no sooner than
/// after a growing pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

const FREE_RESETS: u32 = 2;

pub struct User<D: Dial> {
    shift: Rc<Shift>,
    dial: Rc<D>,
    talk: Option<D::Talk>,
    /// From 1.
    number: u32,
    /// Requests begun.
    count: u64,
    /// Its place in the round.
    place: usize,
    memory: Memory,
    rendered: Rendered,
    text: String,
    body: String,
    keep: Keep,
    backoff: Backoff,
    /// Requests in a row that met nobody.
    fruitless: u32,
}

/// What goes into its templates.
struct Memory {
    user: String,
    count: String,
    /// Of this request.
    row: usize,
    taken: Vec<Option<String>>,
}

impl<D: Dial> User<D> {
    pub fn new(shift: Rc<Shift>, dial: Rc<D>, number: u32) -> Self {
        let (places, round) = (shift.program.givers.len(), shift.program.round.len());
        let memory =
            Memory { user: number.to_string(), count: String::new(), row: 0, taken: vec![None; places] };
        Self {
            talk: None,
            number,
            count: 0,
            // Not all with the same endpoint.
            place: (number as usize - 1) % round,
            memory,
            rendered: Rendered::empty(""),
            text: String::new(),
            body: String::new(),
            keep: Keep::up_to(MOST_KEPT_BYTES),
            backoff: Backoff::for_name(&format!("user {number}")),
            fruitless: 0,
            shift,
            dial,
        }
    }

    /// Until there are no turns left.
    pub async fn work(mut self) {
        let think = self.shift.program.plan.think_time;
        let pauses = !self.shift.is_closed() || !think.is_zero();
        while let Some(turn) = self.shift.turn().await {
            // Only where it had time to be closed meanwhile.
            if pauses && self.talk.as_mut().is_some_and(|talk| !talk.is_usable()) {
                self.talk = None;
            }
            self.take(turn).await;
            if self.shift.is_closed() && !think.is_zero() {
                sleep(think).await;
            }
        }
    }

    /// Sends one request and looks at its answer.
    async fn take(&mut self, turn: Turn) {
        let shift = self.shift.clone();
        let program = &*shift.program;
        let wanted = program.round[self.place];
        self.place = (self.place + 1) % program.round.len();
        let endpoint = program.able(wanted, |place| self.memory.taken[place].is_some());
        self.count += 1;
        if endpoint != wanted && turn.is_counted {
            self.shift.ledger.page().accounts[wanted].deferred += 1;
        }
        self.shift.ledger.set_in_flight(|count| count + 1);
        let (exchange, verdict) = match self.dialled().await {
            Err(error) => {
                let class = error.class;
                (unsent(turn.now, self.shift.clock.instant(), error), Err(class))
            }
            Ok(()) => self.exchange(program, endpoint, turn).await,
        };
        self.shift.ledger.set_in_flight(|count| count.saturating_sub(1));
        self.shift.record(endpoint, turn, &exchange, verdict);
        if self.talk.as_ref().is_some_and(Talk::is_spent) {
            self.talk = None;
        }
        self.pause_after(&exchange).await;
    }

    /// Nothing after an answer; more and more where there is nobody, or one who hangs up.
    async fn pause_after(&mut self, exchange: &Exchange) {
        let Err(error) = &exchange.outcome else {
            self.fruitless = 0;
            return;
        };
        let allowed = match error.class {
            class if class.is_before_any_request() => 0,
            // A server under load may hang up on one; on several in a row it is gone.
            ErrorClass::Reset => FREE_RESETS,
            _ => return,
        };
        self.fruitless += 1;
        if self.fruitless > allowed {
            sleep(self.backoff.pause(self.fruitless - allowed).min(LONGEST_PAUSE)).await;
        }
    }

    async fn dialled(&mut self) -> Result<(), HttpError> {
        if self.talk.is_some() {
            return Ok(());
        }
        let (dialling, talk) = self.dial.dial().await;
        let mut page = self.shift.ledger.page();
        match talk {
            Ok(talk) => {
                self.talk = Some(talk);
                if let Some(dialling) = dialling {
                    page.opened += 1;
                    let took = dialling.connect.unwrap_or_default() + dialling.tls.unwrap_or_default();
                    page.connect.record(took);
                }
                Ok(())
            }
            Err(error) => {
                page.failed_to_open += 1;
                Err(error)
            }
        }
    }

    async fn exchange(&mut self, program: &Program, endpoint: usize, turn: Turn) -> (Exchange, Verdict) {
        let began = turn.now;
        let (prepared, plan) = (&program.requests[endpoint], &program.plan.endpoints[endpoint]);
        let request = match &prepared.fixed {
            Some(fixed) => fixed,
            None => {
                self.memory.prepare(self.count, self.number, program);
                self.rendered.reset(&prepared.method);
                let memory = &self.memory;
                let value = |source| memory.value(source, program);
                prepared.render(value, &mut self.text, &mut self.body, &mut self.rendered);
                &self.rendered
            }
        };
        let mut reader = if plan.is_stream {
            let ledger = turn.is_counted.then_some(&self.shift.ledger);
            Reader::Streamed(Streamed::new(ledger, endpoint, began))
        } else if plan.takes.is_empty() {
            Reader::Blind
        } else {
            self.keep.clear();
            Reader::Kept(&mut self.keep)
        };
        let patience = Patience::whole(program.plan.request_timeout);
        let Some(talk) = &mut self.talk else {
            let error = HttpError::new(ErrorClass::Reset, "no connection");
            return (unsent(began, began, error), Err(ErrorClass::Reset));
        };
        let exchange = talk.exchange(request, &mut reader, began, patience).await;
        let has_events = matches!(&reader, Reader::Streamed(streamed) if streamed.has_events());
        let verdict = match (&exchange.outcome, exchange.status) {
            (Err(error), _) => Err(error.class),
            (Ok(()), status) if !status.is_some_and(|status| plan.expects(status)) => Err(ErrorClass::Status),
            (Ok(()), _) if plan.is_stream && !has_events => Err(ErrorClass::BodyMismatch),
            (Ok(()), _) if !plan.takes.is_empty() => self.memory.learn(&prepared.takes, &self.keep.body),
            (Ok(()), _) => Ok(()),
        };
        (exchange, verdict)
    }
}

impl Memory {
    fn prepare(&mut self, count: u64, user: u32, program: &Program) {
        self.count.clear();
        // Writing to a String cannot fail.
        let _ = std::fmt::Write::write_fmt(&mut self.count, format_args!("{count}"));
        if let Some(data) = &program.plan.data {
            let request = (count - 1) * u64::from(program.plan.users) + u64::from(user - 1);
            self.row = (request % data.rows.len() as u64) as usize;
        }
    }

    fn value<'a>(&'a self, source: Source, program: &'a Program) -> &'a str {
        match source {
            Source::User => &self.user,
            Source::Count => &self.count,
            Source::Column(column) => {
                let data = program.plan.data.as_ref();
                data.map_or("", |data| data.rows[self.row][column].as_str())
            }
            Source::Taken(place) => self.taken[place].as_deref().unwrap_or_default(),
        }
    }

    /// Takes what an answer gives. A value that is not there is a failure, and the last one is
    /// forgotten: it belongs to another answer.
    fn learn(&mut self, takes: &[(usize, String)], body: &[u8]) -> Verdict {
        let answer: Option<Value> = serde_json::from_slice(body).ok();
        let mut verdict = Ok(());
        for (place, pointer) in takes {
            let found = answer.as_ref().and_then(|answer| answer.pointer(pointer));
            self.taken[*place] = match found {
                Some(Value::String(text)) => Some(text.clone()),
                Some(value @ (Value::Number(_) | Value::Bool(_))) => Some(value.to_string()),
                _ => None,
            };
            if self.taken[*place].is_none() {
                verdict = Err(ErrorClass::BodyMismatch);
            }
        }
        verdict
    }
}

fn unsent(began: Instant, ended: Instant, error: HttpError) -> Exchange {
    Exchange { ended, outcome: Err(error), ..Exchange::beginning(began) }
}
