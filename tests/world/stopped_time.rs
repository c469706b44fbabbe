//! Tokio's paused clock, kept from running ahead while threads that it does not know of work.
//!
//! The clock jumps to the next timer as soon as no task can go on. To it a run that waits for
//! its encoder is such a moment, and heartbeats would race through days of it.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};

#[derive(Clone, Debug, Default)]
pub struct StoppedTime(Arc<Mutex<State>>);

#[derive(Debug, Default)]
enum State {
    #[default]
    Running,
    /// A task of the runtime's blocking threads lasts until this is dropped: the clock waits
    /// for those.
    Stopped(#[expect(dead_code, reason = "it is held, not read")] Sender<()>),
    /// For good.
    Released,
}

impl StoppedTime {
    /// Nothing that happens from now on needs time, unless something goes wrong.
    pub fn stop(&self) {
        let mut state = self.0.lock().unwrap();
        if matches!(*state, State::Running) {
            let (held, waits) = channel();
            drop(tokio::task::spawn_blocking(move || waits.recv()));
            *state = State::Stopped(held);
        }
    }

    /// From now on it does.
    pub fn go_on(&self) {
        *self.0.lock().unwrap() = State::Released;
    }
}
