//! One thread that does the encoding of a run, job after job.
//!
//! An allocator keeps what a thread frees for that thread: encoders on ever new threads
//! would each leave their peak behind. On one thread the next table takes the memory of
//! the last.

use std::sync::mpsc;

use tokio::sync::oneshot;

use crate::output::crew::Crew;

type Job = Box<dyn FnOnce() + Send>;

/// The thread, until this is dropped.
pub struct Press {
    jobs: mpsc::Sender<Job>,
    crew: Crew,
}

/// A job panicked; the thread is gone with it.
#[derive(Debug, thiserror::Error)]
#[error("the encoder stopped")]
pub struct Stopped;

impl Press {
    /// Not one of the runtime's blocking threads: those end with their job, and while one is
    /// busy a paused clock stands still. Where no thread is to be had, the first job says so.
    pub fn start() -> Self {
        let (jobs, waiting) = mpsc::channel::<Job>();
        let encoder = std::thread::Builder::new().name("encoder".to_owned());
        if let Err(error) = encoder.spawn(move || waiting.into_iter().for_each(|job| job())) {
            tracing::error!(%error, "no thread for the encoder");
        }
        Self { jobs, crew: Crew::start() }
    }

    /// Who helps a job; one job at a time.
    pub fn crew(&self) -> &Crew {
        &self.crew
    }

    /// Runs a job after those before it. The job begins when this is called, not when the
    /// answer is awaited.
    pub fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = Result<T, Stopped>> + Send + 'static {
        let (done, answer) = oneshot::channel();
        let sent = self.jobs.send(Box::new(move || {
            // Nobody waits any more: the write was given up.
            let _ = done.send(job());
        }));
        async move {
            sent.map_err(|_| Stopped)?;
            answer.await.map_err(|_| Stopped)
        }
    }
}
