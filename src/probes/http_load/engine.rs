//! Carries a plan out: threads that send, and what they measured, put together.

use std::net::SocketAddr;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::thread;
use std::time::Duration;

use futures::future::try_join_all;
use tokio::runtime;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::model::failure::{Failure, FailureKind};
use crate::probes::http_load::collector::Collector;
use crate::probes::http_load::dial::{Dial, Http1};
use crate::probes::http_load::http2::{self, Http2};
use crate::probes::http_load::limits;
use crate::probes::http_load::pacer::Pacer;
use crate::probes::http_load::plan::{HttpVersion, Pace};
use crate::probes::http_load::program::Program;
use crate::probes::http_load::shift::{Shift, Times};
use crate::probes::http_load::tally::{Ending, Snapshot, Tally};
use crate::probes::http_load::worker::{self, Worked};
use crate::time::clock::Clock;
use crate::transport::http::connector::Connector;
use crate::transport::http::error::{ErrorClass, HttpError};

/// Threads of a schedule come to be in this time, so that its first requests are not late.
const SETTING_UP: Duration = Duration::from_millis(20);

/// Sends what the program says and returns what was measured. `told` has the state of it four
/// times a second. Cancelling `stop`, or dropping the future, ends it at once; what had been
/// measured by then is still returned.
///
/// Fails where nothing could be measured: too few file descriptors, or no first connection.
/// That is tried before any request is sent.
pub async fn run(
    program: Program,
    clock: &Clock,
    stop: &CancellationToken,
    told: &watch::Sender<Snapshot>,
) -> Result<Tally, Failure> {
    let program = Arc::new(program);
    let plan = &program.plan;
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let cores = u32::try_from(cores).unwrap_or(u32::MAX);
    let threads = plan.threads.unwrap_or(cores).clamp(1, plan.users);
    let (protocol, connections): (&[u8], _) = match plan.version {
        HttpVersion::Http1 => (b"http/1.1", plan.users),
        HttpVersion::Http2 { streams } => (b"h2", plan.users.div_ceil(streams.max(1)) + threads),
    };
    limits::make_room(connections, threads)?;
    let connector = Connector::new(plan.origin.clone(), &plan.trust, &[protocol], plan.connect_timeout)
        .map_err(|error| failed(&error, &plan.origin.to_string()))?;
    let addresses = greet(&connector, plan.version, clock).await?;

    let times = times(&plan.pace, plan.warm_up, clock.instant());
    let left = match plan.pace {
        Pace::Closed { requests, .. } => requests.map(|requests| Arc::new(AtomicU64::new(requests))),
        Pace::Open { .. } => None,
    };
    let halt = stop.child_token();
    let _halted_when_dropped = halt.clone().drop_guard();
    let mut ledgers = Vec::new();
    let mut working = Vec::new();
    for index in 0..threads {
        let shift = Shift::new(program.clone(), clock.clone(), times, left.clone(), (index, threads));
        ledgers.push(shift.ledger.clone());
        let way = Http1 { connector: connector.clone(), addresses: addresses.clone(), clock: clock.clone() };
        let numbers = (index + 1..=plan.users).step_by(threads as usize);
        working.push(match plan.version {
            HttpVersion::Http1 => start(shift, move || way, numbers, halt.clone())?,
            HttpVersion::Http2 { streams } => {
                start(shift, move || Http2::new(way, streams), numbers, halt.clone())?
            }
        });
    }
    let started_at = clock.now() + times.measure.saturating_duration_since(clock.instant());
    let mut collector = Collector::new(program.clone(), clock.clone(), times, ledgers);
    let worked = tokio::select! {
        worked = try_join_all(working.into_iter().map(end_of)) => worked?,
        () = collector.collect(told) => Vec::new(),
    };
    let ended = worked.iter().map(|worked| worked.ended).max().unwrap_or(times.measure);
    let was_stopped = worked.iter().any(|worked| worked.was_stopped);
    let last = match (times.end, &plan.pace) {
        // Its last request is due somewhat before it is over.
        (Some(end), Pace::Open { .. }) if !was_stopped => end,
        (Some(end), _) => end.min(ended),
        (None, _) => ended,
    };
    let measured = last.saturating_duration_since(times.measure);
    let collected = collector.finish(told);
    let given_up = worked.iter().map(|worked| worked.given_up).sum();
    Ok(Tally {
        started_at,
        measured,
        endpoints: collected.endpoints,
        seconds: collected.seconds,
        connections: collected.connections,
        schedule: collected.schedule,
        generator: collected.generator,
        ending: if was_stopped { Ending::Stopped { given_up } } else { Ending::Complete },
    })
}

