//! What one thread does: its users, side by side, and a look at how busy it is itself.

use std::rc::Rc;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::probes::http_load::dial::Dial;
use crate::probes::http_load::ledger::Ledger;
use crate::probes::http_load::pacer::Pacer;
use crate::probes::http_load::shift::Shift;
use crate::probes::http_load::user::User;

const LOOK: Duration = Duration::from_millis(100);

/// How a thread ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Worked {
    /// The last user's end.
    pub ended: Instant,
    /// Requests that were in flight when it was stopped.
    pub given_up: u64,
    pub was_stopped: bool,
}

/// Lets users `numbers` work until they are done or the token is cancelled.
pub async fn work<D: Dial>(
    shift: Shift,
    pacer: Pacer,
    dial: D,
    numbers: impl Iterator<Item = u32>,
    stop: CancellationToken,
) -> Worked {
    let (shift, dial) = (Rc::new(shift.paced(pacer)), Rc::new(dial));
    let local = LocalSet::new();
    let mut users = JoinSet::new();
    for number in numbers {
        users.spawn_local_on(User::new(shift.clone(), dial.clone(), number).work(), &local);
    }
    let mut looking = JoinSet::new();
    looking.spawn_local_on(look(shift.clone()), &local);
    let given_up = local
        .run_until(async {
            tokio::select! {
                () = all(&mut users) => None,
                () = stop.cancelled() => {
                    let given_up = shift.ledger.in_flight();
                    users.shutdown().await;
                    Some(given_up)
                }
            }
        })
        .await;
    shift.ledger.set_in_flight(|_| 0);
    Worked {
        ended: shift.clock.instant(),
        given_up: given_up.unwrap_or_default(),
        was_stopped: given_up.is_some(),
    }
}

async fn all(users: &mut JoinSet<()>) {
    while let Some(user) = users.join_next().await {
        if let Err(error) = user {
            // A panic is a bug of ours; the thread ends by it, and the run says so.
            std::panic::resume_unwind(error.into_panic());
        }
    }
}

/// Notes how late its own timer comes, and how much CPU the thread has used since counting began.
async fn look(shift: Rc<Shift>) {
    let mut since = (shift.clock.instant(), cpu());
    let mut is_measuring = false;
    let mut due = since.0;
    loop {
        due += LOOK;
        sleep_until(due).await;
        let now = shift.clock.instant();
        let lag = now.saturating_duration_since(due);
        // A turn that took longer than that was one lag, not many.
        due = due.max(now);
        if now >= shift.times.measure && !is_measuring {
            (is_measuring, since) = (true, (now, cpu()));
            continue;
        }
        note(&shift.ledger, lag, now - since.0, cpu().saturating_sub(since.1));
    }
}

fn note(ledger: &Ledger, lag: Duration, wall: Duration, used: Duration) {
    let thread = &mut ledger.page().thread;
    thread.max_loop_lag = thread.max_loop_lag.max(lag);
    if !wall.is_zero() {
        thread.cpu_share = Some(used.as_secs_f64() / wall.as_secs_f64());
    }
}

/// CPU time of the calling thread, system time included.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}
