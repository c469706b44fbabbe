//! Threads that share out one thing at a time: a round of numbered tasks, the caller's own
//! hands included.
//!
//! They live as long as the press, because an allocator keeps what a thread frees for that
//! thread, and they are no more than the cores that are there: encoding is all computing.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, mpsc};

/// More hands than this wait for the one that reads the rows.
const MOST_HANDS: usize = 8;

type Work = dyn Fn(usize) + Send + Sync;

/// The threads, until the last clone of this is dropped.
#[derive(Clone)]
pub struct Crew {
    helpers: Vec<mpsc::Sender<Arc<Round>>>,
}

/// Tasks `0..count` of which nobody has begun the last.
struct Round {
    work: Box<Work>,
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

/// A round under way. [`Underway::finish`] before what it works on is looked at.
#[must_use]
pub struct Underway(Arc<Round>);

impl Crew {
    /// One hand less than there are cores: the caller is the other one. A thread that is not
    /// to be had is not missed.
    pub fn start() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self::of(cores.min(MOST_HANDS) - 1)
    }

    /// So many threads; with none the caller does everything.
    pub fn of(helpers: usize) -> Self {
        let helpers = (0..helpers).filter_map(|_| {
            let (rounds, waiting) = mpsc::channel::<Arc<Round>>();
            let helper = std::thread::Builder::new().name("encoder-helper".to_owned());
            helper.spawn(move || waiting.into_iter().for_each(|round| round.join_in())).ok()?;
            Some(rounds)
        });
        Self { helpers: helpers.collect() }
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
        for helper in &self.helpers {
            // One that panicked is gone; the others do its part.
            let _ = helper.send(round.clone());
        }
        Underway(round)
    }
}

impl Underway {
    /// Helps until no task is left and waits for those that others have begun.
    ///
    /// # Panics
    /// When a task did.
    pub fn finish(self) {
        self.0.join_in();
        let ended = self.0.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = self.0.all_ended.wait_while(ended, |ended| ended.tasks < self.0.count);
        assert!(!ended.unwrap_or_else(PoisonError::into_inner).panicked, "a task of the crew panicked");
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
        let mut ended = self.0.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.tasks += 1;
        ended.panicked |= std::thread::panicking();
        if ended.tasks == self.0.count {
            self.0.all_ended.notify_all();
        }
    }
}
