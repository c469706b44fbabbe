//! Pauses by hand, kept in the store of their job: they outlive the daemon, and the machine.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::json;
use tokio::sync::{Mutex, oneshot};
use tokio::task::JoinSet;

use crate::daemon::errand::Declined;
use crate::model::run::JobName;
use crate::output::layout;
use crate::output::store::Store;
use crate::output::store_error::StoreError;

/// What a daemon that ends waits for pauses that are being written.
const PATIENCE_AT_THE_END: Duration = Duration::from_secs(10);

/// Writes one after the other, in the order in which they were asked for; the loop waits for
/// none of them.
#[derive(Default)]
pub struct Pauses {
    writing: JoinSet<()>,
    turn: Arc<Mutex<()>>,
}

/// Whether somebody paused the job and nobody resumed it. A store that does not answer has not
/// said so: what is due is run, and runs need the store anyway.
pub async fn is_paused(store: Option<Store>, job: &JobName) -> bool {
    let Some(store) = store else { return false };
    match store.size(&layout::paused(job)).await {
        Ok(size) => size.is_some(),
        Err(error) => {
            tracing::error!(job.name = %job, %error, "whether the job is paused by hand cannot be read: it is not");
            false
        }
    }
}

impl Pauses {
    /// Writes a pause (`at` some instant) or takes it back, and then answers as `granted` says.
    pub fn keep(
        &mut self,
        store: Option<Store>,
        job: JobName,
        at: Option<DateTime<Utc>>,
        granted: Result<(), Declined>,
        answer: oneshot::Sender<Result<(), Declined>>,
    ) {
        while self.writing.try_join_next().is_some() {}
        let turn = self.turn.clone();
        self.writing.spawn_local(async move {
            let _in_order = turn.lock().await;
            let kept = match store {
                Some(store) => write(&store, &job, at).await.map_err(|error| error.to_string()),
                None => Err("the store cannot be opened".to_owned()),
            };
            let answered = kept.map_err(|error| {
                tracing::error!(job.name = %job, error, "a pause or its end was not kept: it ends with the daemon");
                Declined::NotKept
            });
            // Whoever asked may have gone; what was asked for stays done.
            let _ = answer.send(answered.and(granted));
        });
    }

    /// Waits a moment for what is being written.
    pub async fn finish(mut self) {
        let all = async { while self.writing.join_next().await.is_some() {} };
        if tokio::time::timeout(PATIENCE_AT_THE_END, all).await.is_err() {
            tracing::error!("the daemon ends before all pauses are kept");
        }
    }
}

async fn write(store: &Store, job: &JobName, at: Option<DateTime<Utc>>) -> Result<(), StoreError> {
    let key = layout::paused(job);
    match at {
        Some(at) => store.put(&key, json!({ "job": job, "paused_at": at }).to_string().into_bytes()).await,
        None => store.delete(&key).await,
    }
}
