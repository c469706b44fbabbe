//! `/v1/runs`: the committed runs of the jobs' stores.

use std::sync::Arc;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::response::Response;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::daemon::face::trouble::Trouble;
use crate::daemon::face::visitor::{Visitor, json};
use crate::history::ledger::{Entry, RunRef};
use crate::history::picture_view::PictureView;
use crate::model::run::{JobName, RunId};

/// Runs on a page, unless said otherwise, and at most.
pub const USUAL_RUNS: usize = 20;
pub const MOST_RUNS: usize = 100;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    job: Option<String>,
    limit: Option<usize>,
    before: Option<String>,
}

/// Committed runs, newest first.
#[derive(Serialize, JsonSchema)]
pub struct RunList {
    pub runs: Vec<Entry>,
    /// What to ask for as `before` to get the next page; null on the last one.
    pub next: Option<RunId>,
}

pub async fn list(
    State(visitor): State<Arc<Visitor>>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Trouble> {
    let Query(asked) = asked.map_err(|rejection| Trouble::bad_request(rejection.body_text()))?;
    let limit = asked.limit.unwrap_or(USUAL_RUNS);
    if !(1..=MOST_RUNS).contains(&limit) {
        return Err(Trouble::bad_request(format!("limit is to be from 1 to {MOST_RUNS}")));
    }
    let job = match &asked.job {
        Some(job) => Some(JobName::parse(job).map_err(|error| Trouble::bad_request(error.to_string()))?),
        None => None,
    };
    let before = match &asked.before {
        Some(before) => Some(run_named(before)?),
        None => None,
    };
    let fits = |run: &RunRef| job.as_ref().is_none_or(|job| run.job == *job);
    let page = visitor.archives.page(&visitor.roots(), fits, before.as_ref(), limit).await?;
    Ok(json(&RunList { runs: page.runs, next: page.next.map(|run| run.run_id()) }))
}

pub async fn show(
    State(visitor): State<Arc<Visitor>>,
    named: Result<Path<String>, PathRejection>,
) -> Result<Response, Trouble> {
    Ok(json(&found(&visitor, named).await?))
}

/// The run that a path names, merged with its retries.
pub async fn found(
    visitor: &Visitor,
    named: Result<Path<String>, PathRejection>,
) -> Result<PictureView, Trouble> {
    let Path(named) = named.map_err(|rejection| Trouble::bad_request(rejection.body_text()))?;
    let view = visitor.archives.view(&visitor.roots(), &run_named(&named)?).await?;
    view.ok_or_else(|| no_such_run(&named))
}

fn run_named(named: &str) -> Result<RunRef, Trouble> {
    RunRef::of(&RunId::named(named)).ok_or_else(|| no_such_run(named))
}

fn no_such_run(named: &str) -> Trouble {
    Trouble::not_found(format!("no store of a job holds a committed run `{named}`")).with("run_id", named)
}
