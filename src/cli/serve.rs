//! `lustrum serve`: the daemon, its HTTP face, its signals, its word to systemd.

use std::io;
use std::sync::Arc;

use futures::FutureExt;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::LocalSet;

use crate::cli::args::{Global, ServeArguments};
use crate::cli::exit::Exit;
use crate::cli::journal::Journal;
use crate::cli::refusal::{Answer, Refusal};
use crate::cli::terminal::Terminal;
use crate::cli::{dotenv, request, telemetry};
use crate::config::load;
use crate::daemon::face::archives::Archives;
use crate::daemon::face::gate::Gate;
use crate::daemon::face::server::Server;
use crate::daemon::face::visitor::Visitor;
use crate::daemon::library::Library;
use crate::daemon::scheduler::Width;
use crate::daemon::state::State;
use crate::daemon::watch::{Closed, Daemon, Order, Surroundings};
use crate::engine::recorder::Listener;
use crate::time::clock::Clock;

/// Orders that may wait while the loop reads files.
const ORDERS_WAITING: usize = 16;

pub async fn serve(global: &Global, asked: &ServeArguments, terminal: &Terminal) -> Answer {
    let template = request::of_job(global, None, dotenv::read()?);
    // The settings that hold for the daemon itself are those without a job.
    let settings = load::load(&template)?;
    let log = telemetry::start(&settings.job.log, terminal);
    let _log = log.map_err(|error| Refusal::Usage(error.to_string()))?;
    if !asked.jobs.is_dir() {
        return Err(Refusal::Usage(format!("{} is no folder of job files", asked.jobs.display())));
    }
    let gate = gate(asked)?;
    let (give, orders) = mpsc::channel(ORDERS_WAITING);
    let clock = Clock::system();
    let state = State::new(&clock);
    let face = match gate {
        Some(gate) => {
            let visitor = Visitor {
                state: state.clone(),
                clock: clock.clone(),
                orders: give.clone(),
                archives: Archives::over(state.stores().clone()),
                gate,
            };
            Some(open_face(asked, visitor).await?)
        }
        None => None,
    };
    let surroundings = Surroundings {
        clock,
        runner: Box::new(|execution| execution.run().boxed_local()),
        nonce: Box::new(|| uuid::Uuid::new_v4().as_u64_pair().1),
        listeners: Box::new(|| -> Vec<Box<dyn Listener>> { vec![Box::new(Journal::default())] }),
        alive: Box::new(Supervisor::default().into_signal()),
        state,
    };
    let daemon =
        Daemon::new(Library::new(asked.jobs.clone(), template), Width(asked.runs as usize), surroundings);
    let on_this_thread = LocalSet::new();
    let closed = on_this_thread.run_until(async {
        tokio::select! {
            closed = daemon.serve(orders) => Ok(closed),
            error = pass_signals(give) => Err(error),
        }
    });
    let closed = closed.await?;
    if let Some(face) = face {
        face.end().await;
    }
    Ok(match closed {
        Closed::Idle => Exit::Ok,
        Closed::Interrupted => Exit::TryAgain,
    })
}

/// Who may come in; absent when nobody is listened to.
fn gate(asked: &ServeArguments) -> Result<Option<Gate>, Refusal> {
    if asked.no_listen {
        return Ok(None);
    }
    let Some(path) = &asked.token_file else {
        if asked.listen.ip().is_loopback() {
            return Ok(Some(Gate::default()));
        }
        return Err(Refusal::Usage(format!(
            "--listen {} is reached from other machines: give a --token-file, listen on 127.0.0.1, or --no-listen",
            asked.listen
        )));
    };
    let gate = Gate::with_token_file(path.clone(), asked.metrics_open);
    gate.map(Some).map_err(|why| Refusal::Usage(format!("the token in {} {why}", path.display())))
}

async fn open_face(asked: &ServeArguments, visitor: Visitor) -> Result<Server, Refusal> {
    let listening = async {
        let listener = TcpListener::bind(asked.listen).await?;
        Server::start(listener, &Arc::new(visitor))
    };
    let cannot = |error: io::Error| {
        let hint = "another daemon may run there; --listen takes another address, --no-listen none";
        Refusal::Usage(format!("cannot listen on {}: {error} ({hint})", asked.listen))
    };
    let server = listening.await.map_err(cannot)?;
    tracing::info!(address = %server.address(), "listening");
    Ok(server)
}

/// Turns signals into orders. Comes back only when there are no signals to be had.
async fn pass_signals(orders: mpsc::Sender<Order>) -> io::Error {
    let listened = async {
        let mut hangup = signal(SignalKind::hangup())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        loop {
            let order = tokio::select! {
                _ = hangup.recv() => Order::Reload,
                _ = interrupt.recv() => Order::Drain,
                _ = terminate.recv() => Order::Drain,
            };
            if matches!(order, Order::Drain) {
                tracing::info!("stopping: nothing new begins, what runs is interrupted");
                notify(&[sd_notify::NotifyState::Stopping]);
            }
            // A daemon that has ended takes no orders, and then nobody waits for this either.
            let _ = orders.send(order).await;
        }
    };
    let ended: Result<std::convert::Infallible, io::Error> = listened.await;
    match ended {
        Err(error) => error,
        Ok(never) => match never {},
    }
}

/// systemd, if it started us: told once that the jobs are read, and then that the loop
/// which fires them still turns.
#[derive(Default)]
struct Supervisor {
    told: std::cell::Cell<bool>,
}

impl Supervisor {
    fn into_signal(self) -> impl Fn() {
        move || {
            if !self.told.replace(true) {
                notify(&[sd_notify::NotifyState::Ready]);
            }
            notify(&[sd_notify::NotifyState::Watchdog]);
        }
    }
}

fn notify(states: &[sd_notify::NotifyState]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "systemd was not told");
    }
}
