//! Whether the loop turns, and whether a run could be recorded now.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;

use crate::daemon::face::trouble::Trouble;
use crate::daemon::face::visitor::{Visitor, json};

/// The loop turns every few seconds; after this long without, it hangs.
const TICK_AT_LEAST_EVERY: Duration = Duration::from_secs(60);

/// The loop turns.
#[derive(Serialize, JsonSchema)]
pub struct Healthy {
    pub status: &'static str,
    /// Since the loop turned last.
    pub since_tick_ms: u64,
}

/// Jobs are read, and every store answers.
#[derive(Serialize, JsonSchema)]
pub struct Ready {
    pub status: &'static str,
    pub jobs: u64,
    pub refused_job_files: u64,
}

pub async fn healthz(State(visitor): State<Arc<Visitor>>) -> Result<Response, Trouble> {
    let since = visitor.state.since_tick(&visitor.clock);
    let since_tick_ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    // While it drains it only waits for the runs to give up.
    let draining = visitor.state.read(|picture| picture.draining);
    if since > TICK_AT_LEAST_EVERY && !draining {
        let message = format!("the loop has not turned for {} s", since.as_secs());
        let trouble = Trouble::new(StatusCode::SERVICE_UNAVAILABLE, "loop_hangs", message);
        return Err(trouble.with("since_tick_ms", since_tick_ms));
    }
    Ok(json(&Healthy { status: if draining { "draining" } else { "ok" }, since_tick_ms }))
}

pub async fn readyz(State(visitor): State<Arc<Visitor>>) -> Result<Response, Trouble> {
    let not_ready = |word, message: &str| Trouble::new(StatusCode::SERVICE_UNAVAILABLE, word, message);
    let (draining, read, jobs, refused) = visitor.state.read(|picture| {
        (picture.draining, picture.jobs_read, picture.jobs.len() as u64, picture.refused.len() as u64)
    });
    if draining {
        return Err(Trouble::shutting_down());
    }
    if !read {
        return Err(not_ready("jobs_not_read", "the job files have not been read yet"));
    }
    let unreachable = visitor.archives.unreachable(visitor.roots(), &visitor.clock).await;
    if !unreachable.is_empty() {
        // Asked without a token: which stores, and what they said, stands in the log only.
        for (store, why) in &unreachable {
            tracing::warn!(store, why, "the store cannot be reached");
        }
        let trouble = not_ready("store_unavailable", "a job's store cannot be reached");
        return Err(trouble.with("stores", unreachable.len()));
    }
    Ok(json(&Ready { status: "ready", jobs, refused_job_files: refused }))
}
