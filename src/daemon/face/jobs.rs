//! `/v1/jobs`: the jobs as the daemon holds them, and what may be asked of them.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use http_body_util::{BodyExt, Limited};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::daemon::errand::Wish;
use crate::daemon::face::trouble::Trouble;
use crate::daemon::face::visitor::{Visitor, json};
use crate::daemon::picture::{JobPicture, RunPicture};
use crate::history::ledger::RunRef;
use crate::model::run::{JobName, RunId, Slot};

/// No wish is longer.
const BODY_BYTES: usize = 4096;

#[derive(Serialize, JsonSchema)]
pub struct JobList {
    /// By name.
    pub jobs: Vec<JobPicture>,
    pub refused_files: Vec<RefusedFile>,
}

/// A job file that cannot be used. A job that it held before goes on as it was.
#[derive(Serialize, JsonSchema)]
pub struct RefusedFile {
    pub file: String,
    pub problems: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
pub struct JobDetail {
    pub job: JobPicture,
    /// Runs of this process, newest first: those that go on, and the last that ended.
    pub runs: Vec<RunPicture>,
}

/// What to run; an empty body or an empty object means now.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// The instant the run stands for, to make up for a slot of the past. To the millisecond.
    #[serde(default)]
    pub slot: Option<DateTime<Utc>>,
}

#[derive(Serialize, JsonSchema)]
pub struct Triggered {
    pub run_id: RunId,
    pub job: JobName,
    pub slot: Slot,
}

pub async fn list(State(visitor): State<Arc<Visitor>>) -> Response {
    let list = visitor.state.read(|picture| JobList {
        jobs: picture.jobs.values().cloned().collect(),
        refused_files: picture
            .refused
            .iter()
            .map(|(path, problems)| RefusedFile {
                file: path.display().to_string(),
                problems: problems.clone(),
            })
            .collect(),
    });
    json(&list)
}

/// The job that a path names, as it stands.
fn found(visitor: &Visitor, named: Result<Path<String>, PathRejection>) -> Result<JobPicture, Trouble> {
    let Path(named) = named.map_err(|rejection| Trouble::bad_request(rejection.body_text()))?;
    let no_such_job = || Trouble::no_such_job(&named);
    let name = JobName::parse(&named).map_err(|_| no_such_job())?;
    visitor.state.read(|picture| picture.jobs.get(&name).cloned()).ok_or_else(no_such_job)
}

pub async fn show(
    State(visitor): State<Arc<Visitor>>,
    named: Result<Path<String>, PathRejection>,
) -> Result<Response, Trouble> {
    let job = found(&visitor, named)?;
    let of_job = |run: &&RunPicture| run.job == job.name;
    let runs = visitor.state.read(|picture| picture.runs.iter().rev().filter(of_job).cloned().collect());
    Ok(json(&JobDetail { job, runs }))
}

pub async fn trigger(
    State(visitor): State<Arc<Visitor>>,
    named: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Trouble> {
    let job = found(&visitor, named)?;
    let asked: Trigger = wish_in(request).await?;
    let now = visitor.clock.read_anew().now();
    let slot = Slot::at(asked.slot.unwrap_or(now));
    let run_id = RunId::new(&job.name, slot);
    let refuse = |word, message: &str| Trouble::conflict(word, message).with("run_id", run_id.as_str());
    let run = RunRef { slot, job: job.name.clone() };
    // A year of more or fewer than four digits has no place in a key that sorts by time.
    if RunRef::of(&run_id).as_ref() != Some(&run) {
        return Err(refuse("not_a_slot", "a slot lies between the years 0 and 9999"));
    }
    if slot.instant() > now {
        return Err(refuse("in_the_future", "a slot of the future is run when it is due"));
    }
    if visitor.archives.is_committed(&[job.store], &run).await? {
        return Err(refuse("committed", "this slot is committed already"));
    }
    visitor.ask(&job.name, Wish::Trigger(slot)).await?;
    Ok((StatusCode::ACCEPTED, json(&Triggered { run_id, job: job.name, slot })).into_response())
}

pub async fn pause(
    State(visitor): State<Arc<Visitor>>,
    named: Result<Path<String>, PathRejection>,
) -> Result<Response, Trouble> {
    hold(&visitor, named, Wish::Pause).await
}

pub async fn resume(
    State(visitor): State<Arc<Visitor>>,
    named: Result<Path<String>, PathRejection>,
) -> Result<Response, Trouble> {
    hold(&visitor, named, Wish::Resume).await
}

async fn hold(
    visitor: &Visitor,
    named: Result<Path<String>, PathRejection>,
    wish: Wish,
) -> Result<Response, Trouble> {
    let job = found(visitor, named)?;
    visitor.ask(&job.name, wish).await?;
    let stands = visitor.state.read(|picture| picture.jobs.get(&job.name).cloned());
    stands.map(|job| json(&job)).ok_or_else(|| Trouble::no_such_job(job.name.as_str()))
}

/// The JSON of a body, or what an empty one means.
async fn wish_in(request: Request<Body>) -> Result<Trigger, Trouble> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, BODY_BYTES).collect().await.map_err(|error| {
        if error.is::<http_body_util::LengthLimitError>() {
            let message = format!("the body is longer than {BODY_BYTES} bytes");
            Trouble::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message).with("limit_bytes", BODY_BYTES)
        } else {
            Trouble::bad_request("the body could not be read to its end")
        }
    })?;
    let body = body.to_bytes();
    if body.is_empty() {
        return Ok(Trigger::default());
    }
    let content_type = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        let message = "the body is to be application/json";
        return Err(Trouble::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message));
    }
    // A list, too, would do for a struct; only an object says which value is which.
    let read = serde_json::from_slice::<Map<String, Value>>(&body);
    let wish = read.and_then(|wish| serde_json::from_value(Value::Object(wish)));
    wish.map_err(|error| Trouble::bad_request(format!("the body: {error}")))
}
