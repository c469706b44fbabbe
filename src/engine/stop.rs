//! The order to stop a run, and who gave it.

use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;

use crate::model::event::CancelCause;

/// Why a run stops before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopCause {
    /// Ends with a manifest that says `cancelled`.
    Cancelled(CancelCause),
    /// SIGTERM: nothing is committed, the same slot may be run again.
    Interrupted,
    /// Somebody else has taken the slot over: ends as an interruption does.
    Lost,
    /// The recorder cannot write; the run is lost.
    Unrecordable,
}

/// A switch that is thrown once; the first cause stands.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    cause: Arc<OnceLock<StopCause>>,
    token: CancellationToken,
}

impl Stop {
    pub fn order(&self, cause: StopCause) {
        // A cause that is there already stands.
        let _ = self.cause.set(cause);
        self.token.cancel();
    }

    pub fn cause(&self) -> Option<StopCause> {
        self.cause.get().copied()
    }

    pub fn token(&self) -> &CancellationToken {
        &self.token
    }
}
