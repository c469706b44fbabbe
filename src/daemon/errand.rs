//! What people ask of the loop while it runs, and how it declines.

use tokio::sync::oneshot;

use crate::model::run::{JobName, Slot};

/// One wish; the answer comes when the loop has carried it out and the picture shows it.
#[derive(Debug)]
pub struct Errand {
    pub job: JobName,
    pub wish: Wish,
    pub answer: oneshot::Sender<Result<(), Declined>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Run this slot as soon as there is a place.
    Trigger(Slot),
    /// Fire nothing by itself; runs that go on go on.
    Pause,
    Resume,
}

/// Why a wish is not granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Declined {
    #[error("there is no such job")]
    NoSuchJob,
    #[error("this slot runs or waits already")]
    Known,
    #[error("so many slots of this job wait that no more are taken")]
    TooMany,
    #[error("the job's own file pauses it: set scheduling.paused there")]
    PausedByFile,
    #[error("done, but the job's store did not take it: it holds until the daemon ends")]
    NotKept,
}