fn times(pace: &Pace, warm_up: Duration, now: Instant) -> Times {
    let begin = match pace {
        Pace::Closed { .. } => now,
        Pace::Open { .. } => now + SETTING_UP,
    };
    let measure = begin + warm_up;
    Times { begin, measure, end: pace.duration().map(|duration| measure + duration) }
}

/// Looks the name up and opens one connection, so that what cannot work is said at once.
async fn greet(
    connector: &Connector,
    version: HttpVersion,
    clock: &Clock,
) -> Result<Vec<SocketAddr>, Failure> {
    let origin = connector.origin().to_string();
    let resolved = connector.resolve(clock).await.map_err(|error| failed(&error, &origin))?;
    let (dialling, stream) = connector.connect_to(&resolved.addresses, clock).await;
    let spoken = stream.and_then(|stream| match version {
        HttpVersion::Http1 => Ok(()),
        HttpVersion::Http2 { .. } => http2::check(&stream),
    });
    spoken.map_err(|error| failed(&error, &origin))?;
    // The one that answers first: a name with a dead address would slow every connection down.
    let first = dialling.address.into_iter();
    let rest = resolved.addresses.into_iter().filter(|address| Some(*address) != dialling.address);
    Ok(first.chain(rest).collect())
}

fn failed(error: &HttpError, origin: &str) -> Failure {
    let kind = match error.class {
        ErrorClass::Tls => FailureKind::Tls,
        ErrorClass::Local => FailureKind::Quota,
        class if class.is_before_any_request() => FailureKind::Unreachable,
        _ => FailureKind::NoAnswer,
    };
    let advice = match error.class {
        ErrorClass::Refused => {
            format!("; nothing listens there: is the service up, and on this port? try  curl -v {origin}/")
        }
        ErrorClass::ConnectTimeout | ErrorClass::Unreachable => {
            format!("; is the address right, and does a firewall let us through? try  curl -v {origin}/")
        }
        _ => String::new(),
    };
    Failure::new(kind, format!("{error}{advice}"))
}

/// A thread with a runtime of its own; what is returned is told its end.
fn start<D: Dial>(
    shift: Shift,
    dial: impl FnOnce() -> D + Send + 'static,
    numbers: impl Iterator<Item = u32> + Send + 'static,
    halt: CancellationToken,
) -> Result<oneshot::Receiver<Result<Worked, Failure>>, Failure> {
    let (end, ended) = oneshot::channel();
    let work = move || {
        let worked = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map(|runtime| {
                // The timer belongs to the runtime it was made on.
                runtime.block_on(async { worker::work(shift, Pacer::fine(), dial(), numbers, halt).await })
            })
            .map_err(|error| Failure::new(FailureKind::Quota, format!("start a thread: {error}")));
        // Nobody listens any more when the run was dropped.
        end.send(worked).unwrap_or_default();
    };
    thread::Builder::new()
        .name("http-load".to_owned())
        .spawn(work)
        .map_err(|error| Failure::new(FailureKind::Quota, format!("start a thread: {error}")))?;
    Ok(ended)
}

async fn end_of(thread: oneshot::Receiver<Result<Worked, Failure>>) -> Result<Worked, Failure> {
    // The sender is only dropped by a panic.
    thread.await.unwrap_or_else(|_| Err(Failure::new(FailureKind::Bug, "a thread panicked")))
}
