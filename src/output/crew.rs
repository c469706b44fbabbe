//! Threads that share out one thing at a time: a round of numbered tasks, the caller's own
//! hands included.
//!
//! They live as long as the press, because an allocator keeps what a thread frees for that
//! thread, and they are no more than the cores that are there: encoding is all computing.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// More hands than this wait for the one that reads the rows.
const MOST_HANDS: usize = 8;

type Work = Box<dyn Fn(usize) + Send + Sync>;

/// The threads, until the last clone of this is dropped.
#[derive(Clone)]
pub struct Crew {
    board: Arc<Board>,
    _until: Arc<Dismissal>,
}

/// Where the threads look for work. It shows one round, so one who comes late has missed the
/// earlier ones and holds nothing of theirs.
#[derive(Default)]
struct Board {
    shown: Mutex<Shown>,
    changed: Condvar,
}

#[derive(Default)]
struct Shown {
    number: u64,
    round: Option<Arc<Round>>,
    dismissed: bool,
}

/// Tasks `0..count`.
struct Round {
    work: Work,
    count: usize,
    next: AtomicUsize,
    ended: Mutex<Ended>,
    all_ended: Condvar,
}

#[derive(Default)]
struct Ended {
    tasks: usize,
    panicked: bool,
}

/// A round under way. [`Underway::finish`] it before looking at what it works on.
#[must_use]
pub struct Underway {
    board: Arc<Board>,
    round: Arc<Round>,
}

/// Sends the threads home.
struct Dismissal(Arc<Board>);

impl Crew {
    /// One hand less than there are cores: the caller is the other one.
    pub fn start() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self::of(cores.min(MOST_HANDS) - 1)
    }

    /// So many threads; a thread that is not to be had is not missed, and with none the
    /// caller does everything.
    pub fn of(helpers: usize) -> Self {
        let board = Arc::<Board>::default();
        for _ in 0..helpers {
            let looking = board.clone();
            let helper = std::thread::Builder::new().name("encoder-helper".to_owned());
            if let Err(error) = helper.spawn(move || looking.help()) {
                tracing::warn!(%error, "one thread less for encoding");
            }
        }
        Self { _until: Arc::new(Dismissal(board.clone())), board }
    }

    /// Begins a round. Every task is done once, by whoever is free.
    pub fn begin(&self, count: usize, work: impl Fn(usize) + Send + Sync + 'static) -> Underway {
        let round = Arc::new(Round {
            work: Box::new(work),
            count,
            next: AtomicUsize::new(0),
            ended: Mutex::default(),
            all_ended: Condvar::new(),
        });
        let mut shown = locked(&self.board.shown);
        shown.number += 1;
        shown.round = Some(round.clone());
        drop(shown);
        self.board.changed.notify_all();
        Underway { board: self.board.clone(), round }
    }
}

impl Underway {
    /// Helps until no task is left and waits for those that others have begun.
    ///
    /// # Panics
    /// When a task did.
    pub fn finish(self) {
        self.round.join_in();
        let mut shown = locked(&self.board.shown);
        if shown.round.as_ref().is_some_and(|round| Arc::ptr_eq(round, &self.round)) {
            shown.round = None;
        }
        drop(shown);
        let ended = locked(&self.round.ended);
        let ended = self.round.all_ended.wait_while(ended, |ended| ended.tasks < self.round.count);
        assert!(!ended.unwrap_or_else(PoisonError::into_inner).panicked, "a task of the crew panicked");
    }
}

impl Board {
    fn help(&self) {
        let mut seen = 0;
        loop {
            let nothing_new = |shown: &mut Shown| shown.number == seen && !shown.dismissed;
            let shown = self.changed.wait_while(locked(&self.shown), nothing_new);
            let shown = shown.unwrap_or_else(PoisonError::into_inner);
            if shown.dismissed {
                return;
            }
            seen = shown.number;
            let round = shown.round.clone();
            drop(shown);
            if let Some(round) = round {
                round.join_in();
            }
        }
    }
}

impl Round {
    fn join_in(&self) {
        loop {
            let task = self.next.fetch_add(1, Ordering::Relaxed);
            if task >= self.count {
                return;
            }
            let ending = Ending(self);
            (self.work)(task);
            drop(ending);
        }
    }
}

/// Counts a task as ended, however it ended: nobody waits for a thread that is gone.
struct Ending<'a>(&'a Round);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        let mut ended = locked(&self.0.ended);
        ended.tasks += 1;
        ended.panicked |= std::thread::panicking();
        if ended.tasks == self.0.count {
            self.0.all_ended.notify_all();
        }
    }
}

impl Drop for Dismissal {
    fn drop(&mut self) {
        locked(&self.0.shown).dismissed = true;
        self.0.changed.notify_all();
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
